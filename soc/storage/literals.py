"""What the literals of a search stand for: the first and the last key of a field type that a written value covers.

`2026-11` covers the instants of a month, `10.0.0.0/8` the addresses of a network, `5` one number; 5.5 covers no whole number, so its
first key is 6 and its last 5, and comparisons with it still come out right.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal, InvalidOperation
from ipaddress import ip_network
from typing import TypeAlias

from soc.core.clock import LOCAL_ZONE
from soc.core.ecs import FieldType
from soc.storage.values import KEYWORD_CHARS, Key, address_number, fold, micros

Cover: TypeAlias = tuple[Key, Key]
"""First and last key that a literal covers, both included."""

_MOMENT = re.compile(
    r"(?P<year>\d{4})(?:-(?P<month>\d\d)(?:-(?P<day>\d\d)(?:[T ](?P<hour>\d\d)(?::(?P<minute>\d\d)(?::(?P<second>\d\d)"
    r"(?P<fraction>\.\d{1,6})?)?)?)?)?)?(?P<zone>Z|[+-]\d\d:?\d\d)?",
    re.ASCII,
)


def cover(kind: FieldType, text: str) -> Cover:
    """The keys that `text` covers in a field of type `kind`. Raises ValueError when it is not a value of that type."""
    return _READ[kind](text)


def _keyword(text: str) -> Cover:
    at = fold(text[:KEYWORD_CHARS])
    return at, at


def _boolean(text: str) -> Cover:
    word = text.lower()
    if word not in {"true", "false"}:
        raise ValueError(text)
    return word, word


def _decimal(text: str) -> Decimal:
    try:
        value = Decimal(text)
    except InvalidOperation as problem:
        raise ValueError(text) from problem
    if not value.is_finite() or abs(value.adjusted()) > 400:
        raise ValueError(text)
    return value


def _long(text: str) -> Cover:
    value = _decimal(text)
    return math.ceil(value), math.floor(value)


def _float(text: str) -> Cover:
    value = float(_decimal(text)) + 0.0
    if not math.isfinite(value):
        raise ValueError(text)
    return value, value


def _address(text: str) -> Cover:
    if "/" not in text:
        at = address_number(text)
        return at, at
    network = ip_network(text, strict=False)
    return address_number(str(network[0])), address_number(str(network[-1]))


def _moment(text: str) -> Cover:
    found = _MOMENT.fullmatch(text)
    if found is None:
        raise ValueError(text)
    written = found.groupdict()
    year, month, day, hour, minute, second = (int(written[name] or first) for name, first in _FIRST.items())
    fraction = _microsecond(written["fraction"])
    start = datetime(year, month, day, hour, minute, second, fraction, _zone(written["zone"]))
    try:
        last = micros(_end(start, written)) - 1
    except OverflowError:
        last = micros(datetime.max.replace(tzinfo=UTC))
    return micros(start), max(last, micros(start))


_FIRST = {"year": 1, "month": 1, "day": 1, "hour": 0, "minute": 0, "second": 0}
_STEPS = {"fraction": 0, "second": 1, "minute": 60, "hour": 3600, "day": 86400}


def _microsecond(fraction: str | None) -> int:
    return int(fraction[1:].ljust(6, "0")) if fraction else 0


def _zone(text: str | None) -> tzinfo:
    if text is None:
        return LOCAL_ZONE
    return UTC if text == "Z" else datetime.strptime(text, "%z").tzinfo or UTC


def _end(start: datetime, written: dict[str, str | None]) -> datetime:
    """The first instant after the span that the written precision stands for."""
    for name, seconds in _STEPS.items():
        if written[name] is not None:
            return start + timedelta(seconds=seconds)
    if written["month"] is None:
        return _following(start, 12)
    return _following(start, 1)


def _following(start: datetime, months: int) -> datetime:
    years, month = divmod(start.month - 1 + months, 12)
    if start.year + years > 9999:
        raise OverflowError(start.year)
    return start.replace(year=start.year + years, month=month + 1)


_READ: dict[FieldType, Callable[[str], Cover]] = {
    FieldType.KEYWORD: _keyword,
    FieldType.BOOLEAN: _boolean,
    FieldType.LONG: _long,
    FieldType.FLOAT: _float,
    FieldType.IP: _address,
    FieldType.DATE: _moment,
}
