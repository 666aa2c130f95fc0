"""Could a value be an indicator? Answered from a file of 64-bit digests that the kernel maps into memory.

    header   64 bytes: magic, number of digests, number of slots, kinds, lengths of networks in use
    slots    a power of two, at least twice the digests, 8 bytes each; 0 is empty; a digest lies at or behind slot (digest mod slots)

A look-up reads one or two slots, whatever the number of indicators; the pages are shared between processes and belong to nobody's heap.
Two values may share a digest (once in 10^7 for two million indicators and a million different values): so the book is asked before a
hit is told, and a hit is always exact.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import struct
from array import array
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import ip_network
from pathlib import Path

from detectors.indicators.model import Kind, Named

_MAGIC = b"VGIND\0\0\1"
_HEADER = struct.Struct("<8sQQ8sQ24s")
_KINDS = tuple(Kind)


@dataclass(frozen=True, slots=True)
class Shape:
    """What is in the table at all, so that nothing else is looked up.

    Attributes:
        kinds: kinds of which there is an indicator.
        lengths4, lengths6: prefix lengths of networks in use, longest first.
    """

    kinds: frozenset[Kind]
    lengths4: tuple[int, ...]
    lengths6: tuple[int, ...]


def digest_of(kind: Kind, value: str) -> int:
    """The 64-bit digest of a value that is no network; never 0."""
    data = hashlib.blake2b(f"{kind.value}|{value}".encode(), digest_size=8).digest()
    return int.from_bytes(data, "little") or 1


def network_digest(version: int, length: int, number: int) -> int:
    """The digest of a network: its version, prefix length, and first address as a number."""
    data = hashlib.blake2b(b"%d/%d/%d" % (version, length, number), digest_size=8).digest()
    return int.from_bytes(data, "little") or 1


class Table:
    """An opened table.

    Raises:
        ValueError: `path` is no table, or is cut short.
        OSError: it cannot be read.
    """

    def __init__(self, path: Path) -> None:
        with path.open("rb") as stream:
            self._map = mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ)
        if len(self._map) < _HEADER.size:
            raise ValueError("no table of indicators")
        magic, self.count, slots, kinds, lengths4, lengths6 = _HEADER.unpack_from(self._map)
        if magic != _MAGIC or len(self._map) != _HEADER.size + 8 * slots:
            raise ValueError("no table of indicators")
        self._mask = slots - 1
        self._slots = memoryview(self._map)[_HEADER.size :].cast("Q")
        self.shape = Shape(
            frozenset(kind for place, kind in enumerate(_KINDS) if kinds[place]),
            tuple(length for length in range(32, -1, -1) if lengths4 >> length & 1),
            tuple(length for length in range(128, -1, -1) if int.from_bytes(lengths6, "little") >> length & 1),
        )

    def __contains__(self, digest: int) -> bool:
        slots, mask = self._slots, self._mask
        place = digest & mask
        while found := slots[place]:
            if found == digest:
                return True
            place = (place + 1) & mask
        return False

    def close(self) -> None:
        """Let go of the file; safe to call twice."""
        self._slots.release()
        if not self._map.closed:
            self._map.close()


def write_table(path: Path, values: Iterable[Named], count: int) -> None:
    """Write a table in one step: a reader sees the one before or this one.

    Args:
        count: how many values there are at most.
    """
    slots = 1 << max(10, (2 * count).bit_length())
    table, mask, held = array("Q", bytes(8 * slots)), slots - 1, 0
    kinds, lengths = bytearray(8), {4: 0, 6: 0}
    for kind, value in values:
        kinds[_KINDS.index(kind)] = 1
        digest = _digest(kind, value, lengths)
        place = digest & mask
        while table[place] and table[place] != digest:
            place = (place + 1) & mask
        held += not table[place]
        table[place] = digest
    head = _HEADER.pack(_MAGIC, held, slots, bytes(kinds), lengths[4], lengths[6].to_bytes(24, "little"))
    _replace(path, head, table)


def _digest(kind: Kind, value: str, lengths: dict[int, int]) -> int:
    if kind is not Kind.NETWORK:
        return digest_of(kind, value)
    network = ip_network(value)
    lengths[network.version] |= 1 << network.prefixlen
    return network_digest(network.version, network.prefixlen, int(network.network_address))


def _replace(path: Path, head: bytes, table: array[int]) -> None:
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        with fresh.open("wb") as stream:
            stream.write(head)
            stream.write(memoryview(table))
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
