"""What every event store asks of an event before it keeps it, and why it refuses one."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import orjson

from soc.core.ecs import LONG_MAX, LONG_MIN, TYPES, FieldType, field_type
from soc.core.event import Event, Scalar, Value
from soc.core.i18n import Message, msg
from soc.storage.events import AppendResult, AppendStatus
from soc.storage.values import key

ID_CHARS = 512
NAME_CHARS = 512
_NEEDED = ("event.id", "@timestamp", "soc.agency")
_SCALARS = (str, int, float)  # a bool is an int


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
        if not 0 < len(name) <= NAME_CHARS:
            return msg("tên trường dài quá {limit} ký tự hoặc rỗng", limit=NAME_CHARS)
        fits = _FITS.get(name)
        if fits is None:
            if type(value) is str:
                continue  # most values: this loop runs for every field of every event
            fits = _is_scalar
        if not (all(map(fits, value)) if isinstance(value, list) else fits(value)):
            return _unfit(name)
    return _admitted(event)


def _admitted(event: Event) -> Admitted | Message:
    try:
        raw = event.to_json()
    except (TypeError, orjson.JSONEncodeError):
        return msg("sự kiện không ghi được thành JSON UTF-8")
    moment = key(FieldType.DATE, str(event.fields["@timestamp"]))
    return Admitted(event.id, int(moment), event.agency, event.exercise, raw, event.fields)


def _is_scalar(value: Scalar) -> bool:
    return type(value) is str or (
        isinstance(value, _SCALARS) and not (isinstance(value, float) and not math.isfinite(value))
    )


def _is_address(value: Scalar) -> bool:
    return _has_key(FieldType.IP, value)


def _is_date(value: Scalar) -> bool:
    return _has_key(FieldType.DATE, value)


def _is_long(value: Scalar) -> bool:
    return (type(value) is int and LONG_MIN <= value <= LONG_MAX) or _has_key(FieldType.LONG, value)


def _is_float(value: Scalar) -> bool:
    return _has_key(FieldType.FLOAT, value)


def _is_boolean(value: Scalar) -> bool:
    return isinstance(value, bool)


def _has_key(kind: FieldType, value: Scalar) -> bool:
    try:
        key(kind, value)
    except (ValueError, OverflowError, TypeError):  # TypeError: an object, which is no value at all
        return False
    return True


_OF_KIND: dict[FieldType, Callable[[Scalar], bool]] = {
    FieldType.KEYWORD: _is_scalar,
    FieldType.TEXT: _is_scalar,
    FieldType.IP: _is_address,
    FieldType.DATE: _is_date,
    FieldType.LONG: _is_long,
    FieldType.FLOAT: _is_float,
    FieldType.BOOLEAN: _is_boolean,
}
_FITS = {name: _OF_KIND[kind] for name, kind in TYPES.items()}
"""Field name -> whether a value is of its type, for every field that is not a keyword: one look-up in place of two and a comparison."""


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
