"""Geometry of the drawings; the templates only write it down. No inline style: the content policy blocks it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from soc.core.clock import LOCAL_ZONE, Window
from soc.storage.events import Bucket

RADIUS = 42
_STEPS = tuple(
    timedelta(seconds=seconds)
    for seconds in (60, 300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 86_400, 7 * 86_400, 30 * 86_400)
)
_MOST_BARS = 64


@dataclass(frozen=True, slots=True)
class Ring:
    """A score as an arc: `dash` of the circumference is drawn, the rest is `gap`."""

    dash: float
    gap: float


def ring(percent: float) -> Ring:
    """The arc of a percentage, clockwise from the top."""
    around = 2 * math.pi * RADIUS
    dash = round(around * min(max(percent, 0.0), 100.0) / 100, 2)
    return Ring(dash, round(around - dash, 2))


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar of a histogram in units of the drawing; a bar with events is at least one unit high."""

    x: float
    y: float
    width: float
    height: float
    start: datetime
    end: datetime
    count: int


@dataclass(frozen=True, slots=True)
class Histogram:
    """Bars over a window, 100 units high; `peak` is the largest count."""

    bars: tuple[Bar, ...]
    peak: int
    width: int = 960
    height: int = 100


def histogram(buckets: Sequence[Bucket], interval: timedelta) -> Histogram:
    """The drawing of counts per interval."""
    peak = max((bucket.count for bucket in buckets), default=0)
    step = 960 / max(len(buckets), 1)
    bars = []
    for number, bucket in enumerate(buckets):
        height = max(round(100 * bucket.count / peak, 2), 1.0) if bucket.count else 0.0
        x, width = round(number * step, 2), round(max(step - 1, 0.5), 2)
        bars.append(Bar(x, 100 - height, width, height, bucket.start, bucket.start + interval, bucket.count))
    return Histogram(tuple(bars), peak)


def interval_for(window: Window) -> timedelta:
    """A round step that gives at most 64 bars."""
    span = window.until - window.since
    return next((step for step in _STEPS if span / step <= _MOST_BARS), _STEPS[-1])


def rounded(window: Window, interval: timedelta) -> Window:
    """The window widened to whole steps of local time, so that the bars of a day begin at its midnight."""
    offset = window.since.astimezone(LOCAL_ZONE).utcoffset() or timedelta(0)
    since = window.since + offset
    origin = datetime(1970, 1, 1, tzinfo=since.tzinfo)
    return Window(window.since - (since - origin) % interval, window.until)
