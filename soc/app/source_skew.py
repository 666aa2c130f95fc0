"""How far the clock of a source is from ours: event time less time of receipt, its middle and its drift, in bounded memory.

An event cannot be received before it happened, so a middle clearly above zero is a clock that runs ahead. Below zero a slow clock and a
slow way look alike: what is told then is that the time of the events lags behind. The differences are kept in bars whose width grows
with the value (relative error 5 %), as in DDSketch (Masson, Rim, Lee: DDSketch, VLDB 2019); of each hour that is over only the middle is
kept. Drift is the middle of the slopes between the hours (Theil-Sen), which single bad hours do not move.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import combinations
from statistics import median
from typing import Any

HOURS_KEPT = 24
MAX_BARS = 128
FEWEST_HOURS = 6
"""A drift from fewer hours would be a guess."""
_GROWTH = math.log(1.05 / 0.95)
_LEAST_S = 0.01
_DAY_H = 24


@dataclass
class Skew:
    """Differences of the hour that is under way, and the middles of the hours before.

    Attributes:
        hour: hours since 1970 of the bars.
        bars: number of a bar -> differences in it; 0 holds what is nearer to zero than 10 ms.
        middles: (hour, seconds), oldest first.
    """

    hour: int = 0
    bars: dict[int, int] = field(default_factory=dict)
    middles: list[tuple[int, float]] = field(default_factory=list)

    def add(self, seconds: float, received: datetime) -> None:
        """Count one difference."""
        hour = int(received.timestamp()) // 3600
        if hour > self.hour:
            self._close()
            self.hour = hour
        bar = _bar(seconds)
        if bar in self.bars or len(self.bars) < MAX_BARS:
            self.bars[bar] = self.bars.get(bar, 0) + 1

    def middle_s(self) -> float | None:
        """Of the hour under way and the last one that is over; None before the first event."""
        if self.bars:
            return _middle(self.bars)
        return self.middles[-1][1] if self.middles else None

    def drift_s_per_day(self) -> float | None:
        """Seconds that the difference grows by in a day; None from too few hours."""
        points = [*self.middles, *([(self.hour, _middle(self.bars))] if self.bars else [])]
        if len(points) < FEWEST_HOURS:
            return None
        return median((y2 - y1) / (x2 - x1) for (x1, y1), (x2, y2) in combinations(points, 2)) * _DAY_H

    def plain(self) -> dict[str, Any]:
        """As JSON values."""
        return {"hour": self.hour, "bars": [[bar, n] for bar, n in self.bars.items()], "middles": self.middles}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> Skew:
        """The inverse of `plain`; empty for an empty object."""
        bars = {int(bar): int(n) for bar, n in plain.get("bars", ())}
        return cls(plain.get("hour", 0), bars, [(hour, middle) for hour, middle in plain.get("middles", ())])

    def _close(self) -> None:
        if self.bars:
            self.middles = [*self.middles, (self.hour, _middle(self.bars))][-HOURS_KEPT:]
            self.bars = {}


def _bar(seconds: float) -> int:
    size = abs(seconds)
    if size < _LEAST_S:
        return 0
    number = 1 + math.ceil(math.log(size / _LEAST_S) / _GROWTH)
    return number if seconds > 0 else -number


def _value(bar: int) -> float:
    """The middle of a bar, in seconds."""
    if not bar:
        return 0.0
    upper = _LEAST_S * math.exp((abs(bar) - 1) * _GROWTH)
    return math.copysign(upper * 0.95, bar)


def _middle(bars: Mapping[int, int]) -> float:
    half, run = sum(bars.values()) / 2, 0
    for bar in sorted(bars):
        run += bars[bar]
        if run >= half:
            return round(_value(bar), 3)
    raise AssertionError("no bars")
