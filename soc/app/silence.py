"""Watches that no registered source falls silent unnoticed: part of the collecting process.

A source is judged by the time of receipt of what it said last, or from when it was registered. Two things put the judgement off, and
are told of elsewhere: while this process was down nobody listened, so silence counts from its start at the earliest; and what waits in
the spool may be a sign of life, so everything is judged as of the oldest record that waits. One alert when a silence begins, one note
when it is over. Both go into the case database together with the state, so that a process killed at any moment says nothing twice.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy.orm import Session

from collectors.platform import Platform
from collectors.rhythm import silent_from
from collectors.sources import Source
from soc.access.principal import SYSTEM
from soc.app.gaps import GapBook, silence_of
from soc.app.silence_alerts import alert_id, alert_of, dropped, over
from soc.app.silence_book import Episode, SilenceBook, SilenceKind
from soc.app.silence_impact import Impact, Surveyor
from soc.app.silence_quiet import Hour, HourGlass
from soc.app.source_health import HealthBook, Sign
from soc.core.clock import Clock
from soc.core.errors import EngineError, SocError
from soc.core.i18n import Lang, Message
from soc.core.scope import PROVINCE
from soc.incidents.service import IncidentService
from soc.incidents.tables import AlertRow
from soc.storage.sql import Database

STRETCH = timedelta(minutes=1)
"""How often the gap of a silence that lasts is drawn up to now."""
_log = logging.getLogger("vonggac.sources")


class Waiting(Protocol):
    """What the watch asks of the spool."""

    def oldest(self) -> datetime | None: ...


@dataclass(frozen=True, slots=True)
class Grounds:
    """What silence is judged by.

    Attributes:
        sources: the registered ones by id.
        platforms: those whose files are sound, by id.
    """

    sources: Callable[[], Mapping[str, Source]]
    platforms: Callable[[], Mapping[str, Platform]]


@dataclass(frozen=True, slots=True)
class Books:
    """Where it is written down."""

    health: HealthBook
    silences: SilenceBook
    gaps: GapBook
    database: Database


class SilenceWatch:
    """One round after the other, see `tend`."""

    def __init__(
        self,
        grounds: Grounds,
        books: Books,
        surveyor: Callable[[], Surveyor],
        incidents: Callable[[], IncidentService],
        spool: Waiting,
        *,
        lang: Lang,
        clock: Clock,
    ) -> None:
        self._grounds, self._books, self._surveyor, self._incidents = grounds, books, surveyor, incidents
        self._spool, self._lang, self._clock = spool, lang, clock
        self._began: datetime | None = None
        self._registered: frozenset[str] = frozenset()
        self._due: dict[str, tuple[datetime, datetime | None]] = {}
        self._glass = HourGlass(books.database, books.health)
        self._stretched: datetime | None = None

    def tend(self) -> int:
        """One round, between two batches; how many silences began.

        Raises:
            EngineError: the database or the spool does not answer; the next round does it again.
        """
        now = self._clock.now()  # before the spool is asked: what is accepted later is not missed at this moment
        now = min(now, self._spool.oldest() or now)
        self._begin(now)
        signs = self._books.health.signs()
        lasting = self._books.silences.open(PROVINCE)
        hours = self._glass.look(now, self._began or now)
        ended = [*self._ended(lasting, signs, now), *self._usual_again(lasting, hours or {}, now)]
        begun = list(
            self._surveyed(lasting, [*self._silent(lasting, signs, now), *self._quiet(lasting, hours or {}, now)], now)
        )
        self._keep(begun, ended, lasting, now)
        return len(begun)

    def _begin(self, now: datetime) -> None:
        if self._began is None:
            self._began = now
        sources = self._grounds.sources()
        if self._registered != sources.keys():
            self._books.health.register(sources.values(), now)
            self._registered = frozenset(sources)

    def _is_registered(self, episode: Episode) -> bool:
        return episode.source in self._registered

    # which silences are over

    def _ended(
        self, lasting: Sequence[Episode], signs: Mapping[str, Sign], now: datetime
    ) -> Iterator[tuple[Episode, datetime, Message]]:
        """(silence, when it ended, what is to be told of it)."""
        for episode in lasting:
            sign = signs.get(episode.source)
            if not self._is_registered(episode):
                yield episode, now, dropped(episode)
            elif episode.kind is not SilenceKind.QUIET and sign is not None and _is_after(sign.heard, episode.since):
                at = sign.heard or now
                yield episode, at, over(episode, at)

    def _usual_again(
        self, lasting: Sequence[Episode], hours: Mapping[str, Hour], now: datetime
    ) -> Iterator[tuple[Episode, datetime, Message]]:
        """Quiet sources that speak as usual, or that were compared with what is no guide any more; one fallen silent is told of there."""
        for episode in lasting:
            hour = hours.get(episode.source)
            if episode.kind is SilenceKind.QUIET and hour is not None and hour.usual and self._is_registered(episode):
                yield episode, now, over(episode, now)

    # which begin

    def _silent(self, lasting: Sequence[Episode], signs: Mapping[str, Sign], now: datetime) -> Iterator[Episode]:
        known = _sources_of(lasting, quiet=False)
        for ident, source in self._grounds.sources().items():
            due = self._due_of(source, signs[ident]) if ident in signs and ident not in known else None
            if due is not None and now > due:
                yield _silence(source, signs[ident], due, now)

    def _quiet(self, lasting: Sequence[Episode], hours: Mapping[str, Hour], now: datetime) -> Iterator[Episode]:
        """A source that is silent already is not told of again."""
        known = {episode.source for episode in lasting}
        for ident, source in self._grounds.sources().items():
            if ident in hours and ident not in known and hours[ident].quiet:
                yield _quietness(source, hours[ident], now)

    def _surveyed(self, lasting: Sequence[Episode], begun: Sequence[Episode], now: datetime) -> Iterator[Episode]:
        """What begins, with what goes blind; of a source that is silent and quiet at once only that it is silent."""
        silent = _sources_of(begun, quiet=False)
        told = [one for one in begun if one.kind is not SilenceKind.QUIET or one.source not in silent]
        mute = silent | _sources_of(lasting, quiet=False)
        impacts = self._surveyor().survey([one.source for one in told], mute, now) if told else {}
        for episode in told:
            yield replace(episode, impact=impacts[episode.source])

    def _due_of(self, source: Source, sign: Sign) -> datetime | None:
        """When the silence of a source becomes too long; worked out again when it spoke."""
        platform = self._grounds.platforms().get(source.platform)
        if platform is None or self._began is None:
            return None
        since = max(sign.heard or sign.known, self._began)
        known = self._due.get(source.id)
        if known is None or known[0] != since:
            known = self._due[source.id] = since, silent_from(since, platform.rhythm, platform.calendar)
        return known[1]

    # writing it down

    def _keep(
        self,
        begun: Sequence[Episode],
        ended: Sequence[tuple[Episode, datetime, Message]],
        lasting: Sequence[Episode],
        now: datetime,
    ) -> None:
        stretch = self._stretched is None or now - self._stretched >= STRETCH
        lasting = [one for one in lasting if one.gap] if stretch else []
        if begun or ended or lasting:
            with self._books.database.transaction() as session:
                for episode, at, _ in ended:
                    self._end(session, episode, at)
                for episode in lasting:
                    self._books.gaps.stretch(session, episode.gap, now)
                self._raise(session, begun, now)
        if stretch:
            self._stretched = now
        for episode, _, told in ended:
            self._note(episode.incident, told)

    def _end(self, session: Session, episode: Episode, at: datetime) -> None:
        self._books.silences.end(session, episode.id, at)
        if episode.gap:
            self._books.gaps.stretch(session, episode.gap, at, over=True)

    def _raise(self, session: Session, begun: Sequence[Episode], now: datetime) -> None:
        platforms = self._grounds.platforms()
        alerts = [alert_of(episode, platforms.get(episode.platform)) for episode in begun]
        if alerts:
            self._incidents().take(session, alerts)
        for episode in begun:
            row = session.get(AlertRow, episode.id)
            kept = replace(episode, incident="" if row is None else row.incident)
            if episode.kind is not SilenceKind.QUIET:
                gap = silence_of(episode.source, episode.agency, episode.since, now)
                self._books.gaps.open(session, gap)
                kept = replace(kept, gap=gap.id)
            self._books.silences.add(session, kept)
            _log.warning("source %s: %s since %s", episode.source, episode.kind.value, episode.since.isoformat())

    def _note(self, incident: str, text: Message) -> None:
        told = text.render(self._lang)
        _log.info("%s", told)
        if not incident:
            return
        try:
            self._incidents().note(SYSTEM, incident, told)
        except EngineError:
            raise
        except SocError as problem:  # merged or closed meanwhile: the state and the log have it
            _log.info("incident %s: %s", incident, problem.render(self._lang))


def _sources_of(episodes: Sequence[Episode], *, quiet: bool) -> set[str]:
    return {one.source for one in episodes if (one.kind is SilenceKind.QUIET) is quiet}


def _is_after(heard: datetime | None, since: datetime) -> bool:
    return heard is not None and heard > since


def _silence(source: Source, sign: Sign, due: datetime, now: datetime) -> Episode:
    since = sign.heard or sign.known
    kind = SilenceKind.UNHEARD if sign.heard is None else SilenceKind.SILENT
    if _is_after(sign.unreadable, since):
        kind = SilenceKind.UNREADABLE
    ident = alert_id(kind, source.id, since)
    return Episode(ident, kind, source.id, source.agency, source.platform, since, due, now, Impact())


def _quietness(source: Source, hour: Hour, now: datetime) -> Episode:
    ident = alert_id(SilenceKind.QUIET, source.id, hour.start)
    return Episode(ident, SilenceKind.QUIET, source.id, source.agency, source.platform, hour.start, now, now, Impact())
