"""Rules that hold one after another.

Of a chain of events only its first matters for a sliding window: it is inside as long as that one is. So for every chain the latest
start it can have is remembered, and nothing needs taking back when the window moves on.

Events of one instant have no order among them: they count as in order, whichever came first. An event takes one step of a chain
only; of one instant, events are taken by their lowest rule, then by their highest.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

from detectors.sigma.faults import RuleFault
from detectors.sigma.tree import Leaf, Node, Not, Some
from soc.core.i18n import msg

_NEVER = -(2**63)
MAX_TERMS = 256
Term = tuple[tuple[int, ...], frozenset[int]]
"""Rules that must hold one after another, in the order of the correlation, and rules that must not hold at all."""


def terms(expression: Node) -> tuple[Term, ...]:
    """An extended condition as alternatives of which one must hold.

    Raises:
        RuleFault: more than MAX_TERMS alternatives.
    """
    found = dict.fromkeys(
        (tuple(sorted(wanted)), frozenset(absent))
        for wanted, absent in _alternatives(expression, negated=False)
        if not wanted & absent
    )
    return tuple(found)


def _alternatives(node: Node, *, negated: bool) -> list[tuple[set[int], set[int]]]:
    if isinstance(node, Leaf):
        return [(set(), {node.atom})] if negated else [({node.atom}, set())]
    if isinstance(node, Not):
        return _alternatives(node.part, negated=not negated)
    parts = [_alternatives(part, negated=negated) for part in node.parts]
    if isinstance(node, Some) != negated:
        return _checked([term for part in parts for term in part])
    joined: list[tuple[set[int], set[int]]] = [(set(), set())]
    for part in parts:
        joined = _checked([(a | c, b | d) for (a, b), (c, d) in product(joined, part)])
    return joined


def _checked(found: list[tuple[set[int], set[int]]]) -> list[tuple[set[int], set[int]]]:
    if len(found) > MAX_TERMS:
        raise RuleFault(
            msg("điều kiện có hơn {limit} cách thỏa mãn", limit=MAX_TERMS),
            ("condition",),
            advice=msg("chia thành nhiều tương quan"),
        )
    return found


class Chains:
    """How far chains of rules came, with the latest start of each.

    Args:
        sources: number of rules of the correlation.
        paths: rules, in order, of the chains that are asked for by `walked`.
    """

    __slots__ = ("_before", "_events", "_masks", "_now", "_paths", "_sources", "_time")

    def __init__(self, sources: int, paths: Sequence[tuple[int, ...]]) -> None:
        self._sources, self._paths = sources, paths
        # starts[source][length]: of chains of any rules; then one row per path.
        self._now = [[_NEVER] * (sources + 1) for _ in range(sources)] + [[_NEVER] * len(path) for path in paths]
        self._before = self._now
        self._time = _NEVER
        self._events: dict[str, int] = {}
        self._masks: dict[int, int] = {}

    def add(self, time: int, event: str, source: int) -> None:
        """Take in that a rule held; times don't go back."""
        if time != self._time:
            self._time, self._before = time, self._now
            self._events, self._masks = {}, {}
        old = self._events.get(event, 0)
        new = old | 1 << source
        if new == old:
            return
        self._events[event] = new
        if old:
            self._masks[old] -= 1
        self._masks[new] = self._masks.get(new, 0) + 1
        if old or self._masks[new] <= new.bit_count():  # more of the same in one instant lead no further
            self._replay()

    def _replay(self) -> None:
        """The instant anew, its events in their fixed order; rows are replaced, never changed."""
        self._now = self._before.copy()
        masks = sorted(self._masks, key=_by_lowest_and_highest) if len(self._masks) > 1 else self._masks
        for mask in masks:
            for _ in range(min(self._masks[mask], mask.bit_count())):
                self._step(mask)

    def _step(self, mask: int) -> None:
        for source in range(self._sources - 1, -1, -1):  # backwards, so that no event follows itself
            if mask >> source & 1:
                self._lengthen(source)
        for index, path in enumerate(self._paths, self._sources):
            self._walk(index, path, mask)

    def _lengthen(self, source: int) -> None:
        row = self._now[source].copy()
        row[1] = self._time
        for lower in self._now[:source]:
            for length in range(2, source + 2):
                row[length] = max(row[length], lower[length - 1])
        self._now[source] = row

    def _walk(self, index: int, path: tuple[int, ...], mask: int) -> None:
        row = self._now[index].copy()
        for place in range(len(path) - 1, -1, -1):
            if mask >> path[place] & 1:
                row[place] = max(row[place], row[place - 1] if place else self._time)
        self._now[index] = row

    def longest(self, since: int) -> int:
        """Length of the longest chain of different rules, in their order, that began at `since` or later."""
        best = 0
        for row in self._now[: self._sources]:
            while best < self._sources and row[best + 1] >= since:  # a longer chain began no later
                best += 1
        return best

    def walked(self, path: int, since: int) -> bool:
        """Whether the chain of that index was completed with a start at `since` or later."""
        row = self._now[self._sources + path]
        return not row or row[-1] >= since


def _by_lowest_and_highest(mask: int) -> tuple[int, int, int]:
    return (mask & -mask, mask.bit_length(), mask)
