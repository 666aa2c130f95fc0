"""Silence: the coarse-to-fine search gives what a walk over every slot gives, and asks for few bars."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from collectors.platform import Platform, load_platforms
from soc.compliance.silence import Silence, empty_runs, measure_silence, slots_of
from soc.core.clock import LOCAL_ZONE, Window
from soc.storage.events import Bucket
from soc.storage.figures import bars

PLATFORMS = load_platforms()
START = datetime(2026, 11, 13, 3, 7, 11, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


class Heard:
    """Events of one source; counts what is asked of it."""

    def __init__(self, moments: Sequence[datetime]) -> None:
        self.moments = moments
        self.questions = self.bars = 0

    def histogram(self, window: Window, interval: timedelta) -> list[Bucket]:
        """As an event store answers it, with its limit on bars."""
        counts = [0] * len(bars(window, interval))
        for moment in self.moments:
            if moment in window:
                counts[(moment - window.since) // interval] += 1
        self.questions, self.bars = self.questions + 1, self.bars + len(counts)
        return [Bucket(window.since + number * interval, count) for number, count in enumerate(counts)]

    def silence(self, window: Window, platform: Platform) -> Silence:
        """As the assessment measures it."""
        slots = slots_of(window, platform.rhythm)
        runs = empty_runs(slots, self.histogram, len(self.moments))
        return measure_silence(runs, slots, platform.rhythm, platform.calendar)


def slot_by_slot(moments: Sequence[datetime], window: Window, platform: Platform) -> Silence:
    """The definition, walked through one slot after the other."""
    rhythm, slot = platform.rhythm, slots_of(window, platform.rhythm).length
    filled = {(moment - window.since) // slot for moment in moments if moment in window}
    since_event = since_work = silent = timedelta()
    gaps, in_gap = 0, False
    for number in range((window.until - window.since) // slot):
        if number in filled:
            since_event = since_work = timedelta()
            in_gap = False
            continue
        moment = window.since + number * slot
        worked = platform.calendar.in_hours(moment)
        day_off = not platform.calendar.spans_on(moment.astimezone(LOCAL_ZONE).date())
        beyond = since_event > rhythm.off_hours_minutes * MINUTE
        since_event += slot if beyond or not (rhythm.quiet_days_off and day_off) else timedelta()
        since_work = since_work + slot if worked else timedelta()
        if since_event > rhythm.off_hours_minutes * MINUTE or since_work > rhythm.in_hours_minutes * MINUTE:
            silent += slot
            gaps += not in_gap
            in_gap = True
    return Silence(round(silent / timedelta(hours=1), 2), gaps)


@given(
    platform=st.sampled_from(sorted(PLATFORMS)),
    length=st.integers(0, 9 * 24 * 60),
    bursts=st.lists(st.tuples(st.integers(-60, 9 * 24 * 60), st.integers(1, 400), st.integers(1, 12)), max_size=6),
)
@settings(deadline=None)
def test_the_search_agrees_with_a_walk_over_every_slot(
    platform: str, length: int, bursts: list[tuple[int, int, int]]
) -> None:
    """Bursts of events at any pace, with anything between, before and after them."""
    moments = [
        START + (first + number * step) * MINUTE + timedelta(seconds=number % 60)
        for first, count, step in bursts
        for number in range(count)
    ]
    window = Window(START, START + length * MINUTE)
    of = PLATFORMS[platform]
    assert Heard(moments).silence(window, of) == slot_by_slot(moments, window, of)


def test_few_events_in_a_long_time_cost_few_bars() -> None:
    """A quarter of slots of two minutes is 66,240; three events are found with about a hundredth of them."""
    heard = Heard([START + timedelta(days=day, hours=5) for day in (1, 40, 91)])
    window = Window(START, START + timedelta(days=92))
    assert heard.silence(window, PLATFORMS["public_service_portal"]).gaps == 4
    assert heard.bars < 700
    assert heard.questions < 10


def test_a_busy_source_costs_one_bar_a_slot() -> None:
    """Each slot has its event, so each must be looked at, once; no question is beyond what an engine answers."""
    heard = Heard([START + number * MINUTE for number in range(14 * 24 * 60)])
    window = Window(START, START + timedelta(days=14))
    assert heard.silence(window, PLATFORMS["public_service_portal"]) == Silence(0.0, 0)
    assert heard.bars == 14 * 24 * 30
