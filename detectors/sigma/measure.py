"""What a correlation measures over the entries of one window."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from typing import NamedTuple

from detectors.sigma.correlation_rules import CorrelationRule, CorrelationType
from detectors.sigma.tree import holds


class Entry(NamedTuple):
    """One event in a window; entries are ordered by time, then by arrival."""

    time: int
    seq: int
    source: int
    """Index of the rule in the correlation; negative for none in particular."""
    value: str | float | None
    ref: str


def measure(rule: CorrelationRule, entries: Sequence[Entry]) -> float:
    """The number that the condition of `rule` is about."""
    if rule.type is CorrelationType.EVENT_COUNT:
        return len(entries)
    if rule.type is CorrelationType.VALUE_COUNT:
        return len({entry.value for entry in entries})
    if rule.type is CorrelationType.TEMPORAL:
        return len({entry.source for entry in entries})
    if rule.type is CorrelationType.TEMPORAL_ORDERED:
        return longest_in_order(entries)
    return _statistic(rule, [float(entry.value) for entry in entries if entry.value is not None])


def satisfied(rule: CorrelationRule, entries: Sequence[Entry], measured: float) -> bool:
    """Whether the condition of `rule` holds for a window."""
    if rule.expression is not None:
        seen = {entry.source for entry in entries}
        return holds(rule.expression, seen.__contains__)
    return rule.criteria.hold(measured)


def longest_in_order(entries: Sequence[Entry]) -> int:
    """How many of the rules, in the order written, different events matched one after another (not all of them must)."""
    tails: list[int] = []
    # An event that matches several rules takes one step only: its later steps come first and cannot follow the earlier.
    for entry in sorted(entries, key=lambda e: (e.time, e.seq, -e.source)):
        place = bisect_left(tails, entry.source)
        tails[place : place + 1] = [entry.source]
    return len(tails)


def _statistic(rule: CorrelationRule, numbers: Sequence[float]) -> float:
    if rule.type is CorrelationType.VALUE_SUM:
        return math.fsum(numbers)
    if rule.type is CorrelationType.VALUE_AVG:
        return math.fsum(numbers) / len(numbers)
    return percentile(numbers, 50.0 if rule.type is CorrelationType.VALUE_MEDIAN else rule.criteria.percentile)


def percentile(numbers: Sequence[float], percent: float) -> float:
    """The percentile with linear interpolation between the closest ranks: the median of 5 and 30 is 17.5."""
    ordered = sorted(numbers)
    rank = (len(ordered) - 1) * percent / 100
    low = math.floor(rank)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (rank - low)
