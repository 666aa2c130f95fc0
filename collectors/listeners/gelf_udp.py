"""GELF datagrams: put together from their chunks, unpacked within bounds.

Source: Graylog documentation, "GELF via UDP": chunk magic 0x1e 0x0f, 8 bytes of message id, number and count of the chunk, at most 128
chunks that all come within 5 seconds; GZIP or ZLIB told by the first bytes.
"""

from __future__ import annotations

import asyncio
import time
import zlib
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from collectors.door import Arrival, Door
from collectors.listeners.datagrams import Datagram, serve_datagrams, told_of_loss
from collectors.listeners.gelf import GelfUdpSpec
from collectors.listeners.routing import Routes, plain_address
from collectors.listeners.strangers import stranger
from collectors.quarantine import Kind
from soc.core.i18n import Message, msg

MAGIC = b"\x1e\x0f"
HEAD_BYTES = 12
MOST_CHUNKS = 128
MOST_WAITING = 1000
PATIENCE_S = 5.0
_GZIP, _ZLIB = b"\x1f\x8b", b"\x78"


class GelfUdpListener:
    """GELF datagrams on one port.

    Args:
        limit: longest record of any source; a message that unpacks to more is cut there and set aside.
    """

    def __init__(self, spec: GelfUdpSpec, routes: Routes, limit: int) -> None:
        self._spec, self._routes, self._limit = spec, routes, limit
        self._chunks = Chunks()

    @property
    def id(self) -> str:
        return self._spec.id

    async def serve(self, door: Door, stop: asyncio.Event) -> None:
        lost = told_of_loss(door.tally, self.id)
        await serve_datagrams(self._spec.host, self._spec.port, lambda handful: self._take(door, handful), lost, stop)

    def _take(self, door: Door, handful: Sequence[Datagram]) -> None:
        for data, address, port in handful:
            where = f"{address}:{port}/udp"
            source = self._routes.source_of(address, (), str)
            if source is None:
                reason = stranger(str(plain_address(address)), self.id)
                door.tally.fault(self.id, "sender", reason)
                door.offer_aside(self.id, Arrival(data, where), reason, Kind.SENDER)
                continue
            whole = self._chunks.add(address, data) if data.startswith(MAGIC) else data
            self._tell_of_gaps(door)
            if whole is not None:
                self._offer(door, source, whole, where)

    def _offer(self, door: Door, source: str, packed: bytes, where: str) -> None:
        try:
            data = unpacked(packed, self._limit + 1)
        except zlib.error:
            reason = msg("gói GELF nén bị hỏng")
            door.tally.fault(source, "packed", reason)
            door.offer_aside(source, Arrival(packed, where), reason, Kind.FRAME)
            return
        door.offer(source, [Arrival(data.rstrip(b"\0\r\n"), where, charset="utf-8")])

    def _tell_of_gaps(self, door: Door) -> None:
        for address, problem in self._chunks.given_up():
            source = self._routes.source_of(address, (), str)
            door.tally.fault(source or self.id, "chunks", problem)


@dataclass
class _Waiting:
    since: float
    count: int
    parts: dict[int, bytes] = field(default_factory=dict)


class Chunks:
    """Messages of which chunks are missing: bounded in number and in time.

    Args:
        timer: seconds that only go up.
    """

    def __init__(self, timer: Callable[[], float] = time.monotonic) -> None:
        self._timer = timer
        self._waiting: OrderedDict[tuple[str, bytes], _Waiting] = OrderedDict()
        self._lost: list[tuple[str, Message]] = []

    def add(self, address: str, chunk: bytes) -> bytes | None:
        """The whole message when this was its last missing chunk."""
        if len(chunk) <= HEAD_BYTES or not chunk[10] < chunk[11] <= MOST_CHUNKS:
            self._lost.append(
                (address, msg("mảnh GELF của {address} sai số thứ tự hoặc quá 128 mảnh", address=address))
            )
            return None
        key, number, count = (address, chunk[2:10]), chunk[10], chunk[11]
        self._expire()
        message = self._waiting.setdefault(key, _Waiting(self._timer(), count))
        message.parts.setdefault(number, chunk[HEAD_BYTES:])
        if len(message.parts) < message.count:
            return None
        del self._waiting[key]
        return b"".join(message.parts.get(number, b"") for number in range(message.count))

    def given_up(self) -> list[tuple[str, Message]]:
        """(sender, what was wrong) since the last call."""
        lost, self._lost = self._lost, []
        return lost

    def _expire(self) -> None:
        now = self._timer()
        while self._waiting:
            (address, _), oldest = next(iter(self._waiting.items()))
            if now - oldest.since <= PATIENCE_S and len(self._waiting) < MOST_WAITING:
                return
            self._waiting.popitem(last=False)
            told = msg("thông điệp GELF của {address} thiếu mảnh, bỏ sau 5 giây", address=address)
            self._lost.append((address, told))


def unpacked(data: bytes, most: int) -> bytes:
    """The message, at most `most` bytes of it: a bomb unpacks no further. Raises zlib.error."""
    if not data.startswith((_GZIP, _ZLIB)):
        return data
    return zlib.decompressobj(wbits=47).decompress(data, most)
