"""Every parser by its id: the one place where a new format joins."""

from __future__ import annotations

from collectors.parsers.json import JsonParser
from collectors.parsers.nginx import NginxParser
from collectors.parsers.openssh import OpensshParser
from collectors.parsers.syslog import SyslogParser
from collectors.parsing import Parser

PARSERS: dict[str, type[Parser]] = {
    parser.id: parser for parser in (JsonParser, NginxParser, OpensshParser, SyslogParser)
}
