"""How long a source was silent beyond what its platform's rhythm allows.

Time is cut into slots, and only slots without any event count, so the result never overstates: a gap shows once it is longer
than the allowed silence by at most two slots, and a slot is half of the shortest allowed silence.

Slots are many and long silences few. So empty slots are looked for from coarse to fine: long bars first, and shorter ones only around
the events of those that were not empty. The cost follows the events, or the slots where these are fewer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TypeAlias

from collectors.calendar import Calendar
from collectors.platform import Rhythm
from soc.core.clock import LOCAL_ZONE, Window
from soc.storage.events import Bucket

Histogram: TypeAlias = "Callable[[Window, timedelta], Sequence[Bucket]]"
"""Counts of one source's events per interval over a window."""

_MINUTE = timedelta(minutes=1)
_FINER = 16
"""How many bars of one pass make one of the pass before."""
_MAX_BARS = 8192
"""Bars of one question: engines limit them."""
_WORTH_A_QUESTION = 128
"""So many bars cost as much as one more question; empty stretches shorter than that are asked along with what lies around them."""


@dataclass(frozen=True, slots=True)
class Silence:
    """Time without events beyond the rhythm, and how many separate gaps it came in."""

    hours: float
    gaps: int


@dataclass(frozen=True, slots=True)
class Slots:
    """The slots of a window, counted from 0; a last one cut short is left out."""

    since: datetime
    length: timedelta
    count: int

    def start(self, number: int) -> datetime:
        """When a slot begins."""
        return self.since + number * self.length


def slots_of(window: Window, rhythm: Rhythm) -> Slots:
    """The window in slots, of whole minutes."""
    length = max(min(rhythm.in_hours_minutes, rhythm.off_hours_minutes) // 2, 1) * _MINUTE
    return Slots(window.since, length, (window.until - window.since) // length)


def empty_runs(slots: Slots, histogram: Histogram, events: int) -> Iterator[range]:
    """Every longest run of slots without an event, in order.

    Args:
        events: about how many there are; decides only how coarse the first pass is.
    """
    after = 0
    for heard in _heard(slots, histogram, events):
        if heard.start > after:
            yield range(after, heard.start)
        after = heard.stop
    if after < slots.count:
        yield range(after, slots.count)


def measure_silence(runs: Iterable[range], slots: Slots, rhythm: Rhythm, calendar: Calendar) -> Silence:
    """The silence within the empty runs, see `empty_runs`.

    During working hours the time since the last event, or since work began, may reach `in_hours_minutes`; at any hour the time since
    the last event may reach `off_hours_minutes`, quiet days off left out: as `collectors.rhythm` warns of it.
    """
    late = [_late(run, slots, rhythm, calendar) for run in runs]
    return Silence(round(sum(late) * slots.length / timedelta(hours=1), 2), sum(1 for one in late if one))


def _late(run: range, slots: Slots, rhythm: Rhythm, calendar: Calendar) -> int:
    """How many slots of an empty run are beyond the rhythm."""
    in_limit, off_limit = (minutes * _MINUTE for minutes in (rhythm.in_hours_minutes, rhythm.off_hours_minutes))
    if len(run) * slots.length <= min(in_limit, off_limit):
        return 0
    since_event = since_work = timedelta()
    late = 0
    for passed, number in enumerate(run):
        moment = slots.start(number)
        worked = calendar.in_hours(moment)
        since_event += slots.length if worked or _counts(moment, rhythm, calendar) else timedelta()
        if since_event > off_limit:
            return late + len(run) - passed  # from here on the hour does not matter any more
        since_work = since_work + slots.length if worked else timedelta()
        late += since_work > in_limit
    return late


def _counts(moment: datetime, rhythm: Rhythm, calendar: Calendar) -> bool:
    """Whether silence at that moment counts outside working hours."""
    return not rhythm.quiet_days_off or bool(calendar.spans_on(moment.astimezone(LOCAL_ZONE).date()))


def _heard(slots: Slots, histogram: Histogram, events: int) -> list[range]:
    """Runs of slots that each hold an event, in order; two may touch."""
    width = _first_width(slots, events)
    found = [range(slots.count)] if slots.count else []
    while found:
        found = [heard for span in _together(found, width) for heard in _filled(span, slots, histogram, width)]
        if width == 1:
            break
        width = max(1, width // _FINER)
    return found


def _first_width(slots: Slots, events: int) -> int:
    """Slots of the first bars: coarse only as long as there are more bars than events, for else few would be empty."""
    width = 1
    while slots.count // (width * _FINER) >= max(events, _WORTH_A_QUESTION):
        width *= _FINER
    return width


def _together(spans: Sequence[range], width: int) -> Iterator[range]:
    """The spans in fewer and larger ones, each for one question at bars of `width` slots, none beyond what an engine answers."""
    joined: list[range] = []
    for span in spans:
        if joined and span.start - joined[-1].stop <= _WORTH_A_QUESTION * width:
            joined[-1] = range(joined[-1].start, span.stop)
        else:
            joined.append(span)
    for span in joined:
        step = _MAX_BARS * width
        for first in range(span.start, span.stop, step):
            yield range(first, min(first + step, span.stop))


def _filled(span: range, slots: Slots, histogram: Histogram, width: int) -> Iterator[range]:
    """The runs of bars with events within a span."""
    bars = histogram(Window(slots.start(span.start), slots.start(span.stop)), width * slots.length)
    first: int | None = None
    for number, bar in enumerate(bars):
        if bar.count and first is None:
            first = number
        elif not bar.count and first is not None:
            yield range(span.start + first * width, span.start + number * width)
            first = None
    if first is not None:
        yield range(span.start + first * width, span.stop)
