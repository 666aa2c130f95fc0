"""The silences of the sources as the case database keeps them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from soc.app.silence_impact import Impact
from soc.app.source_health_tables import SourceSilenceRow
from soc.core.i18n import Message, msg
from soc.core.scope import Scope
from soc.storage.sql import Database


class SilenceKind(StrEnum):
    """What is wrong with what a source says."""

    SILENT = "silent"
    UNREADABLE = "unreadable"
    UNHEARD = "unheard"
    QUIET = "quiet"

    @property
    def label(self) -> Message:
        """The words shown to a person."""
        return _LABELS[self]


_LABELS = {
    SilenceKind.SILENT: msg("mất tín hiệu"),
    SilenceKind.UNREADABLE: msg("gửi nhưng không đọc được"),
    SilenceKind.UNHEARD: msg("chưa từng có tín hiệu"),
    SilenceKind.QUIET: msg("ít bất thường"),
}


@dataclass(frozen=True, slots=True)
class Episode:
    """A silence; fields as `SourceSilenceRow` has them, `ended` None while it lasts."""

    id: str
    kind: SilenceKind
    source: str
    agency: str
    platform: str
    since: datetime
    due: datetime
    raised: datetime
    impact: Impact
    incident: str = ""
    gap: str = ""
    ended: datetime | None = None


class SilenceBook:
    """Reads and writes them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def open(self, scope: Scope) -> list[Episode]:
        """Those that last, the oldest first."""
        query = select(SourceSilenceRow).where(SourceSilenceRow.ended.is_(None)).order_by(SourceSilenceRow.raised)
        with self._database.reading() as session:
            return [_episode(row) for row in session.scalars(query) if scope.sees(row.agency)]

    def of(self, source: str, scope: Scope, limit: int = 20) -> list[Episode]:
        """The newest of one source, the last first."""
        query = select(SourceSilenceRow).where(SourceSilenceRow.source == source)
        query = query.order_by(SourceSilenceRow.raised.desc()).limit(limit)
        with self._database.reading() as session:
            return [_episode(row) for row in session.scalars(query) if scope.sees(row.agency)]

    def add(self, session: Session, episode: Episode) -> None:
        """Keep a new one, in the caller's transaction; one that is known stays as it is."""
        if session.get(SourceSilenceRow, episode.id) is None:
            session.add(_row(episode))

    def end(self, session: Session, ident: str, at: datetime) -> None:
        """Close one, in the caller's transaction."""
        row = session.get(SourceSilenceRow, ident)
        if row is not None:
            row.ended = at


def _row(episode: Episode) -> SourceSilenceRow:
    return SourceSilenceRow(
        id=episode.id,
        kind=episode.kind.value,
        source=episode.source,
        agency=episode.agency,
        platform=episode.platform,
        since=episode.since,
        due=episode.due,
        raised=episode.raised,
        ended=episode.ended,
        impact=episode.impact.to_json(),
        incident=episode.incident,
        gap=episode.gap,
    )


def _episode(row: SourceSilenceRow) -> Episode:
    return Episode(
        row.id,
        SilenceKind(row.kind),
        row.source,
        row.agency,
        row.platform,
        row.since,
        row.due,
        row.raised,
        Impact.from_json(row.impact),
        row.incident,
        row.gap,
        row.ended,
    )
