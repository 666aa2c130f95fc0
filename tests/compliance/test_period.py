"""Reporting periods."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from soc.compliance.period import parse_period
from soc.core.errors import InputError


@pytest.mark.parametrize(
    ("text", "since", "until", "label"),
    [
        (
            "2026-11",
            datetime(2026, 10, 31, 17, tzinfo=UTC),
            datetime(2026, 11, 30, 17, tzinfo=UTC),
            "Tháng 11 năm 2026",
        ),
        ("2026-Q4", datetime(2026, 9, 30, 17, tzinfo=UTC), datetime(2026, 12, 31, 17, tzinfo=UTC), "Quý IV năm 2026"),
        (
            "2026-H1",
            datetime(2025, 12, 31, 17, tzinfo=UTC),
            datetime(2026, 6, 30, 17, tzinfo=UTC),
            "6 tháng đầu năm 2026",
        ),
        ("2026", datetime(2025, 12, 31, 17, tzinfo=UTC), datetime(2026, 12, 31, 17, tzinfo=UTC), "Năm 2026"),
    ],
)
def test_a_period_is_whole_months_of_local_time(text: str, since: datetime, until: datetime, label: str) -> None:
    """Midnight in Vietnam is 17:00 UTC of the day before."""
    period = parse_period(text)
    assert (period.window.since, period.window.until, str(period.label)) == (since, until, label)


def test_the_last_day_belongs_to_the_period() -> None:
    assert parse_period("2026-Q4").last_day == date(2026, 12, 31)


@pytest.mark.parametrize("text", ["", "2026-Q5", "2026-13", "Q4", "11/2026", "2026-1"])
def test_anything_else_is_refused_with_the_forms_that_work(text: str) -> None:
    with pytest.raises(InputError, match="2026-Q4"):
        parse_period(text)
