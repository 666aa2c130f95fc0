"""What follows from what: tests on one field that imply or exclude each other, and programs that can never or must always hold.

Sound but not complete: what is reported as impossible is so for every event whose fields hold one value each; much that is impossible
goes unseen.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain
from typing import TypeAlias

from detectors.sigma.predicates import (
    ORDER,
    Anything,
    Compare,
    Exists,
    Literal,
    Network,
    Null,
    Numeral,
    Pattern,
    Place,
    Test,
    TimePart,
)
from detectors.sigma.tree import All, Atom, AtomTable, Leaf, Node, Not, Some

MANY_VALUED = frozenset(
    {
        "dns.answers.data",
        "dns.resolved_ip",
        "event.category",
        "event.type",
        "host.ip",
        "network.forwarded_ip",
        "process.args",
        "related.hash",
        "related.hosts",
        "related.ip",
        "related.user",
        "rule.reference",
        "tags",
        "threat.technique.id",
    }
)
"""Fields that hold lists as a rule: two different values are no contradiction there."""


@dataclass(frozen=True, slots=True)
class Fact:
    """What holds at a place of a program: one of these tests does (or, negated, none does) on one field."""

    field: str | None
    tests: tuple[Test, ...]
    held: bool = True


@dataclass(frozen=True, slots=True)
class _Layer:
    """What the parts of one conjunction tell each other, by field, each with the number of its part."""

    held: Mapping[str | None, list[tuple[int, Fact]]]
    negated: Mapping[str | None, list[tuple[int, Fact]]]

    def on(self, field: str | None, besides: int, *, held: bool) -> Iterator[Fact]:
        """Facts on a field that could decide a test there, but for those of part `besides`."""
        for part, fact in chain(self.held.get(field, ()), self.negated.get(field, ()) if held else ()):
            if part != besides:
                yield fact


_Given: TypeAlias = tuple[tuple[_Layer, int], ...]
"""The conjunctions a part stands in, from outside, each with the number of the part there."""


def is_impossible(node: Node, atoms: AtomTable) -> bool:
    """Whether the program can hold for no event."""
    return _fails(_normal(node, held=True), atoms, ())


def is_certain(node: Node, atoms: AtomTable) -> bool:
    """Whether the program holds for every event."""
    return _fails(_normal(node, held=False), atoms, ())


def _normal(node: Node, *, held: bool) -> Node:
    """Negation normal form of the program, or of its negation: `Not` stands before single tests only."""
    if isinstance(node, Leaf):
        return node if held else Not(node)
    if isinstance(node, Not):
        return _normal(node.part, held=not held)
    parts = tuple(_normal(part, held=held) for part in node.parts)
    return All(parts) if isinstance(node, All) is held else Some(parts)


def _fails(node: Node, atoms: AtomTable, given: _Given) -> bool:
    if isinstance(node, Some):
        return all(_fails(part, atoms, given) for part in node.parts)
    if isinstance(node, All):
        return _conjunction_fails(list(_conjuncts(node)), atoms, given)
    leaf = node.part if isinstance(node, Not) else node
    if not isinstance(leaf, Leaf):
        return False
    held, atom = leaf is node, atoms[leaf.atom]
    return any(
        _contradicts(atom, fact, held=held) for layer, part in given for fact in layer.on(atom.field, part, held=held)
    )


def _conjuncts(node: Node) -> Iterator[Node]:
    for part in node.parts if isinstance(node, All) else ():
        yield from _conjuncts(part) if isinstance(part, All) else (part,)


def _conjunction_fails(parts: list[Node], atoms: AtomTable, given: _Given) -> bool:
    held: dict[str | None, list[tuple[int, Fact]]] = defaultdict(list)
    negated: dict[str | None, list[tuple[int, Fact]]] = defaultdict(list)
    for number, part in enumerate(parts):
        fact = _fact(part, atoms)
        if fact is not None:
            (held if fact.held else negated)[fact.field].append((number, fact))
    layer = _Layer(held, negated)
    return any(_fails(part, atoms, (*given, (layer, number))) for number, part in enumerate(parts))


def _fact(node: Node, atoms: AtomTable) -> Fact | None:
    """What a part tells the parts beside it: a test, its negation, or alternatives on one field."""
    if isinstance(node, Leaf):
        return Fact(atoms[node.atom].field, (atoms[node.atom].test,))
    if isinstance(node, Not) and isinstance(node.part, Leaf):
        return Fact(atoms[node.part.atom].field, (atoms[node.part.atom].test,), held=False)
    if isinstance(node, Some) and node.parts and all(isinstance(part, Leaf) for part in node.parts):
        found = [atoms[part.atom] for part in node.parts if isinstance(part, Leaf)]
        if len({atom.field for atom in found}) == 1:
            return Fact(found[0].field, tuple(atom.test for atom in found))
    return None


def _contradicts(atom: Atom, fact: Fact, *, held: bool) -> bool:
    """Whether a fact on its field rules out that the atom comes out as `held`."""
    if not fact.held:
        return held and any(implies(atom.test, test) for test in fact.tests)
    if not held:
        return all(implies(test, atom.test) for test in fact.tests)
    if atom.field is None or atom.field in MANY_VALUED:
        return False
    return all(excludes(test, atom.test) for test in fact.tests)


_VALUES = (Literal, Pattern, Anything, Numeral, Compare, Network, TimePart)


def implies(one: Test, other: Test) -> bool:
    """Whether every value for which `one` holds makes `other` hold."""
    if one == other:
        return True
    if isinstance(one, _VALUES) and (other == Exists(wanted=True) or isinstance(other, Anything)):
        return True
    text = _only_value(one)
    if text is not None:
        return _is_decided_by_text(other) and other.holds(text)
    if isinstance(one, Literal) and isinstance(other, Literal):
        return _literal_implies(one, other)
    return False


def _literal_implies(one: Literal, other: Literal) -> bool:
    if other.place is Place.CONTAINS:
        return other.needle in one.needle
    if other.place is Place.STARTSWITH and one.place is Place.STARTSWITH:
        return one.needle.startswith(other.needle)
    return other.place is Place.ENDSWITH and one.place is Place.ENDSWITH and one.needle.endswith(other.needle)


def excludes(one: Test, other: Test) -> bool:
    """Whether no single value makes both hold."""
    for first, second in ((one, other), (other, one)):
        if (isinstance(first, Null) or first == Exists(wanted=False)) and _needs_value(second):
            return True
        text = _only_value(first)
        if text is not None and _is_decided_by_text(second) and not second.holds(text):
            return True
    if isinstance(one, Literal) and isinstance(other, Literal):
        return _literals_exclude(one, other)
    return isinstance(one, Compare) and isinstance(other, Compare) and _ranges_exclude(one, other)


def _needs_value(test: Test) -> bool:
    return isinstance(test, _VALUES) or test == Exists(wanted=True)


def _only_value(test: Test) -> str | None:
    """The folded text of the one value for which a test holds."""
    if isinstance(test, Literal) and test.place is Place.EQUALS:
        return test.needle
    return str(test.number) if isinstance(test, Numeral) else None


def _is_decided_by_text(test: Test) -> bool:
    """Whether the folded text of a value is enough to try the test."""
    return isinstance(test, (Literal, Numeral, Compare, Network)) or (isinstance(test, Pattern) and test.folded)


def _literals_exclude(one: Literal, other: Literal) -> bool:
    if one.place is not other.place:
        return False
    short, long = sorted((one.needle, other.needle), key=len)
    if one.place is Place.STARTSWITH:
        return not long.startswith(short)
    return one.place is Place.ENDSWITH and not long.endswith(short)


def _ranges_exclude(one: Compare, other: Compare) -> bool:
    """`gt: 5` with `lt: 3`; tried at the bounds and between, which is enough for two half-lines."""
    middle = (one.bound + other.bound) / 2
    points = (one.bound, other.bound, middle, min(one.bound, other.bound) - 1, max(one.bound, other.bound) + 1)
    return not any(ORDER[one.op](point, one.bound) and ORDER[other.op](point, other.bound) for point in points)
