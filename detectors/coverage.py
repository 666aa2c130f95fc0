"""What ran: per rule and platform, how many events it saw, how many it matched, and which of its fields never came.

A report without an alert is worth something only with this beside it. Exercises are not counted. `Sightings` tells kinds of events and
their fields; `Coverage` counts them for the detector and works out what that means for each rule when asked, and so does `feeds`, which
judges for one source what its fields are good for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from detectors.sigma.adapt import adapt
from detectors.sigma.correlation_rules import CorrelationRule
from detectors.sigma.routing import Origin, fields_for, origin_of
from detectors.sigma.rule import Rule
from detectors.sigma.ruleset import RuleSet
from detectors.sigma.tree import atoms_of
from soc.core.event import Event

Place = TypeVar("Place", bound=Hashable)
MAX_ORIGINS = 5_000
"""Kinds of events told apart; a source that invents datasets must not fill the memory."""
MAX_SHAPES = 20_000
_TELLING = (
    "soc.platform",
    "event.dataset",
    "soc.logsource.product",
    "soc.logsource.category",
    "soc.logsource.service",
    "Channel",
    "EventID",
    "Provider_Name",
    "SourceName",
    "winlog.channel",
    "winlog.event_id",
    "winlog.provider_name",
)
"""Fields whose values decide which rules look at an event; of all others only their presence counts."""


class Kind(NamedTuple, Generic[Place]):
    """Events that every rule treats alike."""

    place: Place
    origin: Origin


@dataclass(frozen=True, slots=True)
class RuleRun:
    """What a rule did on the events of one platform.

    Attributes:
        seen: events it looked at.
        matches: of those it matched; for a correlation, how often it held anew.
        blind: fields it reads that none of those events had; a rule all of whose fields are blind cannot have found anything.
    """

    rule_id: str
    platform: str
    seen: int
    matches: int
    blind: tuple[str, ...]


class Sightings(Generic[Place]):
    """Tells kinds of events: where they come from, and what their documents say of themselves; and knows the fields of each kind.

    Args:
        place: where an event comes from, such as its platform or its source; part of the kind.
    """

    def __init__(self, place: Callable[[Event], Place]) -> None:
        self._place = place
        self._shapes: dict[tuple[object, ...], Kind[Place]] = {}
        self.fields: dict[Kind[Place], set[str]] = {}

    def kind_of(self, event: Event) -> Kind[Place]:
        """The kind of an event, whose fields are remembered."""
        fields = event.fields
        shape = (self._place(event), *map(fields.get, _TELLING), *fields)
        try:
            return self._shapes.get(shape) or self._new_shape(shape, event)
        except TypeError:  # a list in such a field is nobody's dataset; as text it is at least a key
            texts = [str(value) if isinstance(value, list) else value for value in map(fields.get, _TELLING)]
            shape = (self._place(event), *texts, *fields)
            return self._shapes.get(shape) or self._new_shape(shape, event)

    def _new_shape(self, shape: tuple[object, ...], event: Event) -> Kind[Place]:
        """Work out the kind of an event once for all events with the same fields and the same telling values."""
        document = adapt(event.fields)
        kind = Kind(self._place(event), origin_of(document))
        if kind not in self.fields and len(self.fields) >= MAX_ORIGINS:
            kind = Kind(kind.place, Origin(platform=kind.origin.platform))
        self.fields.setdefault(kind, set()).update(document)
        if len(self._shapes) >= MAX_SHAPES:
            self._shapes.clear()
        self._shapes[shape] = kind
        return kind


class Coverage:
    """Counts by kind of event; what that means for each rule is worked out when asked."""

    def __init__(self, ruleset: RuleSet) -> None:
        self._ruleset = ruleset
        self._sightings: Sightings[str] = Sightings(lambda event: event.platform)
        self._seen: Counter[Kind[str]] = Counter()
        self._matches: Counter[tuple[str, str]] = Counter()

    def saw(self, event: Event) -> None:
        """Count an event that the rules look at."""
        self._seen[self._sightings.kind_of(event)] += 1

    def matched(self, rule_id: str, platform: str) -> None:
        """Count a match."""
        self._matches[rule_id, platform] += 1

    def runs(self) -> list[RuleRun]:
        """Every rule on every platform of which it saw an event, rules in order of loading; a correlation sees what its rules see."""
        by_rule = {rule.id: self._of_rule(rule) for rule in self._ruleset.rules}
        for correlation in self._ruleset.correlations:
            by_rule[correlation.id] = _joined(correlation, by_rule)
        return [
            RuleRun(rule_id, platform, seen, self._matches[rule_id, platform], tuple(sorted(blind)))
            for rule_id, platforms in by_rule.items()
            for platform, (seen, blind) in sorted(platforms.items())
        ]

    def _of_rule(self, rule: Rule) -> dict[str, tuple[int, frozenset[str]]]:
        found: dict[str, tuple[int, frozenset[str]]] = {}
        wanted = {
            field for number in atoms_of(rule.program) if (field := self._ruleset.atoms[number].field) is not None
        }
        for (platform, origin), count in self._seen.items():
            names = fields_for(rule.logsource, origin)
            if names is None:
                continue
            present = self._sightings.fields[Kind(platform, origin)]
            blind = frozenset(name for name in wanted if names.get(name, name) not in present)
            seen, before = found.get(platform, (0, blind))
            found[platform] = (seen + count, blind & before)
        return found

    def state(self) -> dict[str, Any]:
        """The counts as JSON values."""
        return {
            "seen": [[platform, origin._asdict(), count] for (platform, origin), count in self._seen.items()],
            "fields": [sorted(self._sightings.fields[kind]) for kind in self._seen],
            "matches": [[rule, platform, count] for (rule, platform), count in self._matches.items()],
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over what `state` gave."""
        kinds = [Kind(str(platform), origin_from(origin)) for platform, origin, _ in state["seen"]]
        self._seen = Counter({kind: count for kind, (_, _, count) in zip(kinds, state["seen"], strict=True)})
        self._sightings = Sightings(lambda event: event.platform)
        self._sightings.fields = {kind: set(names) for kind, names in zip(kinds, state["fields"], strict=True)}
        self._matches = Counter({(rule, platform): count for rule, platform, count in state["matches"]})


def origin_from(found: Mapping[str, Any]) -> Origin:
    """An origin out of its JSON form, perhaps of an older version: parts that no longer exist are left out."""
    known = ((name, found[name]) for name in Origin._fields if name in found)
    parts: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in known}
    return Origin(**parts)


def _joined(
    correlation: CorrelationRule, by_rule: Mapping[str, Mapping[str, tuple[int, frozenset[str]]]]
) -> dict[str, tuple[int, frozenset[str]]]:
    found: dict[str, tuple[int, frozenset[str]]] = {}
    for platform, seen, blind in _sources(correlation, by_rule):
        before, blind_before = found.get(platform, (0, frozenset()))
        found[platform] = (max(before, seen), blind | blind_before)
    return found


def _sources(
    correlation: CorrelationRule, by_rule: Mapping[str, Mapping[str, tuple[int, frozenset[str]]]]
) -> Iterator[tuple[str, int, frozenset[str]]]:
    for source in correlation.sources:
        for platform, (seen, blind) in by_rule.get(source, {}).items():
            yield platform, seen, blind
