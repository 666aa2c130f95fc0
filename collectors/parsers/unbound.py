"""Unbound: queries, replies, local actions and the daemon's own messages."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import ClassVar

from collectors.parsers.dns import put_end, put_question
from collectors.parsers.syslog import open_envelope
from collectors.parsing import ParseContext, Record, unreadable
from collectors.times import MONTHS, epoch_time, iso_time, yearless_time
from collectors.values import is_ip, put_address
from soc.core.errors import ParseError
from soc.core.i18n import msg

_HEAD = re.compile(
    r"(?:\[(\d{9,10}(?:\.\d{1,6})?)\] |(\d{4}-\d{2}-\d{2}T\S{8,30}) |([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?) )?"
    r"(?:unbound)?\[(\d{1,10}):([0-9a-f]{1,8})\] (info|notice|warning|error|fatal error|debug|query|reply|verbose|detail|algo|client): ?"
)
_ASKED = re.compile(
    r"(?:query: |reply: )?([0-9A-Fa-f:.]{2,45}|local)(?:@(\d{1,5}))? (\S{1,1024}) ([A-Z]{1,10}\d{0,5}) (IN|CH|HS|ANY|CLASS\d{1,5})"
    r"(?: ([A-Z][A-Za-z]{2,9}|RCODE\d{1,3}) (\d{1,9}\.\d{1,6}) ([01]) (\d{1,6})(?: .{0,200})?)?$"
)
_LOCAL = re.compile(
    r"(\S{1,1024}) ([a-z_]{4,30}) ([0-9A-Fa-f:.]{2,45})(?:@(\d{1,5}))? (\S{1,1024}) ([A-Z]{1,10}\d{0,5}) (IN|CH|HS|ANY|CLASS\d{1,5})$"
)
_RPZ = re.compile(
    r"(?:rpz: applied \[([^\]]{0,255})\] |rpz: applied )(\S{1,1024}) (rpz-[a-z-]{3,20}) ([0-9A-Fa-f:.]{2,45})(?:@(\d{1,5}))? (\S{1,1024})"
    r" ([A-Z]{1,10}\d{0,5}) (IN|CH|HS|ANY)"
)
_VALIDATION = re.compile(r"validation failure <?(\S{1,1024}?)\.? ([A-Z]{1,10}\d{0,5}) (IN|CH|HS)>?: (.{1,1000})")
_SERVFAIL = re.compile(r"SERVFAIL <(\S{1,1024}) ([A-Z]{1,10}\d{0,5}) (IN|CH|HS)>: (.{1,1000})")
_RATE = re.compile(r"(ip_)?ratelimit exceeded ([0-9A-Fa-f:.]{2,45}|\S{1,1024})(?: \d{1,10})?")
_MAKING = re.compile(r"generate keytag query (\S{1,1024}) ([A-Z]{1,10}\d{0,5}) (IN|CH|HS)")

_BLOCKING = frozenset({"deny", "refuse", "inform_deny", "block_a", "inform_redirect"})

_CONSTANT: Record = {"event.kind": "event", "event.dataset": "unbound.log", "network.protocol": "dns"}


class UnboundParser:
    """Queries, replies, local actions, SERVFAIL, RPZ and validation lines of Unbound; all others as messages.

    The names lose their final dot. A line has the time of its syslog header, or the epoch time or the local one that Unbound itself prints.

    Source: nlnetlabs.nl, unbound.conf(5) (log-* options, rpz-log, val-log-level), util/log.c and util/net_help.c (line forms), releases
    1.9 to 1.22.
    """

    id: ClassVar[str] = "unbound"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        line = text.strip()
        fields: Record = {**_CONSTANT, "event.category": ["network"], "event.type": ["info"]}
        head = _HEAD.match(line)
        if head is None:
            envelope = open_envelope(line, context)
            if envelope is None:
                raise _refused()
            fields.update(envelope.fields)
            line = envelope.message
            head = _HEAD.match(line)
        body = line if head is None else _put_head(fields, head, line, context)
        if not body:
            raise _refused()
        fields["message"] = body
        level = "" if head is None else head[8]
        if not any(read(fields, body) for read in _READERS) and level in {"error", "fatal error", "warning"}:
            fields |= {"error.message": body, "event.type": ["error"]}
        return fields


def _refused() -> ParseError:
    return unreadable(msg("một dòng của Unbound, ví dụ [811:0] info: 192.0.2.1 a.example. A IN"))


def _put_head(fields: Record, head: re.Match[str], line: str, context: ParseContext) -> str:
    """Time where Unbound prints one, process and thread; the rest of the line."""
    seconds, moment, month, day, clock, process, thread, level = head.groups()
    try:
        if seconds:
            fields["@timestamp"] = epoch_time(float(seconds))
        elif moment:
            fields["@timestamp"] = iso_time(moment, context.zone)
        elif month:
            number = MONTHS.get(month.lower(), 0)
            fields["@timestamp"] = yearless_time(number, int(day), clock, context.received, context.zone)
    except ValueError as problem:
        raise unreadable(msg("thời gian dạng {form}", form="[1794877200] unbound[811:0]"), column=2) from problem
    fields |= {"process.name": "unbound", "process.pid": int(process), "process.thread.id": int(thread, 16)}
    if level not in {"query", "reply"}:
        fields["log.level"] = level
    return line[head.end() :].strip()


def _asked(fields: Record, body: str) -> bool:
    """`192.0.2.1 a.example. A IN`, and as a reply `... NOERROR 0.012345 0 61` (code, seconds, from the cache, bytes)."""
    found = _ASKED.match(body)
    if found is None:
        return False
    address, port, name, dns_type, dns_class, code, seconds, cached, size = found.groups()
    put_end(fields, "source", address, port or "")
    put_question(fields, name, dns_type, dns_class)
    fields |= {"event.type": ["protocol"], "dns.type": "answer" if code else "query"}
    fields["event.action"] = "dns_answer" if code else "dns_query"
    if code:
        fields |= {"dns.response_code": code.upper(), "event.outcome": "success" if code == "NOERROR" else "failure"}
        fields |= {
            "event.duration": round(float(seconds) * 1e9),
            "unbound.cached": cached == "1",
            "destination.bytes": int(size),
        }
    return True


def _local(fields: Record, body: str) -> bool:
    """`zone.example. always_nxdomain 192.0.2.1@4000 www.zone.example. A IN`: a local zone answered."""
    found = _LOCAL.match(body)
    if found is None:
        return False
    zone, action, address, port, name, dns_type, dns_class = found.groups()
    put_end(fields, "source", address, port or "")
    put_question(fields, name, dns_type, dns_class)
    fields |= {"event.action": action, "rule.name": zone.rstrip("."), "dns.type": "query"}
    fields["event.type"] = ["denied"] if action.startswith("always_") or action in _BLOCKING else ["protocol"]
    return True


def _policy(fields: Record, body: str) -> bool:
    found = _RPZ.match(body)
    if found is None:
        return False
    label, trigger, action, address, port, name, dns_type, dns_class = found.groups()
    put_end(fields, "source", address, port or "")
    put_question(fields, name, dns_type, dns_class)
    fields |= {"event.kind": "alert", "event.category": ["network", "intrusion_detection"], "event.action": action}
    fields |= {"event.type": ["allowed" if action == "rpz-passthru" else "denied"], "rule.name": trigger.rstrip(".")}
    if label:
        fields["rule.ruleset"] = label
    return True


def _trouble(fields: Record, body: str) -> bool:
    """A name that could not be validated or resolved; the queries that Unbound itself makes about keys."""
    making = _MAKING.match(body)
    if making is not None:
        fields["event.action"] = "generate_keytag"
        return True
    found = _VALIDATION.match(body) or _SERVFAIL.match(body)
    if found is None:
        return False
    put_question(fields, found[1], found[2], found[3])
    fields |= {"event.outcome": "failure", "event.type": ["error"], "event.reason": found[4], "error.message": found[4]}
    fields |= {
        "event.action": "validating" if body.startswith("validation") else "resolving",
        "dns.response_code": "SERVFAIL",
    }
    return True


def _limited(fields: Record, body: str) -> bool:
    found = _RATE.match(body)
    if found is None:
        return False
    fields |= {"event.action": "rate_limit", "event.type": ["denied"], "event.reason": body}
    if found[1] and is_ip(found[2]):
        put_address(fields, "source", found[2])
    return True


_READERS: tuple[Callable[[Record, str], bool], ...] = (_asked, _local, _policy, _trouble, _limited)
