"""The facts that figures are counted from, read from the event store and the case database.

Each list is a Table whose rows are sorted, over one window and one set of agencies, of what had reached us by `as_of`; never
anything of an exercise.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import TypeAlias

from collectors.platform import Platform
from collectors.sources import Source
from soc.compliance.assessment import StoredQuery
from soc.compliance.catalogue import LevelDuties
from soc.compliance.figures import Table, Value
from soc.compliance.incident_facts import alert_counts, notices, time_pairs
from soc.compliance.silence import Silence, empty_runs, measure_silence, slots_of
from soc.compliance.systems import System, SystemStatus, systems_of
from soc.core.clock import Window, iso, parse_iso
from soc.core.event import Event
from soc.core.scope import Scope
from soc.incidents.facts import containment_times, detection_times, first_action_times
from soc.storage.events import EventStore, Search
from soc.storage.sql import Database

_MAX_SOURCES = 10_000
Lister: TypeAlias = "Callable[[Facts, StoredQuery], Table]"


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What is known about the places that events come from.

    Attributes:
        platforms, sources: asked anew each time, so that a source registered today counts today.
    """

    platforms: Callable[[], Mapping[str, Platform]]
    sources: Callable[[], Mapping[str, Source]]
    levels: LevelDuties


@dataclass(frozen=True, slots=True)
class _Counted:
    """A source and how many events it sent in the window; `log_type` is that of its registered format."""

    source: str
    platform: str
    agency: str
    log_type: str | None
    events: int


class Facts:
    """Reads fact lists.

    Args:
        store: events.
        database: incidents and systems.
        late: the only sources that sent events of the window too late to be counted; None = any may have.
    """

    def __init__(
        self, store: EventStore, database: Database, around: Surroundings, *, late: frozenset[str] | None = None
    ) -> None:
        self._store, self._database, self._around, self._late = store, database, around, late

    def table(self, query: StoredQuery) -> Table:
        """The rows that a stored query counts. Raises KeyError for a list that is not in LISTS.

        The condition on the time of receipt is dear in an index: there are about as many such times as events. So it is put only to
        the sources for which it changes anything. When others join these meanwhile, the rows are read again under the condition.
        """
        read = LISTS[query.facts]
        if query.engine == "events" and query.query == received_by(query.as_of):
            late = self._sources_late(query)
            table = read(Facts(self._store, self._database, self._around, late=late), query)
            if self._sources_late(query) <= late:
                return table
        return read(self, query)

    def _sources_late(self, query: StoredQuery) -> frozenset[str]:
        """Sources with events of the window that reached us after `as_of`."""
        later, scope = _received_after(query.as_of), _scope(query)
        if not self._store.count(later, scope, query.window):
            return frozenset()
        found = self._store.terms(later, scope, "soc.source", _MAX_SOURCES, query.window)
        return frozenset(str(term.value) for term in found.values)

    def _asked(self, query: StoredQuery, ident: str) -> str:
        """Events of the window from one source, those that came too late left out."""
        return _both("" if self._late is not None and ident not in self._late else query.query, _of_source(ident))

    def sources_heard(self, query: StoredQuery) -> Table:
        """Every registered source, and every other one that sent events: how much was heard, and how long it was silent."""
        rows = [self._source_row(query, counted) for counted in self._counted(query)]
        columns = (
            "source",
            "platform",
            "agency",
            "log_type",
            "events",
            "first",
            "last",
            "silent_hours",
            "gaps",
            "silent",
        )
        return Table(columns, tuple(rows))

    def systems_heard(self, query: StoredQuery) -> Table:
        """Active systems, and whether any source of their agency and platform sent events."""
        events: dict[tuple[str, str], int] = defaultdict(int)
        for counted in self._counted(query):
            events[counted.agency, counted.platform] += counted.events
        rows = [
            (
                s.id,
                s.name_vi,
                s.agency,
                s.platform,
                s.level,
                events[s.agency, s.platform],
                events[s.agency, s.platform] > 0,
            )
            for s in self._systems(query)
        ]
        return Table(("system", "name", "agency", "platform", "level", "events", "live"), tuple(rows))

    def log_types(self, query: StoredQuery) -> Table:
        """Each log type that the level of each active system asks for, and whether one of its sources delivered it."""
        seen: dict[tuple[str, str], set[str]] = defaultdict(set)
        for counted in self._counted(query):
            if counted.events and counted.log_type:
                seen[counted.agency, counted.platform].add(counted.log_type)
        rows = []
        for system in self._systems(query):
            met = self._around.levels.met(system.level, frozenset(seen[system.agency, system.platform]))
            required = self._around.levels.levels[system.level].required
            rows += [(system.id, system.name_vi, system.level, name.value, name in met) for name in required]
        return Table(("system", "name", "level", "log_type", "seen"), tuple(rows))

    def retention(self, query: StoredQuery) -> Table:
        """The oldest searchable event of each active system that has to keep logs.

        `enough` is None while it cannot be judged: no event at all, or the system was connected later than the level looks back.
        """
        rows = [row for system in self._systems(query) for row in self._retention_rows(query, system)]
        return Table(("system", "name", "level", "months", "connected", "oldest", "enough"), tuple(rows))

    def first_actions(self, query: StoredQuery) -> Table:
        """Alert that opened an incident, to the first act of a person."""
        with self._database.reading() as session:
            return time_pairs(first_action_times(session, query.window, _scope(query), query.as_of))

    def detections(self, query: StoredQuery) -> Table:
        """First event of an alert, to the alert."""
        with self._database.reading() as session:
            return time_pairs(detection_times(session, query.window, _scope(query), query.as_of))

    def containments(self, query: StoredQuery) -> Table:
        """Alert that opened an incident, to its containment."""
        with self._database.reading() as session:
            return time_pairs(containment_times(session, query.window, _scope(query), query.as_of))

    def notices(self, query: StoredQuery) -> Table:
        """Incidents detected in the window with the legal notices that went out."""
        with self._database.reading() as session:
            return notices(session, query.window, _scope(query), query.as_of)

    def incidents(self, query: StoredQuery) -> Table:
        """Incidents and alerts by agency and severity."""
        with self._database.reading() as session:
            return alert_counts(session, query.window, _scope(query), query.as_of)

    def _counted(self, query: StoredQuery) -> list[_Counted]:
        scope = _scope(query)
        asked = query.query if self._late is None or self._late else ""
        found = self._store.terms(asked, scope, "soc.source", _MAX_SOURCES, query.window)
        heard = {str(term.value): term.count for term in found.values}
        registered = {s.id: s for s in self._around.sources().values() if scope.sees(s.agency)}
        return [
            self._known(registered[ident], heard.get(ident, 0))
            if ident in registered
            else self._unknown(query, ident, heard[ident])
            for ident in sorted(registered.keys() | heard.keys())
        ]

    def _known(self, source: Source, events: int) -> _Counted:
        platform = self._around.platforms().get(source.platform)
        form = None if platform is None else platform.find_format(source.format)
        log_type = None if form is None else form.log_type
        return _Counted(source.id, source.platform, source.agency, log_type, events)

    def _unknown(self, query: StoredQuery, ident: str, events: int) -> _Counted:
        """A source that is not registered any more: its platform and agency stand on its events."""
        event = next(iter(self._store.scan(self._asked(query, ident), _scope(query), query.window)))
        return _Counted(ident, event.platform, event.agency, None, events)

    def _source_row(self, query: StoredQuery, counted: _Counted) -> tuple[Value, ...]:
        asked, scope = self._asked(query, counted.source), _scope(query)
        first = next(self._store.scan(asked, scope, query.window), None) if counted.events else None
        last = self._store.search(Search(asked, scope, query.window, size=1)).events if first else ()
        silence = self._silence(query, counted, self._around.platforms().get(counted.platform))
        return (
            counted.source,
            counted.platform,
            counted.agency,
            counted.log_type,
            counted.events,
            None if first is None else iso(first.timestamp),
            iso(last[0].timestamp) if last else None,
            None if silence is None else silence.hours,
            None if silence is None else silence.gaps,
            None if silence is None else silence.gaps > 0,
        )

    def _silence(self, query: StoredQuery, counted: _Counted, platform: Platform | None) -> Silence | None:
        """From the first event ever, so that a source connected late is not blamed for the time before; unheard = all of it."""
        if platform is None:
            return None
        scope = _scope(query)
        first = self._oldest(query, scope, _of_source(counted.source))
        since = query.since if first is None else max(query.since, first)
        if since >= query.until:
            return None
        slots = slots_of(Window(since, query.until), platform.rhythm)
        if not counted.events:
            return measure_silence([range(slots.count)], slots, platform.rhythm, platform.calendar)
        histogram = partial(self._store.histogram, self._asked(query, counted.source), scope)
        runs = empty_runs(slots, histogram, counted.events)
        return measure_silence(runs, slots, platform.rhythm, platform.calendar)

    def _oldest(self, query: StoredQuery, scope: Scope, asked: str) -> datetime | None:
        """Time of the first event of all times that came in time. Mostly that is the first of all, so that is looked at first."""
        if self._late is not None:
            first = next(self._store.scan(asked, scope), None)
            if first is None or _received(first) <= query.as_of:
                return None if first is None else first.timestamp
        found = next(self._store.scan(_both(query.query, asked), scope), None)
        return None if found is None else found.timestamp

    def _systems(self, query: StoredQuery) -> Iterator[System]:
        with self._database.reading() as session:
            found = systems_of(session, _scope(query))
        return (system for system in found if system.status is SystemStatus.ACTIVE)

    def _retention_rows(self, query: StoredQuery, system: System) -> Sequence[tuple[Value, ...]]:
        months = self._around.levels.levels[system.level].retention_months
        if months is None:
            return ()
        oldest = self._oldest(query, Scope(frozenset({system.agency})), f'soc.platform:"{system.platform}"')
        connected = None if system.connected is None else iso(system.connected)
        enough = _kept_enough(oldest, system.connected, months_before(query.as_of, months))
        since = None if oldest is None else iso(oldest)
        return ((system.id, system.name_vi, system.level, months, connected, since, enough),)


LISTS: dict[str, Lister] = {
    "sources_heard": Facts.sources_heard,
    "systems_heard": Facts.systems_heard,
    "log_types": Facts.log_types,
    "retention": Facts.retention,
    "first_actions": Facts.first_actions,
    "detections": Facts.detections,
    "containments": Facts.containments,
    "notices": Facts.notices,
    "incidents": Facts.incidents,
}
"""Name -> reader, as stored with each figure."""


def months_before(moment: datetime, months: int) -> datetime:
    """The same day and time `months` earlier; the last day of a shorter month."""
    index = moment.year * 12 + moment.month - 1 - months
    year, month = divmod(index, 12)
    for day in range(moment.day, 27, -1):
        try:
            return moment.replace(year=year, month=month + 1, day=day)
        except ValueError:
            continue
    return moment.replace(year=year, month=month + 1)


def _kept_enough(oldest: datetime | None, connected: datetime | None, needed: datetime) -> bool | None:
    if oldest is None:
        return None
    if oldest <= needed:
        return True
    return None if connected is not None and connected > needed else False


def _of_source(ident: str) -> str:
    return f'soc.source:"{ident}"'


def received_by(as_of: datetime) -> str:
    """The condition that leaves out what reached us after that moment."""
    return f'soc.received:[* TO "{iso(as_of)}"]'


def _received_after(as_of: datetime) -> str:
    return f'soc.received:{{"{iso(as_of)}" TO *]'


def _both(first: str, second: str) -> str:
    return f"({first}) AND {second}" if first else second


def _scope(query: StoredQuery) -> Scope:
    return Scope(None if query.agencies is None else frozenset(query.agencies))


def _received(event: Event) -> datetime:
    return parse_iso(str(event.fields["soc.received"]))
