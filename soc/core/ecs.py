"""Types of the ECS fields we know, and how a raw value becomes one of them.

Only fields with a type other than keyword are listed; an unknown field is a keyword, or the number or boolean that it is.
Source: Elastic Common Schema 8.17, field reference; `soc.*` fields are ours.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from enum import StrEnum
from functools import lru_cache
from ipaddress import ip_address
from typing import TypeAlias

from soc.core.clock import iso, parse_iso
from soc.core.errors import TypeConflictError
from soc.core.i18n import msg

Scalar: TypeAlias = str | int | float | bool
LONG_MIN, LONG_MAX = -(2**63), 2**63 - 1


class FieldType(StrEnum):
    """ECS types as the stores index them."""

    KEYWORD = "keyword"
    TEXT = "text"
    IP = "ip"
    DATE = "date"
    LONG = "long"
    FLOAT = "float"
    BOOLEAN = "boolean"


def _names(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_TYPED: dict[FieldType, tuple[str, ...]] = {
    FieldType.TEXT: _names("message event.original error.message"),
    FieldType.IP: _names(
        "source.ip destination.ip client.ip server.ip host.ip observer.ip observer.ingress.ip related.ip source.nat.ip"
        " destination.nat.ip network.forwarded_ip dns.resolved_ip"
    ),
    FieldType.DATE: _names(
        "@timestamp event.created event.ingested event.start event.end file.mtime file.created process.start soc.received"
        " x509.not_after x509.not_before user.changes.date"
    ),
    FieldType.LONG: _names(
        "source.port destination.port client.port server.port source.nat.port destination.nat.port source.bytes destination.bytes"
        " source.packets destination.packets network.bytes network.packets event.duration event.severity event.sequence"
        " http.response.status_code http.request.bytes http.response.bytes http.request.body.bytes http.response.body.bytes"
        " process.pid process.ppid process.parent.pid process.exit_code process.thread.id file.size log.syslog.priority"
        " log.syslog.facility.code log.syslog.severity.code url.port soc.seq soc.record.count soc.redacted soc.time.local_hour"
        " soc.payment.amount soc.station.unchanged"
    ),
    FieldType.FLOAT: _names(
        "event.risk_score soc.baseline.bytes_ratio soc.baseline.sign_hourly soc.baseline.sign_ratio soc.vehicle.jump_kmh soc.station.value"
    ),
    FieldType.BOOLEAN: _names(
        "soc.time.in_hours soc.baseline.new_source soc.net.cross_unit soc.batch.declared soc.meeting.scheduled soc.doc.shared"
        " soc.doc.cross_owner soc.payment.amount_mismatch soc.gap tls.established"
    ),
}
TYPES: dict[str, FieldType] = {name: kind for kind, names in _TYPED.items() for name in names}
"""Field name -> type, for every field that is not a keyword."""


_TEXTS = frozenset({str})


def field_type(name: str) -> FieldType:
    """The ECS type of `name`; keyword for a field we do not know."""
    return TYPES.get(name, FieldType.KEYWORD)


def coerce(name: str, value: object) -> Scalar | list[Scalar] | None:
    """`value` as the type of field `name` wants it.

    Returns:
        A scalar, a non-empty list of scalars, or None for nothing (None, "", an empty list).

    Raises:
        TypeConflictError: the type cannot hold the value, or the value is an object.
    """
    kind = TYPES.get(name)
    if type(value) is int:  # these two are nearly every field of nearly every event
        if kind is None or (kind is FieldType.LONG and LONG_MIN <= value <= LONG_MAX):
            return value
    elif type(value) is str and value:
        if kind is None or kind is FieldType.TEXT:
            return value
        if kind is FieldType.IP:
            return _address(name, value)
    if isinstance(value, (list, tuple)):
        if kind is None and "" not in value and _TEXTS.issuperset(map(type, value)):
            return list(value) or None
        kept = [item for item in (_scalar(name, one) for one in value) if item is not None]
        return kept or None
    return _scalar(name, value)


def _scalar(name: str, value: object) -> Scalar | None:
    if value is None or value == "":
        return None
    if isinstance(value, datetime):
        value = iso(value)
        if TYPES.get(name) is FieldType.DATE:
            return value
    if not isinstance(value, (str, int, float, bool)):
        raise _conflict(name, value)
    convert = _CONVERT.get(field_type(name))
    if convert is None:
        return value
    try:
        return convert(value)
    except (ValueError, OverflowError) as problem:
        raise _conflict(name, value) from problem


def _conflict(name: str, value: object) -> TypeConflictError:
    return TypeConflictError(
        msg("giá trị {value} không hợp kiểu", value=repr(value)[:80]),
        expected=msg("kiểu {kind}", kind=field_type(name).value),
        where=name,
        advice=msg("xem lại bảng ánh xạ của nền tảng"),
    )


def _to_long(value: Scalar) -> int:
    if isinstance(value, bool):
        raise ValueError(value)  # noqa: TRY004 - one kind of refusal for all conversions
    number = int(value, 0) if isinstance(value, str) and value[:2].lower() == "0x" else int(value)
    if isinstance(value, float) and value != number:
        raise ValueError(value)
    if not LONG_MIN <= number <= LONG_MAX:
        raise OverflowError(value)
    return number


def _to_float(value: Scalar) -> float:
    if isinstance(value, bool):
        raise ValueError(value)  # noqa: TRY004
    return float(value)


def _to_boolean(value: Scalar) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).lower()
    if word not in {"true", "false", "1", "0"}:
        raise ValueError(value)
    return word in {"true", "1"}


@lru_cache(maxsize=16384)
def canonical_ip(text: str) -> str:
    """An IPv4 or IPv6 address in its one usual form. Raises ValueError for anything else."""
    return str(ip_address(text))


def _address(name: str, value: str) -> str:
    try:
        return canonical_ip(value)
    except ValueError as problem:
        raise _conflict(name, value) from problem


def _to_ip(value: Scalar) -> str:
    return canonical_ip(str(value))


def _to_date(value: Scalar) -> str:
    if isinstance(value, bool):
        raise ValueError(value)  # noqa: TRY004
    if isinstance(value, (int, float)):
        return iso(datetime.fromtimestamp(value, UTC))
    return iso(parse_iso(value))


_CONVERT: dict[FieldType, Callable[[Scalar], Scalar]] = {
    FieldType.KEYWORD: lambda value: value,
    FieldType.TEXT: str,
    FieldType.IP: _to_ip,
    FieldType.DATE: _to_date,
    FieldType.LONG: _to_long,
    FieldType.FLOAT: _to_float,
    FieldType.BOOLEAN: _to_boolean,
}
