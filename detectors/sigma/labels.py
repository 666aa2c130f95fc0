"""Where in a program the named parts of a rule stand, so that an explanation can speak of `selection` and `filter_main_1`.

Kept beside the program and not in it: matching never looks at names. A place is the way down from the root, as positions among the
parts (0 below a negation); it survives whatever keeps the shape of the program.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import NamedTuple, TypeAlias

from detectors.sigma.tree import Leaf, Node, Not


class Role(StrEnum):
    """What a named part is."""

    SEARCH = "search"
    FILTER = "filter"


class Label(NamedTuple):
    """The name of a part: that of the search in the rule, or the title of a Sigma filter."""

    role: Role
    name: str


Place: TypeAlias = tuple[int, ...]
Labels: TypeAlias = Mapping[Place, Label]


def search_labels(program: Node, searches: Mapping[str, Node]) -> Labels:
    """The places at which the condition uses the programs of its searches, which are known by identity."""
    names = {id(node): name for name, node in reversed(list(searches.items()))}
    return {place: Label(Role.SEARCH, names[id(node)]) for place, node in _named(program, names, ())}


def _named(node: Node, names: Mapping[int, str], place: Place) -> Iterator[tuple[Place, Node]]:
    if id(node) in names:
        yield place, node
    elif not isinstance(node, Leaf):
        for index, part in enumerate(parts_of(node)):
            yield from _named(part, names, (*place, index))


def parts_of(node: Node) -> tuple[Node, ...]:
    """The parts of a node, by the positions that places count."""
    if isinstance(node, Leaf):
        return ()
    return (node.part,) if isinstance(node, Not) else node.parts


def filtered_labels(rule: Labels, filters: Sequence[tuple[str, Labels]]) -> Labels:
    """The labels of the conjunction of a rule and the filters on it, given with their titles."""
    found = {(0, *place): label for place, label in rule.items()}
    for position, (title, labels) in enumerate(filters, 1):
        found[position,] = Label(Role.FILTER, title)
        found |= {(position, *place): label for place, label in labels.items() if place}
    return found
