"""When silence is too long, and what is unusually quiet."""

from __future__ import annotations

import random
from datetime import date, datetime, timedelta
from itertools import islice, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.calendar import Calendar
from collectors.platform import Rhythm, load_platforms
from collectors.rhythm import Profile, is_back, is_quiet, silent_from
from soc.core.clock import LOCAL_ZONE
from tests.app.health.replay import MINUTE, fortnight, too_long_from

PLATFORMS = load_platforms()


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LOCAL_ZONE)


@given(st.sampled_from(sorted(PLATFORMS)), st.integers(0, 400 * 24 * 60))
def test_the_moment_of_silence_is_that_of_a_walk_minute_by_minute(platform: str, minutes: int) -> None:
    """At any minute of thirteen months, two Tết among them."""
    since, of = at("2026-02-01T00:00:00") + minutes * MINUTE, PLATFORMS[platform]
    assert silent_from(since, of.rhythm, of.calendar) == too_long_from(since, of)


@pytest.mark.parametrize(
    ("platform", "last", "due"),
    [
        ("one_stop", "2026-11-17T10:00", "2026-11-17T11:00"),
        ("one_stop", "2026-11-17T11:00", "2026-11-17T14:00"),  # lunch: nobody is expected before 13:00
        ("one_stop", "2026-11-17T16:30", "2026-11-18T08:30"),  # night
        ("one_stop", "2026-11-20T16:30", "2026-11-23T08:30"),  # weekend
        ("one_stop", "2027-02-04T16:45", "2027-02-12T08:30"),  # Tết
        (
            "lgsp",
            "2026-11-17T17:20",
            "2026-11-17T19:20",
        ),  # work ends before 15 minutes are over: two hours from then on
        ("lgsp", "2027-02-06T10:00", "2027-02-06T12:00"),  # Tết: it goes on speaking, as off hours
        ("public_service_portal", "2027-02-06T00:00", "2027-02-06T00:05"),
    ],
)
def test_silence_by_example(platform: str, last: str, due: str) -> None:
    of = PLATFORMS[platform]
    assert silent_from(at(last), of.rhythm, of.calendar) == at(due)


def test_spans_that_meet_at_midnight_are_one() -> None:
    """Else what runs around the clock would be given a fresh start each night."""
    always = Calendar(hours=["00:00-24:00"], days=["mon", "tue", "wed", "thu", "fri", "sat", "sun"], holidays=False)
    assert silent_from(at("2026-11-17T23:58"), Rhythm(in_hours_minutes=5, off_hours_minutes=60), always) == at(
        "2026-11-18T00:03"
    )


def test_what_is_never_expected_is_never_silent() -> None:
    never = Calendar(hours=["08:00-09:00"], days=[])
    rhythm = Rhythm(in_hours_minutes=5, off_hours_minutes=60, quiet_days_off=True)
    assert silent_from(at("2026-11-17T10:00"), rhythm, never) is None


@given(st.sampled_from(sorted(PLATFORMS)), st.integers(0, 2**32))
def test_a_fortnight_within_the_rhythm_is_what_it_says(platform: str, seed: int) -> None:
    """No two events of the generated fortnights are further apart than the rhythm allows; it is what the replay rests on."""
    of = PLATFORMS[platform]
    moments = list(islice(fortnight(of, at("2026-11-09T08:00"), random.Random(seed)), 60))  # noqa: S311 - repeatable on purpose
    assert all(later <= too_long_from(earlier, of) for earlier, later in pairwise(moments))


def week_of(count: int, first: str = "2026-11-09") -> dict[date, list[int]]:
    start = date.fromisoformat(first)
    return {start + timedelta(days=n): [count] * 24 for n in range(7)}


@pytest.mark.parametrize(
    ("heard", "expected", "quiet"), [(0, 39, False), (0, 60, True), (20, 60, False), (200, 1000, True)]
)
def test_quiet_is_far_below_the_usual_and_beyond_chance(heard: int, expected: int, *, quiet: bool) -> None:
    assert is_quiet(heard, expected) is quiet
    assert not (is_quiet(heard, expected) and is_back(heard, expected))


def test_a_day_is_compared_with_days_of_its_kind() -> None:
    """A Tết day with a working day before it is compared with nothing; a Tuesday with the Tuesday before."""
    since = date(2026, 1, 1)
    usual = Profile(week_of(100, "2027-01-29"), since)
    assert usual.expected(at("2027-02-05T09:00"), at("2027-02-05T10:00")) is None
    assert Profile(week_of(100), since).expected(at("2026-11-17T09:00"), at("2026-11-17T10:00")) == 100


def test_one_busy_hour_does_not_make_the_next_week_quiet() -> None:
    days = week_of(100)
    days[date(2026, 11, 10)] = [5000] * 24
    assert Profile(days, date(2026, 1, 1)).expected(at("2026-11-17T09:00"), at("2026-11-17T10:00")) == 100


def test_nothing_is_learned_before_seven_days() -> None:
    assert Profile(week_of(100), date(2026, 11, 12)).expected(at("2026-11-17T09:00"), at("2026-11-17T10:00")) is None
