"""Winlogbeat (and Elastic Agent's winlog input): ECS documents, with or without the processing of its modules."""

from __future__ import annotations

from typing import ClassVar

from collectors.parsers.beats import own_fields
from collectors.parsers.json import flat_fields, load_object
from collectors.parsers.windows import windows_fields
from collectors.parsers.windows_shapes import WindowsRecord, record_of
from collectors.parsing import ParseContext, Record, unreadable
from soc.core.i18n import msg

_EVENT_DATA, _USER_DATA = "winlog.event_data.", "winlog.user_data."
_TEXTS = ("winlog.event_id", "winlog.record_id", "event.code")


class WinlogbeatParser:
    """A document that Winlogbeat shipped, 7 or 8.

    What its modules have put under ECS names stays as they put it; what is only under `winlog.event_data` gets its ECS names here, so
    that both kinds of installation look the same to a rule.

    Source: Winlogbeat 8.17 exported fields; its modules security, sysmon and powershell.
    """

    id: ClassVar[str] = "winlogbeat"
    version: ClassVar[int] = 2
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        document = load_object(text.strip())
        if not any(name == "winlog" or name.startswith("winlog.") for name in document):
            record = record_of(document, context)
            if record is None or "event.code" not in record.header:
                raise unreadable(msg("tài liệu JSON của Winlogbeat"))
            return windows_fields(record, context)
        return beat_fields(document, context)


def beat_fields(document: dict[str, object], context: ParseContext) -> Record:
    """The fields of a document in Winlogbeat's form, nested or dotted."""
    flat = flat_fields(document)
    data = {name.removeprefix(_USER_DATA): value for name, value in flat.items() if name.startswith(_USER_DATA)}
    data |= {
        name.removeprefix(_EVENT_DATA): _text(value) for name, value in flat.items() if name.startswith(_EVENT_DATA)
    }
    made = windows_fields(WindowsRecord(_header(flat), data, certain=True), context)
    made.pop("log.hostname", None)
    made.update(_own(own_fields(flat, context), made))
    return made


def _header(flat: Record) -> Record:
    """What decides which event this is, and what may be missing from the ECS part."""
    code = flat.get("winlog.event_id", flat.get("event.code"))
    names = ("winlog.provider_name", "winlog.channel", "winlog.computer_name", "winlog.process.pid", "event.outcome")
    header = {name: flat[name] for name in names if name in flat}
    for name, own in (("user.name", "winlog.user.name"), ("user.id", "winlog.user.identifier")):
        if name not in flat and own in flat:
            header[own] = flat[own]
    if "winlog.user.name" in header and "winlog.user.domain" in flat:
        header["winlog.user.domain"] = flat["winlog.user.domain"]
    message = flat.get("message", flat.get("event.original"))
    if isinstance(message, str):
        header["message"] = message
    return header if code is None else {**header, "event.code": str(code)}


def _own(own: Record, made: Record) -> Record:
    """The document's own fields, over what we made of its data; LogonType stays the number that rules are written on."""
    kept = {name: value for name, value in own.items() if not name.startswith(_EVENT_DATA)}
    kept.update({name: str(kept[name]) for name in _TEXTS if name in kept})
    if "event.module" not in kept and "event.action" in made:
        kept.pop("event.action", None)  # without a module it is the task's name, in the language of the machine
    if "winlog.event_data.LogonType" in made:
        kept["winlog.logon.type"] = made["winlog.event_data.LogonType"]
    return kept


def _text(value: object) -> object:
    if isinstance(value, list):
        return [str(item) for item in value]
    return value if isinstance(value, str) else str(value)
