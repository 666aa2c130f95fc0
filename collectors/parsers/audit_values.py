"""Values of audit records: hexadecimal text, arguments in pieces, socket addresses, the two forms of a time."""

from __future__ import annotations

import re
import socket
from collections.abc import Mapping
from datetime import datetime, tzinfo

from collectors.parsing import Record
from collectors.text import decode
from collectors.times import epoch_time, utc
from collectors.values import put_address

_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}){1,32768}")
_CLOCK = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{2}|\d{4}) (\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?)")
_MAX_ARGUMENTS = 1024
_INET, _INET6, _UNIX = 2, 10, 1


def plain_text(value: str) -> str:
    """`value` without its quotes."""
    return value.strip('"')


def decoded(value: str) -> str:
    """A value as it was before audit wrote it: in quotes as it stands, in hexadecimal without. NUL parts arguments and becomes a blank.

    A bare word that only looks like hexadecimal (`cafe`) is no case: audit puts plain words in quotes, so what is bare was encoded.
    """
    if value.startswith('"') or _HEX.fullmatch(value) is None:
        return plain_text(value)
    data = bytes.fromhex(value).rstrip(b"\0").replace(b"\0", b" ")
    return decode(data).text if data else ""


def args_of(pairs: Mapping[str, str], *, escaped: bool) -> list[str]:
    """The arguments of an EXECVE record, those that were cut into pieces (`a1[0]`, `a1[1]`) joined again."""
    arguments: list[str] = []
    while len(arguments) < _MAX_ARGUMENTS:
        name = f"a{len(arguments)}"
        value = pairs.get(name)
        if value is None and f"{name}[0]" in pairs:
            pieces = (pairs.get(f"{name}[{number}]") for number in range(len(pairs)))
            value = "".join(piece.strip('"') for piece in pieces if piece is not None)
        if value is None:
            break
        arguments.append(decoded(value) if escaped else plain_text(value))
    return arguments


def put_saddr(fields: Record, value: str) -> None:
    """The address in a `saddr`: the bytes of a sockaddr in hexadecimal (family in the machine's order, little-endian on those we know).

    Source: struct sockaddr_in, sockaddr_in6, sockaddr_un.
    """
    if _HEX.fullmatch(value) is None:
        return
    data = bytes.fromhex(value)
    family = int.from_bytes(data[:2], "little")
    if family == _INET and len(data) >= 8:
        put_address(fields, "destination", socket.inet_ntop(socket.AF_INET, data[4:8]))
    elif family == _INET6 and len(data) >= 24:
        put_address(fields, "destination", socket.inet_ntop(socket.AF_INET6, data[8:24]))
    elif family == _UNIX:
        path = decode(data[2:].split(b"\0")[0]).text
        if path:
            fields["file.path"] = path
        return
    else:
        return
    fields["destination.port"] = int.from_bytes(data[2:4], "big")


def timestamp_of(text: str, zone: tzinfo) -> datetime:
    """`1700000000.123`, or what `ausearch -i` makes of it: `11/17/2026 08:01:12.123`, month first unless that cannot be.

    Raises:
        ValueError: neither.
    """
    found = _CLOCK.fullmatch(text)
    if found is None:
        return epoch_time(float(text))
    first, second, year, clock = int(found[1]), int(found[2]), int(found[3]), found[4]
    month, day = (second, first) if first > 12 else (first, second)
    whole = year if year > 99 else 2000 + year
    return utc(datetime.fromisoformat(f"{whole:04}-{month:02}-{day:02}T{clock}"), zone)
