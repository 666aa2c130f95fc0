"""Why a rule did or did not fire for one event: log source first, then the condition, then the least that would have to differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

from detectors.alert import Explanation
from detectors.sigma.adapt import adapt
from detectors.sigma.explain import explain_program, in_names, labelled
from detectors.sigma.labels import Role
from detectors.sigma.nearness import Near, near_misses
from detectors.sigma.routing import SAME, Fields, Origin, facts, fields_for, origin_of
from detectors.sigma.rule import LogSource, Rule
from detectors.sigma.ruleset import AUTO, RuleSet, normal_of
from detectors.sigma.tree import Leaf, Node, Not
from detectors.sigma.values import Document


@dataclass(frozen=True, slots=True)
class SourceVerdict:
    """Whether an event is of the rule's log source.

    Attributes:
        wanted: of the rule.
        differs: the first part that does not fit, "" when all do: product | category | service.
        found: what the event says of where it comes from; empty for one that says nothing.
        expected: Windows logs that a rule of this category or service reads, as `channel: event numbers`.
        fields: name in the rule -> name in the event, where they differ.
    """

    wanted: LogSource
    differs: str
    found: Mapping[str, object]
    expected: tuple[str, ...]
    fields: Fields = field(default_factory=lambda: SAME)

    @property
    def meets(self) -> bool:
        return not self.differs


@dataclass(frozen=True, slots=True)
class Correction:
    """A test that would have to come out the other way.

    Attributes:
        test: with what it wanted and found.
        must_hold: False for a test that held and should not have, as in a filter.
        search: name of the search it stands in, "" outside of any.
        near: how near it came.
        others: further tests of which one would do instead, in order of the rule.
    """

    test: Explanation
    must_hold: bool
    search: str
    near: tuple[Near, ...] = ()
    others: tuple[Explanation, ...] = ()


@dataclass(frozen=True, slots=True)
class Exclusion:
    """A named part that can take a match away: a search below `not`, or a Sigma filter; and whether it did so."""

    role: str
    name: str
    hid: bool


@dataclass(frozen=True, slots=True)
class Why:
    """Everything about one rule and one event.

    Attributes:
        tree: the condition, evaluated whatever the log source.
        corrections: a smallest set of tests to turn for the condition to hold; empty when it does.
    """

    rule: Rule
    source: SourceVerdict
    tree: Explanation
    exclusions: tuple[Exclusion, ...]
    corrections: tuple[Correction, ...]

    @property
    def fires(self) -> bool:
        return self.source.meets and self.tree.held


def why(ruleset: RuleSet, rule: Rule, document: Document) -> Why:
    """Explain one rule of a set on one document, in any shape the engine takes."""
    routed = ruleset.pipeline == AUTO
    adapted = adapt(document) if routed else document
    if "Provider_Name" not in adapted and "SourceName" in adapted:
        adapted = {**adapted, "Provider_Name": adapted["SourceName"]}
    source = source_verdict(rule.logsource, adapted) if routed else SourceVerdict(rule.logsource, "", {}, ())
    program = in_names(rule.program, ruleset.atoms, source.fields)
    tree = labelled(explain_program(program, ruleset.atoms, adapted, normal_of(ruleset.pipeline)), rule.labels)
    corrections = tuple(_Corrector(ruleset, adapted).turn(program, tree, wanted=True)) if not tree.held else ()
    return Why(rule, source, tree, tuple(_exclusions(tree)), corrections)


def source_verdict(source: LogSource, document: Document) -> SourceVerdict:
    """Whether an adapted document is of a log source."""
    origin = origin_of(document)
    found = {name: value for name, value in origin._asdict().items() if value not in (None, (), (None, None, None))}
    fields = fields_for(source, origin)
    differs = "" if fields is not None else _differing(source, origin)
    return SourceVerdict(source, differs, found, _expected(source), fields or SAME)


def _differing(source: LogSource, origin: Origin) -> str:
    """The first part that rules the event out: the product by itself, then the others beside it."""
    parts = {name: getattr(source, name) for name in ("product", "category", "service")}
    for name in ("product", "category", "service"):
        tried = LogSource(**{key: value for key, value in parts.items() if key in ("product", name)})
        if parts[name] and fields_for(tried, origin) is None:
            return name
    return "service" if source.service else "category" if source.category else "product"


def _expected(source: LogSource) -> tuple[str, ...]:
    table = facts()
    tables = {"windows": (table.categories,), "linux": (table.linux,), "": (table.categories, table.linux)}
    logs = [log for one in tables.get(source.product, ()) for log in one.get(source.category, ())]
    if source.product == "windows" and not source.category:
        logs = list(table.services.get(source.service, ()))
    return tuple(log.channel + (": " + ", ".join(sorted(log.events)) if log.events else "") for log in logs)


def _exclusions(tree: Explanation, *, below_not: bool = False) -> Iterator[Exclusion]:
    if tree.role == Role.FILTER:
        yield Exclusion(tree.role, tree.name, hid=not tree.held)
    elif tree.role == Role.SEARCH and below_not:
        yield Exclusion(tree.role, tree.name, hid=tree.held)
    else:
        for child in tree.children:
            yield from _exclusions(child, below_not=below_not ^ (tree.kind == "not"))


_Cost = tuple[int, int]
"""How many tests to turn, and how far they are from it: 0 near, 1 another value, 2 no such field."""


class _Corrector:
    """Finds a smallest set of tests to turn; among equals the nearest, then the first of the rule.

    Each test counts where it stands: a test that the rule names twice counts twice.
    """

    def __init__(self, ruleset: RuleSet, document: Document) -> None:
        self._atoms, self._document = ruleset.atoms, document
        self._near: dict[int, tuple[Near, ...]] = {}
        self._costs: dict[tuple[int, bool], _Cost] = {}

    def turn(self, node: Node, tree: Explanation, *, wanted: bool, search: str = "") -> Iterator[Correction]:
        """The tests to turn so that `node` comes out as `wanted`."""
        if tree.held is wanted:
            return
        search = tree.name or search
        if isinstance(node, Leaf):
            yield Correction(tree, wanted, search, self._near_misses(node) if wanted else ())
        elif isinstance(node, Not):
            yield from self.turn(node.part, tree.children[0], wanted=not wanted, search=search)
        elif (tree.kind == "and") is wanted:
            for part, child in zip(node.parts, tree.children, strict=True):
                yield from self.turn(part, child, wanted=wanted, search=search)
        else:
            yield from self._cheapest(list(zip(node.parts, tree.children, strict=True)), wanted, search)

    def _cheapest(self, parts: list[tuple[Node, Explanation]], wanted: bool, search: str) -> Iterator[Correction]:
        if not parts:
            return
        node, tree = min(parts, key=lambda pair: self._cost(pair[0], pair[1], wanted))
        chosen = list(self.turn(node, tree, wanted=wanted, search=search))
        if isinstance(node, Leaf):
            others = tuple(other for part, other in parts if isinstance(part, Leaf) and part != node)
            chosen = [replace(chosen[0], others=others)]
        yield from chosen

    def _cost(self, node: Node, tree: Explanation, wanted: bool) -> _Cost:
        key = (id(tree), wanted)
        if key not in self._costs:
            self._costs[key] = self._counted(node, tree, wanted)
        return self._costs[key]

    def _counted(self, node: Node, tree: Explanation, wanted: bool) -> _Cost:
        if tree.held is wanted:
            return 0, 0
        if isinstance(node, Leaf):
            return 1, 2 if tree.missing else 0 if wanted and self._near_misses(node) else 1
        if isinstance(node, Not):
            return self._cost(node.part, tree.children[0], not wanted)
        costs = [self._cost(part, child, wanted) for part, child in zip(node.parts, tree.children, strict=True)]
        if (tree.kind == "and") is wanted:
            return sum(count for count, _ in costs), sum(far for _, far in costs)
        return min(costs, default=(1_000_000, 0))

    def _near_misses(self, leaf: Leaf) -> tuple[Near, ...]:
        if leaf.atom not in self._near:
            self._near[leaf.atom] = near_misses(self._atoms[leaf.atom], self._document)
        return self._near[leaf.atom]
