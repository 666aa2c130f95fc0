"""What a correlation measures over one window, kept up to date as events enter and leave it.

A gauge holds the events of one window and answers at once; nothing is counted anew for the next event. Numbers are exact: sums of
floats are kept without rounding, so it makes no difference in which order events came and went.
"""

from __future__ import annotations

import math
import operator
from bisect import bisect_left, insort
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import NamedTuple, Protocol, TypeAlias

from detectors.sigma.correlation_rules import CorrelationRule, CorrelationType
from detectors.sigma.sequence import Chains, terms
from detectors.sigma.tree import holds

Value: TypeAlias = str | int | float | tuple[str, ...] | None
Test: TypeAlias = Callable[[float], bool]


_MIRRORED: Mapping[str, Callable[[float, float], bool]] = {
    "lt": operator.gt,
    "lte": operator.ge,
    "gt": operator.lt,
    "gte": operator.le,
    "eq": operator.eq,
    "neq": operator.ne,
}
"""The operators with the bound on the left."""


class Entry(NamedTuple):
    """One event in a window."""

    time: int
    """Microseconds since 1970."""
    source: int
    """Index of its rule in the correlation."""
    value: Value
    ref: str
    """Names the event to the reader."""
    event: str
    """Names the happening: `ref` for an event, more for an inner correlation that holds at it."""
    carried: tuple[object, ...]
    """What outer correlations read from it; empty for a rule that feeds none."""


class Gauge(Protocol):
    """Measures the entries that were added and not dropped.

    `reversible` gauges take entries in any order; the others only forwards in time.
    """

    reversible: bool

    def enter(self, entry: Entry, since: int) -> bool:
        """`add` and `holds` in one call, as nearly every event needs both."""
        ...

    def add(self, entry: Entry) -> None: ...

    def drop(self, entry: Entry) -> None: ...

    def measured(self, since: int) -> float: ...

    def holds(self, since: int) -> bool: ...


def gauge_maker(rule: CorrelationRule) -> Callable[[], Gauge]:
    """What makes an empty gauge for windows of `rule`."""
    test = _test(rule)
    if rule.type is CorrelationType.TEMPORAL_ORDERED:
        wanted = terms(rule.expression) if rule.expression is not None else None
        return lambda: _Ordered(len(rule.sources), test, wanted)
    if rule.type is CorrelationType.TEMPORAL:
        return _temporal(rule, test)
    if rule.type in (CorrelationType.VALUE_MEDIAN, CorrelationType.VALUE_PERCENTILE):
        percent = 50.0 if rule.type is CorrelationType.VALUE_MEDIAN else rule.criteria.percentile
        return lambda: _Ranks(test, percent)
    makers: Mapping[CorrelationType, Callable[[], Gauge]] = {
        CorrelationType.EVENT_COUNT: lambda: _Events(test),
        CorrelationType.VALUE_COUNT: lambda: _Values(test),
        CorrelationType.VALUE_SUM: lambda: _Sum(test),
        CorrelationType.VALUE_AVG: lambda: _Average(test),
    }
    return makers[rule.type]


def _test(rule: CorrelationRule) -> Test:
    """The bounds as one call; most rules have a single one."""
    if len(rule.criteria.bounds) != 1:
        return rule.criteria.hold
    op, bound = rule.criteria.bounds[0]
    return partial(_MIRRORED[op], bound)


@dataclass(slots=True)
class _Events:
    test: Test
    count: int = 0
    reversible = True

    def enter(self, _entry: Entry, _since: int) -> bool:
        self.count += 1
        return self.test(self.count)

    def add(self, _entry: Entry) -> None:
        self.count += 1

    def drop(self, _entry: Entry) -> None:
        self.count -= 1

    def measured(self, _since: int) -> float:
        return self.count

    def holds(self, _since: int) -> bool:
        return self.test(self.count)


class _Tally:
    """Counts of what is distinct."""

    __slots__ = ("counts", "test")
    reversible = True

    def __init__(self, test: Test) -> None:
        self.test = test
        self.counts: dict[Value, int] = {}

    def _more(self, key: Value) -> None:
        self.counts[key] = self.counts.get(key, 0) + 1

    def _less(self, key: Value) -> None:
        left = self.counts[key] - 1
        if left:
            self.counts[key] = left
        else:
            del self.counts[key]

    def measured(self, _since: int) -> float:
        return len(self.counts)

    def holds(self, _since: int) -> bool:
        return self.test(len(self.counts))


class _Values(_Tally):
    __slots__ = ()

    def enter(self, entry: Entry, _since: int) -> bool:
        self._more(entry.value)
        return self.test(len(self.counts))

    def add(self, entry: Entry) -> None:
        self._more(entry.value)

    def drop(self, entry: Entry) -> None:
        self._less(entry.value)


class _Rules(_Tally):
    __slots__ = ()

    def enter(self, entry: Entry, since: int) -> bool:
        self.add(entry)
        return self.holds(since)

    def add(self, entry: Entry) -> None:
        self._more(entry.source)

    def drop(self, entry: Entry) -> None:
        self._less(entry.source)


class _Expression(_Rules):
    """An extended condition over the rules that were seen."""

    __slots__ = ("judge",)

    def __init__(self, test: Test, judge: Callable[[frozenset[Value]], bool]) -> None:
        super().__init__(test)
        self.judge = judge

    def holds(self, _since: int) -> bool:
        return self.judge(frozenset(self.counts))


def _temporal(rule: CorrelationRule, test: Test) -> Callable[[], Gauge]:
    expression = rule.expression
    if expression is None:
        return lambda: _Rules(test)
    known: dict[frozenset[Value], bool] = {}

    def judge(seen: frozenset[Value]) -> bool:
        found = known.get(seen)
        if found is None:
            found = known[seen] = holds(expression, seen.__contains__)
        return found

    return lambda: _Expression(test, judge)


class _Ordered(_Rules):
    """Rules seen, and how far they came one after another."""

    __slots__ = ("chains", "wanted")
    reversible = False

    def __init__(
        self, sources: int, test: Test, wanted: tuple[tuple[tuple[int, ...], frozenset[int]], ...] | None
    ) -> None:
        super().__init__(test)
        self.wanted = wanted
        self.chains = Chains(sources, [path for path, _ in wanted or ()])

    def add(self, entry: Entry) -> None:
        self._more(entry.source)
        self.chains.add(entry.time, entry.event, entry.source)

    def measured(self, since: int) -> float:
        return self.chains.longest(since)

    def holds(self, since: int) -> bool:
        if self.wanted is None:
            return self.test(self.chains.longest(since))
        return any(
            self.counts.keys().isdisjoint(absent) and self.chains.walked(index, since)
            for index, (_, absent) in enumerate(self.wanted)
        )


class _Sum:
    """An exact sum: whole numbers apart from floats, which are kept as parts that don't overlap (Shewchuk 1997)."""

    __slots__ = ("count", "parts", "test", "whole")
    reversible = True

    def __init__(self, test: Test) -> None:
        self.test = test
        self.count = self.whole = 0
        self.parts: list[float] = []

    def enter(self, entry: Entry, since: int) -> bool:
        self.add(entry)
        return self.holds(since)

    def add(self, entry: Entry) -> None:
        self.count += 1
        self._take(entry.value, 1)

    def drop(self, entry: Entry) -> None:
        self.count -= 1
        self._take(entry.value, -1)

    def _take(self, value: Value, sign: int) -> None:
        if type(value) is int:
            self.whole += sign * value
        else:
            self._take_float(sign * value)  # type: ignore[operator, arg-type]

    def _take_float(self, rest: float) -> None:
        parts = []
        for part in self.parts:
            big, small = (rest, part) if abs(rest) >= abs(part) else (part, rest)
            rest = big + small
            lost = small - (rest - big)
            if lost:
                parts.append(lost)
        if rest:
            parts.append(rest)
        self.parts = parts

    def total(self) -> float:
        return math.fsum((*self.parts, self.whole)) if self.parts else self.whole

    def measured(self, _since: int) -> float:
        return self.total()

    def holds(self, _since: int) -> bool:
        return self.test(self.total())


class _Average(_Sum):
    __slots__ = ()

    def measured(self, _since: int) -> float:
        return self.total() / self.count

    def holds(self, _since: int) -> bool:
        return self.test(self.total() / self.count)


class _Ranks:
    """Values in order, for medians and percentiles."""

    __slots__ = ("ordered", "percent", "test")
    reversible = True

    def __init__(self, test: Test, percent: float) -> None:
        self.test, self.percent = test, percent
        self.ordered: list[float] = []

    def enter(self, entry: Entry, since: int) -> bool:
        self.add(entry)
        return self.holds(since)

    def add(self, entry: Entry) -> None:
        insort(self.ordered, entry.value)  # type: ignore[misc]

    def drop(self, entry: Entry) -> None:
        del self.ordered[bisect_left(self.ordered, entry.value)]  # type: ignore[type-var]

    def measured(self, _since: int) -> float:
        return percentile(self.ordered, self.percent)

    def holds(self, _since: int) -> bool:
        return self.test(percentile(self.ordered, self.percent))


def percentile(ordered: list[float], percent: float) -> float:
    """The percentile with linear interpolation between the closest ranks: the median of 5 and 30 is 17.5."""
    rank = (len(ordered) - 1) * percent / 100
    low = math.floor(rank)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (rank - low)
