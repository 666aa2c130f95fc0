"""FreeRADIUS: logins of radius.log, and its other lines."""

from __future__ import annotations

import re
from typing import ClassVar

from collectors.parsers.syslog import open_envelope
from collectors.parsing import ParseContext, Record, unreadable
from collectors.times import text_time
from collectors.transforms import SPREADS
from collectors.values import is_ip, put_address, put_port, put_user
from soc.core.i18n import msg

_TIME = re.compile(r"([A-Z][a-z]{2} [A-Z][a-z]{2} {1,2}\d{1,2} \d\d:\d\d:\d\d \d{4}) : ")
_LEVEL = re.compile(r"(Auth|Info|Error|Warning|Proxy|Acct|Debug|ERROR|WARNING|INFO)\s?: ")
_NUMBER = re.compile(r"\((\d{1,12})\)\s{1,4}")
_LOGIN = re.compile(r"(?:(Login OK|Login incorrect|Invalid user|User has reached|Multiple logins))")
_ACCOUNT = re.compile(r": \[([^\]]{0,256})\]")
_CLIENT = re.compile(
    r"\(from client (\S{1,253}) port (\d{1,10})(?: cli ([^)\s]{1,128}))?( via (?:TLS )?tunnel| via proxy to realm (\S{1,128}))?\)"
)
_UNKNOWN = re.compile(
    r"Ignoring request to (?:auth|acct|auth\+acct) address (\S{1,64}) port (\d{1,5}) (?:bound to server (\S{1,128}) )?"
    r"from unknown client (\S{1,64}) port (\d{1,5})(?: proto (\w{1,8}))?"
)
_MODULE = re.compile(r"^[\w.-]{1,64}: (?=\S)")
_CONSTANT: Record = {
    "event.kind": "event",
    "event.dataset": "freeradius.authentication",
    "event.category": ["authentication"],
}


class FreeradiusParser:
    """A line of FreeRADIUS 3.

    `client` is the access point or switch that asked, `observer.name` and `host.name`; `cli` is the station's, an address of either layer;
    `port` is the NAS port. A password that `auth_badpass` writes behind the name goes into no field.

    Source: FreeRADIUS 3.0 and 3.2, src/main/auth.c (`rad_authlog`), src/main/listen.c, src/main/log.c.
    """

    id: ClassVar[str] = "freeradius"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        fields = dict(_CONSTANT)
        line = _take_time(fields, text.strip(), context)
        if "@timestamp" not in fields and (envelope := open_envelope(line, context)) is not None:
            fields.update(envelope.fields)
            line = envelope.message.strip()
        if (level := _LEVEL.match(line)) is not None:
            fields["log.level"] = level[1].lower()
            line = line[level.end() :].strip()
        if (number := _NUMBER.match(line)) is not None:
            fields["transaction.id"] = number[1]
            line = line[number.end() :]
        if not line:
            raise unreadable(msg("một dòng của FreeRADIUS"))
        if not _login(fields, line) and not _unknown_client(fields, line):
            fields |= {"event.dataset": "freeradius", "event.category": ["process"], "event.type": ["info"]}
        fields.setdefault("message", line)
        return fields


def _take_time(fields: Record, line: str, context: ParseContext) -> str:
    head = _TIME.match(line)
    if head is None:
        return line
    try:
        fields["@timestamp"] = text_time(head[1], context.zone)
    except ValueError as problem:
        raise unreadable(msg("thời gian dạng {form}", form="Tue Nov 17 08:01:12 2026")) from problem
    return line[head.end() :]


def _login(fields: Record, line: str) -> bool:
    """`Login incorrect (REASON): [NAME] (from client C port P cli STATION)`.

    Read from the right: name and reason are the sender's choice and may imitate the rest.
    """
    head = _LOGIN.match(line)
    if head is None:
        return False
    accepted = head[1] == "Login OK"
    fields |= {"event.type": ["start"], "event.action": "login-ok" if accepted else "login-incorrect"}
    fields["event.outcome"] = "success" if accepted else "failure"
    tail = line.rfind("(from client ")
    client = _CLIENT.match(line, tail) if tail >= 0 else None
    if client is not None:
        _put_client(fields, client)
    body = line[head.end() : tail if tail >= 0 else None]
    accounts = list(_ACCOUNT.finditer(body))
    reason = body[: accounts[-1].start()] if accounts else body
    if accounts:
        name = accounts[-1][1].partition("/<")[0]
        fields["message"] = f"{head[1]}{reason}: [{name}] {line[tail:] if tail >= 0 else ''}".strip()
        _put_name(fields, name if name.startswith("host/") else name.partition("/")[0])
    if reason.strip(" ():"):
        fields["event.reason"] = _MODULE.sub("", reason.strip().removeprefix("(").removesuffix(")"), count=1)
    return True


def _put_name(fields: Record, name: str) -> None:
    r"""`DOMAIN\name`, `name@realm`; `host/name.domain` is a machine, which authenticates itself."""
    machine = name.removeprefix("host/")
    if machine != name:
        fields["source.domain"] = machine
    elif name:
        put_user(fields, "user", name)


def _put_client(fields: Record, client: re.Match[str]) -> None:
    name, port, station = client[1], client[2], client[3]
    fields["observer.name"] = fields["host.name"] = name
    put_port(fields, "source.port", port)
    if station:
        SPREADS["ip_or_mac"](fields, "source", station)


def _unknown_client(fields: Record, line: str) -> bool:
    found = _UNKNOWN.match(line)
    if found is None:
        return False
    local, port, server, peer, peer_port, proto = found.groups()
    fields |= {"event.type": ["denied"], "event.outcome": "failure", "event.action": "unknown-client"}
    if is_ip(peer):
        put_address(fields, "source", peer)
    if is_ip(local):
        put_address(fields, "destination", local)
    put_port(fields, "source.port", peer_port)
    put_port(fields, "destination.port", port)
    if server:
        fields["service.name"] = server
    if proto:
        fields["network.transport"] = proto.lower()
    return True
