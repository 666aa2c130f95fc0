"""BIND: the lines of named's logging channels, from queries to zone transfers."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import ClassVar

from collectors.parsers.bindclient import read_client, read_zone
from collectors.parsers.dns import put_end, put_question
from collectors.parsers.syslog import open_envelope
from collectors.parsing import ParseContext, Record, unreadable
from collectors.times import MONTHS, iso_time
from soc.core.i18n import msg

_NAMED_TIME = re.compile(r"(\d{1,2})-([A-Z][a-z]{2})-(\d{4}) (\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?) ")
_ISO_TIME = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?(?:Z|[+-]\d{2}:?\d{2})?) ")
_OWN_ISO = re.compile(
    r"\d{4}-\d{2}-\d{2}T[\d:.]{8,15}\S{0,6} (?:[a-z][a-z-]{2,30}: )?(?:debug(?: \d+)?|info|notice|warning|error|critical): "
)
_CATEGORY = re.compile(r"([a-z][a-z-]{2,30}): (?=(?:debug|info|notice|warning|error|critical)\b)")
_LEVEL = re.compile(r"(debug(?: \d{1,3})?|info|notice|warning|error|critical): ")
_RESOLVING = re.compile(
    r"([^']{1,120}?) resolving '([^'/\s]{1,1024})(?:/([A-Z0-9]{1,20}))?(?:/([A-Z]{2}))?'"
    r"(?: \(in '([^']{0,1024}?)'\?\))?(?::? ([0-9A-Fa-f:.%]{2,64})#(\d{1,5}))?"
)
_FORMAT = re.compile(
    r"DNS format error from ([0-9A-Fa-f:.%]{2,64})#(\d{1,5}) resolving ([^/\s]{1,1024})/([A-Z0-9]{1,20})"
)
_VALIDATING = re.compile(r"\s*validating (?:@0x[0-9a-f]{1,16}: )?([^/\s]{1,1024})[/ ]([A-Z0-9]{1,20}): (.{1,1000})")
_OTHER = (
    *("listening on", "received ", "shutting down", "stopping", "running", "starting BIND", "loading", "reloading"),
    *("using ", "command ", "invalid command", "managed-keys-zone", "automatic empty zone", "checkhints"),
    *("resolver priming", "all zones loaded", "config", "no longer", "reloaded", "the working directory"),
    *("scheduled", "exiting", "skipping nameserver", "couldn't", "isc_", "found ", "built with", "max open"),
    *("generating", "set up", "sizing", "none:", "/etc/", "open: ", "zone_", "dns_", "missing", "adjusted", "not "),
    *("unable", "error ", "internal_send", "socket", "too many", "clients-per-query", "insecurity", "no valid"),
)

_CONSTANT: Record = {"event.kind": "event", "event.dataset": "bind.log", "network.protocol": "dns"}


class BindParser:
    """Lines of named: queries and answers, refusals, response policy, updates, transfers, resolver and validator troubles.

    Every prefix is read: none, category and level, named's own time, ISO 8601, and a syslog header. `source.ip` is the client of a query,
    or the server whose answer made the trouble. A query whose flags lack `T` came over UDP.

    Source: BIND 9 administrator reference manual, 9.11 to 9.20, "logging block" (print-* options, categories) and "the query log";
    ns/client.c, ns/query.c, ns/update.c, dns/resolver.c, dns/xfrin.c and dns/rpz.c for the texts; Infoblox NIOS for response logging.
    """

    id: ClassVar[str] = "bind"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        line = text.strip()
        fields = dict(_CONSTANT)
        envelope = None if _OWN_ISO.match(line) else open_envelope(line, context)
        if envelope is not None:
            fields.update(envelope.fields)
            line = envelope.message
        body = _put_prefix(fields, line, context)
        prefixed = body is not line or "process.name" in fields
        fields |= {"event.category": ["network"], "event.type": ["info"], "message": body}
        if not body or not (any(read(fields, body) for read in _READERS) or prefixed or body.startswith(_OTHER)):
            raise unreadable(
                msg(
                    "một dòng của named (BIND), ví dụ client 192.0.2.1#5353 (a.example): query: a.example IN A + (192.0.2.53)"
                )
            )
        return fields


def _put_prefix(fields: Record, line: str, context: ParseContext) -> str:
    """Take off time, category and level where the channel prints them; the rest of the line."""
    named, iso = _NAMED_TIME.match(line), _ISO_TIME.match(line)
    try:
        if named is not None:
            day, month, year, clock = named.groups()
            fields["@timestamp"] = iso_time(
                f"{year}-{MONTHS.get(month.lower(), 0):02}-{int(day):02}T{clock}", context.zone
            )
            line = line[named.end() :]
        elif iso is not None:
            fields["@timestamp"] = iso_time(iso[1], context.zone)
            line = line[iso.end() :]
    except ValueError as problem:
        raise unreadable(msg("thời gian dạng {form}", form="17-Nov-2026 09:31:02.112")) from problem
    if (category := _CATEGORY.match(line)) is not None:
        fields["bind.category"] = category[1]
        line = line[category.end() :]
    if (level := _LEVEL.match(line)) is not None:
        fields["log.level"] = level[1]
        line = line[level.end() :]
    return line


def _resolving(fields: Record, body: str) -> bool:
    """`timed out resolving 'name/type/class': server#port`, `lame server resolving 'name' (in 'zone'?): server#port`."""
    found = _RESOLVING.match(body)
    if found is not None:
        reason, name, dns_type, dns_class, zone, server, port = found.groups()
        put_question(fields, name, dns_type or "", dns_class or "")
        fields["event.reason"] = reason
        if zone:
            fields["bind.zone"] = zone
    elif (found := _FORMAT.match(body)) is not None:
        server, port, name, dns_type = found.groups()
        put_question(fields, name, dns_type, "")
        fields["event.reason"] = body
    else:
        return False
    fields |= {"event.action": "resolving", "event.outcome": "failure", "event.type": ["error"], "dns.type": "query"}
    if fields["event.reason"] == "success":
        fields |= {"event.outcome": "success", "event.type": ["info"], "event.reason": body}
    if server:
        put_end(fields, "source", server, port)
    return True


def _validating(fields: Record, body: str) -> bool:
    found = _VALIDATING.match(body)
    if found is None:
        return False
    put_question(fields, found[1], found[2], "")
    fields |= {
        "event.action": "validating",
        "event.outcome": "failure",
        "event.type": ["error"],
        "event.reason": found[3],
    }
    fields["error.message"] = found[3]
    return True


_READERS: tuple[Callable[[Record, str], bool], ...] = (read_client, read_zone, _resolving, _validating)
