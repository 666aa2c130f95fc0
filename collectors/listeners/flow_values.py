"""Information elements of flows as plain values: numbers, addresses, ISO times, text.

Source: RFC 7011 section 6 (encoding, reduced sizes), RFC 7012 section 3.1 (types), RFC 5905 section 6 (NTP times), RFC 3954 section 8.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cache
from ipaddress import IPv4Address, IPv6Address
from pathlib import Path
from typing import NamedTuple

import yaml

from soc.core.clock import iso

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NTP_EPOCH_S = 2_208_988_800
_LARGEST_INT = 2**63 - 1
REVERSE = 29305
"""Enterprise number of the other direction of a flow. Source: RFC 5103."""


class Element(NamedTuple):
    """Name and type of an information element; see `ipfix_elements.yaml`."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Started:
    """What times that count from the exporter's start are measured by: its clock, and how long it had been running."""

    export_ms: int
    uptime_ms: int

    def moment_ms(self, uptime_ms: int) -> int:
        """Epoch milliseconds; the counter of 32 bits runs over every 49 days."""
        ago = (self.uptime_ms - uptime_ms) & 0xFFFFFFFF
        if ago > 0x7FFFFFFF:  # a flow that ended after its packet's header was made
            ago -= 1 << 32
        return self.export_ms - ago


@cache
def elements() -> Mapping[int, Element]:
    """The registry, read once."""
    text = Path(__file__).with_name("ipfix_elements.yaml").read_text("utf-8")
    return {number: Element(*row) for number, row in yaml.load(text, yaml.CSafeLoader).items()}


def element_of(number: int, enterprise: int) -> Element:
    """An element; one that nobody registered has its numbers for a name, and is shown in hexadecimal."""
    known = elements().get(number)
    if enterprise == REVERSE and known is not None:
        return Element("reverse" + known.name[0].upper() + known.name[1:], known.type)
    if enterprise or known is None:
        return Element(f"ie{enterprise}_{number}" if enterprise else f"ie{number}", "hex")
    return known


def value_of(type: str, data: bytes, started: Started | None) -> object:  # noqa: A002 - the word of the registry
    """The value; None where the bytes are none of that type. Never raises."""
    try:
        return _READ.get(type, _hex)(data, started)
    except (ValueError, OverflowError, struct.error):
        return None


def _unsigned(data: bytes, _: Started | None) -> object:
    number = int.from_bytes(data, "big")
    return number if number <= _LARGEST_INT else data.hex()


def _text(data: bytes, _: Started | None) -> object:
    return data.decode("utf-8", "replace").replace("\0", "").strip()


def _hex(data: bytes, _: Started | None) -> object:
    return data.hex()


def iso_ms(milliseconds: int) -> str:
    """Epoch milliseconds as ISO 8601. Raises OverflowError beyond the year 9999."""
    return iso(_EPOCH + timedelta(milliseconds=milliseconds))


def _uptime(data: bytes, started: Started | None) -> object:
    uptime = int.from_bytes(data, "big")
    return uptime if started is None or len(data) > 4 else iso_ms(started.moment_ms(uptime))


def _ntp(data: bytes, started: Started | None) -> object:
    if len(data) != 8:
        return None
    seconds, fraction = struct.unpack("!II", data)
    return iso(_EPOCH + timedelta(seconds=seconds - _NTP_EPOCH_S, microseconds=fraction * 1_000_000 >> 32))


_READ: dict[str, Callable[[bytes, Started | None], object]] = {
    "u": _unsigned,
    "s": lambda data, _: int.from_bytes(data, "big", signed=True) if len(data) <= 8 else None,
    "f": lambda data, _: struct.unpack("!f" if len(data) == 4 else "!d", data)[0],
    "b": lambda data, _: {b"\1": True, b"\2": False}.get(data),
    "a4": lambda data, _: str(IPv4Address(data)),
    "a6": lambda data, _: str(IPv6Address(data)),
    "mac": lambda data, _: data.hex("-").upper() if len(data) == 6 else None,
    "text": _text,
    "ts": lambda data, _: iso_ms(int.from_bytes(data, "big") * 1000),
    "tms": lambda data, _: iso_ms(int.from_bytes(data, "big")),
    "tus": _ntp,
    "tns": _ntp,
    "up": _uptime,
}
