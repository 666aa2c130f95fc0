"""Records on connections, of syslog and GELF. A sender is held back by not being read from; its records are never dropped.

Source: RFC 6587, RFC 5425.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol

from collectors.door import Arrival, Door
from collectors.listeners.framing import Frame, Framer, LostFramingError
from collectors.listeners.header import hostname_of
from collectors.listeners.routing import Routes, plain_address
from collectors.listeners.strangers import stranger
from collectors.listeners.streaming import Connection, IdleError, StreamServer
from collectors.quarantine import Kind
from soc.core.i18n import Message, msg

STRANGER_S = 10.0
"""How long somebody whom nobody registered may take to say something."""


class StreamSpec(Protocol):
    """What the listener needs of the spec of its kind."""

    @property
    def id(self) -> str: ...
    @property
    def host(self) -> str: ...
    @property
    def port(self) -> int: ...
    @property
    def max_connections(self) -> int: ...
    @property
    def max_connections_per_peer(self) -> int: ...
    @property
    def idle_seconds(self) -> int: ...


class StreamListener:
    """Connections on one port whose records stand one behind the other.

    Args:
        max_frame_bytes: longest record of any source; a longer one is cut and set aside.
        framer: makes what tells the records of one connection apart.
        context: of TLS; None for plain TCP.
    """

    def __init__(
        self,
        spec: StreamSpec,
        routes: Routes,
        max_frame_bytes: int,
        framer: Callable[[int], Framer],
        context: ssl.SSLContext | None = None,
    ) -> None:
        self._spec, self._routes = spec, routes
        self._framer, self._max_frame_bytes, self._context = framer, max_frame_bytes, context

    @property
    def id(self) -> str:
        return self._spec.id

    async def serve(self, door: Door, stop: asyncio.Event) -> None:
        async def handle(connection: Connection) -> None:
            # one byte more than any source may have shows the door that the record was longer
            await _Talk(self.id, self._routes, door, connection, self._framer(self._max_frame_bytes + 1)).run()

        spec = self._spec
        await StreamServer(spec.id, spec.host, spec.port, spec, handle, door.tally, self._context).serve(stop)


class _Talk:
    """One connection."""

    def __init__(self, id: str, routes: Routes, door: Door, connection: Connection, framer: Framer) -> None:  # noqa: A002
        self._id, self._routes, self._door, self._connection = id, routes, door, connection
        self._framer = framer

    async def run(self) -> None:
        """Until the peer ends it, falls silent, loses its framing, or turns out to be a stranger."""
        if not self._routes.knows(self._connection.address, self._connection.names):
            await self._turn_away()
            return
        try:
            while block := await self._read():
                await self._keep(self._framer.feed(block))
            await self._finish(msg("kết nối đóng giữa bản ghi"))
        except LostFramingError as lost:
            await self._keep(lost.frames)
            told = msg("{sender} ghi sai độ dài khung syslog; đóng kết nối này", sender=self._connection.where)
            await self._fault("frame", told, lost.rest, Kind.FRAME)
        except IdleError:
            await self._finish(msg("{sender} im lặng giữa bản ghi", sender=self._connection.where))
        except ConnectionError:
            await self._finish(msg("kết nối đứt giữa bản ghi"))

    async def _read(self) -> bytes:
        await self._door.room()
        return await self._connection.read()

    async def _keep(self, frames: Sequence[Frame]) -> None:
        by_source: dict[str, list[Arrival]] = {}
        for data in _records(frames):
            arrival = Arrival(data, self._connection.where)
            source = self._source_of(data)
            if source is None:
                await self._aside_of_stranger(arrival)
            else:
                by_source.setdefault(source, []).append(arrival)
        for source, arrivals in by_source.items():
            await self._door.take_waiting(source, arrivals)

    def _source_of(self, data: bytes) -> str | None:
        connection = self._connection
        return self._routes.source_of(connection.address, connection.names, lambda: hostname_of(data))

    async def _finish(self, reason: Message) -> None:
        """A last line without its end is a record; a counted frame that stayed short is not."""
        cut = self._framer.is_cut
        last = self._framer.finish()
        if last is None:
            return
        if cut:
            await self._fault("cut", reason, last.data, Kind.CUT)
        else:
            await self._keep([last])

    async def _fault(self, kind: str, told: Message, data: bytes, why: Kind) -> None:
        source = self._source_of(data) or self._id
        self._door.tally.fault(source, kind, told)
        await self._door.set_aside(source, Arrival(data, self._connection.where), told, why)

    async def _turn_away(self) -> None:
        """Keep the first of what a stranger sends as an example, and end the connection."""
        try:
            async with asyncio.timeout(STRANGER_S):
                frames = self._framer.feed(await self._connection.read())
        except (IdleError, LostFramingError, TimeoutError):
            frames = []
        for data in _records(frames or [Frame(b"", 0)]):
            await self._aside_of_stranger(Arrival(data, self._connection.where))

    async def _aside_of_stranger(self, arrival: Arrival) -> None:
        names = ", ".join(self._connection.names)
        sender = names or str(plain_address(self._connection.address))
        reason = stranger(sender, self._id)
        self._door.tally.fault(self._id, "sender", reason)
        if arrival.data:
            await self._door.set_aside(self._id, arrival, reason, Kind.SENDER)


def _records(frames: Iterable[Frame]) -> Iterable[bytes]:
    return (frame.data for frame in frames if frame.data or not frame.size)
