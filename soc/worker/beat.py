"""The schedule of the workers. Any number of processes may run it over one database: each tick fires once.

Time is cut into ticks of equal length. Whoever first writes the number of the present tick into SQL fires it; all others find it
written. So it works alike over every broker, and a scheduler that is killed leaves nothing behind that another would wait for.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Event, Thread

from sqlalchemy import or_, update

from soc.app.tables import ScheduleTick
from soc.core.clock import Clock
from soc.core.errors import ConflictError, EngineError
from soc.storage.sql import Database
from soc.worker.engines import EngineLog

_LOG = logging.getLogger(__name__)
_FUTURE_MS = 3_600_000
"""A tick further ahead than this comes from a clock that was wrong; it is overwritten, or the schedule would rest until then."""
_END_S = 5.0


@dataclass(frozen=True, slots=True)
class Entry:
    """What is to be done once in every tick of `every_s` seconds. It should take little time, as all entries share a thread."""

    name: str
    every_s: float
    fire: Callable[[], object]

    def tick(self, moment: datetime) -> int:
        """The beginning of the tick that a moment lies in, in milliseconds since 1970."""
        every_ms = round(self.every_s * 1000)
        return int(moment.timestamp() * 1000) // every_ms * every_ms


class Ticks:
    """The ticks that have fired, in SQL."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def claim(self, name: str, tick: int) -> bool:
        """Whether the caller is the one to fire this tick; true for one caller only."""
        try:
            with self._database.transaction() as session:
                stale = or_(ScheduleTick.tick < tick, ScheduleTick.tick > tick + _FUTURE_MS)
                moved = update(ScheduleTick).where(ScheduleTick.name == name, stale).values(tick=tick)
                if session.execute(moved).rowcount:  # type: ignore[attr-defined]  # an UPDATE has a count
                    return True
                first = session.get(ScheduleTick, name) is None
                if first:
                    session.add(ScheduleTick(name=name, tick=tick))
        except ConflictError:  # the very first tick, and another scheduler wrote it meanwhile
            return False
        return first


class Beat:
    """Fires its entries, in a thread.

    As a process of its own it would outlive a killed worker.
    """

    def __init__(self, entries: Sequence[Entry], ticks: Ticks, clock: Clock, engines: EngineLog) -> None:
        self.entries, self.ticks, self.clock, self.engines = entries, ticks, clock, engines
        self._ended = Event()
        self._thread = Thread(target=self._run, name="beat", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def halt(self) -> None:
        """Fire nothing more; does not wait."""
        self._ended.set()

    def stop(self) -> None:
        """Fire nothing more; waits a little for what is under way."""
        self.halt()
        self._thread.join(_END_S)

    def _run(self) -> None:
        while not self._ended.is_set():
            self.fire_due()
            self._ended.wait(self._pause_s())

    def fire_due(self) -> None:
        """Fire what no scheduler has fired in the present tick; what fails is tried again in its next tick."""
        for entry in self.entries:
            self._fire(entry)

    def _fire(self, entry: Entry) -> None:
        try:
            if self.ticks.claim(entry.name, entry.tick(self.clock.now())):
                entry.fire()
            self.engines.works(entry.name)
        except EngineError as problem:
            self.engines.failed(entry.name, problem)
        except Exception:
            _LOG.exception("%s failed", entry.name)

    def _pause_s(self) -> float:
        """Until the next tick of any entry begins."""
        now = self.clock.now()
        return min((entry.tick(now) / 1000 + entry.every_s - now.timestamp() for entry in self.entries), default=60.0)
