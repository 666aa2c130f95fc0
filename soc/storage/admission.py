"""What every event store asks of an event before it keeps it, and why it refuses one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import orjson

from soc.core.ecs import TYPES, FieldType, field_type
from soc.core.event import Event, Value
from soc.core.i18n import Message, msg
from soc.storage.events import AppendResult, AppendStatus
from soc.storage.values import key, values

ID_CHARS = 512
NAME_CHARS = 512
_NEEDED = ("event.id", "@timestamp", "soc.agency")
_SCALARS = (str, int, float, bool)


@dataclass(frozen=True, slots=True)
class Admitted:
    """An event that may be kept.

    Attributes:
        micros: `@timestamp` in microseconds of the epoch.
        exercise: run id, None for real data.
        raw: its flat JSON, what is stored.
    """

    id: str
    micros: int
    agency: str
    exercise: str | None
    raw: bytes
    fields: Mapping[str, Value]


def admit(event: Event) -> Admitted | Message:
    """The event ready to be kept, or the reason why not."""
    fields = event.fields
    for name in _NEEDED:
        if not isinstance(fields.get(name), str) or not fields[name]:
            return msg("thiếu trường {field}", field=name)
    if len(event.id) > ID_CHARS:
        return msg("{field} dài quá {limit} ký tự", field="event.id", limit=ID_CHARS)
    if not isinstance(fields.get("soc.exercise", ""), str):
        return _unfit("soc.exercise")
    for name, value in fields.items():
        plain = (
            type(value) is str and name not in TYPES and 0 < len(name) <= NAME_CHARS
        )  # most values, and quick to tell
        if not plain and (fault := _fault(name, value)) is not None:
            return fault
    return _admitted(event)


def _admitted(event: Event) -> Admitted | Message:
    try:
        raw = event.to_json()
    except (TypeError, orjson.JSONEncodeError):
        return msg("sự kiện không ghi được thành JSON UTF-8")
    moment = key(FieldType.DATE, str(event.fields["@timestamp"]))
    return Admitted(event.id, int(moment), event.agency, event.exercise, raw, event.fields)


def _fault(name: str, value: Value) -> Message | None:
    if not name or len(name) > NAME_CHARS:
        return msg("tên trường dài quá {limit} ký tự hoặc rỗng", limit=NAME_CHARS)
    for one in values(value):
        if not isinstance(one, _SCALARS) or (isinstance(one, float) and not math.isfinite(one)):
            return _unfit(name)
    kind = field_type(name)
    if kind in {FieldType.KEYWORD, FieldType.TEXT}:
        return None
    try:
        for one in values(value):
            key(kind, one)
    except (ValueError, OverflowError):
        return _unfit(name)
    return None


def _unfit(name: str) -> Message:
    return msg("giá trị của trường {field} không hợp kiểu {kind}", field=name, kind=field_type(name).value)


def sort_out(events: Sequence[Event]) -> tuple[list[AppendResult | None], dict[int, Admitted]]:
    """Judge a batch by itself.

    Returns:
        The results that are already known, None where the store decides; and the admitted events by position, each id once.
    """
    results: list[AppendResult | None] = []
    admitted: dict[int, Admitted] = {}
    seen: set[str] = set()
    for position, event in enumerate(events):
        verdict = admit(event)
        if isinstance(verdict, Message):
            results.append(AppendResult(str(event.fields.get("event.id", "")), AppendStatus.REJECTED, verdict))
        elif verdict.id in seen:
            results.append(AppendResult(verdict.id, AppendStatus.DUPLICATE))
        else:
            seen.add(verdict.id)
            admitted[position] = verdict
            results.append(None)
    return results, admitted
