"""Plain lists and CSV: one value on each line, or a column for each attribute."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from typing import TextIO

from detectors.indicators.model import Indicator, Kind
from detectors.indicators.reading.readings import Reading, Unread, confidence_of, time_of
from detectors.indicators.values import named, named_as
from soc.core.errors import InputError
from soc.core.i18n import msg

_VALUE = ("indicator", "value", "ioc", "ioc_value", "ip", "domain", "url", "hash", "sha256", "md5", "dst_ip")
"""Headers of the column of values, the first that is there counts."""
_KINDS: Mapping[str, Kind] = {
    **dict.fromkeys(("ip", "ipv4", "ipv6", "ipv4-addr", "ipv6-addr", "ip-dst", "ip-src", "cidr", "network"), Kind.IP),
    **dict.fromkeys(("domain", "hostname", "fqdn", "domain-name"), Kind.DOMAIN),
    **dict.fromkeys(("url", "uri"), Kind.URL),
    **dict.fromkeys(("hash", "md5", "sha1", "sha224", "sha256", "sha384", "sha512", "filehash"), Kind.HASH),
}
_LONGEST = 16_384


def read_plain(reading: Reading) -> Iterator[Indicator | Unread]:
    """The values of a text file; it is CSV when its first line that is no comment names a column of values."""
    try:
        with reading.path.open(encoding="utf-8-sig", errors="replace", newline="") as stream:
            first = _first_line(stream)
            header = _header(first)
            stream.seek(0)
            yield from _list(stream, reading) if header is None else _table(stream, header, reading)
    except OSError as problem:
        raise InputError(
            msg("không đọc được tệp: {reason}", reason=problem.strerror or str(problem)),
            where=str(reading.path),
            advice=msg("kiểm tra đường dẫn và quyền đọc"),
        ) from problem


def _first_line(stream: TextIO) -> str:
    return next((line for line in stream if line.strip() and not line.lstrip().startswith("#")), "")


def _header(line: str) -> Sequence[str] | None:
    separator = max(",;\t", key=line.count)
    names = [name.strip().strip('"').lower() for name in line.rstrip("\r\n").split(separator)]
    return (separator, *names) if any(name in _VALUE for name in names) else None


def _list(stream: TextIO, reading: Reading) -> Iterator[Indicator | Unread]:
    for number, line in enumerate(stream, 1):
        text = line[:_LONGEST].partition(" #")[0].strip()
        if text and text[0] not in "#;":
            yield _indicator(text, None, {}, f"{reading.path}:{number}", reading)


def _table(stream: TextIO, header: Sequence[str], reading: Reading) -> Iterator[Indicator | Unread]:
    separator, *names = header
    value = next(name for name in _VALUE if name in names)
    rows = csv.reader(stream, delimiter=separator)
    for row in rows:
        if not row or row[0].startswith("#") or row[0].strip().lower() == names[0]:
            continue
        cells = dict(zip(names, (cell.strip() for cell in row), strict=False))
        if text := cells.get(value, ""):
            kind = _KINDS.get(cells.get("type", value if value in _KINDS else "").lower())
            yield _indicator(text, kind, cells, f"{reading.path}:{rows.line_num}", reading)


def _indicator(
    text: str, kind: Kind | None, cells: Mapping[str, str], where: str, reading: Reading
) -> Indicator | Unread:
    found = named(text) if kind is None else named_as(kind, text)
    if found is None:
        return Unread(where, msg("'{value}' không phải địa chỉ, tên miền, URL hay mã băm", value=text[:80]))
    if not cells:
        return Indicator(found, reading.source, reading.confidence)
    return Indicator(
        found,
        cells.get("source") or reading.source,
        confidence_of(cells.get("confidence"), reading.confidence),
        time_of(cells.get("valid_from")),
        time_of(cells.get("valid_until") or cells.get("expires") or cells.get("expiration")),
        time_of(cells.get("first_seen")),
        time_of(cells.get("last_seen")),
        cells.get("label") or cells.get("description") or cells.get("threat") or "",
    )
