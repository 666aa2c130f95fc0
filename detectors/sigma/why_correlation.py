"""Why a correlation did or did not fire over given events: what its rules matched, what they lacked, how far each window came."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from detectors.sigma.correlate import Correlator
from detectors.sigma.correlation_rules import CorrelationRule, CorrelationType
from detectors.sigma.engine import Engine
from detectors.sigma.measure import Entry, Value, gauge_maker
from detectors.sigma.moments import from_us, moment_us
from detectors.sigma.readings import default_partition, plain
from detectors.sigma.rule import Rule
from detectors.sigma.ruleset import NONE, RuleSet
from detectors.sigma.values import MISSING, Document, number

_MOST_GROUPS = 10


@dataclass(frozen=True, slots=True)
class SourceCount:
    """What one of the rules of a correlation gave.

    Attributes:
        rule: name, or id of a rule without one.
        matches: events it matched, or times an inner correlation held.
        untimed: of those, events without a readable time.
        without: field -> of those, events that lack it, by `group-by` or `field`; they take no part.
    """

    rule: str
    matches: int
    untimed: int
    without: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class GroupCount:
    """The window of one group that came nearest.

    Attributes:
        group: field -> value that keeps it apart, agency and exercise among them when the events have such marks.
        events: matches of the group in all.
        measured: the number the condition is about, in that window.
        inside: matches inside that window.
        holds: whether the condition holds there.
    """

    group: Mapping[str, object]
    events: int
    measured: float
    inside: int
    first: datetime
    last: datetime
    holds: bool


@dataclass(frozen=True, slots=True)
class CorrelationWhy:
    """Everything about one correlation over a run of events.

    Attributes:
        needed: the condition, as written in bounds ("gte 5"), or the names of the rules for one without.
        groups: nearest first, at most ten.
        further_groups: how many are not listed.
    """

    rule: CorrelationRule
    span: timedelta
    needed: str
    sources: tuple[SourceCount, ...]
    groups: tuple[GroupCount, ...]
    further_groups: int

    @property
    def fires(self) -> bool:
        return any(group.holds for group in self.groups)


@dataclass(frozen=True, slots=True)
class _Happening:
    source: str
    time: int | None
    value_of: Callable[[str], object]
    document: Document
    ref: str


def why_correlation(ruleset: RuleSet, rule: CorrelationRule, documents: Iterable[Document]) -> CorrelationWhy:
    """Explain a correlation of a rule set over documents, in their order."""
    happened = list(_happenings(ruleset, rule, documents))
    every: list[Rule | CorrelationRule] = [*ruleset.rules, *ruleset.correlations]
    names = {one.id: one.name or one.id for one in every}
    marks = () if ruleset.pipeline == NONE else default_partition(rule)
    windows: dict[tuple[object, ...], list[Entry]] = defaultdict(list)
    for happening in happened:
        for key, entry in _entries(rule, marks, happening):
            windows[key].append(entry)
    fields = (*marks, *rule.group_by)
    groups = [_nearest(rule, dict(zip(fields, key, strict=True)), entries) for key, entries in windows.items()]
    groups.sort(key=lambda group: (not group.holds, -group.measured, -group.inside))
    return CorrelationWhy(
        rule=rule,
        span=timedelta(microseconds=rule.span_us),
        needed=_needed(rule),
        sources=tuple(_count(rule, source, names, happened) for source in dict.fromkeys(rule.sources)),
        groups=tuple(groups[:_MOST_GROUPS]),
        further_groups=max(0, len(groups) - _MOST_GROUPS),
    )


def _happenings(ruleset: RuleSet, rule: CorrelationRule, documents: Iterable[Document]) -> Iterator[_Happening]:
    engine, correlator = Engine(ruleset), Correlator(ruleset)
    wanted = frozenset(rule.sources)
    for position, document in enumerate(documents):
        ref = str(position)
        matches = engine.match(document)
        for match in matches:
            if match.rule.id in wanted:
                time = moment_us(match.document)
                yield _Happening(match.rule.id, time, match.value_of, match.document, ref)
        for firing in correlator.feed(document, matches, ref):
            if firing.rule.id in wanted:
                inner = dict(firing.group)

                def value_of(name: str, inner: Mapping[str, object] = inner, of: Document = firing.document) -> object:
                    return inner[name] if name in inner else of.get(name, MISSING)

                moment = moment_us({"@timestamp": firing.last.isoformat()})
                yield _Happening(firing.rule.id, moment, value_of, firing.document, ref)


def _read(rule: CorrelationRule, happening: _Happening, name: str) -> str | int | float | None:
    """The value under the name the rule has for it; an inner correlation knows the alias itself."""
    own = rule.field_for(name, happening.source)
    value = happening.value_of(own)
    return plain(happening.value_of(name) if value is MISSING and own != name else value)


def _measured_value(rule: CorrelationRule, happening: _Happening) -> Value:
    found = tuple(_read(rule, happening, name) for name in rule.criteria.fields)
    if rule.type is not CorrelationType.VALUE_COUNT:
        return number(found[0])
    return None if None in found else tuple(str(value) for value in found)


def _entries(
    rule: CorrelationRule, marks: Sequence[str], happening: _Happening
) -> Iterator[tuple[tuple[object, ...], Entry]]:
    """The happening in its group, once for each place its rule has in the correlation; none when it takes no part."""
    group = tuple(_read(rule, happening, name) for name in rule.group_by)
    value = _measured_value(rule, happening) if rule.type.reads_values else None
    if happening.time is None or None in group or (rule.type.reads_values and value is None):
        return
    key = (*(plain(happening.document.get(name)) for name in marks), *group)
    places = [index for index, source in enumerate(rule.sources) if source == happening.source]
    for index in places if rule.type.is_temporal else places[:1]:
        yield key, Entry(happening.time, index, value, happening.ref, happening.ref, ())


def _nearest(rule: CorrelationRule, group: Mapping[str, object], entries: list[Entry]) -> GroupCount:
    """The window that holds, else the one that measured most."""
    if not rule.type.is_temporal:  # one event is one event, though two of the rules match it
        entries = list({entry.event: entry for entry in reversed(entries)}.values())
    entries = sorted(entries, key=lambda entry: (entry.time, entry.source))
    gauge, inside, best = gauge_maker(rule)(), deque[Entry](), None
    for index, entry in enumerate(entries):
        while inside and inside[0].time < entry.time - rule.span_us:
            gauge.drop(inside.popleft())
        gauge.add(entry)
        inside.append(entry)
        if index + 1 < len(entries) and entries[index + 1].time == entry.time:
            continue  # a window is judged once all events of its last moment are in it
        since = entry.time - rule.span_us
        told = (gauge.holds(since), gauge.measured(since), len(inside), inside[0].time, entry.time)
        best = told if best is None or told[:3] > best[:3] else best
    holds, measured, size, first, last = best or (False, 0.0, 0, 0, 0)
    shown = {name: value for name, value in group.items() if value is not None}
    return GroupCount(shown, len(entries), measured, size, from_us(first), from_us(last), holds)


def _needed(rule: CorrelationRule) -> str:
    if rule.expression is not None:
        return ", ".join(rule.references)
    return " ".join(f"{op} {bound:g}" for op, bound in rule.criteria.bounds)


def _count(rule: CorrelationRule, source: str, names: Mapping[str, str], happened: Sequence[_Happening]) -> SourceCount:
    mine = [happening for happening in happened if happening.source == source]
    fields = dict.fromkeys((*rule.group_by, *(rule.criteria.fields if rule.type.reads_values else ())))
    without = Counter(name for happening in mine for name in fields if _read(rule, happening, name) is None)
    return SourceCount(names[source], len(mine), sum(one.time is None for one in mine), dict(without))
