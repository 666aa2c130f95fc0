"""CEF: header and extension of the Common Event Format, with or without a syslog header."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import tzinfo
from functools import lru_cache
from typing import ClassVar
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from collectors.mapping import bundled_table
from collectors.parsers.syslog import open_envelope
from collectors.parsing import ParseContext, Record, unreadable
from collectors.times import offset_zone
from soc.core.i18n import msg

HEADER = ("cef_version", "vendor", "product", "version", "class_id", "name", "severity")

_START = re.compile(r"(?:^|[\s:>])(?:CEF: ?)(?=\d{1,2}\|)")
_HEADER_FIELD = re.compile(r"([^|\\]*(?:\\.[^|\\]*)*)\|", re.DOTALL)
_EXTENSION_KEY = re.compile(r"(?:^|(?<=\s))([A-Za-z0-9_][\w.\-]*(?:\[[^\[\]\s]{1,64}\])?)=")
_ESCAPED = re.compile(r"\\([\\=|nr])")
_LABEL_TEXT = re.compile(r"\W+")
_ESCAPES = {"n": "\n", "r": "\r"}


@dataclass(frozen=True, slots=True)
class CefRecord:
    """A CEF message taken apart; values without their escapes.

    `header` has the seven names of HEADER; `extension` the keys as written, the first of a name winning; `before` what stood in front.
    """

    header: Mapping[str, str]
    extension: Mapping[str, str]
    before: str


class CefParser:
    """Any CEF message, short and full key names alike.

    The time of the event is the start of the activity, else its receipt by the device, else its end. A custom field is kept under its
    key (`cef.cs1`) and under its label (`cef.label.VirusName`); keys without a place in ECS stay as `cef.<key>`.

    Source: OpenText (ArcSight) "Common Event Format" implementation standard, revision 26: header and escaping, extension dictionary.
    Two senders leave out the word CEF when a syslog server strips it; such a line is read all the same.
    """

    id: ClassVar[str] = "cef"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        record = split_cef(text)
        fields: Record = {}
        if record.before:
            envelope = open_envelope(record.before + " ", context)
            fields = {} if envelope is None else envelope.fields
        local = context.in_zone(_device_zone(record.extension) or context.zone)
        return fields | bundled_table("cef").apply(labelled(record), local)


def split_cef(text: str) -> CefRecord:
    """Take a message apart. Raises ParseError, with the column, when the header has fewer than seven fields."""
    start = _START.search(text)
    at = start.end() if start is not None else len(text) - len(text.lstrip())
    values: list[str] = []
    while len(values) < len(HEADER):
        field = _HEADER_FIELD.match(text, at)
        if field is None or (not values and not field[1].isdecimal()):
            raise unreadable(msg("CEF: phiên bản|hãng|sản phẩm|phiên bản|mã|tên|mức|phần mở rộng"), column=at + 1)
        values.append(_unescaped(field[1]).strip())
        at = field.end()
    before = "" if start is None else text[: start.start()].rstrip()
    return CefRecord(dict(zip(HEADER, values, strict=True)), _extension(text[at:]), before)


def _extension(text: str) -> dict[str, str]:
    extension: dict[str, str] = {}
    name, start = "", 0
    for key in _EXTENSION_KEY.finditer(text):
        if name and name not in extension:
            extension[name] = _unescaped(text[start : key.start()].strip())
        name, start = key[1], key.end()
    if name and name not in extension:
        extension[name] = _unescaped(text[start:].strip())
    return extension


def _unescaped(value: str) -> str:
    if "\\" not in value:
        return value
    return _ESCAPED.sub(lambda found: _ESCAPES.get(found[1], found[1]), value)


def labelled(record: CefRecord) -> Record:
    """Header and extension as one record; a custom field also under `label.<its label>`, the label keys left out."""
    fields: Record = dict(record.header)
    for key, value in record.extension.items():
        if not key.endswith("Label"):
            fields.setdefault(key, value)
        elif given := record.extension.get(key.removesuffix("Label")):
            fields[f"label.{_LABEL_TEXT.sub('', value)[:64]}"] = given
    return fields


def _device_zone(extension: Mapping[str, str]) -> tzinfo | None:
    """The zone of the device (`dtz`), by name or offset; None when it is not given or not known."""
    name = extension.get("dtz") or extension.get("deviceTimeZone")
    return _zone(name) if name else None


@lru_cache(maxsize=64)
def _zone(name: str) -> tzinfo | None:
    try:
        return offset_zone(name) if name[0] in "+-" else ZoneInfo(name)
    except (ValueError, ZoneInfoNotFoundError, OSError):
        return None
