"""HAProxy: HTTP, TCP and CLF log lines, connection errors, and the messages of the process."""

from __future__ import annotations

import re
from datetime import datetime
from typing import ClassVar

from collectors.parsers.accesslog import parse_access
from collectors.parsers.syslog import open_envelope
from collectors.parsing import ParseContext, Record, unreadable
from collectors.times import MONTHS, utc
from collectors.values import addresses_in, outcome_of, put_address, put_port, put_request, whole
from soc.core.i18n import msg

_TAG = re.compile(r"haproxy(?:\[\d{1,10}\])?: ")
_FRONT = re.compile(
    r"(\S{1,255}?):(\d{1,5}) \[(\d{2})/([A-Za-z]{3})/(\d{4}):(\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?)\] (\S{1,255}) "
)
_HTTP = re.compile(
    r"([^\s/]{1,255})/(\S{1,255}) (-?\d{1,12})/(-?\d{1,12})/(-?\d{1,12})/(-?\d{1,12})/(\+?-?\d{1,12}) (-?\d{1,4}) (\+?\d{1,18}) (\S{1,64}) "
    r"(\S{1,64}) (\S{4}) (\d{1,9})/(\d{1,9})/(\d{1,9})/(\d{1,9})/(\+?\d{1,9}) (\d{1,9})/(\d{1,9}) "
)
_TCP = re.compile(
    r"([^\s/]{1,255})/(\S{1,255}) (-?\d{1,12})/(-?\d{1,12})/(\+?-?\d{1,12}) (\+?\d{1,18}) (\S{2}) "
    r"(\d{1,9})/(\d{1,9})/(\d{1,9})/(\d{1,9})/(\+?\d{1,9}) (\d{1,9})/(\d{1,9})"
)
_CAPTURED = re.compile(r"\{([^{}]{0,4096})\} ?")
_REQUEST = re.compile(r"\"([^\"]*)\"?(?: (.*))?$")
_SERVER = re.compile(
    r"(?:Server|Backup Server) ([^\s/]{1,255})/(\S{1,255}) is (UP|DOWN)[,.] ?(?:reason: ([^,]{1,200}))?(.{0,500})$"
)
_PROXY = re.compile(r"(Proxy|backend) (\S{1,255}) (started|stopped|has no server available!?)")
_SSL = re.compile(r"\b(TLS|SSL)v(\d(?:\.\d)?)[ :/]+([A-Z0-9][A-Za-z0-9_-]{5,60})")

_CAUSES = {
    "C": "aborted by the client",
    "S": "aborted or refused by the server",
    "P": "refused by the proxy",
    "L": "answered by the proxy itself",
    "R": "a resource of the proxy was exhausted",
    "I": "internal error of the proxy",
    "D": "killed as the server went down",
    "U": "killed as the backup server was left",
    "K": "killed by an administrator",
    "c": "the client timed out",
    "s": "the server timed out",
}
"""First letter of the termination state. Source: HAProxy configuration manual, section 8.5."""

_CONSTANT: Record = {
    "event.kind": "event",
    "event.dataset": "haproxy.log",
    "observer.type": "proxy",
    "observer.product": "HAProxy",
}


class HaproxyParser:
    """Lines of HAProxy in `option httplog`, `httpslog`, `tcplog` and CLF form, errors before a request, and server state changes.

    The accept time has no offset: it is of the machine's zone. Times of -1 (a phase that was not reached) are left out. Captured headers
    stay together as `haproxy.captured`; addresses of a captured forwarded-for list go to `network.forwarded_ip`. An answer of the proxy
    itself to a refused request (`PR`, `PD` ...) is of type `denied`.

    Source: docs.haproxy.org, configuration manual 1.8 to 3.0, sections 8.2 (formats), 8.4 (timers), 8.5 (termination state).
    """

    id: ClassVar[str] = "haproxy"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        line = text.strip()
        envelope = open_envelope(line, context)
        outer, body = ({}, line) if envelope is None else (envelope.fields, envelope.message.lstrip())
        if (tag := _TAG.match(body)) is not None:
            body = body[tag.end() :]
        front = _FRONT.match(body)
        if front is not None:
            return outer | _traffic(body, front, context)
        if (access := parse_access(body)) is not None:
            return outer | access | {**_CONSTANT, "event.dataset": "haproxy.log"}
        state = _state(body)
        if state is None and not outer:
            raise unreadable(msg("dòng log của HAProxy: dạng HTTP, TCP, CLF hoặc thông báo của tiến trình"))
        return outer | (state or {**_CONSTANT, "event.category": ["network"], "event.type": ["info"], "message": body})


def _traffic(body: str, front: re.Match[str], context: ParseContext) -> Record:
    address, port, day, month, year, clock, frontend = front.groups()
    fields: Record = {**_CONSTANT, "haproxy.frontend": frontend.rstrip("~")}
    if frontend.endswith("~"):
        fields["network.protocol"] = "https"
    try:
        moment = datetime.fromisoformat(f"{year}-{MONTHS.get(month.lower(), 0):02}-{day}T{clock}")
        fields["@timestamp"] = utc(moment, context.zone)
    except ValueError as problem:
        raise unreadable(
            msg("thời gian dạng {form}", form="17/Nov/2026:08:05:11.123"), column=front.start(3)
        ) from problem
    put_address(fields, "source", address.removeprefix("::ffff:"))
    put_port(fields, "source.port", port)
    at = front.end()
    if (found := _HTTP.match(body, at)) is not None:
        _put_http(fields, found, body[found.end() :])
    elif (found := _TCP.match(body, at)) is not None:
        _put_tcp(fields, found)
    else:
        # An error before any request: `frontend/bind: SSL handshake failure`.
        reason = body[at:] if frontend.endswith(":") else f"{frontend} {body[at:]}"
        fields |= {"event.category": ["network"], "event.type": ["error"], "event.outcome": "failure"}
        fields |= {"haproxy.frontend": frontend.rstrip(":").partition("/")[0], "error.message": reason, "message": body}
    if (tls := _SSL.search(body, at)) is not None and not tls[3].isdecimal():
        fields |= {"tls.version_protocol": tls[1].lower(), "tls.version": tls[2], "tls.cipher": tls[3]}
    return fields


def _put_http(fields: Record, found: re.Match[str], rest: str) -> None:
    """Backend, five timers, status, bytes, cookies, termination state, five counters, two queues, headers, request."""
    parts = found.groups()
    fields |= {"event.category": ["web", "network"], "event.type": ["access"]}
    fields.setdefault("network.protocol", "http")
    _put_backend(fields, parts[0], parts[1], parts[6], parts[8])
    status = int(parts[7])
    if status > 0:
        fields |= {"http.response.status_code": status, "event.outcome": outcome_of(status)}
    if (sent := fields.pop("destination.bytes", None)) is not None:
        fields["http.response.bytes"] = sent
    _put_termination(fields, parts[11])
    at = 0
    captured: list[str] = []
    while len(captured) < 2 and (group := _CAPTURED.match(rest, at)) is not None:
        captured += [value for value in group[1].split("|") if value]
        at = group.end()
    if captured:
        fields["haproxy.captured"] = captured
        forwarded = [address for value in captured if (address := addresses_in(value))]
        if forwarded:
            fields["network.forwarded_ip"] = forwarded[0]
    request = _REQUEST.search(rest, at)
    if request is not None and request[1] and not put_request(fields, request[1]) and request[1] != "<BADREQ>":
        fields["url.original"] = request[1]
    if request is not None and request[1] == "<BADREQ>":
        fields["event.reason"] = "bad request"


def _put_tcp(fields: Record, found: re.Match[str]) -> None:
    parts = found.groups()
    fields |= {"event.category": ["network"], "event.type": ["connection", "end"], "network.transport": "tcp"}
    _put_backend(fields, parts[0], parts[1], parts[4], parts[5])
    _put_termination(fields, parts[6])


def _put_backend(fields: Record, backend: str, server: str, total: str, size: str) -> None:
    fields["haproxy.backend"] = backend
    if server != "<NOSRV>":
        fields["haproxy.server"] = server
    elapsed = whole(total.removeprefix("+"))
    if elapsed is not None:
        fields["event.duration"] = elapsed * 10**6
    if (sent := whole(size.removeprefix("+"))) is not None:
        fields["destination.bytes"] = sent


def _put_termination(fields: Record, state: str) -> None:
    fields["haproxy.termination_state"] = state
    if (cause := _CAUSES.get(state[0])) is not None:
        fields["event.reason"] = cause
        fields.setdefault("event.outcome", "failure")
        if state[:2] in {"PR", "PD", "PT"}:
            fields["event.type"] = ["denied"]
    else:
        fields.setdefault("event.outcome", "success")


def _state(body: str) -> Record | None:
    """`Server be/web1 is DOWN, reason: Layer4 timeout, ...`, `backend be has no server available!`, `Proxy fe started.`."""
    fields: Record = {**_CONSTANT, "event.category": ["network"], "event.type": ["change"], "message": body}
    server, proxy = _SERVER.match(body), _PROXY.match(body)
    if server is not None:
        fields |= {
            "haproxy.backend": server[1],
            "haproxy.server": server[2],
            "event.action": f"server_{server[3].lower()}",
        }
        if server[4]:
            fields["event.reason"] = server[4]
    elif proxy is not None:
        fields |= {"haproxy.backend": proxy[2], "event.action": "no_server" if proxy[3].startswith("has") else proxy[3]}
    else:
        return None
    return fields
