"""How counts of values become the figures of the port: one place, so that every store rounds and orders alike.

Sums are taken exactly and rounded once: the same events give the same figure, in whatever order an engine holds them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from datetime import timedelta
from fractions import Fraction

from soc.core.clock import Window
from soc.core.ecs import FieldType, field_type
from soc.core.errors import QueryError
from soc.core.event import Scalar
from soc.core.i18n import msg
from soc.storage.events import Bucket, Stats, TermCount
from soc.storage.values import Key

MAX_BARS = 10_000
_MICROS = 1_000_000


def most_frequent(counts: Mapping[Key, int], spelling: Mapping[Key, Scalar], size: int) -> list[tuple[Key, TermCount]]:
    """The first `size` keys, most frequent first, ties by key."""
    ranked = sorted(counts.items(), key=lambda item: item[0])
    ranked.sort(key=lambda item: -item[1])
    return [(at, TermCount(spelling[at], count)) for at, count in ranked[:size]]


def statistics(field: str, counts: Mapping[int | float, int]) -> Stats:
    """Figures over value -> how many events hold it."""
    if not counts:
        return Stats(0, None, None, None)
    unit = _MICROS if field_type(field) is FieldType.DATE else 1
    total: Fraction | int = sum(value * count for value, count in counts.items() if isinstance(value, int))
    total += sum((Fraction(value) * count for value, count in counts.items() if isinstance(value, float)), Fraction())
    low, high = (float(Fraction(edge) / unit) for edge in (min(counts), max(counts)))
    return Stats(sum(counts.values()), low, high, _rounded(Fraction(total) / unit))


def _rounded(exact: Fraction) -> float:
    """The nearest float; beyond the largest one it is infinite."""
    try:
        return float(exact)
    except OverflowError:
        return math.inf if exact > 0 else -math.inf


def bars(window: Window, interval: timedelta) -> list[Bucket]:
    """The empty bars of a histogram.

    Raises:
        QueryError: the interval is not positive, or gives more than `MAX_BARS` bars.
    """
    if interval <= timedelta(0) or (window.until - window.since) / interval > MAX_BARS:
        raise QueryError(
            msg("khoảng chia {seconds} giây", seconds=interval.total_seconds()),
            expected=msg("khoảng dương, cho không quá {limit} cột", limit=MAX_BARS),
            where="interval",
            advice=msg("chọn khoảng chia lớn hơn, hoặc thời gian ngắn hơn"),
        )
    count = max(0, math.ceil((window.until - window.since) / interval))
    return [Bucket(window.since + step * interval, 0) for step in range(count)]


def filled(empty: list[Bucket], counts: Mapping[int, int]) -> list[Bucket]:
    """Bars with their counts; `counts` is by position."""
    return [Bucket(bar.start, counts.get(position, 0)) for position, bar in enumerate(empty)]


def tally(keys: Iterable[Iterable[Key]]) -> dict[Key, int]:
    """How many events hold each key, given the keys of each event."""
    counts: dict[Key, int] = {}
    for held in keys:
        for at in held:
            counts[at] = counts.get(at, 0) + 1
    return counts
