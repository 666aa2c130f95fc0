"""What the ledger means: per source and rule, over which events it ran, where there is a gap, and to what it is blind.

A rule *ran* over the events of a source that it looks at and that were shown to a set of rules it was in; it has a *gap* where events
were not shown to the detector, or before it was in force; it is *blind* where fields it cannot do without never came.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from detectors.coverage import origin_from
from detectors.detector import title_of
from detectors.feeds import Feed, Sighting, feeds
from detectors.sigma import CorrelationRule, Rule, RuleSet
from detectors.sigma.state import RuleState
from soc.app.gaps import Gap, GapBook, GapKind
from soc.app.tables import LedgerDay, LedgerKind, LedgerRules
from soc.core.clock import LOCAL_ZONE
from soc.core.i18n import Message, msg
from soc.core.scope import PROVINCE, Scope
from soc.storage.sql import Database

DAYS = 7
"""Local days of receipt that are shown, today included."""
MAX_JUDGED = 1000
NO_SOURCE = "no_source"
"""In place of a RuleState: nothing that the rule looks at ever came."""
STATE_LABELS: Mapping[str, Message] = {
    RuleState.READY.value: msg("sẵn sàng"),
    RuleState.PARTLY_BLIND.value: msg("mù một phần"),
    RuleState.BLIND.value: msg("mù"),
    NO_SOURCE: msg("không có nguồn"),
}
"""State -> the words shown to a person."""


@dataclass(frozen=True, slots=True)
class DayCell:
    """A source on a local day of receipt: events that rules ran over, and events in open gaps."""

    day: str
    events: int
    missing: int


@dataclass(frozen=True, slots=True)
class SourceRow:
    """A source: its days, its open gaps, and how many alerting rules are in which state on it."""

    source: str
    agency: str
    platform: str
    newest: datetime | None
    days: tuple[DayCell, ...]
    gaps: tuple[Gap, ...]
    states: Mapping[RuleState, int]

    @property
    def events(self) -> int:
        return sum(cell.events for cell in self.days)

    @property
    def missing(self) -> int:
        return sum(gap.events for gap in self.gaps)


@dataclass(frozen=True, slots=True)
class RuleRow:
    """A rule on a source.

    Attributes:
        seen: events it ran over, in the days shown.
        before: events it would have looked at, received before it was in force and not redone since.
        missing: events in open gaps of the source that concern it.
        blind: fields it reads and that never came.
    """

    rule_id: str
    name: str
    title: Mapping[str, str]
    source: str
    state: RuleState
    seen: int
    before: int
    missing: int
    blind: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RuleStates:
    """A rule over all sources: its best state, NO_SOURCE without any, and the state on each."""

    rule: Rule | CorrelationRule
    state: str
    feeds: Mapping[str, Feed]


@dataclass
class _Known:
    """What the ledger knows of one source."""

    agency: str
    platform: str
    kinds: dict[str, Sighting] = field(default_factory=dict)  # by number
    days: list[LedgerDay] = field(default_factory=list)


class LedgerView:
    """Answers questions about the ledger.

    Args:
        rules: gives the rules in force.
    """

    def __init__(self, database: Database, gaps: GapBook, rules: Callable[[], RuleSet]) -> None:
        self._database, self._gaps, self._rules = database, gaps, rules
        self._judged: dict[frozenset[Sighting], Counter[RuleState]] = {}
        self._judged_by: RuleSet | None = None

    def sources(self, scope: Scope, now: datetime) -> list[SourceRow]:
        """Every source that ever sent something, by platform and id."""
        days = last_days(now)
        gaps = self._gaps.all(scope)
        return [
            _source_row(source, known, days, gaps, self._judge(known))
            for source, known in self._known(scope, days).items()
        ]

    def rules_of(self, source: str, scope: Scope, now: datetime) -> list[RuleRow]:
        """The rules that look at a source, the blind ones first; empty for an unknown and a foreign source alike."""
        days = last_days(now)
        known = self._known(scope, days, source).get(source)
        if known is None:
            return []
        with self._database.reading() as session:
            versions = _versions(session, {row.version for row in known.days})
        gaps = self._gaps.all(PROVINCE, closed=True)  # a rule that was redone was redone for everybody
        redone = {gap.rule for gap in gaps if gap.kind is GapKind.NOT_ACTIVE}
        rows = _rule_rows(self._rules(), source, known, versions, [gap for gap in gaps if gap.source == source])
        settled = [replace(row, seen=row.seen + row.before, before=0) if row.rule_id in redone else row for row in rows]
        return sorted(settled, key=lambda row: (-list(RuleState).index(row.state), row.name, row.rule_id))

    def states(self, ruleset: RuleSet, scope: Scope) -> list[RuleStates]:
        """Every alerting rule of a set with its state on each source, by the fields that were ever seen."""
        found = {
            source: {feed.rule_id: feed for feed in feeds(ruleset, list(known.kinds.values()))}
            for source, known in self._known(scope, ()).items()
        }
        return [_states_of(rule, found) for rule in every_rule(ruleset) if rule.reported]

    def feeding(self, scope: Scope) -> dict[str, frozenset[str]]:
        """Source -> ids of the alerting rules that can fire on what it sends."""
        ruleset = self._rules()
        loud = {rule.id for rule in every_rule(ruleset) if rule.reported}
        fed: dict[frozenset[Sighting], frozenset[str]] = {}  # the sources of one platform send the same
        found = {}
        for source, known in self._known(scope, ()).items():
            sent = frozenset(known.kinds.values())
            if sent not in fed:
                able = {feed.rule_id for feed in feeds(ruleset, list(sent)) if feed.state is not RuleState.BLIND}
                fed[sent] = frozenset(able & loud)
            found[source] = fed[sent]
        return found

    def _judge(self, known: _Known) -> Counter[RuleState]:
        """How many alerting rules are in which state; remembered, as the sources of one platform send the same."""
        ruleset = self._rules()
        if self._judged_by is not ruleset or len(self._judged) > MAX_JUDGED:
            self._judged, self._judged_by = {}, ruleset
        sent = frozenset(known.kinds.values())
        if sent not in self._judged:
            loud = {rule.id for rule in every_rule(ruleset) if rule.reported}
            self._judged[sent] = Counter(feed.state for feed in feeds(ruleset, list(sent)) if feed.rule_id in loud)
        return self._judged[sent]

    def _known(self, scope: Scope, days: Sequence[str], source: str | None = None) -> dict[str, _Known]:
        """Source -> what is known of it, by platform and id."""
        kinds = select(LedgerKind).order_by(LedgerKind.platform, LedgerKind.source, LedgerKind.number)
        rows = select(LedgerDay).where(LedgerDay.day.in_(days))
        if source is not None:
            kinds, rows = kinds.where(LedgerKind.source == source), rows.where(LedgerDay.source == source)
        found: dict[str, _Known] = {}
        with self._database.reading() as session:
            for kind in session.scalars(kinds):
                if scope.sees(kind.agency):
                    known = found.setdefault(kind.source, _Known(kind.agency, kind.platform))
                    origin = origin_from(orjson.loads(kind.origin))
                    known.kinds[str(kind.number)] = Sighting(origin, frozenset(orjson.loads(kind.fields)))
            for row in session.scalars(rows):
                if row.source in found and scope.sees(row.agency):
                    found[row.source].days.append(row)
        return found


def last_days(now: datetime) -> list[str]:
    """The local days that are shown, the oldest first."""
    today = now.astimezone(LOCAL_ZONE)
    return [f"{today - timedelta(days=back):%Y-%m-%d}" for back in reversed(range(DAYS))]


def every_rule(ruleset: RuleSet) -> list[Rule | CorrelationRule]:
    """Rules and correlations, in order of loading."""
    return [*ruleset.rules, *ruleset.correlations]


def _source_row(
    source: str, known: _Known, days: Sequence[str], gaps: Iterable[Gap], states: Mapping[RuleState, int]
) -> SourceRow:
    own = tuple(gap for gap in gaps if gap.source == source)
    events: Counter[str] = Counter()
    missing: Counter[str] = Counter()
    for row in known.days:
        events[row.day] += row.events
    for gap in own:
        missing[f"{gap.until.astimezone(LOCAL_ZONE):%Y-%m-%d}"] += gap.events
    newest = max((row.newest for row in known.days), default=None)
    cells = tuple(DayCell(day, events[day], missing[day]) for day in days)
    return SourceRow(source, known.agency, known.platform, newest, cells, own, states)


def _versions(session: Session, versions: set[str]) -> dict[str, frozenset[str]]:
    """Version of a set -> ids of its rules."""
    query = select(LedgerRules).where(LedgerRules.version.in_(versions))
    return {row.version: frozenset(orjson.loads(row.rules)) for row in session.scalars(query)}


def _rule_rows(
    ruleset: RuleSet,
    source: str,
    known: _Known,
    versions: Mapping[str, frozenset[str]],
    gaps: Sequence[Gap],
) -> list[RuleRow]:
    seen, before = _events_by_rule(ruleset, known, versions)
    single = sum(gap.events for gap in gaps if gap.closed is None and gap.kind is not GapKind.LATE)
    late = sum(gap.events for gap in gaps if gap.closed is None and gap.kind is GapKind.LATE)
    fed = {feed.rule_id: feed for feed in feeds(ruleset, list(known.kinds.values()))}
    return [
        RuleRow(
            rule.id,
            rule.name,
            title_of(rule),
            source,
            feed.state,
            seen[rule.id],
            before[rule.id],
            single + (late if isinstance(rule, CorrelationRule) else 0),
            feed.blind,
        )
        for rule in every_rule(ruleset)
        if rule.reported and (feed := fed.get(rule.id)) is not None
    ]


def _events_by_rule(
    ruleset: RuleSet, known: _Known, versions: Mapping[str, frozenset[str]]
) -> tuple[Counter[str], Counter[str]]:
    """Rule id -> events it ran over, and events it would have looked at before it was in force."""
    seen: Counter[str] = Counter()
    before: Counter[str] = Counter()
    for version in {row.version for row in known.days}:
        counts: Counter[str] = Counter()
        for row in known.days:
            if row.version == version:
                counts.update(orjson.loads(row.kinds))
        sightings = [
            Sighting(one.origin, one.fields, counts[number]) for number, one in known.kinds.items() if counts[number]
        ]
        in_force = versions.get(version, frozenset())
        for feed in feeds(ruleset, sightings):
            (seen if feed.rule_id in in_force else before)[feed.rule_id] += feed.seen
    return seen, before


def _states_of(rule: Rule | CorrelationRule, found: Mapping[str, Mapping[str, Feed]]) -> RuleStates:
    fed = {source: by_rule[rule.id] for source, by_rule in found.items() if rule.id in by_rule}
    order = list(RuleState)
    best = min((feed.state for feed in fed.values()), key=order.index, default=None)
    return RuleStates(rule, NO_SOURCE if best is None else best.value, fed)
