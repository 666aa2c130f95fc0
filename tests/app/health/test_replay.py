"""A fortnight of each kind of platform replayed over the real watch and case database, a source cut at a random moment of it.

The alert comes within a minute of the moment at which the platform's longest silence is over, and none before; a fortnight that is not
cut has none at all, Tết, lunch, nights and weekends included. Moments just before each next event are where a false one would show.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from collectors.platform import Platform, load_platforms
from collectors.sources import Source
from tests.app.health.conftest import House, local
from tests.app.health.replay import MINUTE, SECOND, fortnight, too_long_from

PLATFORMS = load_platforms()
UNHURRIED = sorted(name for name, one in PLATFORMS.items() if one.rhythm.in_hours_minutes >= 15)
"""Those whose fortnight is a few hundred events; with `--full` all are replayed."""
NOVEMBER, TET = local("2026-11-09T07:45"), local("2027-01-30T07:45")
Make = Callable[..., House]


class Replay:
    """Replays one source after the other in the same installation."""

    def __init__(self, house: House) -> None:
        self.house, self.number = house, 0

    def begin(self, platform: str, start: datetime) -> None:
        """A new source, heard at the start, and a watch that knows no other."""
        self.number += 1
        self.name = f"replayed-{self.number}"
        form = PLATFORMS[platform].formats[0].id
        registered: dict[str, Source] = self.house.app.sources.registered  # type: ignore[assignment]
        registered.clear()
        registered[self.name] = Source(id=self.name, platform=platform, agency="so-mau", format=form)
        self.house.app.__dict__.pop("silence_watch", None)
        self.house.tend(start)

    def play(self, moments: Sequence[datetime], platform: Platform) -> None:
        """Hear the events, and ask just before each that lets the longest silence almost pass."""
        waiting = [moments[0]]
        for earlier, later in pairwise(moments):
            if later - earlier > 0.9 * (too_long_from(earlier, platform) - earlier):
                self.house.hear(self.name, *waiting)
                waiting = []
                assert self.house.tend(later - SECOND) == 0, (earlier, later)
            waiting.append(later)
        if waiting:
            self.house.hear(self.name, *waiting)

    def expect_alert(self, due: datetime) -> None:
        """None when the longest silence is just over, one within the minute after it, no second one."""
        assert self.house.tend(due - MINUTE) == 0
        assert self.house.tend(due) == 0
        assert self.house.tend(due + 5 * SECOND) == 1
        assert self.house.tend(due + MINUTE) == 0
        (alert,) = self.house.alerts(self.name)
        assert alert.first == due
        assert alert.last <= due + MINUTE


@pytest.fixture
def replay(make_house: Make) -> Replay:
    return Replay(make_house(NOVEMBER))


def check_cut(replay: Replay, platform: str, start: datetime, seed: int, share: float) -> None:
    of = PLATFORMS[platform]
    moments = list(fortnight(of, start, random.Random(seed)))  # noqa: S311 - repeatable on purpose
    cut = start + share * timedelta(days=14)
    heard = [moment for moment in moments if moment < cut]
    assume(heard)
    replay.begin(platform, start)
    replay.play(heard, of)
    replay.expect_alert(too_long_from(heard[-1], of))


CASES = given(st.sampled_from([NOVEMBER, TET]), st.integers(0, 2**32), st.floats(0.01, 1.0), st.data())


@CASES
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_source_cut_at_a_random_hour_is_told_of_in_time_and_not_before(
    replay: Replay, start: datetime, seed: int, share: float, data: st.DataObject
) -> None:
    """Working days, a weekend, and in half of the cases Tết 2027."""
    check_cut(replay, data.draw(st.sampled_from(UNHURRIED)), start, seed, share)


@pytest.mark.full
@CASES
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_on_every_platform_at_many_hours(
    replay: Replay, start: datetime, seed: int, share: float, data: st.DataObject
) -> None:
    check_cut(replay, data.draw(st.sampled_from(sorted(PLATFORMS))), start, seed, share)


@pytest.mark.parametrize("platform", ["one_stop", "lgsp"])
def test_a_fortnight_over_tet_that_is_not_cut_has_no_alert(replay: Replay, platform: str) -> None:
    """One that rests from Friday before Tết to the Friday after it, and one that goes on."""
    of = PLATFORMS[platform]
    moments = list(fortnight(of, TET, random.Random(7)))  # noqa: S311 - see above
    replay.begin(platform, TET)
    replay.play(moments, of)
    assert replay.house.alerts() == []
    if of.rhythm.quiet_days_off:
        rest = max(later - earlier for earlier, later in pairwise(moments))
        assert rest > timedelta(days=7)
