"""How long a source was silent beyond what its platform's rhythm allows.

Time is cut into slots, and only slots without any event count, so the result never overstates: a gap shows once it is longer
than the allowed silence by at most two slots, and a slot is half of the shortest allowed silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import timedelta

from collectors.calendar import Calendar
from collectors.platform import Rhythm
from soc.core.clock import Window
from soc.storage.events import Bucket

_MINUTE = timedelta(minutes=1)
_MAX_SLOTS = 10_000
"""Slots of one histogram: engines limit the number of buckets of an answer."""


@dataclass(frozen=True, slots=True)
class Silence:
    """Time without events beyond the rhythm, and how many separate gaps it came in."""

    hours: float
    gaps: int


def slot_of(rhythm: Rhythm) -> timedelta:
    """Length of a slot, whole minutes."""
    return max(min(rhythm.in_hours_minutes, rhythm.off_hours_minutes) // 2, 1) * _MINUTE


def pieces(window: Window, slot: timedelta) -> Iterator[Window]:
    """The window in parts of whole slots, few enough for one histogram each; a last slot cut short is left out."""
    slots = (window.until - window.since) // slot
    for first in range(0, slots, _MAX_SLOTS):
        last = min(first + _MAX_SLOTS, slots)
        yield Window(window.since + first * slot, window.since + last * slot)


def empty(window: Window, slot: timedelta) -> Iterator[Bucket]:
    """The slots of a window in which nothing was heard."""
    return (Bucket(window.since + number * slot, 0) for number in range((window.until - window.since) // slot))


def measure_silence(buckets: Iterable[Bucket], slot: timedelta, rhythm: Rhythm, calendar: Calendar) -> Silence:
    """The silence in consecutive slots.

    During working hours the time since the last event, or since work began, may reach `in_hours_minutes`; at any hour the time since
    the last event may reach `off_hours_minutes`.
    """
    in_limit, off_limit = rhythm.in_hours_minutes * _MINUTE, rhythm.off_hours_minutes * _MINUTE
    since_event = since_work = silent = timedelta()
    gaps, in_gap = 0, False
    for bucket in buckets:
        if bucket.count:
            since_event = since_work = timedelta()
            in_gap = False
            continue
        since_event += slot
        late = since_event > off_limit
        if not late:  # past that limit the hour does not matter any more, and asking the calendar is dear
            since_work = since_work + slot if calendar.in_hours(bucket.start) else timedelta()
            late = since_work > in_limit
        if late:
            silent += slot
            gaps += not in_gap
            in_gap = True
    return Silence(round(silent / timedelta(hours=1), 2), gaps)
