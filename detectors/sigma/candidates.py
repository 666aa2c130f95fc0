"""Which events of a store may match a rule: a condition that every match answers, to be asked of the store before the engine decides.

A superset is the law, tightness only speed. What a store cannot say of a test is left out of an `and`, and makes an `or` mean everything; a
negation narrows only by what surely holds. Events where a store does not see a field of the rule letter for letter (`Altered`) stay in,
so that no long value, no odd spelling and no unknown field is a silent miss. A correlation is fed by the matches of its rules alone, so
its candidates are theirs.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from detectors.sigma.candidate_sources import (
    WINLOGBEAT,
    Places,
    Route,
    as_written,
    in_any_form,
    in_plain_form,
    routes,
)
from detectors.sigma.candidate_terms import Bounds, bounds, present
from detectors.sigma.predicates import Exists, Null, SameAs, Test
from detectors.sigma.routing import SAME, Fields
from detectors.sigma.rule import LogSource, Rule
from detectors.sigma.ruleset import AUTO, RuleSet
from detectors.sigma.tree import All, Atom, AtomTable, Leaf, Node, Not
from soc.storage.conditions import (
    EVERYTHING,
    NOTHING,
    AllOf,
    Altered,
    AnyOf,
    Between,
    Condition,
    Equals,
    Like,
    Words,
    all_of,
    any_of,
    none_of,
)

WINLOGBEAT_EVENTS = any_of((present("winlog"), present(WINLOGBEAT)))
"""Events that rules may read in Winlogbeat's form."""


class Anchor(StrEnum):
    """By what candidates are found."""

    VALUES = "values"
    """Values that the rule asks for."""
    SOURCE = "source"
    """Its log source alone, or that some field is there."""
    NOTHING = "nothing"
    """Every event is a candidate."""


@dataclass(frozen=True, slots=True)
class Candidates:
    """The events that may match.

    Attributes:
        condition: every event that matches answers it.
        anchor: the weakest of the ways in which an event may become a candidate; fields with altered values aside.
        size: how many things are asked for.
    """

    condition: Condition
    anchor: Anchor
    size: int


class CandidateFinder:
    """Makes the conditions of the rules of one rule set.

    Args:
        ruleset: the rules.
        winlogbeat: whether the store may hold events in Winlogbeat's form; when not, conditions are about half as long.
    """

    def __init__(self, ruleset: RuleSet, *, winlogbeat: bool = True) -> None:
        self._ruleset, self._winlogbeat = ruleset, winlogbeat
        self._known: dict[tuple[LogSource, Places], list[Route]] = {}

    def of_rule(self, rule: Rule) -> Candidates:
        """The candidates of one rule, filters on it included."""
        return self._of([rule])

    def of_ruleset(self, limit: int) -> Candidates | None:
        """The candidates of all rules together, those that correlations look at among them; None when more is asked for than `limit`."""
        asked = 0
        for rule in self._ruleset.rules:
            asked += self.of_rule(rule).size
            if asked > limit:
                return None
        return self._of(self._ruleset.rules)

    def _of(self, rules: Iterable[Rule]) -> Candidates:
        ways = [way for rule in rules for way in self._ways(rule) if way.condition != NOTHING]
        always = (present("winlog"),) if self._winlogbeat else ()
        condition = any_of((*always, *(way.condition for way in ways)))
        weakest = max((way.anchor for way in ways), key=list(Anchor).index, default=Anchor.VALUES)
        return Candidates(condition, weakest, sum(1 for _ in _leaves(condition)))

    def _ways(self, rule: Rule) -> Iterator[_Way]:
        if self._ruleset.pipeline != AUTO:
            yield self._way(rule, Route(EVERYTHING, SAME), as_written)
            return
        for route in self._routes(rule.logsource, in_plain_form):
            yield self._way(rule, route, in_plain_form)
        if self._winlogbeat:
            for route in self._routes(rule.logsource, in_any_form):
                found = all_of((present(WINLOGBEAT), route.events))
                yield self._way(rule, Route(found, route.fields), in_any_form)

    def _routes(self, source: LogSource, places: Places) -> list[Route]:
        """The same for every rule of a log source, and worked out once."""
        found = self._known.get((source, places))
        if found is None:
            found = self._known[source, places] = routes(source, places)
        return found

    def _way(self, rule: Rule, route: Route, places: Places) -> _Way:
        asked = _Reader(self._ruleset.atoms, route.fields, places).program(rule.program).most
        condition = all_of((route.events, asked))
        if _asks_for_a_value(asked):
            return _Way(condition, Anchor.VALUES)
        return _Way(condition, Anchor.NOTHING if condition == EVERYTHING else Anchor.SOURCE)


class _Way(NamedTuple):
    """One of the ways in which an event may come to match a rule."""

    condition: Condition
    anchor: Anchor


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads programs for one way to a rule.

    Attributes:
        fields: name in the rule -> name in the event, where they differ.
        places: of a field of the event in the store.
    """

    atoms: AtomTable
    fields: Fields
    places: Places

    def program(self, node: Node) -> Bounds:
        """What a store can say of a condition."""
        if isinstance(node, Leaf):
            return self._atom(self.atoms[node.atom])
        if isinstance(node, Not):
            part = self.program(node.part)
            return Bounds(none_of(part.least), none_of(part.most))
        join = all_of if isinstance(node, All) else any_of
        parts = [self.program(part) for part in node.parts]
        return Bounds(join(part.most for part in parts), join(part.least for part in parts))

    def _atom(self, atom: Atom) -> Bounds:
        """A keyword looks at every value, which no store can be asked; any other test at one field, in whichever place that stands."""
        if atom.field is None:
            return Bounds(EVERYTHING)
        places = self.places(self.fields.get(atom.field, atom.field))
        found = [bounds(place, test) for place in places for test in self._tests(atom.test)]
        if len(found) == 1:
            return found[0]
        if _holds_by_absence(atom.test):
            return Bounds(found[0].most)  # what stands under its own name is always read
        return Bounds(any_of(one.most for one in found))

    def _tests(self, test: Test) -> list[Test]:
        """The test, for each place of the other field where it compares two."""
        if isinstance(test, SameAs):
            return [SameAs(place, test.place) for place in self.places(test.other)]
        return [test]


def _holds_by_absence(test: Test) -> bool:
    return isinstance(test, Null) or (isinstance(test, Exists) and not test.wanted)


def _asks_for_a_value(condition: Condition) -> bool:
    match condition:
        case Equals() | Like() | Between() | Words():
            return True
        case AllOf(parts):
            return any(map(_asks_for_a_value, parts))
        case AnyOf(parts):
            return all(isinstance(part, Altered) or _asks_for_a_value(part) for part in parts)
        case _:
            return False


def _leaves(condition: Condition) -> Iterator[Condition]:
    if isinstance(condition, (AllOf, AnyOf)):
        for part in condition.parts:
            yield from _leaves(part)
    else:
        yield condition
