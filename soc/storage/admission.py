"""What every event store asks of an event before it keeps it, and why it refuses one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import orjson

from soc.core.ecs import LONG_MAX, LONG_MIN, TYPES, FieldType, field_type
from soc.core.event import Event, Scalar, Value
from soc.core.i18n import Message, msg
from soc.storage.events import AppendResult, AppendStatus
from soc.storage.values import address_number, instant, key

ID_CHARS = 512
NAME_CHARS = 512
_NEEDED = ("event.id", "@timestamp", "soc.agency")
_SCALARS = (str, int, float)  # a bool is an int
_PLAIN = frozenset({str, int, bool})
"""Types of which any value may be kept in a keyword field."""


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
    looks = _looks(tuple(fields))
    if looks is None:
        return msg("tên trường dài quá {limit} ký tự hoặc rỗng", limit=NAME_CHARS)
    unfit = _first_unfit(fields, looks)
    return _admitted(event) if unfit is None else _unfit(unfit)


def _first_unfit(fields: Mapping[str, Value], looks: Iterable[tuple[str, Callable[[Scalar], bool]]]) -> str | None:
    """The first field with a value that its type does not hold; None when there is none."""
    for name, fits in looks:
        if not _holds(fits, fields[name]):
            return name
    if _PLAIN.issuperset(map(type, fields.values())):
        return None
    odd = [name for name, value in fields.items() if type(value) not in _PLAIN and name not in _FITS]
    return next((name for name in odd if not _holds(_is_scalar, fields[name])), None)


@lru_cache(maxsize=4096)
def _looks(names: tuple[str, ...]) -> tuple[tuple[str, Callable[[Scalar], bool]], ...] | None:
    """What to look at in an event of these fields, which those of one source mostly share; None when a name does not do."""
    if not all(0 < len(name) <= NAME_CHARS for name in names):
        return None
    return tuple((name, _FITS[name]) for name in names if name in _FITS)


def _holds(fits: Callable[[Scalar], bool], value: Value) -> bool:
    return all(map(fits, value)) if isinstance(value, list) else fits(value)


def _admitted(event: Event) -> Admitted | Message:
    try:
        raw = event.to_json()
    except (TypeError, orjson.JSONEncodeError):
        return msg("sự kiện không ghi được thành JSON UTF-8")
    fields = event.fields
    moment = instant(str(fields["@timestamp"]))
    return Admitted(event.id, moment, event.agency, event.exercise, raw, fields)


def _is_scalar(value: Scalar) -> bool:
    return type(value) is str or (
        isinstance(value, _SCALARS) and not (isinstance(value, float) and not math.isfinite(value))
    )


def _is_address(value: Scalar) -> bool:
    return _reads(address_number, value)


def _is_date(value: Scalar) -> bool:
    return _reads(instant, value)


def _reads(read: Callable[[str], int], value: Scalar) -> bool:
    try:
        return isinstance(value, str) and read(value) is not None
    except (ValueError, OverflowError):
        return False


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
