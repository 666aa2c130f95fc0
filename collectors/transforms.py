"""Transforms that a field table may name with `as:`; each turns one raw value into one value, or into several fields.

A transform raises ValueError for a value that it cannot read; the table turns that into a ParseError that names the raw field.
"""

from __future__ import annotations

import re
import string
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

_MAC = re.compile(5 * r"([0-9A-Fa-f]{2})[-:.]?" + r"([0-9A-Fa-f]{2})(?![0-9A-Fa-f])")
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


def _port(text: str) -> int | None:
    number = whole(text)
    return number if number is not None and number <= 65535 else None


_PROCESS_IDS = 2**32


def _pid(text: str) -> int | None:
    """A process number in decimal or in 0x hexadecimal; None for anything else."""
    try:
        number = int(text, 16) if text[:2] in {"0x", "0X"} and len(text) <= 18 else whole(text)
    except ValueError:
        return None
    return number if number is not None and 0 <= number < _PROCESS_IDS else None


def _count(text: str) -> int | None:
    """A number of bytes or things; None for what is no number, and for more than a field holds, which stands for "unknown"."""
    number = whole(text.strip())
    return number if number is not None and number < 2**63 else None


_NOBODY = frozenset({"S-1-0-0", "NULL SID", "00000000-0000-0000-0000-000000000000"})


def _sid(text: str) -> str | None:
    """A security identifier of Windows; None for the null SID, which stands for nobody."""
    return None if text in _NOBODY else text


_SEVERITY_WORDS = {"unknown": 0, "low": 3, "medium": 6, "high": 8, "very-high": 10}


def _cef_severity(text: str) -> int:
    """0-10 as written, or the top of the band that a word names. Source: CEF implementation standard, header field Severity."""
    number = whole(text)
    return _SEVERITY_WORDS.get(text.lower(), 0) if number is None else number


_SUCCESS = frozenset({"success", "succeeded", "successful", "ok", "passed", "200"})
_FAILURE = frozenset({"failure", "failed", "fail", "error", "denied", "blocked"})


def _outcome(text: str) -> str:
    """The ECS word for what a device calls the result."""
    word = text.strip().strip("/").lower()
    return "success" if word in _SUCCESS else "failure" if word in _FAILURE else "unknown"


def _device_time(value: object, zone: tzinfo) -> datetime | None:
    """Any time that can be read; None for the others, so that the envelope's time or that of receipt stands in."""
    try:
        return any_time(value, zone)
    except (ValueError, OverflowError):
        return None


def _compact_time(value: object, zone: tzinfo) -> datetime:
    """`20261117080500`, as measuring stations write it."""
    return datetime.strptime(str(value).strip(), "%Y%m%d%H%M%S").replace(tzinfo=zone)


def _decimal(value: object, _zone: tzinfo) -> float:
    """A number whose decimal sign may be a comma, as loggers with Vietnamese settings write it."""
    return _number(value.strip().replace(",", ".") if isinstance(value, str) else value)


def _url_host(text: str) -> str | None:
    """The host of a web address; None for what is none (`inline`, `eval`, an extension of the browser)."""
    scheme, mark, rest = text.partition("://")
    if not mark or scheme.lower() not in {"http", "https", "ws", "wss"}:
        return None
    return re.split(r"[/?#]", rest, maxsplit=1)[0].rpartition("@")[2].partition(":")[0].lower() or None


SCALARS: dict[str, Scalar] = {
    "time": any_time,
    "iso8601": any_time,
    "device_time": _device_time,
    "compact_time": _compact_time,
    "clf_time": lambda value, _zone: clf_time(str(value)),
    "epoch_s": _epoch(1),
    "epoch_ms": _epoch(1000),
    "epoch_us": _epoch(10**6),
    "epoch_ns": _epoch(10**9),
    "int": _integer,
    "count": _text(_count),
    "float": lambda value, _zone: _number(value),
    "decimal": _decimal,
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
    "ip": _text(lambda text: text if is_ip(text) else None),
    "port": _text(_port),
    "pid": _text(_pid),
    "sid": _text(_sid),
    "cef_severity": _text(_cef_severity),
    "unbraced": _text(lambda text: text.strip().removeprefix("{").removesuffix("}")),
    "outcome": _text(_outcome),
    "url_host": _text(_url_host),
}
"""Name -> transform whose result goes to every target."""

ZONED = frozenset({any_time, _device_time, _compact_time})
"""Those whose result depends on the zone of the source."""


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


def _windows_user(fields: Record, prefix: str, text: str) -> None:
    r"""`DOMAIN\name` or a name; an @ stays, as it may be a mail address."""
    domain, _, name = text.rpartition("\\")
    fields[f"{prefix}.name"] = name or text
    if domain.rstrip("\\"):
        fields[f"{prefix}.domain"] = domain.rstrip("\\")


def _image(fields: Record, prefix: str, text: str) -> None:
    """The program of a process: `.executable` when it is a path, `.name` always."""
    name = _base_name(text)
    if name != text:
        fields[f"{prefix}.executable"] = text
    if name:
        fields[f"{prefix}.name"] = name


def _ip_or_mac(fields: Record, prefix: str, text: str) -> None:
    """An address of either layer, as RADIUS writes both into one attribute; `0c-c2-6d-91-dd-25:NETWORK` holds a network's name besides."""
    mac = _MAC.match(text)
    if mac is not None:
        fields[f"{prefix}.mac"] = "-".join(mac.groups()).upper()
    elif is_ip(text):
        put_address(fields, prefix, text)


_HASHES = {32: "md5", 40: "sha1", 64: "sha256", 128: "sha512"}


def _hash(fields: Record, prefix: str, text: str) -> None:
    """The hash under the name of the algorithm that its length tells; nothing for any other text."""
    algorithm = _HASHES.get(len(text))
    if algorithm is not None and all(digit in string.hexdigits for digit in text):
        fields[f"{prefix}.{algorithm}"] = text.lower()


def _document_number(fields: Record, prefix: str, text: str) -> None:
    """`.number` of an official document as written, `71/TTr-SNV`, and its `.series` behind the slash, kind and issuer, `TTr-SNV`."""
    fields[f"{prefix}.number"] = text
    series = text.rpartition("/")[2].strip()
    if "/" in text and series:
        fields[f"{prefix}.series"] = series


def _station_file(fields: Record, prefix: str, text: str) -> None:
    """A file that a station sends, `MaTinh_CoSo_Tram_yyyyMMddHHmmss.txt`: `.id` is what stands before the time."""
    name = fields["file.name"] = _base_name(text)
    fields[f"{prefix}.id"] = re.sub(r"(?:_\d{8,14})?(?:\.\w{1,8})?$", "", name)


SPREADS: dict[str, Spread] = {
    "address": put_address,
    "endpoint": _endpoint,
    "url": _url,
    "split_url": _url_parts,
    "user": put_user,
    "windows_user": _windows_user,
    "image": _image,
    "ip_or_mac": _ip_or_mac,
    "hash": _hash,
    "document_number": _document_number,
    "file": _file,
    "station_file": _station_file,
}
"""Name -> transform that writes several fields under the prefix that `to` names."""

TRANSFORMS = (*SCALARS, *SPREADS)
