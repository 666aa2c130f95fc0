"""Sophos Firewall (SFOS, XG and XGS) and Sophos UTM 9: key=value logs."""

from __future__ import annotations

import re
from datetime import datetime
from typing import ClassVar

from collectors.mapping import bundled_table
from collectors.parsers.pairs import read_pairs
from collectors.parsers.syslog import open_envelope
from collectors.parsing import ParseContext, Record, unreadable
from collectors.times import any_time, iso_time, label_zone
from collectors.values import whole
from soc.core.i18n import msg

_UTM_TIME = re.compile(r"(\d{4}):(\d{2}):(\d{2})-(\d{2}:\d{2}:\d{2}) (?:([\w.-]{1,255}) )?")
_UTM_PROGRAM = re.compile(r"([a-zA-Z][\w./-]{0,63})(?:\[(\d{1,9})\])?: ")
_SIGNS = ("log_type", "log_id", "sub", "log_component", "device_model")
_LOGGED = re.compile(
    r"\b(?:User|user|Administrator|admin) '?(?P<user>[^\s',]{1,128})'?.{0,64}?(?:logged|login|log in|failed|authenticat)"
)


class SophosFirewallParser:
    """Firewall, IPS, content, mail, sandbox, authentication and system logs.

    The time is `timestamp` with its offset, else `date` and `time` in the zone that `timezone` labels. UTM 9 writes its own time in front
    of the program.

    Source: Sophos Firewall Syslog Guide 17.5 to 21 (log id structure, fields by log type); Sophos UTM 9 log files (packetfilter, http,
    auth, ips).
    """

    id: ClassVar[str] = "sophos_firewall"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        line = text.strip()
        envelope = open_envelope(line, context)
        outer, body = ({}, line) if envelope is None else (envelope.fields, envelope.message)
        body = _utm_header(outer, body, context)
        raw: Record = {**read_pairs(body)}
        if not any(name in raw for name in _SIGNS):
            raise unreadable(msg('bản ghi Sophos: khóa="giá trị" có log_type hoặc sub'))
        fields = outer | bundled_table("sophos_firewall").apply(raw, context)
        moment = _moment(raw, context)
        if moment is not None:
            fields["@timestamp"] = moment
        kind = str(raw.get("log_type") or raw.get("sub"))
        fields["event.dataset"] = f"sophos.{kind.lower().replace(' ', '_')}"
        _put_rest(fields, raw)
        return fields


def _utm_header(outer: Record, body: str, context: ParseContext) -> str:
    """`2026:11:17-08:01:12 utm ulogd[4711]: ` taken off."""
    found = _UTM_TIME.match(body)
    if found is not None:
        try:
            outer["@timestamp"] = iso_time(f"{found[1]}-{found[2]}-{found[3]}T{found[4]}", context.zone)
        except ValueError:
            outer.pop("@timestamp", None)
        if found[5]:
            outer["host.name"] = found[5]
        body = body[found.end() :]
    program = _UTM_PROGRAM.match(body)
    if program is not None:
        outer["process.name"] = program[1]
        body = body[program.end() :]
    return body


def _moment(raw: Record, context: ParseContext) -> datetime | None:
    """The time of the event; None when the record has none that can be read."""
    label = str(raw.get("timezone") or "")
    zone = label_zone(label, context.zone) or context.zone
    text = raw.get("timestamp") or (f"{raw['date']}T{raw['time']}" if "date" in raw and "time" in raw else "")
    try:
        return any_time(text, zone) if text else None
    except (ValueError, OverflowError):
        return None


def _put_rest(fields: Record, raw: Record) -> None:
    seconds = whole(str(raw.get("duration", "")))
    if seconds is not None:
        fields["event.duration"] = seconds * 10**9
    found = _LOGGED.search(str(raw.get("message") or "")[:1024])
    if found is not None:
        fields.setdefault("user.name", found["user"])
        fields |= {"event.category": ["authentication"], "event.type": ["start"]}
