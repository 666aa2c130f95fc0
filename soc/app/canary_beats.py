"""The heartbeats that were sent, and how far each came."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from collectors.sources import Source
from soc.app.source_health_tables import CanaryBeatRow
from soc.core.clock import parse_iso
from soc.core.event import Event
from soc.storage.sql import Database

SOURCE = "vonggac-canary"
PLATFORM = "vonggac_canary"
EXERCISE = "canary"
"""Tagged as an exercise, a heartbeat is stopped by the one gate that keeps exercises out of everything real."""
KEPT = timedelta(days=1)


class Stage(StrEnum):
    """How far a heartbeat is known to have come."""

    SENT = "sent"
    DETECTED = "detected"
    SEEN = "seen"


@dataclass(frozen=True, slots=True)
class Beat:
    """One heartbeat.

    Attributes:
        received: when its record was accepted.
        read: when an event was made of it.
        detected: when the batch with it had gone through store and detectors, and was committed.
        seen: when a search found it.
        seconds: from sending to detection.
    """

    id: str
    sent: datetime
    received: datetime | None = None
    read: datetime | None = None
    detected: datetime | None = None
    seen: datetime | None = None
    seconds: float | None = None

    @property
    def stage(self) -> Stage:
        if self.seen is not None:
            return Stage.SEEN
        return Stage.SENT if self.detected is None else Stage.DETECTED


def canary_source(province: str) -> Source:
    """Where heartbeats come from; the province answers for them."""
    return Source(id=SOURCE, platform=PLATFORM, agency=province)


class BeatBook:
    """Reads and writes them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def send(self, ident: str, now: datetime) -> None:
        """Put one down that is about to be sent, and forget those of the day before."""
        with self._database.transaction() as session:
            session.execute(delete(CanaryBeatRow).where(CanaryBeatRow.sent < now - KEPT))
            session.add(CanaryBeatRow(id=ident, sent=now))

    def passed(self, session: Session, events: Iterable[Event], now: datetime) -> None:
        """Put down, in the caller's transaction, which of these events are heartbeats that came through the detectors."""
        for event in events:
            row = session.get(CanaryBeatRow, str(event.fields.get("transaction.id", "")))
            if row is not None and row.detected is None:
                row.received = parse_iso(str(event.fields["soc.received"]))
                row.read = parse_iso(str(event.fields["event.ingested"]))
                row.detected, row.seconds = now, (now - row.sent).total_seconds()

    def see(self, ident: str, now: datetime) -> None:
        """Put down that a search finds one."""
        with self._database.transaction() as session:
            row = session.get(CanaryBeatRow, ident)
            if row is not None:
                row.seen = now

    def unfinished(self) -> list[Beat]:
        """Those that are still on their way, the oldest first."""
        query = select(CanaryBeatRow).where(CanaryBeatRow.seen.is_(None)).order_by(CanaryBeatRow.sent)
        with self._database.reading() as session:
            return [_beat(row) for row in session.scalars(query)]

    def last(self) -> Beat | None:
        """The newest; None before the first."""
        return self._newest(finished=False)

    def last_through(self) -> Beat | None:
        """The newest that came through the detectors."""
        return self._newest(finished=True)

    def _newest(self, *, finished: bool) -> Beat | None:
        query = select(CanaryBeatRow).order_by(CanaryBeatRow.sent.desc()).limit(1)
        if finished:
            query = query.where(CanaryBeatRow.detected.is_not(None))
        with self._database.reading() as session:
            row = session.scalars(query).first()
        return None if row is None else _beat(row)


def _beat(row: CanaryBeatRow) -> Beat:
    return Beat(row.id, row.sent, row.received, row.read, row.detected, row.seen, row.seconds)
