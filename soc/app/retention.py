"""Retention: how long events are kept, by the security level of the system they come from, and the job that drops the rest.

The level of an event is that of the systems in the register with its platform and agency, the highest where there are several; a level
that is only proposed there never lowers the one proposed for the platform. Without a system it is the platform's; without that, 5.
What the alerts of an open incident refer to is held: whole days of their agency, as an attack is more than the events that matched.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import reduce
from itertools import groupby

from sqlalchemy import select
from sqlalchemy.orm import Session

from collectors.platform import Platform
from soc.access.principal import SYSTEM
from soc.audit.trail import AuditTrail
from soc.compliance.catalogue import LevelDuties
from soc.compliance.systems import LevelState, System, SystemStatus, systems_of
from soc.core.act import Act
from soc.core.clock import LOCAL_ZONE, Clock
from soc.core.i18n import Message, msg
from soc.core.scope import PROVINCE
from soc.core.settings import Settings
from soc.incidents.model import OPEN
from soc.incidents.tables import AlertRow, IncidentRow
from soc.storage.conditions import AllOf, AnyOf, Between, Condition, Equals, Everything, Not
from soc.storage.events import EventStore, Search
from soc.storage.sql import Database
from soc.storage.values import fold, micros

LEVELS = (1, 2, 3, 4, 5)
UNKNOWN_LEVEL = 5
"""Of events whose platform is gone, or of a national system whose level is not ours to propose: they are kept longest."""
DAYS_PER_MONTH = 31
"""Rounded up, so that a month is never short."""
GRACE = timedelta(days=2)
"""The job runs once a day and drops whole days: what is late by less is not overdue."""
_ONE_DAY = timedelta(days=1)

_log = logging.getLogger("vonggac.retention")


@dataclass(frozen=True, slots=True)
class Term:
    """How long events of one level are kept.

    Attributes:
        asked: months of the settings.
        minimum: months that the standard states for the level, None where it states none.
        source: of the minimum: id and confidence of the definition that states it.
    """

    level: int
    asked: int
    minimum: int | None
    source: str = ""

    @property
    def months(self) -> int:
        """What is in force: a setting below the minimum does not shorten."""
        return max(self.asked, self.minimum or 0)

    def edge(self, now: datetime) -> datetime:
        """What happened on earlier days than this moment's is past its time."""
        return now - timedelta(days=DAYS_PER_MONTH * self.months)


@dataclass(frozen=True, slots=True)
class Levels:
    """The level of every platform, and of the systems of single agencies where it differs: (platform, agency) -> level."""

    platforms: Mapping[str, int]
    systems: Mapping[tuple[str, str], int]

    def events(self, levels: frozenset[int]) -> Condition:
        """The events of some levels."""
        parts = [part for platform in self.platforms if (part := self._of_platform(platform, levels)) is not None]
        if UNKNOWN_LEVEL in levels:
            parts.append(Not(_any(Equals("soc.platform", fold(platform)) for platform in self.platforms)))
        return _any(parts)

    def _of_platform(self, platform: str, levels: frozenset[int]) -> Condition | None:
        usual = self.platforms[platform] in levels
        others = [
            agency for (of, agency), level in self.systems.items() if of == platform and (level in levels) != usual
        ]
        here = Equals("soc.platform", fold(platform))
        if not others:
            return here if usual else None
        theirs = _any(Equals("soc.agency", fold(agency)) for agency in sorted(others))
        return AllOf((here, Not(theirs) if usual else theirs))


@dataclass(frozen=True, slots=True)
class Hold:
    """Whole UTC days of one agency that stay, both included."""

    agency: str
    first: date
    last: date

    @property
    def condition(self) -> Condition:
        """Its events."""
        start, end = (datetime.combine(day, time(), UTC) for day in (self.first, self.last + _ONE_DAY))
        span = Between("@timestamp", micros(start), micros(end), include_high=False)
        return AllOf((Equals("soc.agency", fold(self.agency)), span))


@dataclass(frozen=True, slots=True)
class Dropped:
    """What one pass dropped: events of these levels from before a day."""

    levels: tuple[int, ...]
    months: int
    before: date
    events: int


@dataclass(frozen=True, slots=True)
class LevelAge:
    """How old the events of a level are.

    Attributes:
        oldest: of real data; None where no event is held.
        overdue: it should have been dropped, and no open incident holds it.
    """

    term: Term
    oldest: datetime | None
    overdue: bool

    @property
    def ok(self) -> bool:
        """Whether all is as the settings say."""
        return not self.overdue and self.term.months == self.term.asked


def told_ages(ages: Iterable[LevelAge]) -> Message:
    """The ages of the levels that hold anything, as one line."""
    told = [_told(age) for age in ages if age.oldest is not None or not age.ok]
    if not told:
        return msg("trống")
    return reduce(lambda so_far, more: msg("{first}; {rest}", first=so_far, rest=more), told)


def _told(age: LevelAge) -> Message:
    """The age as a sentence: oldest event, how long they are kept, and why that is not what the settings say."""
    term, oldest = age.term, age.oldest
    told = msg(
        "cấp độ {level}: cũ nhất {oldest}, giữ {months} tháng",
        level=term.level,
        oldest="–" if oldest is None else f"{oldest.astimezone(LOCAL_ZONE):%d/%m/%Y}",
        months=term.months,
    )
    if term.asked < term.months:
        told = msg(
            "{told} (cài đặt {asked} tháng ngắn hơn mức tối thiểu của tiêu chuẩn theo {source} nên không rút ngắn)",
            told=told,
            asked=term.asked,
            source=term.source,
        )
    return msg("{told}, quá hạn chưa xóa", told=told) if age.overdue else told


class Retention:
    """The rules of retention and their job; one process of a home runs it.

    Args:
        platforms: asked anew each time.
        duties: what the standard states for the levels.
    """

    def __init__(
        self,
        store: EventStore,
        database: Database,
        audit: AuditTrail,
        *,
        platforms: Callable[[], Mapping[str, Platform]],
        duties: LevelDuties,
        settings: Settings,
        clock: Clock,
    ) -> None:
        self._store, self._database, self._audit = store, database, audit
        self._platforms, self._duties, self._settings, self._clock = platforms, duties, settings, clock
        self._done: date | None = None

    def terms(self) -> list[Term]:
        """How long each level is kept, by level."""
        return terms_of(self._settings, self._duties)

    @property
    def oldest_kept(self) -> datetime:
        """What is older is past its time whatever its level."""
        return min(term.edge(self._clock.now()) for term in self.terms())

    def tend(self) -> list[Dropped]:
        """`drop`, once a day. Raises EngineError; it is tried again at the next call then."""
        today = self._clock.now().date()
        if self._done == today:
            return []
        dropped = self.drop()
        self._done = today
        return dropped

    def drop(self) -> list[Dropped]:
        """Drop what is past its time; each pass is logged and in the audit trail. Raises EngineError, SetupError.

        The longest term comes first and takes all levels, so that a day is taken apart as seldom as possible.
        """
        now = self._clock.now()
        levels = self._levels()
        found: list[Dropped] = []
        for months, concerned in _passes(self.terms()):
            edge = now - timedelta(days=DAYS_PER_MONTH * months)
            going = Everything() if len(concerned) == len(LEVELS) else levels.events(concerned)
            events = self._store.delete_before(edge, _but(going, self._holds(edge)))
            if events:
                found.append(Dropped(tuple(sorted(concerned)), months, edge.date(), events))
                self._remember(found[-1])
        return found

    def ages(self) -> list[LevelAge]:
        """How old the events of each level are, against its term. Raises EngineError."""
        now, levels = self._clock.now(), self._levels()
        return [self._age(term, levels.events(frozenset({term.level})), now) for term in self.terms()]

    def _age(self, term: Term, events: Condition, now: datetime) -> LevelAge:
        first = self._store.search(Search(events, PROVINCE, size=1, ascending=True)).events
        if not first:
            return LevelAge(term, None, overdue=False)
        edge = term.edge(now) - GRACE
        late = first[0].timestamp < edge
        if late and (holds := self._holds(edge)):
            free = self._store.search(Search(AllOf((events, Not(holds))), PROVINCE, size=1, ascending=True)).events
            late = bool(free) and free[0].timestamp < edge
        return LevelAge(term, first[0].timestamp, overdue=late)

    def _levels(self) -> Levels:
        with self._database.reading() as session:
            return levels_of(self._platforms(), systems_of(session, PROVINCE))

    def _holds(self, edge: datetime) -> Condition | None:
        with self._database.reading() as session:
            found = holds(session, edge)
        return _any(hold.condition for hold in found) if found else None

    def _remember(self, dropped: Dropped) -> None:
        _log.info(
            "retention: %d events of levels %s from before %s dropped (kept %d months)",
            dropped.events,
            ", ".join(map(str, dropped.levels)),
            dropped.before,
            dropped.months,
        )
        told = {
            "levels": dropped.levels,
            "months": dropped.months,
            "before": dropped.before.isoformat(),
            "events": dropped.events,
        }
        with self._database.transaction() as session:
            self._audit.record(session, Act(SYSTEM.id, "retention.drop", "events", after=told))


def terms_of(settings: Settings, duties: LevelDuties) -> list[Term]:
    """How long each level is kept, by level."""
    source = f"{duties.id} {duties.version} ({duties.confidence.value})"
    asked, usual = settings.retention_months_of_level, settings.retention_months
    return [Term(level, asked.get(level, usual), duties.levels[level].retention_months, source) for level in LEVELS]


def levels_of(platforms: Mapping[str, Platform], systems: Iterable[System]) -> Levels:
    """The levels as of the platforms' files and the register of systems."""
    usual = {ident: platform.proposed_level or UNKNOWN_LEVEL for ident, platform in platforms.items()}
    found: dict[tuple[str, str], int] = {}
    for system in systems:
        if system.status is not SystemStatus.ACTIVE:
            continue
        proposed = usual.get(system.platform, UNKNOWN_LEVEL)
        level = system.level if system.level_state is LevelState.APPROVED else max(system.level, proposed)
        key = (system.platform, system.agency)
        found[key] = max(level, found.get(key, 0))
    known = {key: level for key, level in found.items() if key[0] in usual and level != usual[key[0]]}
    return Levels(usual, known)


def holds(session: Session, edge: datetime) -> list[Hold]:
    """The days from before `edge` that the alerts of open incidents refer to, by agency, those side by side joined."""
    query = (
        select(AlertRow.agency, AlertRow.first, AlertRow.last)
        .join(IncidentRow, IncidentRow.code == AlertRow.incident)
        .where(IncidentRow.status.in_(sorted(OPEN)), AlertRow.first < edge)
    )
    spans: dict[str, list[tuple[date, date]]] = defaultdict(list)
    for agency, first, last in session.execute(query):
        spans[agency].append((first.date(), last.date()))
    return [Hold(agency, *span) for agency in sorted(spans) for span in _joined(spans[agency])]


def _joined(spans: Sequence[tuple[date, date]]) -> list[tuple[date, date]]:
    found: list[tuple[date, date]] = []
    for first, last in sorted(spans):
        if found and first <= found[-1][1] + _ONE_DAY:
            found[-1] = (found[-1][0], max(last, found[-1][1]))
        else:
            found.append((first, last))
    return found


def _passes(terms: Sequence[Term]) -> list[tuple[int, frozenset[int]]]:
    """(months, levels) longest first: by then, everything of a shorter term is past its time too."""
    ordered = sorted(terms, key=lambda term: -term.months)
    return [
        (months, frozenset(term.level for term in terms if term.months <= months))
        for months, _ in groupby(ordered, key=lambda term: term.months)
    ]


def _but(going: Condition, held: Condition | None) -> str | Condition:
    if held is None:
        return "" if isinstance(going, Everything) else going
    return Not(held) if isinstance(going, Everything) else AllOf((going, Not(held)))


def _any(parts: Iterable[Condition]) -> Condition:
    """At least one of the parts; nothing at all without parts, which the engines would not agree on."""
    listed = tuple(parts)
    if not listed:
        return Not(Everything())
    return listed[0] if len(listed) == 1 else AnyOf(listed)
