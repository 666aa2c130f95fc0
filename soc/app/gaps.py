"""Gaps: events that no run of the detector covered, or not in time, each with its reason, until a retro run has closed it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from collectors.quarantine import dump_message, load_message
from soc.app.tables import LedgerGap
from soc.core.clock import ALL_TIME, parse_iso
from soc.core.event import Event
from soc.core.i18n import Message, msg
from soc.core.ids import new_id
from soc.core.scope import Scope
from soc.storage.sql import Database

SHORT = 8
"""Characters of an id that are shown, and enough to name a gap."""
MAX_IDS = 1000
"""Events of a gap that are listed one by one; of a bigger gap all events within its bounds are meant."""
SETTLE = timedelta(minutes=1)
"""How long a gap must stand still before it is redone: while logs are being read in it still grows."""
_LONGEST_WAIT = timedelta(days=1)


class GapKind(StrEnum):
    """Why nothing was detected."""

    FAILED = "failed"
    LATE = "late"
    MISSED = "missed"
    NOT_ACTIVE = "not_active"
    SILENT = "silent"

    @property
    def label(self) -> Message:
        """The words shown to a person."""
        return _LABELS[self]


_LABELS = {
    GapKind.FAILED: msg("bộ phát hiện lỗi"),
    GapKind.LATE: msg("đến muộn"),
    GapKind.MISSED: msg("chưa qua phát hiện"),
    GapKind.NOT_ACTIVE: msg("luật chưa bật"),
    GapKind.SILENT: msg("nguồn mất tín hiệu"),
}


@dataclass(frozen=True, slots=True)
class Gap:
    """One gap.

    Attributes:
        events: how many it holds.
        since, until: bounds of the time of receipt, both included.
        first, last: bounds of the event times, both included.
        ids: of the events where they are few; else all within the bounds are meant.
        rule: id of the only rule it is about, "" for all.
        due: when a retro run is tried (again).
        closed: when it was closed; None while it is open.
        alerts: that the retro run found.
    """

    kind: GapKind
    source: str
    agency: str
    events: int
    since: datetime
    until: datetime
    reason: Message
    opened: datetime
    due: datetime
    first: datetime
    last: datetime
    ids: frozenset[str] = frozenset()
    exercise: str | None = None
    rule: str = ""
    attempts: int = 0
    closed: datetime | None = None
    alerts: int = 0
    id: str = ""

    def holds(self, event: Event) -> bool:
        """Whether an event is one of them."""
        if event.source != self.source or event.exercise != self.exercise:
            return False
        if self.ids:
            return event.id in self.ids
        return self.since <= received_of(event) <= self.until and self.first <= event.timestamp <= self.last


def received_of(event: Event) -> datetime:
    """When the event came to us; its own time where that is not marked."""
    return parse_iso(str(event.fields.get("soc.received", event.fields["@timestamp"])))


def silence_of(source: str, agency: str, since: datetime, now: datetime) -> Gap:
    """A new gap of a source that fell silent: nothing came that could be redone, so no retro run is ever due."""
    reason = msg("không nhận được gì đọc được từ nguồn này")
    due = ALL_TIME.until
    return Gap(GapKind.SILENT, source, agency, 0, since, now, reason, now, due, since, now, id=new_id())


def gap_of(kind: GapKind, events: Sequence[Event], reason: Message, now: datetime) -> Gap:
    """A new gap of these events, which are of one source."""
    received, moments = [received_of(event) for event in events], [event.timestamp for event in events]
    return Gap(
        kind,
        events[0].source,
        events[0].agency,
        len(events),
        min(received),
        max(received),
        reason,
        opened=now,
        due=now + SETTLE,
        first=min(moments),
        last=max(moments),
        ids=frozenset(event.id for event in events) if len(events) <= MAX_IDS else frozenset(),
        exercise=events[0].exercise,
    )


class GapBook:
    """The gaps in the case database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self, session: Session, gap: Gap) -> None:
        """List a gap, in the caller's transaction; an open one of the same kind and source takes it in, unless events were missed.

        Of missed events only their number in an hour is known: two hours made one could not be counted apart any more.
        """
        same = select(LedgerGap).where(
            LedgerGap.closed.is_(None),
            LedgerGap.kind == gap.kind.value,
            LedgerGap.source == gap.source,
            LedgerGap.rule == gap.rule,
            LedgerGap.exercise.is_(None) if gap.exercise is None else LedgerGap.exercise == gap.exercise,
        )
        row = None if gap.kind is GapKind.MISSED else session.scalars(same.limit(1)).first()
        if row is None:
            session.add(_row(gap))
        else:
            _widen(row, gap)

    def note(self, session: Session, gap: Gap) -> None:
        """Put a gap down that is closed already, in the caller's transaction: what was redone."""
        session.add(_row(gap))

    def close(self, session: Session, gap: Gap, alerts: int, now: datetime) -> bool:
        """Close a gap as it was read, in the caller's transaction; False when it has grown since, or somebody else closed it."""
        row = session.get(LedgerGap, gap.id)
        if row is None or row.closed is not None or (row.events, row.received_until) != (gap.events, gap.until):
            return False
        row.closed, row.alerts = now, alerts
        return True

    def stretch(self, session: Session, ident: str, until: datetime, *, over: bool = False) -> None:
        """Put off the end of a silence, in the caller's transaction, or close it there."""
        row = session.get(LedgerGap, ident)
        if row is not None and row.closed is None:
            row.last = row.received_until = max(until, row.last)
            row.closed = until if over else None

    def fail(self, gap: Gap, reason: Message, now: datetime) -> None:
        """Keep a gap open whose retro run failed; it is due again after a wait that doubles each time, at most a day."""
        with self._database.transaction() as session:
            row = session.get(LedgerGap, gap.id)
            if row is not None and row.closed is None:
                row.attempts += 1
                row.reason = dump_message(reason).decode()
                row.due = now + min(_LONGEST_WAIT, SETTLE * 2 ** min(row.attempts, 12))

    def all(self, scope: Scope, *, closed: bool = False) -> list[Gap]:
        """The gaps of an agency's or of all sources, oldest first; those that are closed only when asked for."""
        query = select(LedgerGap).order_by(LedgerGap.opened, LedgerGap.id)
        if not closed:
            query = query.where(LedgerGap.closed.is_(None))
        with self._database.reading() as session:
            found = [_gap(row) for row in session.scalars(query)]
        return [gap for gap in found if scope.sees(gap.agency, gap.exercise)]

    def due(self, now: datetime) -> list[Gap]:
        """Open gaps whose retro run is to be tried now, those of exercises too."""
        query = select(LedgerGap).where(LedgerGap.closed.is_(None), LedgerGap.due <= now)
        with self._database.reading() as session:
            return [_gap(row) for row in session.scalars(query.order_by(LedgerGap.due))]

    def get(self, ident: str) -> Gap | None:
        """One gap by its id or the first eight characters of it; None for no gap and for several."""
        if len(ident) < SHORT:
            return None
        query = select(LedgerGap).where(LedgerGap.id.startswith(ident, autoescape=True)).limit(2)
        with self._database.reading() as session:
            found = [_gap(row) for row in session.scalars(query)]
        return found[0] if len(found) == 1 else None


def _widen(row: LedgerGap, gap: Gap) -> None:
    known = frozenset(orjson.loads(row.ids))
    both = known | gap.ids if known and gap.ids else frozenset()
    row.ids = _ids(both if len(both) <= MAX_IDS else ())
    row.events += gap.events
    row.received_since, row.received_until = min(row.received_since, gap.since), max(row.received_until, gap.until)
    row.first, row.last = min(row.first, gap.first), max(row.last, gap.last)
    row.due = gap.due


def _ids(ids: Iterable[str]) -> str:
    return orjson.dumps(sorted(ids)).decode()


def _row(gap: Gap) -> LedgerGap:
    return LedgerGap(
        id=gap.id or new_id(),
        kind=gap.kind.value,
        source=gap.source,
        agency=gap.agency,
        exercise=gap.exercise,
        rule=gap.rule,
        events=gap.events,
        first=gap.first,
        last=gap.last,
        received_since=gap.since,
        received_until=gap.until,
        ids=_ids(gap.ids),
        reason=dump_message(gap.reason).decode(),
        opened=gap.opened,
        attempts=gap.attempts,
        due=gap.due,
        closed=gap.closed,
        alerts=gap.alerts,
    )


def _gap(row: LedgerGap) -> Gap:
    return Gap(
        GapKind(row.kind),
        row.source,
        row.agency,
        row.events,
        row.received_since,
        row.received_until,
        load_message(row.reason.encode()),
        row.opened,
        row.due,
        row.first,
        row.last,
        frozenset(orjson.loads(row.ids)),
        row.exercise,
        row.rule,
        row.attempts,
        row.closed,
        row.alerts,
        row.id,
    )
