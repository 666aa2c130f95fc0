"""What a source is good for: per rule, how many of its events the rule looks at and which of the rule's fields they never had."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from detectors.coverage import Kind, Sightings
from detectors.sigma.adapt import adapt
from detectors.sigma.correlation_rules import CorrelationRule
from detectors.sigma.routing import Fields, Origin, select
from detectors.sigma.rule import Rule
from detectors.sigma.ruleset import RuleSet
from detectors.sigma.state import RuleState, best_state, state_of
from detectors.sigma.tree import atoms_of
from detectors.sigma.values import Document
from soc.core.event import Event


@dataclass(frozen=True, slots=True)
class Sighting:
    """Events of one kind.

    Attributes:
        fields: names that any of them had, in the form `adapt` gives them.
        events: how many.
    """

    origin: Origin
    fields: frozenset[str]
    events: int = 0


@dataclass(frozen=True, slots=True)
class Feed:
    """What one source gives to one rule.

    Attributes:
        state: whether the rule can fire on it; of a correlation, whether one of its rules can and its groups can be told apart.
        seen: events that the rule looks at.
        blind: fields that the rule reads and none of those events had.
    """

    rule_id: str
    state: RuleState
    seen: int
    blind: tuple[str, ...]


def feeds(ruleset: RuleSet, sightings: Sequence[Sighting]) -> list[Feed]:
    """Every rule that looks at any of the events, rules in order of loading; a rule that is not there has no source here."""
    found: dict[str, Feed] = {}
    meant: dict[str, list[tuple[Sighting, Fields]]] = {}
    sources = {rule.logsource for rule in ruleset.rules}
    routed = [(one, select(sources, one.origin)) for one in sightings]
    for rule in ruleset.rules:
        looked = [(one, names[rule.logsource]) for one, names in routed if rule.logsource in names]
        if looked:
            meant[rule.id] = looked
            found[rule.id] = _of_rule(ruleset, rule, looked)
    for correlation in ruleset.correlations:  # each stands after those it refers to
        feed = _of_correlation(correlation, found, meant)
        if feed is not None:
            found[correlation.id] = feed
            meant[correlation.id] = [pair for source in correlation.sources for pair in meant.get(source, ())]
    return list(found.values())


def _of_rule(ruleset: RuleSet, rule: Rule, looked: Sequence[tuple[Sighting, Fields]]) -> Feed:
    read = {name for number in atoms_of(rule.program) if (name := ruleset.atoms[number].field) is not None}
    present = {name for one, names in looked for name in read if names.get(name, name) in one.fields}
    states = (state_of(rule.program, ruleset.atoms, one.fields, names) for one, names in looked)
    return Feed(rule.id, best_state(states), sum(one.events for one, _ in looked), tuple(sorted(read - present)))


def _of_correlation(
    correlation: CorrelationRule,
    found: Mapping[str, Feed],
    meant: Mapping[str, Sequence[tuple[Sighting, Fields]]],
) -> Feed | None:
    """None when no rule of it looks at the events."""
    inner = [found[source] for source in dict.fromkeys(correlation.sources) if source in found]
    if not inner:
        return None
    missing = tuple(sorted(set(_ungrouped(correlation, meant))))
    blind = {name for feed in inner for name in feed.blind} | set(missing)
    state = RuleState.BLIND if missing else best_state(feed.state for feed in inner)
    return Feed(correlation.id, state, max(feed.seen for feed in inner), tuple(sorted(blind)))


def _ungrouped(correlation: CorrelationRule, meant: Mapping[str, Sequence[tuple[Sighting, Fields]]]) -> Iterator[str]:
    """Fields of `group-by` that no event has: without them an event belongs to no group."""
    for name in correlation.group_by:
        own = [
            (one, names, correlation.field_for(name, source))
            for source in correlation.sources
            for one, names in meant.get(source, ())
        ]
        if not any(names.get(field, field) in one.fields for one, names, field in own):
            yield name


class DocumentCoverage:
    """What there was to see in documents that are only passing by, as in a run over files."""

    def __init__(self) -> None:
        self._sightings: Sightings[str] = Sightings(lambda _: "")
        self._seen: Counter[Kind[str]] = Counter()

    def saw(self, document: Document) -> None:
        """Count a document as the engine is given it."""
        flat = dict(adapt(document))  # a nested document tells its fields only once it is flat
        self._seen[self._sightings.kind_of(Event(flat))] += 1  # type: ignore[arg-type]

    def sightings(self) -> list[Sighting]:
        """The kinds of documents seen."""
        fields = self._sightings.fields
        return [Sighting(kind.origin, frozenset(fields[kind]), count) for kind, count in self._seen.items()]


def joined(sightings: Iterable[Sighting]) -> list[Sighting]:
    """The same kinds seen in several places, as one each."""
    found: dict[Origin, Sighting] = {}
    for one in sightings:
        known = found.get(one.origin, Sighting(one.origin, frozenset()))
        found[one.origin] = Sighting(one.origin, known.fields | one.fields, known.events + one.events)
    return list(found.values())
