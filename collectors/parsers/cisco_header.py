"""What Cisco devices write in front of their text: `<PRI>`, sequence number, name, time with its marks, `%FACILITY-LEVEL-MNEMONIC:`.

Everything but the last part is optional and stands in an order that the operator chose (`logging origin-id`, `service timestamps`,
`logging device-id`), often behind a header of a relay. So the text in front of the percent sign is read by what its pieces look like.

Sources: Cisco, "System Message Logging" of the IOS and IOS XE configuration guides (`*` = clock never set, `.` = clock lost its time
server), NX-OS System Messages Reference (year first), ASA Series Syslog Messages ("Severity levels and message format").
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, tzinfo

from collectors.parsers.syslog import open_envelope
from collectors.parsing import ParseContext, Record
from collectors.times import MONTHS, iso_time, label_zone, utc, yearless_time
from collectors.values import whole

_MARK = re.compile(r"%([A-Z][A-Z0-9_]{0,63}(?:-[A-Z0-9_]{2,63}){0,3}?)-([0-7])-([A-Za-z0-9_]{1,80}) ?:? ?")
_PRIORITY = re.compile(r"(?:[1-9]\d{0,6} )?<(\d{1,3})>")
_TIME = re.compile(
    r"([*.]?)(?:(\d{4}) )?([A-Z][a-z]{2}) {1,2}(\d{1,2})(?:,? (\d{4}))?,? (\d{2}:\d{2}:\d{2})(?:[.,](\d{1,9}))?"
    r"(?: ([A-Z]{1,5}(?:[+-]\d{1,2}(?::?\d{2})?)?|[+-]\d{1,2}(?::?\d{2})?)(?=[:\s]|$))?"
)
_ISO_TIME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:?\d{2})?")
_WORD = re.compile(r"[^\s:]*[A-Za-z][^\s:]*|\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]*:[0-9A-Fa-f:]*:[0-9A-Fa-f]+")
_UPTIME = re.compile(r"\d{1,5}[ywdh]\d{1,2}[wdh]|\d{1,4}:\d{2}:\d{2}")
_TAGS = frozenset({"SFIMS", "ASA", "FTD", "PIX", "FWSM"})
_HEAD_LIMIT = 512


@dataclass(frozen=True, slots=True)
class CiscoMessage:
    """One message of a Cisco device.

    Attributes:
        fields: what the header says, in the names of ECS.
        facility: `ASA`, `SYS`, `ROUTING-BGP`; `level` 0 (emergency) to 7 (debug); `mnemonic`: `302013`, `CONFIG_I`.
        text: what follows.
        clock: `synchronised`, `unsynchronised` (`*`) or `lost` (`.`); empty when the line has no time of the device.
    """

    fields: Record
    facility: str
    level: int
    mnemonic: str
    text: str
    clock: str


def read_cisco(text: str, context: ParseContext) -> CiscoMessage | None:
    """The header of `text` taken off; None when it holds no `%FACILITY-LEVEL-MNEMONIC` within its first 512 characters.

    A time whose clock was never set (`*`) is no time of the event: `@timestamp` is then the relay's, or left out.
    """
    mark = _MARK.search(text, 0, _HEAD_LIMIT + 160)
    if mark is None:
        return None
    fields, head = _taken_off(text[: mark.start()], context)
    clock = _put_times(fields, head, context)
    _put_name(fields, _TIME.sub(_label_of_no_zone, _ISO_TIME.sub(" ", head)))
    fields["log.syslog.severity.code"] = int(mark[2])
    return CiscoMessage(fields, mark[1], int(mark[2]), mark[3], text[mark.end() :].strip(), clock)


def _taken_off(head: str, context: ParseContext) -> tuple[Record, str]:
    """PRI, or a whole header of RFC 5424, as fields; and the rest of the head."""
    priority = _PRIORITY.match(head)
    envelope = open_envelope(head, context) if priority is not None else None
    if priority is None or envelope is None:
        return {}, head
    if head.startswith("1 ", priority.end()):
        return envelope.fields, envelope.message
    named = {name: value for name, value in envelope.fields.items() if name.startswith("log.syslog.")}
    return named, head[priority.end() :]


def _put_times(fields: Record, head: str, context: ParseContext) -> str:
    """Write the time nearest to the text, as the device wrote it; a clock that was never set gives way to the relay's time."""
    clock = ""
    for found in _TIME.finditer(head):
        mark = found[1]
        clock = {"*": "unsynchronised", ".": "lost"}.get(mark, "synchronised")
        moment = _moment(found, context)
        if moment is not None and mark != "*":
            fields["@timestamp"] = moment
        if found[8] and mark == "*":
            fields["event.timezone"] = found[8]
    if not clock and (iso := _ISO_TIME.search(head)) is not None:
        try:
            fields["@timestamp"] = iso_time(iso[0], context.zone)
        except ValueError:
            return ""
        clock = "synchronised"
    return clock


def _moment(found: re.Match[str], context: ParseContext) -> datetime | None:
    _, year_before, month_name, day, year_after, hours, fraction, label = found.groups()
    zone: tzinfo = (label_zone(label, context.zone) if label else None) or context.zone
    clock = f"{hours}.{fraction[:6].ljust(6, '0')}" if fraction else hours
    month, year = MONTHS.get(month_name.lower(), 0), year_before or year_after
    try:
        if year is None:
            return yearless_time(month, int(day), clock, context.received, zone)
        return utc(datetime.fromisoformat(f"{year}-{month:02}-{int(day):02}T{clock}"), zone)
    except ValueError:
        return None


def _label_of_no_zone(found: re.Match[str]) -> str:
    """A time leaves a blank; but the word behind it that names no zone and no colon closes is the device's name (`17:31:57 ASA :`)."""
    label, behind = found[8], found.string[found.end() : found.end() + 1]
    return f" {label} " if label and label.isalpha() and behind != ":" else " "


def _put_name(fields: Record, rest: str) -> None:
    """The name nearest to the text: that of the device, when a relay wrote one too. Sequence numbers and up-times are no names."""
    words = [word.strip("().,") for word in _WORD.findall(_UPTIME.sub(" ", rest))]
    processes = [word for word in words if word.endswith("]") and "[" in word]
    names = [word for word in words if word and word not in _TAGS and "[" not in word and "/" not in word]
    if processes:
        fields["process.name"] = processes[-1].partition("[")[0]
    if names:
        fields["host.name"] = names[-1]
    name = fields.get("host.name")
    if name is not None:
        fields["observer.name"] = name
        fields["log.hostname"] = name
    sequence = [number for word in rest.split() if (number := whole(word.strip(": "))) is not None]
    if sequence:
        fields["event.sequence"] = sequence[-1]
