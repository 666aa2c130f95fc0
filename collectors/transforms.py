"""Transforms that a field table may name with `as:`; each turns one raw value into one value, or into several fields.

A transform raises ValueError for a value that it cannot read; the table turns that into a ParseError that names the raw field.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, tzinfo
from typing import TypeAlias

from collectors.parsing import Record
from collectors.times import any_time, clf_time, epoch_time
from collectors.values import (
    TRANSPORTS,
    addresses_in,
    is_ip,
    put_address,
    put_port,
    put_url,
    put_user,
    split_endpoint,
    whole,
)

Scalar: TypeAlias = Callable[[object, tzinfo], object]
"""(raw value, zone of the source) -> the value for each target."""
Spread: TypeAlias = Callable[[Record, str, str], None]
"""(fields to write into, target prefix, raw text) -> nothing."""

_PARENTHESES = re.compile(r"\(([^()]*)\)")


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise ValueError(repr(value))  # noqa: TRY004 - one kind of refusal for all transforms
    return float(value)


def _integer(value: object, _zone: tzinfo) -> int:
    if isinstance(value, str) and (number := whole(value.strip())) is not None:
        return number
    return int(_number(value))


def _nanoseconds(per_unit: float) -> Scalar:
    return lambda value, _zone: round(_number(value) * per_unit)


def _epoch(units_per_second: int) -> Scalar:
    def read(value: object, _zone: tzinfo) -> datetime:
        # Whole numbers stay whole: a float would round 19 digits of nanoseconds to the nearest quarter microsecond.
        number = value if isinstance(value, int) else whole(str(value))
        if number is None:
            return epoch_time(_number(value) / units_per_second)
        return epoch_time(number if units_per_second == 1 else number * (10**9 // units_per_second))

    return read


def _text(change: Callable[[str], object]) -> Scalar:
    return lambda value, _zone: change(str(value))


def _transport(text: str) -> str:
    number = whole(text)
    return text.lower() if number is None else TRANSPORTS.get(number, text)


def _base_name(text: str) -> str:
    return re.split(r"[\\/]", text)[-1]


def _in_parentheses(text: str) -> str | None:
    """The address in `https(203.0.113.50)`; None when there is none."""
    found = _PARENTHESES.search(text)
    return found[1] if found is not None and is_ip(found[1]) else None


SCALARS: dict[str, Scalar] = {
    "time": any_time,
    "iso8601": any_time,
    "clf_time": lambda value, _zone: clf_time(str(value)),
    "epoch_s": _epoch(1),
    "epoch_ms": _epoch(1000),
    "epoch_us": _epoch(10**6),
    "epoch_ns": _epoch(10**9),
    "int": _integer,
    "float": lambda value, _zone: _number(value),
    "s_to_ns": _nanoseconds(1e9),
    "ms_to_ns": _nanoseconds(1e6),
    "text": _text(str),
    "lower": _text(str.lower),
    "upper": _text(str.upper),
    "basename": _text(_base_name),
    "http_version": _text(lambda text: text.removeprefix("HTTP/")),
    "addresses": _text(addresses_in),
    "transport": _text(_transport),
    "in_parentheses": _text(_in_parentheses),
}
"""Name -> transform whose result goes to every target."""


def _url(fields: Record, _prefix: str, text: str) -> None:
    put_url(fields, text)


def _url_parts(fields: Record, prefix: str, text: str) -> None:
    path, _, query = text.partition("?")
    fields[f"{prefix}.path"] = path
    fields[f"{prefix}.query"] = query


def _endpoint(fields: Record, prefix: str, text: str) -> None:
    address, port = split_endpoint(text.partition(",")[0].strip())
    put_address(fields, prefix, address)
    put_port(fields, f"{prefix}.port", port)


def _file(fields: Record, prefix: str, text: str) -> None:
    r"""A path of Windows or of Unix, or a bare name: `.path` when it is a path, `.name`, `.extension`."""
    name = _base_name(text)
    if name != text:
        fields[f"{prefix}.path"] = text
    fields[f"{prefix}.name"] = name
    stem, dot, extension = name.rpartition(".")
    if dot and stem and extension:
        fields[f"{prefix}.extension"] = extension.lower()


SPREADS: dict[str, Spread] = {
    "address": put_address,
    "endpoint": _endpoint,
    "url": _url,
    "split_url": _url_parts,
    "user": put_user,
    "file": _file,
}
"""Name -> transform that writes several fields under the prefix that `to` names."""

TRANSFORMS = (*SCALARS, *SPREADS)
