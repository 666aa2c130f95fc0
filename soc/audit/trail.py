"""The audit trail: who did or read what; each entry holds the hash of the one before."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import datetime

import orjson
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from soc.audit.chain import GENESIS, Anchor, ChainReport, Entry, check
from soc.audit.origin import REQUEST_ORIGIN
from soc.audit.tables import AuditRow
from soc.core.act import Act
from soc.core.clock import Clock
from soc.storage.sql_values import without_nul

__all__ = ["Act", "AuditTrail", "Filters"]

_COLUMNS = tuple(field.name for field in fields(Entry))
_UNHASHED = "-"


@dataclass(frozen=True, slots=True)
class Filters:
    """Which entries; None and "" ask for all.

    Attributes:
        action: a whole verb (`evidence.read`) or its first word (`evidence`).
        target: the thing's path or the beginning of it.
        agencies: only what belongs to these agencies.
        since, until: aware UTC; `since` included, `until` not.
    """

    actor: str = ""
    action: str = ""
    target: str = ""
    agencies: frozenset[str] | None = None
    since: datetime | None = None
    until: datetime | None = None


class AuditTrail:
    """The trail in the case database.

    Args:
        clock: gives the time of an entry.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def record(self, session: Session, act: Act) -> int:
        """Add one entry inside the caller's transaction: what is rolled back leaves no entry, and no gap.

        Args:
            session: of `Database.transaction`, which lets one writer in at a time: nobody else adds to the same end of the chain.

        Returns:
            The number of the entry; numbers start at 1 and have no gaps, also with several writers.
        """
        last = self.head(session) or Anchor(0, GENESIS)
        entry = _entry(act, last, self._clock.now())
        session.add(AuditRow(**{name: getattr(entry, name) for name in _COLUMNS} | {"hash": entry.digest()}))
        session.flush()
        return entry.number

    def head(self, session: Session) -> Anchor | None:
        """The newest point of the chain, None while the trail is empty."""
        newest = select(AuditRow.number, AuditRow.hash).order_by(AuditRow.number.desc()).limit(1)
        row = session.execute(newest).first()
        return None if row is None else Anchor(row.number, row.hash)

    def entries(
        self, session: Session, filters: Filters | None = None, *, before: int | None = None, size: int = 50
    ) -> list[Entry]:
        """A page of entries, newest first.

        Args:
            before: number of the last entry of the previous page; None for the first page.
            size: at most so many.
        """
        query = _filtered(select(AuditRow), filters or Filters())
        if before is not None:
            query = query.where(AuditRow.number < before)
        rows = session.scalars(query.order_by(AuditRow.number.desc()).limit(size))
        return [_from_row(row) for row in rows]

    def walk(self, session: Session, first: int = 1, last: int | None = None) -> Iterator[Entry]:
        """All entries from `first` to `last`, oldest first, without holding them all in memory."""
        columns = [getattr(AuditRow, name) for name in _COLUMNS]
        query = select(*columns).where(AuditRow.number >= first).order_by(AuditRow.number)
        if last is not None:
            query = query.where(AuditRow.number <= last)
        for row in session.execute(query, execution_options={"yield_per": 1000}):
            yield Entry(*row)

    def verify(self, session: Session, anchors: Iterable[Anchor] = ()) -> ChainReport:
        """Check the whole chain.

        Args:
            anchors: points kept off the machine; without one, a cut tail or a full rewrite cannot be seen.
        """
        return check(self.walk(session), anchors)


def _entry(act: Act, last: Anchor, now: datetime) -> Entry:
    """The entry as it is kept, so that its hash holds when it is read back."""
    return Entry(
        number=last.number + 1,
        at=now,
        actor=without_nul(act.actor),
        action=without_nul(act.action),
        target=without_nul(act.target),
        agency=without_nul(act.agency),
        before=_json(act.before),
        after=_json(act.after),
        reason=without_nul(act.reason),
        origin=without_nul(act.origin or REQUEST_ORIGIN.get()),
        prev_hash=last.hash,
        hash=_UNHASHED,
    )


def _json(values: Mapping[str, object]) -> str:
    return orjson.dumps(dict(values), option=orjson.OPT_SORT_KEYS, default=str).decode()


def _from_row(row: AuditRow) -> Entry:
    return Entry(**{name: getattr(row, name) for name in _COLUMNS})


def _filtered(query: Select[AuditRow], filters: Filters) -> Select[AuditRow]:
    if filters.actor:
        query = query.where(AuditRow.actor == filters.actor)
    if filters.action:
        query = query.where(
            (AuditRow.action == filters.action) | AuditRow.action.startswith(filters.action + ".", autoescape=True)
        )
    if filters.target:
        query = query.where(AuditRow.target.startswith(filters.target, autoescape=True))
    if filters.agencies is not None:
        query = query.where(AuditRow.agency.in_(filters.agencies))
    if filters.since is not None:
        query = query.where(AuditRow.at >= filters.since)
    if filters.until is not None:
        query = query.where(AuditRow.at < filters.until)
    return query
