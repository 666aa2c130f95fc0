"""The canonical form of a condition: never equal for conditions that differ, equal for every rewriting it promises."""

from __future__ import annotations

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from detectors.rulesets.meaning import canonical
from detectors.sigma.predicates import Literal, Place
from detectors.sigma.tree import All, Atom, AtomTable, Leaf, Node, Not, Some, holds

ATOMS = 3


def table(order: tuple[int, ...] = (0, 1, 2)) -> AtomTable:
    """Three atoms, numbered in some order."""
    atoms = AtomTable()
    for number in order:
        atoms.number(Atom(f"field{number}", Literal(Place.CONTAINS, "x")))
    return atoms


def programs() -> st.SearchStrategy[Node]:
    """Small programs over the atoms."""
    leaves = st.integers(0, ATOMS - 1).map(Leaf)
    return st.recursive(
        leaves,
        lambda parts: st.one_of(
            parts.map(Not),
            st.lists(parts, max_size=3).map(lambda found: All(tuple(found))),
            st.lists(parts, max_size=3).map(lambda found: Some(tuple(found))),
        ),
        max_leaves=6,
    )


def truth(node: Node) -> list[bool]:
    """Its value under every assignment."""
    return [holds(node, lambda number, row=row: row[number]) for row in product((False, True), repeat=ATOMS)]  # type: ignore[misc]


def rewritten(node: Node, chance: st.DataObject) -> Node:
    """The same condition in other words: shuffled, repeated, nested, doubly negated."""
    if isinstance(node, Leaf):
        found: Node = node
    elif isinstance(node, Not):
        found = Not(rewritten(node.part, chance))
    else:
        parts = [rewritten(part, chance) for part in node.parts]
        parts = chance.draw(st.permutations(parts))
        if parts and chance.draw(st.booleans()):
            parts = [*parts, parts[0]]
        if len(parts) > 1 and chance.draw(st.booleans()):
            parts = [parts[0], type(node)(tuple(parts[1:]))]
        found = type(node)(tuple(parts))
    return Not(Not(found)) if chance.draw(st.booleans()) else found


@given(programs(), programs())
def test_conditions_of_one_form_have_one_truth(first: Node, second: Node) -> None:
    if canonical(first, table()) == canonical(second, table()):
        assert truth(first) == truth(second)


@given(programs(), st.data())
def test_another_wording_has_the_same_form(node: Node, data: st.DataObject) -> None:
    assert canonical(rewritten(node, data), table()) == canonical(node, table())


@given(programs(), st.permutations(range(ATOMS)))
def test_the_numbers_of_the_atoms_do_not_show(node: Node, order: list[int]) -> None:
    def renumbered(found: Node) -> Node:
        if isinstance(found, Leaf):
            return Leaf(order.index(found.atom))
        if isinstance(found, Not):
            return Not(renumbered(found.part))
        return type(found)(tuple(renumbered(part) for part in found.parts))

    assert canonical(renumbered(node), table(tuple(order))) == canonical(node, table())
