"""The door: what listeners hand in is redacted, made durable in batches of many callers, and only then acknowledged.

One asyncio loop owns it; one thread writes, so that a sync of the disk (about 4 ms) serves everybody who came meanwhile. What waits
to be written is bounded in records and bytes, and while the spool holds more than its limit nothing is let in: a TCP reader stops
reading, an HTTP sender is told when to come back, a datagram is dropped and counted. So pressure ends at the sender, not in memory.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field

from collectors.allowance import Allowance, Bucket, Throttle
from collectors.ingest import BATCH, Collector
from collectors.input import Rejected
from collectors.quarantine import Kind
from collectors.record import RawRecord
from collectors.spool import Cursors
from collectors.tally import Tally
from soc.core.errors import EngineError
from soc.core.i18n import Message, msg

LINGER_S = 0.02
"""How long the first record of a batch waits for others."""
LOOK_S = 0.25
"""How often the spool is looked at while it is too full."""
PAUSE_S = 1.0
"""Rest after the disk refused a batch."""
ASIDE_RATE, ASIDE_BURST = 10.0, 200.0
"""Records of one source that are set aside a second, and at once: the quarantine shall show what comes, not hold a flood of it."""
_OVERHEAD_BYTES = 300
"""What a waiting record takes besides its data."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One record as it was sent.

    Attributes:
        data: the bytes without framing.
        where: the sender as a person looks it up, `192.0.2.10:51514/udp`.
        name: what the sender calls the record. The same name of the same source is the same record, so re-delivery is harmless;
            "" = every arrival is a record of its own.
        charset: a Python codec name, where the sender says it.
    """

    data: bytes
    where: str
    name: str = ""
    charset: str = ""


@dataclass(frozen=True, slots=True)
class Kept:
    """What one call came to: records in the spool, and records in quarantine because they were too long. All are on disk."""

    accepted: int = 0
    set_aside: int = 0


@dataclass(frozen=True, slots=True)
class Capacity:
    """Bounds of what waits to be written, and of what waits in the spool behind."""

    records: int = 20_000
    size_bytes: int = 32 * 1024 * 1024
    spool_records: int = 2_000_000


class DoorClosedError(EngineError):
    """Nothing was taken; the sender may come again after `retry_after_s` seconds. `throttled`: because of the rate of its source."""

    engine = "spool"
    kind = "overload"

    def __init__(self, found: Message, retry_after_s: float, *, throttled: bool = False) -> None:
        super().__init__(found, advice=msg("gửi lại sau {seconds} giây", seconds=round(retry_after_s, 1)))
        self.retry_after_s, self.throttled = retry_after_s, throttled


@dataclass(slots=True)
class _Piece:
    """What one call handed in. `waiter` is told when it is on disk; without one it stays until it is."""

    source: str
    records: list[RawRecord]
    rejected: list[Rejected]
    size_bytes: int
    waiter: asyncio.Future[Kept] | None = None
    cursors: Cursors = field(default_factory=dict)

    @property
    def count(self) -> int:
        return len(self.records) + len(self.rejected)

    @property
    def weight(self) -> int:
        return self.size_bytes + self.count * _OVERHEAD_BYTES


@dataclass
class Door:
    """Where everything that listens hands in its records; used from one event loop alone.

    Args:
        collector: the one way in.
        tally: counts by source.
        allowances: source id -> its limits.
        timer: seconds that only go up.
    """

    collector: Collector
    tally: Tally
    allowances: Mapping[str, Allowance] = field(default_factory=dict)
    capacity: Capacity = Capacity()
    timer: Callable[[], float] = time.monotonic
    _pending: deque[_Piece] = field(default_factory=deque, init=False)
    _records: int = field(default=0, init=False)
    _weight: int = field(default=0, init=False)
    _seq: int = field(default=0, init=False)
    _behind: bool = field(default=False, init=False)
    _failed: EngineError | None = field(default=None, init=False)
    _ending: bool = field(default=False, init=False)
    _arrived: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _enough: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _open: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    _throttles: dict[str, Throttle] = field(default_factory=dict, init=False)
    _aside: dict[str, Bucket] = field(default_factory=dict, init=False)

    # for listeners

    async def take(self, source: str, arrivals: Sequence[Arrival], cursors: Cursors | None = None) -> Kept:
        """Keep the records of a registered source; they are on disk when this returns.

        Args:
            arrivals: at most a few thousand, as they are written in one piece.
            cursors: what the listener has to know of them after a restart; kept with them or not at all.

        Raises:
            DoorClosedError: nothing was kept: no room, beyond the rate of the source, or the disk refuses.
        """
        self._refuse_when_closed(source, len(arrivals))
        waiter: asyncio.Future[Kept] = asyncio.get_running_loop().create_future()
        piece = self._piece(source, arrivals, waiter)
        piece.cursors = cursors or {}
        self._enter(piece)
        return await waiter

    async def take_waiting(self, source: str, arrivals: Sequence[Arrival], cursors: Cursors | None = None) -> Kept:
        """`take` as soon as it is possible, for senders that are held back by not being read from."""
        while True:
            await self.room(source)
            with suppress(DoorClosedError):
                return await self.take(source, arrivals, cursors)
            if self._ending:
                raise DoorClosedError(msg("dịch vụ đang dừng"), PAUSE_S)

    def offer(self, source: str, arrivals: Sequence[Arrival]) -> int:
        """Keep what there is room for, without waiting; the rest is dropped and counted. For datagrams.

        Returns:
            How many were taken: all or none.
        """
        if self._ending or not self._open.is_set():
            self.tally.add(source, dropped=len(arrivals))
            return 0
        if self._throttle(source).wait_s():
            self.tally.add(source, throttled=len(arrivals))
            return 0
        self._enter(self._piece(source, arrivals, None))
        return len(arrivals)

    async def set_aside(self, source: str, arrival: Arrival, reason: Message, kind: Kind) -> None:
        """Put a record into quarantine; on disk when this returns. A flood of them is counted only.

        Args:
            source: a registered source, or the listener's id where the sender is not known.
        """
        waiter: asyncio.Future[Kept] = asyncio.get_running_loop().create_future()
        if self._put_aside(source, arrival, reason, kind, waiter):
            with suppress(DoorClosedError):
                await waiter

    def offer_aside(self, source: str, arrival: Arrival, reason: Message, kind: Kind) -> None:
        """`set_aside` without waiting, for datagrams."""
        self._put_aside(source, arrival, reason, kind, None)

    async def room(self, source: str = "") -> None:
        """Wait until there is room, and until `source` is within its rate: await it before reading on."""
        await self._open.wait()
        while source and (wait_s := self._throttle(source).wait_s()):
            await asyncio.sleep(wait_s)
            await self._open.wait()

    def record_limit(self, source: str) -> int:
        """Bytes of a record of `source` beyond which it is cut and set aside."""
        own = self.allowances.get(source)
        return own.max_record_bytes if own is not None and own.max_record_bytes else self.collector.max_record_bytes

    @property
    def is_open(self) -> bool:
        """Whether there is room."""
        return self._open.is_set()

    # for whoever runs the listeners

    async def serve(self) -> None:
        """Write what comes until `end` is called and everything is on disk."""
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1, "door") as writer:
            self._behind = self._is_behind(await loop.run_in_executor(writer, self.collector.spool.span))
            self._look()
            while self._pending or not self._ending:
                await self._gather()
                pieces = self._next()
                try:
                    span = await loop.run_in_executor(writer, self._write, pieces)
                except EngineError as problem:
                    await self._put_back(pieces, problem)
                else:
                    self._done(pieces, span)

    def end(self) -> None:
        """Let nothing more in; `serve` returns when what waits is written, or given up where the disk refuses."""
        self._ending = True
        self._arrived.set()
        self._enough.set()
        self._open.set()  # whoever waits for room goes on, and is refused

    # the way of a piece

    def _piece(self, source: str, arrivals: Sequence[Arrival], waiter: asyncio.Future[Kept] | None) -> _Piece:
        limit = self.record_limit(source)
        now = self.collector.clock.now()
        seq = self._seqs(len(arrivals), int(now.timestamp() * 1_000_000))
        piece = _Piece(source, [], [], sum(len(arrival.data) for arrival in arrivals), waiter)
        for number, one in enumerate(arrivals, seq):
            if len(one.data) <= limit:
                piece.records.append(RawRecord(source, number, one.data, now, one.where, one.charset, one.name))
            else:
                cut = RawRecord(source, number, one.data[:limit], now, one.where, one.charset, one.name)
                piece.rejected.append(Rejected(cut, _too_long(len(one.data), limit), Kind.OVERSIZE))
        return piece

    def _seqs(self, count: int, now_us: int) -> int:
        """The first of `count` numbers: microseconds of the clock, counted on where more come; so they go up over restarts."""
        first = max(self._seq + 1, now_us)
        self._seq = first + count - 1
        return first

    def _enter(self, piece: _Piece) -> None:
        self._pending.append(piece)
        self._records += piece.count
        self._weight += piece.weight
        self._throttle(piece.source).spend(piece.count, piece.size_bytes)
        self._arrived.set()
        if self._records >= BATCH:
            self._enough.set()
        self._look()

    async def _gather(self) -> None:
        """Wait for a first record and then a moment for others; while the spool is too full only until the next look at it."""
        if not self._pending:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._arrived.wait(), LOOK_S if self._behind else None)
        if self._pending and self._records < BATCH and not self._ending:
            with suppress(TimeoutError):
                await asyncio.wait_for(self._enough.wait(), LINGER_S)

    def _next(self) -> list[_Piece]:
        """Pieces of a batch; they count as waiting until they are written."""
        pieces, count = [], 0
        while self._pending and count < BATCH:
            pieces.append(self._pending.popleft())
            count += pieces[-1].count
        if not self._pending:
            self._arrived.clear()
        self._enough.clear()
        return pieces

    def _write(self, pieces: Sequence[_Piece]) -> int:
        """In the writer's thread."""
        records = [record for piece in pieces for record in piece.records]
        rejected = [one for piece in pieces for one in piece.rejected]
        cursors = {name: state for piece in pieces for name, state in piece.cursors.items()}
        self.collector.keep(records, rejected, cursors)
        return self.collector.spool.span()

    def _done(self, pieces: Sequence[_Piece], span: int) -> None:
        self._failed = None
        self._behind = self._is_behind(span)
        for piece in pieces:
            self._leave(piece)
            if piece.records:
                self.tally.received(piece.source, len(piece.records), sum(len(record.data) for record in piece.records))
            if piece.rejected:
                self.tally.add(piece.source, set_aside=len(piece.rejected))
            if piece.waiter is not None and not piece.waiter.done():
                piece.waiter.set_result(Kept(len(piece.records), len(piece.rejected)))
        self._look()

    async def _put_back(self, pieces: Sequence[_Piece], problem: EngineError) -> None:
        """Tell who waits that nothing was kept; what nobody waits for is tried again after a rest, in its order."""
        self._failed = problem
        for piece in pieces:
            if piece.waiter is not None and not piece.waiter.done():
                self.tally.add(piece.source, refused=piece.count)
                piece.waiter.set_exception(DoorClosedError(problem.as_message(), PAUSE_S))
        again = [] if self._ending else [piece for piece in pieces if piece.waiter is None]
        for piece in pieces:
            if piece not in again:
                self._leave(piece)
                if piece.waiter is None:
                    self.tally.add(piece.source, dropped=piece.count)
        self._pending.extendleft(reversed(again))
        self._look()
        self.tally.fault("door", "disk", problem.as_message())
        await asyncio.sleep(0 if self._ending else PAUSE_S)
        self._failed = None
        self._look()

    def _leave(self, piece: _Piece) -> None:
        self._records -= piece.count
        self._weight -= piece.weight

    def _put_aside(
        self, source: str, arrival: Arrival, reason: Message, kind: Kind, waiter: asyncio.Future[Kept] | None
    ) -> bool:
        bucket = self._aside.setdefault(source, Bucket(ASIDE_RATE, ASIDE_BURST, self.timer))
        if not self._open.is_set() or self._ending or bucket.wait_s():
            self.tally.add(source, set_aside=1)
            return False
        bucket.take(1)
        whole = self._piece(source, [arrival], waiter)
        record = whole.records[0] if whole.records else whole.rejected[0].record
        self._enter(_Piece(source, [], [Rejected(record, reason, kind)], len(record.data), waiter))
        return True

    # when it is open

    def _refuse_when_closed(self, source: str, count: int) -> None:
        problem = self._closed(source)
        if problem is None:
            return
        if problem.throttled:
            self.tally.add(source, throttled=count)
        else:
            self.tally.add(source, refused=count)
        raise problem

    def _closed(self, source: str) -> DoorClosedError | None:
        if self._ending:
            return DoorClosedError(msg("dịch vụ đang dừng"), PAUSE_S)
        if self._failed is not None:
            return DoorClosedError(self._failed.as_message(), PAUSE_S)
        if self._behind:
            return DoorClosedError(
                msg("hàng đợi đầy: hơn {count} bản ghi chờ vào kho", count=self.capacity.spool_records), 5.0
            )
        if not self._open.is_set():
            return DoorClosedError(msg("đang nhận quá nhiều, chưa ghi kịp xuống đĩa"), PAUSE_S)
        wait_s = self._throttle(source).wait_s()
        return DoorClosedError(msg("nguồn gửi nhanh hơn mức cho phép"), wait_s, throttled=True) if wait_s else None

    def _look(self) -> None:
        """Open or close."""
        full = self._records >= self.capacity.records or self._weight >= self.capacity.size_bytes
        if self._ending or not (full or self._behind or self._failed is not None):
            self._open.set()
        else:
            self._open.clear()

    def _is_behind(self, span: int) -> bool:
        return span >= self.capacity.spool_records

    def _throttle(self, source: str) -> Throttle:
        known = self._throttles.get(source)
        if known is None:
            known = self._throttles[source] = Throttle(self.allowances.get(source, Allowance()), self.timer)
        return known


def _too_long(size: int, limit: int) -> Message:
    return msg("bản ghi dài {size} byte, giới hạn {limit}; chỉ giữ phần đầu", size=size, limit=limit)
