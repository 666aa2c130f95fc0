"""Boolean programs over atoms: what a condition becomes once names and modifiers are resolved."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

from detectors.sigma.predicates import Anything, Exists, Null, Test


@dataclass(frozen=True, slots=True)
class Atom:
    """One test on one field; `field` is None for a keyword, which looks at every value."""

    field: str | None
    test: Test


@dataclass(frozen=True, slots=True)
class Leaf:
    """An atom of the program, by its number in the rule set."""

    atom: int


@dataclass(frozen=True, slots=True)
class All:
    """Every part must hold; holds without parts."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """At least one part must hold; never holds without parts."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The part must not hold."""

    part: Node


Node: TypeAlias = Leaf | All | Some | Not

TRUE = All(())
FALSE = Some(())


class AtomTable:
    """Every distinct atom once, numbered in order of arrival."""

    def __init__(self, atoms: Iterable[Atom] = ()) -> None:
        self._atoms = list(atoms)
        self._numbers: dict[Atom, int] | None = None

    def number(self, atom: Atom) -> int:
        """The number of `atom`, a new one for a new atom."""
        if self._numbers is None:  # a table out of the cache seldom gets a new atom
            self._numbers = {known: number for number, known in enumerate(self._atoms)}
        found = self._numbers.get(atom)
        if found is None:
            found = self._numbers[atom] = len(self._atoms)
            self._atoms.append(atom)
        return found

    def __getitem__(self, number: int) -> Atom:
        return self._atoms[number]

    def __len__(self) -> int:
        return len(self._atoms)

    def __iter__(self) -> Iterator[Atom]:
        return iter(self._atoms)


def all_of(parts: tuple[Node, ...]) -> Node:
    """A conjunction, without a needless level."""
    return parts[0] if len(parts) == 1 else All(parts)


def some_of(parts: tuple[Node, ...]) -> Node:
    """A disjunction, without a needless level."""
    return parts[0] if len(parts) == 1 else Some(parts)


def holds(node: Node, true: Callable[[int], bool]) -> bool:
    """Whether the program holds when `true` says which atoms do."""
    if isinstance(node, Leaf):
        return true(node.atom)
    if isinstance(node, All):
        return all(holds(part, true) for part in node.parts)
    if isinstance(node, Some):
        return any(holds(part, true) for part in node.parts)
    return not holds(node.part, true)


def atoms_of(node: Node) -> Iterator[int]:
    """Numbers of the atoms, with repetitions, in order of the rule."""
    if isinstance(node, Leaf):
        yield node.atom
    elif isinstance(node, Not):
        yield from atoms_of(node.part)
    else:
        for part in node.parts:
            yield from atoms_of(part)


def renamed(node: Node, number: Callable[[int], int]) -> Node:
    """The same program over other atoms."""
    if isinstance(node, Leaf):
        return Leaf(number(node.atom))
    if isinstance(node, Not):
        return Not(renamed(node.part, number))
    return type(node)(tuple(renamed(part, number) for part in node.parts))


def simplified(node: Node, known: Callable[[int], bool | None]) -> Node:
    """The program with the atoms folded away whose truth is `known`; TRUE and FALSE for a constant one."""
    if isinstance(node, Leaf):
        truth = known(node.atom)
        return node if truth is None else (TRUE if truth else FALSE)
    if isinstance(node, Not):
        part = simplified(node.part, known)
        return FALSE if part == TRUE else TRUE if part == FALSE else Not(part)
    stop, skip = (FALSE, TRUE) if isinstance(node, All) else (TRUE, FALSE)
    parts = []
    for child in node.parts:
        part = simplified(child, known)
        if part == stop:
            return stop
        if part != skip:
            parts.append(part)
    return (all_of if isinstance(node, All) else some_of)(tuple(parts)) if parts else skip


def satisfying(node: Node, true: Callable[[int], bool]) -> Iterator[int]:
    """The atoms that made a program hold that does hold: true atoms on true branches, outside of any negation."""
    if isinstance(node, Leaf):
        yield node.atom
    elif isinstance(node, (All, Some)):
        for part in node.parts:
            if holds(part, true):
                yield from satisfying(part, true)


def anchors(node: Node, atoms: AtomTable) -> frozenset[int] | None:
    """Atoms of which at least one must hold for the program to hold; None when it can hold without any."""
    if isinstance(node, Leaf):
        return frozenset((node.atom,))
    if isinstance(node, Not):
        return None
    sets = [anchors(part, atoms) for part in node.parts]
    if isinstance(node, Some):
        known = [found for found in sets if found is not None]
        return frozenset[int]().union(*known) if len(known) == len(sets) else None
    return min((found for found in sets if found is not None), key=lambda found: _cost(found, atoms), default=None)


def _cost(found: frozenset[int], atoms: AtomTable) -> int:
    """How often an anchor set will call for an evaluation: tests that hold for nearly every event are bad anchors."""
    return sum(300 if isinstance(atoms[atom].test, (Null, Anything, Exists)) else 1 for atom in found)
