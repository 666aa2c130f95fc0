"""Syslog: the envelope of RFC 3164 and RFC 5424, alone or around another format."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar

from collectors.parsing import ParseContext, Record, unreadable
from collectors.times import MONTHS, iso_time, yearless_time
from soc.core.i18n import msg

FACILITIES = (
    *("kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp"),
    *("ntp", "security", "console", "solaris-cron"),
    *(f"local{number}" for number in range(8)),
)
SEVERITIES = ("emergency", "alert", "critical", "error", "warning", "notice", "informational", "debug")

_OCTET_COUNT = re.compile(r"[1-9]\d{0,6} (?=<)")
_PRIORITY = re.compile(r"<(\d{1,3})>")
_RFC5424 = re.compile(r"1 (\S+) (\S+) (\S+) (\S+) (\S+) ")
_RFC3164_TIME = re.compile(r"[*.]?([A-Z][a-z]{2}) {1,2}(\d{1,2}) (?:\d{4} )?(\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?):? ")
_ISO_TIME = re.compile(r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\S{0,20}) ")
_HOST = re.compile(r"([A-Za-z0-9_.:\[\]-]{1,255}) ")
_TAG = re.compile(r"([A-Za-z0-9_./@-]{1,64})(?:\[([^\[\]\s]{1,32})\])?: ?")
_STRUCTURED_ELEMENT = re.compile(r"\[([^\s=\]\"]{1,64})((?: [^\s=\]\"]{1,64}=\"[^\"\\]*(?:\\.[^\"\\]*)*\")*)\]")
_STRUCTURED_PARAM = re.compile(r" ([^\s=\]\"]{1,64})=\"([^\"\\]*(?:\\.[^\"\\]*)*)\"")


@dataclass(frozen=True, slots=True)
class Envelope:
    """A syslog header as ECS fields, and the message that it carried."""

    fields: Record
    message: str


class SyslogParser:
    """A syslog record whose content no other parser reads: header fields, program, message.

    Source: RFC 5424 sections 6 (format) and 6.2.1 (PRI), RFC 3164 section 4.1, RFC 6587 section 3.4.1 (octet counting), and the
    ISO time that rsyslog and systemd write in place of the RFC 3164 one.
    """

    id: ClassVar[str] = "syslog"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        envelope = open_envelope(text, context)
        if envelope is None:
            raise unreadable(
                msg("đầu syslog theo RFC 3164 hoặc RFC 5424, ví dụ <134>Nov 17 08:01:11 may-01 sshd[2211]: …")
            )
        fields = {"event.kind": "event", "event.dataset": "syslog", **envelope.fields}
        if envelope.message:
            fields["message"] = envelope.message
        return fields


def open_envelope(text: str, context: ParseContext) -> Envelope | None:
    """The syslog header of `text` taken off; None when it has none.

    A lone PRI counts as a header, as firewalls send `<189>date=...`. A header without a PRI (a line of /var/log) needs its time.
    """
    envelope = _opened(text, context)
    if context.trace is not None and envelope is not None:
        context.trace.enveloped(envelope.fields)
    return envelope


def _opened(text: str, context: ParseContext) -> Envelope | None:
    fields: Record = {}
    at = _end(_OCTET_COUNT.match(text))
    start = at
    priority = _PRIORITY.match(text, at)
    if priority is not None and int(priority[1]) <= 191:
        _put_priority(fields, int(priority[1]))
        at = priority.end()
    modern = _RFC5424.match(text, at)
    if modern is not None and at > start:
        return _rfc5424(text, modern, fields, context)
    traditional = _rfc3164(text, at, fields, context)
    if traditional is not None:
        return traditional
    return Envelope(fields, text[at:].lstrip()) if at > start else None


def unwrapped(text: str, context: ParseContext) -> tuple[Record, str]:
    """The fields of the syslog header and the message behind it; no fields and the text itself where there is no header."""
    envelope = open_envelope(text, context)
    return ({}, text) if envelope is None else (envelope.fields, envelope.message)


def without_sender(fields: Record) -> Record:
    """`fields` of a header that a management server wrote: its own name and program are not those of the event it passes on."""
    return {name: value for name, value in fields.items() if name not in {"host.name", "process.name", "process.pid"}}


def _put_priority(fields: Record, priority: int) -> None:
    facility, severity = divmod(priority, 8)
    fields["log.syslog.priority"] = priority
    fields["log.syslog.facility.code"] = facility
    fields["log.syslog.facility.name"] = FACILITIES[facility]
    fields["log.syslog.severity.code"] = severity
    fields["log.syslog.severity.name"] = SEVERITIES[severity]


def _rfc5424(text: str, head: re.Match[str], fields: Record, context: ParseContext) -> Envelope | None:
    moment, host, app, process, message_id = head.groups()
    if moment != "-":
        try:
            fields["@timestamp"] = iso_time(moment, context.zone)
        except ValueError:
            return None
    named = {"host.name": host, "process.name": app, "process.pid": process, "log.syslog.msgid": message_id}
    fields.update({name: value for name, value in named.items() if value != "-"})
    _tidy_pid(fields)
    at = _structured_data(text, head.end(), fields)
    return Envelope(fields, text[at:].removeprefix(" ").removeprefix("\ufeff"))


def _structured_data(text: str, at: int, fields: Record) -> int:
    """Read SD-ELEMENTs from `at` on; gives back where they end."""
    if text.startswith("-", at):
        return at + 1
    while (element := _STRUCTURED_ELEMENT.match(text, at)) is not None:
        for param in _STRUCTURED_PARAM.finditer(element[2]):
            fields[f"log.syslog.structured_data.{element[1]}.{param[1]}"] = re.sub(r"\\([\"\\\]])", r"\1", param[2])
        at = element.end()
    return at


def _rfc3164(text: str, at: int, fields: Record, context: ParseContext) -> Envelope | None:
    moment = _RFC3164_TIME.match(text, at)
    try:
        if moment is not None:
            month = MONTHS.get(moment[1].lower(), 0)
            fields["@timestamp"] = yearless_time(month, int(moment[2]), moment[3], context.received, context.zone)
        else:
            moment = _ISO_TIME.match(text, at)
            if moment is None:
                return None
            fields["@timestamp"] = iso_time(moment[1], context.zone)
    except ValueError:
        return None
    at = moment.end()
    host = _HOST.match(text, at)
    if host is not None and not host[1].endswith(":"):
        fields["host.name"] = host[1]
        at = host.end()
    tag = _TAG.match(text, at)
    if tag is not None and tag[1] not in {"CEF", "LEEF"}:
        fields["process.name"], at = tag[1], tag.end()
        if tag[2]:
            fields["process.pid"] = tag[2]
            _tidy_pid(fields)
    return Envelope(fields, text[at:])


def _tidy_pid(fields: Record) -> None:
    """PROCID may be any text; only a number is an ECS pid."""
    pid = fields.pop("process.pid", None)
    if pid is None:
        return
    number = str(pid).isascii() and str(pid).isdecimal() and len(str(pid)) <= 18
    fields["process.pid" if number else "log.syslog.procid"] = int(str(pid)) if number else pid


def _end(found: re.Match[str] | None) -> int:
    return 0 if found is None else found.end()
