"""The baselines of the stream with their memory in the case database: kept in the transaction that commits the batch they learned from."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

import orjson
from sqlalchemy import delete, func, select
from sqlalchemy.orm import Session

from collectors.enrich.baselines import Baselines, default_baselines
from collectors.enrich.memory import Memory
from soc.app.baseline_tables import BaselineEntry
from soc.core.event import Event
from soc.storage.sql import Database

AT_ONCE = 500
REBUILD_BATCH = 5_000


class BaselineBook:
    """Enriches batches, and keeps what they taught.

    Args:
        baselines: empty; `restore` fills them.
    """

    def __init__(self, database: Database, baselines: Baselines | None = None) -> None:
        self._database = database
        self._baselines = baselines or default_baselines()
        self._next = 0

    @property
    def memories(self) -> Sequence[Memory]:
        """The memories, by name, size, bound and evictions."""
        return self._baselines.memories

    def restore(self) -> None:
        """Take up what the last committed batch left; anything learned since is gone."""
        with self._database.reading() as session:
            self._next = (session.scalar(select(func.max(BaselineEntry.touched))) or 0) + 1
            for memory in self._baselines.memories:
                rows = session.execute(
                    select(BaselineEntry.key, BaselineEntry.value)
                    .where(BaselineEntry.baseline == memory.name)
                    .order_by(BaselineEntry.touched)
                )
                memory.load((key, orjson.loads(value)) for key, value in rows)

    def enrich(self, events: Sequence[Event], new: Collection[str]) -> list[Event]:
        """The events of a batch with what the batches before it have taught; see `Baselines.enrich`."""
        return self._baselines.enrich(events, new)

    def keep(self, session: Session) -> None:
        """Write down what the batch taught, in the transaction of its alerts."""
        for memory in self._baselines.memories:
            changes = memory.changes()
            for some in _pieces([*changes.dropped, *(key for key, _ in changes.put)]):
                session.execute(
                    delete(BaselineEntry).where(BaselineEntry.baseline == memory.name, BaselineEntry.key.in_(some))
                )
            rows = [
                {
                    "baseline": memory.name,
                    "key": key,
                    "touched": self._next + place,
                    "value": orjson.dumps(state).decode(),
                }
                for place, (key, state) in enumerate(changes.put)
            ]
            if rows:
                session.execute(BaselineEntry.__table__.insert(), rows)  # type: ignore[attr-defined]
            self._next += len(rows)

    def commit(self) -> None:
        """After the transaction: what the batch taught counts for the next."""
        self._baselines.commit()

    def rebuild(self, events: Iterable[Event]) -> int:
        """Learn anew from stored events, in the order given, forgetting what was known; gives how many there were.

        Nobody may be collecting meanwhile. Each piece is a transaction of its own: stopped half-way, it is to be done again.
        """
        with self._database.transaction() as session:
            session.execute(delete(BaselineEntry))
        self.restore()
        count = 0
        for batch in _batches(events):
            self.enrich(batch, {event.id for event in batch})
            with self._database.transaction() as session:
                self.keep(session)
            self.commit()
            count += len(batch)
        return count


def _pieces(keys: Sequence[str]) -> Iterable[Sequence[str]]:
    return (keys[start : start + AT_ONCE] for start in range(0, len(keys), AT_ONCE))


def _batches(events: Iterable[Event]) -> Iterable[list[Event]]:
    batch: list[Event] = []
    for event in events:
        batch.append(event)
        if len(batch) == REBUILD_BATCH:
            yield batch
            batch = []
    if batch:
        yield batch
