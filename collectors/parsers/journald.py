"""The journal of systemd, as `journalctl -o json` and its relatives write it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from collectors.parsers.auditd import AuditdParser
from collectors.parsers.json import load_object
from collectors.parsers.linux_auth import read_auth
from collectors.parsers.syslog import FACILITIES, SEVERITIES
from collectors.parsing import ParseContext, Record, unreadable
from collectors.text import decode
from collectors.times import epoch_time
from collectors.values import whole
from soc.core.errors import ParseError
from soc.core.i18n import msg

_NAMES = {
    "_HOSTNAME": "host.name",
    "_MACHINE_ID": "host.id",
    "_COMM": "process.name",
    "_EXE": "process.executable",
    "_CMDLINE": "process.command_line",
    "_SYSTEMD_UNIT": "service.name",
    "UNIT": "service.name",
    "_UID": "user.id",
    "_GID": "user.group.id",
    "_AUDIT_LOGINUID": "user.audit.id",
    "_AUDIT_SESSION": "soc.session.id",
    "_SYSTEMD_CGROUP": "process.cgroup",
    "CONTAINER_NAME": "container.name",
    "CONTAINER_ID_FULL": "container.id",
    "MESSAGE_ID": "event.code",
    "CODE_FILE": "log.origin.file.name",
    "CODE_FUNC": "log.origin.function",
    "__CURSOR": "journald.cursor",
    "_BOOT_ID": "host.boot.id",
    "_TRANSPORT": "journald.transport",
}
_NUMBERS = {"_PID": "process.pid", "SYSLOG_PID": "process.pid", "CODE_LINE": "log.origin.file.line"}
_HANDLED = frozenset({"MESSAGE", "PRIORITY", "SYSLOG_FACILITY", "SYSLOG_IDENTIFIER", "SYSLOG_TIMESTAMP", "SYSLOG_RAW"})
_TIMES = ("_SOURCE_REALTIME_TIMESTAMP", "__REALTIME_TIMESTAMP")
_UNSET = frozenset({"4294967295", "-1"})


class JournaldParser:
    """One entry of the journal.

    A value that is no valid text comes as a list of byte values, one that was set several times as a list of values, one that is too
    large as null: the first is decoded, of the second all are kept, the third is left out. The time is that of the sender where it is
    known. Messages of sshd, sudo, su, cron and the account tools are read as in the auth log, those of the audit transport as audit
    records; other names stay as `journald.<name>`.

    Source: systemd, "Journal JSON Format" and systemd.journal-fields(7).
    """

    id: ClassVar[str] = "journald"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        entry = load_object(text.strip())
        if not any(name in entry for name in ("MESSAGE", *_TIMES, "__CURSOR")):
            raise unreadable(msg("một mục nhật ký của journalctl -o json"))
        told = {name: value for name, raw in entry.items() if (value := _value(raw)) is not None}
        fields: Record = {"event.kind": "event", "event.dataset": "journald", "host.os.type": "linux"}
        _put_time(fields, told)
        _put_names(fields, told)
        _put_syslog(fields, told)
        message = _text(told.get("MESSAGE"))
        if message:
            fields["message"] = message
            _read_message(fields, message, context)
        return fields


def _value(raw: object) -> str | list[str] | None:
    """The value of a field: a text, or all of them where it was set several times."""
    if isinstance(raw, str):
        return raw
    if isinstance(raw, (int, float)) and not isinstance(raw, bool):
        return str(raw)
    if not isinstance(raw, list) or not raw:
        return None
    if _is_binary(raw):
        return _from_bytes(raw)
    values = [value for item in raw if isinstance(value := _value(item), str)]
    return values or None


def _is_binary(raw: list[object]) -> bool:
    return all(type(item) is int and 0 <= item < 256 for item in raw)


def _from_bytes(raw: list[int]) -> str:
    return decode(bytes(raw)).text


def _text(value: str | list[str] | None) -> str:
    return value[0] if isinstance(value, list) else value or ""


def _put_time(fields: Record, told: Mapping[str, str | list[str]]) -> None:
    for name in _TIMES:
        moment = whole(_text(told.get(name)))
        if moment is not None and moment < 10**18:
            fields["@timestamp"] = epoch_time(moment / 10**6 if moment < 10**14 else moment)
            return


def _put_names(fields: Record, told: Mapping[str, str | list[str]]) -> None:
    for name, value in told.items():
        if (target := _NAMES.get(name)) is not None:
            if value not in _UNSET if isinstance(value, str) else True:
                fields.setdefault(target, _text(value))
        elif (number_target := _NUMBERS.get(name)) is not None:
            number = whole(_text(value))
            if number is not None:
                fields.setdefault(number_target, number)
        elif name not in _HANDLED and not name.startswith("__") and name not in _TIMES:
            fields[f"journald.{name.strip('_').lower()}"] = value


def _put_syslog(fields: Record, told: Mapping[str, str | list[str]]) -> None:
    priority, facility = whole(_text(told.get("PRIORITY"))), whole(_text(told.get("SYSLOG_FACILITY")))
    if priority is not None and priority < len(SEVERITIES):
        fields |= {
            "log.syslog.severity.code": priority,
            "log.syslog.severity.name": SEVERITIES[priority],
            "log.level": SEVERITIES[priority],
        }
    if facility is not None and facility < len(FACILITIES):
        fields |= {"log.syslog.facility.code": facility, "log.syslog.facility.name": FACILITIES[facility]}
    if identifier := _text(told.get("SYSLOG_IDENTIFIER")):
        fields["log.syslog.appname"] = identifier


def _read_message(fields: Record, message: str, context: ParseContext) -> None:
    """The content by the program that wrote it: its own word for itself, else the kernel's (`_COMM`)."""
    if fields.get("journald.transport") == "audit":
        _read_audit(fields, message, context)
        return
    program = str(fields.get("log.syslog.appname") or fields.get("process.name") or "")
    known = {"process.name": program} if program else {}
    read: Record = {name: fields[name] for name in ("process.pid",) if name in fields} | known
    if not read_auth(read, message, context):
        fields.setdefault("process.name", program or "unknown")
        return
    if "process.command_line" in read:
        fields.pop("process.executable", None)
    read.pop("event.dataset", None)
    if "user.name" in read and "user.id" not in read and "user.id" in fields:
        fields["journald.uid"] = fields.pop("user.id")  # that of the program, not of the user it speaks of
    fields.update(read)


def _read_audit(fields: Record, message: str, context: ParseContext) -> None:
    try:
        read = AuditdParser().parse(message if message.startswith(("type=", "audit")) else f"audit: {message}", context)
    except ParseError:
        return
    fields.update({name: value for name, value in read.items() if name not in {"@timestamp", "event.dataset"}})
