"""Working hours."""

from __future__ import annotations

from datetime import datetime

import pytest

from collectors.calendar import Calendar
from soc.core.clock import LOCAL_ZONE

OFFICE = Calendar(hours=["07:30-11:30", "13:00-17:00"], saturday=["07:30-11:30"])


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LOCAL_ZONE)


@pytest.mark.parametrize(
    ("moment", "worked"),
    [
        ("2026-11-17T07:29:59", False),
        ("2026-11-17T07:30:00", True),
        ("2026-11-17T11:29:59", True),
        ("2026-11-17T11:30:00", False),
        ("2026-11-17T12:15:00", False),
        ("2026-11-17T13:00:00", True),
        ("2026-11-17T17:00:00", False),
        ("2026-11-17T23:00:00", False),
        ("2026-11-21T08:00:00", True),
        ("2026-11-21T14:00:00", False),
        ("2026-11-22T08:00:00", False),
        ("2026-02-17T08:00:00", False),
        ("2026-04-27T08:00:00", False),
        ("2026-08-31T08:00:00", False),
        ("2026-08-22T14:00:00", True),
        ("2027-09-02T08:00:00", False),
        ("2027-02-08T08:00:00", False),
        ("2028-01-27T08:00:00", True),
    ],
)
def test_hours_days_holidays_and_made_up_days(moment: str, worked: bool) -> None:
    """Edges, lunch, Saturday morning, Tết, days in lieu, swapped days; a year without its notice knows the fixed dates only."""
    assert OFFICE.in_hours(at(moment)) is worked


def test_one_span_works_over_lunch() -> None:
    """A platform whose work goes on over lunch declares it so."""
    assert Calendar(hours=["07:00-17:30"]).in_hours(at("2026-11-17T12:15:00"))


def test_around_the_clock_means_every_day() -> None:
    """24:00 ends the day; without holidays Tết is a day like any other."""
    always = Calendar(hours=["00:00-24:00"], days=["mon", "tue", "wed", "thu", "fri", "sat", "sun"], holidays=False)
    assert always.in_hours(at("2026-02-17T23:59:59.5"))


def test_hours_are_local_whatever_the_zone_of_the_moment() -> None:
    """01:05 UTC is 08:05 in the province."""
    assert OFFICE.in_hours(datetime.fromisoformat("2026-11-17T01:05:00+00:00"))
