"""Every parser by its id: the one place where a new format joins."""

from __future__ import annotations

from collectors.parsers.apache import ApacheParser
from collectors.parsers.cef import CefParser
from collectors.parsers.fortigate import FortigateParser
from collectors.parsers.json import JsonParser
from collectors.parsers.keycloak import KeycloakParser
from collectors.parsers.nginx import NginxParser
from collectors.parsers.openssh import OpensshParser
from collectors.parsers.syslog import SyslogParser
from collectors.parsing import Parser

_ALL: tuple[type[Parser], ...] = (
    ApacheParser,
    CefParser,
    FortigateParser,
    JsonParser,
    KeycloakParser,
    NginxParser,
    OpensshParser,
    SyslogParser,
)
PARSERS: dict[str, type[Parser]] = {parser.id: parser for parser in _ALL}
