"""Squid: access log in the native, common and combined forms, alone or behind a syslog header, and cache.log."""

from __future__ import annotations

import re
from datetime import datetime, tzinfo
from typing import ClassVar
from urllib.parse import unquote

from collectors.parsers.accesslog import parse_access
from collectors.parsers.syslog import open_envelope
from collectors.parsing import ParseContext, Record, unreadable
from collectors.times import epoch_time, iso_time, utc
from collectors.transforms import SPREADS
from collectors.values import (
    addresses_in,
    is_ip,
    outcome_of,
    put_address,
    put_port,
    put_request,
    put_url,
    split_endpoint,
    whole,
)
from soc.core.i18n import msg

_TAG = re.compile(r"\(?(?:squid|ssl_crtd|squid-\d{1,4})\)?(?:\[\d{1,10}\])?: ")
_NATIVE = re.compile(
    r"(\d{9,10}\.\d{1,6})\s+(-?\d{1,12})\s+(\S{1,255})\s+([A-Z][A-Z_:]{1,60})/(\d{3}|-)\s+(-?\d{1,18})\s+(\S{1,40})\s+"
)
_HIERARCHY = re.compile(r"([A-Z][A-Z_]{2,60})/(\S{1,255})")
_RESULT = re.compile(r" ((?:TCP|UDP|TAG|NONE)_?[A-Z_]{0,60}):([A-Z][A-Z_]{2,60})(?:\s|$)")
_DATED = re.compile(
    r"(\S{1,255}) (\S{1,255}) (.{1,255}?) ?\[(\d{1,2})/(\d{1,2})/(\d{4})[ :](\d{2}:\d{2}:\d{2})\]"
    r" \"([^\"]{1,8192})\" (\d{3}|-) (\d{1,18}|-)"
)
_CACHE_LOG = re.compile(
    r"(\d{4}/\d{2}/\d{2} \d{2}:\d{2}:\d{2})(?:\.\d{1,6})?( kid\d{1,3})?\| (?:(WARNING|ERROR|FATAL): )?"
)
_QUOTED = re.compile(r"\s*\"([^\"]*)\"")
_DIRECT = frozenset({"HIER_DIRECT", "DIRECT", "ORIGINAL_DST", "PINNED", "TIMEOUT_HIER_DIRECT", "TIMEOUT_DIRECT"})

_CONSTANT: Record = {
    "event.kind": "event",
    "event.category": ["network", "web"],
    "event.type": ["access"],
    "event.dataset": "squid.access",
    "observer.type": "proxy",
    "observer.vendor": "Squid",
    "observer.product": "Squid",
}


class SquidParser:
    """Requests that a Squid proxy served or refused, and the lines of its cache.log.

    `destination` is what the client asked for; its address is known where Squid went there itself (HIER_DIRECT). `server` is the machine
    that Squid asked, a parent proxy perhaps. A forwarded-for list behind the agent goes to `network.forwarded_ip`.

    Source: squid-cache.org, configuration directive `logformat` (squid, common, combined); wiki "Log files" (result and hierarchy codes).
    """

    id: ClassVar[str] = "squid"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        line = text.strip()
        envelope = open_envelope(line, context)
        outer, body = ({}, line) if envelope is None else (envelope.fields, envelope.message.lstrip())
        if (tag := _TAG.match(body)) is not None:
            body = body[tag.end() :]
        for read in (_native, _common, _dated, _cache_log):
            if (fields := read(body, context)) is not None:
                return outer | fields
        raise unreadable(msg("dòng access.log của Squid, dạng squid, common hoặc combined"))


def _native(body: str, context: ParseContext) -> Record | None:
    """`time elapsed client code/status bytes method URL user hierarchy/peer type ["referrer" "agent"]`."""
    head = _NATIVE.match(body)
    if head is None:
        return None
    seconds, elapsed, client, code, status, size, method = head.groups()
    words = body[head.end() :].split()
    at = next((place for place, word in enumerate(words[2:12], 2) if _HIERARCHY.fullmatch(word)), 0)
    if at < 2:
        return None
    fields: Record = {**_CONSTANT, "@timestamp": epoch_time(float(seconds))}
    if method != "-":
        fields["http.request.method"] = method
    fields["event.duration"] = max(0, int(elapsed)) * 10**6
    _put_client(fields, client)
    _put_result(fields, code, status)
    if (sent := whole(size)) is not None:
        fields["http.response.bytes"] = sent
    _put_target(fields, method, " ".join(words[: at - 1]))
    _put_user(fields, words[at - 1])
    _put_hierarchy(fields, *words[at].split("/", 1))
    if len(words) > at + 1 and "/" in words[at + 1]:
        fields["http.response.mime_type"] = words[at + 1]
    _put_tail(fields, body[body.rfind(words[at]) + len(words[at]) :])
    return fields


def _common(body: str, _context: ParseContext) -> Record | None:
    """The common and combined forms, with Squid's `code:hierarchy` behind."""
    access = parse_access(body)
    if access is None:
        return None
    fields = {**access, **_CONSTANT}
    if (sent := fields.pop("http.response.body.bytes", None)) is not None:
        fields["http.response.bytes"] = sent
    if isinstance(user := access.get("user.name"), str):
        _put_user(fields, user)
    _finish(fields, body)
    return fields


def _dated(body: str, context: ParseContext) -> Record | None:
    """The common form with a local time that sites write as `[05/02/2026 11:30:29]`."""
    found = _DATED.match(body)
    if found is None:
        return None
    client, _, user, first, second, year, clock, request, status, size = found.groups()
    try:
        moment = _dated_time(int(first), int(second), year, clock, context.zone)
    except ValueError as problem:
        raise unreadable(msg("thời gian dạng {form}", form="05/02/2026 11:30:29"), column=found.start(4)) from problem
    fields: Record = {**_CONSTANT, "@timestamp": moment}
    _put_client(fields, client)
    _put_user(fields, user)
    if not put_request(fields, request):
        fields["url.original"] = request
    if status != "-":
        _put_status(fields, int(status))
    if (sent := whole(size)) is not None:
        fields["http.response.bytes"] = sent
    _finish(fields, body)
    return fields


def _dated_time(first: int, second: int, year: str, clock: str, zone: tzinfo) -> datetime:
    """Month before day, as Squid's `strftime` default `%D` has it, unless only the other way round is a date."""
    month, day = (second, first) if first > 12 else (first, second)
    return utc(datetime.fromisoformat(f"{year}-{month:02}-{day:02}T{clock}"), zone)


def _finish(fields: Record, body: str) -> None:
    """What the forms around a request line share: the target of CONNECT, the result code."""
    method, target = fields.get("http.request.method"), fields.get("url.original")
    if isinstance(method, str) and isinstance(target, str):
        for name in ("url.path", "url.query", "url.domain", "url.port"):
            fields.pop(name, None)
        _put_target(fields, method, target)
    if (result := _RESULT.search(body)) is not None:
        status = fields.get("http.response.status_code")
        _put_result(fields, result[1], str(status) if isinstance(status, int) else "-")
        fields["squid.hierarchy_code"] = result[2]


def _cache_log(body: str, context: ParseContext) -> Record | None:
    head = _CACHE_LOG.match(body)
    if head is None:
        return None
    message = body[head.end() :]
    fields: Record = {**_CONSTANT, "event.dataset": "squid.cache", "event.type": ["info"], "message": message}
    try:
        fields["@timestamp"] = iso_time(head[1], context.zone)
    except ValueError:
        return None
    if head[3]:
        fields |= {"log.level": head[3].lower(), "event.type": ["error"]}
    return fields


def _put_client(fields: Record, text: str) -> None:
    address, port = split_endpoint(text)
    put_address(fields, "source", address)
    put_port(fields, "source.port", port)


def _put_user(fields: Record, text: str) -> None:
    if text not in {"-", ""}:
        SPREADS["windows_user"](fields, "user", unquote(text))


def _put_result(fields: Record, code: str, status: str) -> None:
    fields |= {"event.action": code.lower(), "squid.result_code": code}
    if code.startswith(("TCP", "UDP")):
        fields["network.transport"] = code[:3].lower()
    if "DENIED" in code:
        fields["event.type"] = ["access", "denied"]
    if status != "-":
        _put_status(fields, int(status))


def _put_status(fields: Record, status: int) -> None:
    """000 is kept as 0: the client went away before an answer."""
    fields["http.response.status_code"] = status
    if status:
        fields["event.outcome"] = outcome_of(status)


def _put_target(fields: Record, method: str, target: str) -> None:
    """The URL, or the `host:port` of CONNECT, which is the destination."""
    if method == "CONNECT":
        host, port = split_endpoint(target.partition("://")[2] or target)
        fields |= {"url.original": target, "url.domain": host}
        put_port(fields, "url.port", port)
        put_address(fields, "destination", host)
        put_port(fields, "destination.port", port)
        return
    if target.startswith("error:"):
        fields["url.original"] = target
        return
    put_url(fields, target)
    domain = fields.get("url.domain")
    if isinstance(domain, str):
        put_address(fields, "destination", domain)
    if "url.port" in fields:
        fields["destination.port"] = fields["url.port"]


def _put_hierarchy(fields: Record, code: str, peer: str) -> None:
    fields["squid.hierarchy_code"] = code
    if peer in {"-", ""}:
        return
    host, port = split_endpoint(peer)
    put_address(fields, "server", host)
    put_port(fields, "server.port", port)
    if code in _DIRECT and is_ip(host):
        fields["destination.ip"] = host.strip("[]")
        fields.setdefault("destination.address", host.strip("[]"))


def _put_tail(fields: Record, text: str) -> None:
    """Referrer, agent and forwarded-for list, where the site logs them in quotes behind the type."""
    at = text.find('"')
    quoted: list[str] = []
    while at >= 0 and len(quoted) < 6 and (part := _QUOTED.match(text, at)) is not None:
        quoted.append(part[1])
        at = part.end()
    for name, value in zip(("http.request.referrer", "user_agent.original"), quoted, strict=False):
        if value not in {"-", ""}:
            fields[name] = value
    for value in quoted[2:]:
        if forwarded := addresses_in(value):
            fields.setdefault("network.forwarded_ip", forwarded)
