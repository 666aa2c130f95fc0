"""How good detection is, measured against the truth of a simulation: what was found, how soon, and what was told for nothing.

An alert is *true* for a deed when its rule answers the deed's threat (`vonggac: {threats: [...]}`) and one of its events is a line of the
deed, or its time falls into that of the deed and one of its entities is one of the deed's. An alert that is true for none is false; of the
false ones those that touch the lines of some deed are counted apart, as *beside*: the attack was real, but the rule does not claim it.
Continuations of an alert (the 10th, 100th match) are no alarms of their own.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from statistics import median

from detectors.alert import Alert
from detectors.detector import is_continuation
from soc.core.clock import parse_iso
from soc.core.severity import Severity
from soc.simulate.truth import Deed

SLACK = timedelta(hours=1)
"""How long after a deed an alert about its entities may come, besides what a silence takes to be noticed."""
SILENCE_SLACK = timedelta(hours=26)
_SHOWN_ENTITIES = 3


@dataclass(frozen=True, slots=True)
class RuleFacts:
    """What is to be known of a rule: its name and the threats it answers."""

    id: str
    name: str
    threats: frozenset[str]


@dataclass(frozen=True, slots=True)
class Found:
    """Deeds of one kind: how many there were, how many were found.

    Attributes:
        recall: part of them, 0 to 1.
    """

    name: str
    deeds: int
    found: int

    @property
    def recall(self) -> float:
        return self.found / self.deeds if self.deeds else 0.0


@dataclass(frozen=True, slots=True)
class RuleNoise:
    """Alarms of one rule.

    Attributes:
        per_day: false ones a day, in the whole province.
        beside: of the false ones, those on lines of a deed that the rule does not claim.
        entities: what the false ones were about most often, with how often.
    """

    rule: str
    severity: str
    true: int
    false: int
    beside: int
    per_day: float
    entities: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class Quality:
    """A measurement.

    Attributes:
        days: length of the stream.
        false_per_day: severity -> false alarms a day, in the whole province; of them `beside_per_day` touch a deed.
        noisy_agencies: agency -> false alarms a day of all severities, the noisiest first.
        detection_s: median and 95th percentile of the time to detect, in seconds; None when nothing was found.
        missed: number, threat and variant of the deeds that nothing found.
        over_budget: rules with more false alarms a day than the budget, the noisiest first.
    """

    events: int
    days: float
    deeds: int
    found: int
    threats: tuple[Found, ...]
    rules: tuple[Found, ...]
    platforms: tuple[Found, ...]
    false_per_day: Mapping[str, float]
    beside_per_day: Mapping[str, float]
    noisy_agencies: Mapping[str, float]
    detection_s: tuple[float, float] | None
    missed: tuple[tuple[int, str, str], ...]
    over_budget: tuple[RuleNoise, ...]

    @property
    def recall(self) -> float:
        return self.found / self.deeds if self.deeds else 0.0

    def false_from(self, severity: Severity) -> float:
        """False alarms a day of this severity and above."""
        return sum(count for name, count in self.false_per_day.items() if Severity(name).rank >= severity.rank)


@dataclass(slots=True)
class _Tally:
    """Alarms of one rule so far."""

    severity: str = ""
    true: int = 0
    false: int = 0
    beside: int = 0
    entities: Counter[str] = field(default_factory=Counter)


class Judge:
    """Takes alerts as they come, and keeps only what the figures need.

    Args:
        deeds_of: id of an event -> numbers of the deeds it belongs to; filled while the stream is read.
    """

    def __init__(
        self, deeds: Sequence[Deed], rules: Mapping[str, RuleFacts], deeds_of: Mapping[str, Sequence[int]]
    ) -> None:
        self._deeds = {deed.id: deed for deed in deeds}
        self._spans = {deed.id: (parse_iso(deed.start), _latest(deed)) for deed in deeds}
        self._by_threat: dict[str, list[Deed]] = defaultdict(list)
        for deed in deeds:
            self._by_threat[deed.threat].append(deed)
        self._rules, self._deeds_of = rules, deeds_of
        self._first: dict[int, datetime] = {}
        self._found_by: dict[str, set[int]] = defaultdict(set)
        self._tallies: dict[str, _Tally] = defaultdict(_Tally)
        self._false: Counter[tuple[str, str]] = Counter()
        self._beside: Counter[str] = Counter()

    def take(self, alerts: Iterable[Alert]) -> None:
        """Judge these."""
        for alert in alerts:
            rule = self._rules.get(alert.rule_id) or RuleFacts(alert.rule_id, alert.rule_id, frozenset())
            touched = {number for ident in alert.event_ids for number in self._deeds_of.get(ident, ())}
            true_for = [deed for deed in self._claimed(rule) if deed.id in touched or self._is_about(alert, deed)]
            for deed in true_for:
                self._found_by[rule.id].add(deed.id)
                self._first[deed.id] = min(self._first.get(deed.id, alert.last), alert.last)
            if not is_continuation(alert):
                self._count(alert, rule, is_true=bool(true_for), is_beside=bool(touched))

    def quality(self, events: int, days: float, budget: float) -> Quality:
        """The figures of a stream of so many events and days."""
        deeds, days = list(self._deeds.values()), max(days, 1e-9)
        times = sorted(max(0.0, (at - self._spans[n][0]).total_seconds()) for n, at in self._first.items())
        return Quality(
            events=events,
            days=days,
            deeds=len(deeds),
            found=len(self._first),
            threats=self._recall((deed.threat, deed.id) for deed in deeds),
            rules=tuple(self._of_rules()),
            platforms=self._recall((platform, deed.id) for deed in deeds for platform in deed.platforms),
            false_per_day={level.value: self._at(level, days) for level in Severity},
            beside_per_day={level.value: self._beside[level.value] / days for level in Severity},
            noisy_agencies=self._noisy(days),
            detection_s=(median(times), times[int(0.95 * (len(times) - 1))]) if times else None,
            missed=tuple((deed.id, deed.threat, deed.variant) for deed in deeds if deed.id not in self._first),
            over_budget=tuple(self._over(budget, days)),
        )

    def _claimed(self, rule: RuleFacts) -> list[Deed]:
        return [deed for threat in rule.threats for deed in self._by_threat.get(threat, ())]

    def _is_about(self, alert: Alert, deed: Deed) -> bool:
        since, until = self._spans[deed.id]
        if alert.last < since or alert.first > until:
            return False
        named = {value.casefold() for value in alert.entities.values()}
        wanted = {value.casefold() for values in deed.entities.values() for value in values}
        return not named.isdisjoint(wanted | {source.casefold() for source in deed.absent})

    def _count(self, alert: Alert, rule: RuleFacts, *, is_true: bool, is_beside: bool) -> None:
        tally = self._tallies[rule.id]
        tally.severity = alert.severity.value
        if is_true:
            tally.true += 1
            return
        tally.false += 1
        self._false[alert.severity.value, alert.agency] += 1
        if is_beside:
            tally.beside += 1
            self._beside[alert.severity.value] += 1
        tally.entities[", ".join(f"{name}={value}" for name, value in sorted(alert.entities.items()))] += 1

    def _at(self, level: Severity, days: float) -> float:
        return sum(count for (severity, _), count in self._false.items() if severity == level.value) / days

    def _noisy(self, days: float) -> dict[str, float]:
        agencies: Counter[str] = Counter()
        for (_, agency), count in self._false.items():
            agencies[agency] += count
        return {agency: count / days for agency, count in agencies.most_common()}

    def _recall(self, named: Iterable[tuple[str, int]]) -> tuple[Found, ...]:
        groups: dict[str, list[int]] = defaultdict(list)
        for name, number in named:
            groups[name].append(number)
        return tuple(
            Found(name, len(numbers), sum(number in self._first for number in numbers))
            for name, numbers in sorted(groups.items())
        )

    def _of_rules(self) -> Iterator[Found]:
        for rule in sorted(self._rules.values(), key=lambda one: one.name):
            claimed = self._claimed(rule)
            if claimed:
                yield Found(rule.name, len(claimed), len(self._found_by[rule.id]))

    def _over(self, budget: float, days: float) -> Iterator[RuleNoise]:
        for ident, tally in sorted(self._tallies.items(), key=lambda item: -item[1].false):
            if tally.false / days > budget:
                rule = self._rules.get(ident)
                name = rule.name if rule else ident
                common = tuple(tally.entities.most_common(_SHOWN_ENTITIES))
                yield RuleNoise(name, tally.severity, tally.true, tally.false, tally.beside, tally.false / days, common)


def _latest(deed: Deed) -> datetime:
    return parse_iso(deed.end) + (SILENCE_SLACK if deed.absent else SLACK)
