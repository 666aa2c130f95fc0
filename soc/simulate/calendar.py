"""The calendar of the simulated province: what kind of day it is, and how busy each hour of it."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from functools import lru_cache

from soc.simulate.stamps import LOCAL_S

_FIXED = frozenset({(1, 1), (4, 30), (5, 1), (9, 2)})
_LUNAR = (
    # Tết and Giỗ Tổ: first day off, days. Labour Code 2019 Art. 112; 2027 as expected.
    (date(2026, 2, 14), 9),
    (date(2026, 4, 26), 2),
    (date(2027, 2, 5), 6),
    (date(2027, 4, 16), 1),
)


class Day(StrEnum):
    """Kinds of days: a working day, a Saturday (some offices open in the morning), a Sunday, a public holiday."""

    WORK = "work"
    SATURDAY = "saturday"
    SUNDAY = "sunday"
    HOLIDAY = "holiday"


_HOLIDAYS = frozenset(first + timedelta(number) for first, days in _LUNAR for number in range(days))


def local_date(at: float) -> date:
    """The date in the province."""
    return datetime.fromtimestamp(int(at) + LOCAL_S, UTC).date()


def local_hour(at: float) -> int:
    """The hour in the province, 0 to 23."""
    return (int(at) + LOCAL_S) // 3600 % 24


@lru_cache(maxsize=512)
def kind_of(day: date) -> Day:
    """What kind of day it is."""
    if (day.month, day.day) in _FIXED or day in _HOLIDAYS:
        return Day.HOLIDAY
    return {5: Day.SATURDAY, 6: Day.SUNDAY}.get(day.weekday(), Day.WORK)


def _curve(*spans: tuple[int, int, float]) -> tuple[float, ...]:
    """24 shares of a day that sum to 1, from spans of (first hour, hour after the last, weight)."""
    weights = [0.0] * 24
    for first, after, weight in spans:
        for hour in range(first, after):
            weights[hour] += weight
    return tuple(weight / sum(weights) for weight in weights)


_OFFICE = _curve((7, 8, 6), (8, 10, 12), (10, 11, 9), (11, 12, 5), (13, 14, 8), (14, 16, 10), (16, 17, 6))
_OFFICE_LATE = _curve(
    (7, 8, 6), (8, 10, 12), (10, 11, 9), (11, 12, 5), (13, 14, 8), (14, 16, 10), (16, 17, 6), (17, 22, 0.5)
)
_MORNING = _curve((7, 8, 4), (8, 11, 10), (11, 12, 3))
_LOGIN = _curve((7, 8, 30), (8, 9, 14), (9, 11, 5), (11, 12, 3), (13, 14, 18), (14, 17, 5))
_CITIZEN = _curve((0, 6, 0.6), (6, 7, 2), (7, 11, 8), (11, 14, 5), (14, 17, 7), (17, 22, 3.5), (22, 24, 1.2))
_NIGHT = _curve((22, 24, 8), (0, 3, 10), (3, 5, 4))
_FLAT = _curve((0, 24, 1))
_SHOP = _curve((1, 6, 0.3), (6, 12, 3), (12, 14, 4), (14, 19, 3), (19, 23, 10), (23, 24, 3), (0, 1, 1))
_HOSPITAL = _curve((0, 5, 1), (5, 6, 2), (6, 11, 12), (11, 13, 4), (13, 17, 7), (17, 21, 3), (21, 24, 1.5))
_BUS = _curve((0, 4, 0.05), (4, 5, 3), (5, 21, 8), (21, 22, 3), (22, 24, 0.05))
_EVENING = _curve((0, 6, 0.5), (6, 17, 3), (17, 21, 9), (21, 24, 2))
_POWER = _curve((7, 8, 10), (8, 11, 8), (11, 13, 5), (13, 17, 8))
_WEB_NIGHT = _curve((0, 7, 4), (7, 18, 5), (18, 24, 4))

CURVES: dict[str, dict[Day, tuple[float, tuple[float, ...]]]] = {
    "office": {Day.WORK: (1, _OFFICE), Day.SATURDAY: (0.08, _MORNING), Day.SUNDAY: (0, _FLAT), Day.HOLIDAY: (0, _FLAT)},
    "office_late": {
        Day.WORK: (1, _OFFICE_LATE),
        Day.SATURDAY: (0.08, _MORNING),
        Day.SUNDAY: (0.01, _CITIZEN),
        Day.HOLIDAY: (0.01, _CITIZEN),
    },
    "login": {Day.WORK: (1, _LOGIN), Day.SATURDAY: (0.1, _MORNING), Day.SUNDAY: (0, _FLAT), Day.HOLIDAY: (0, _FLAT)},
    "citizen": {
        Day.WORK: (1, _CITIZEN),
        Day.SATURDAY: (0.5, _CITIZEN),
        Day.SUNDAY: (0.35, _CITIZEN),
        Day.HOLIDAY: (0.2, _CITIZEN),
    },
    "night": dict.fromkeys(Day, (1, _NIGHT)),
    "flat": dict.fromkeys(Day, (1, _FLAT)),
    "internet": dict.fromkeys(Day, (1, _WEB_NIGHT)),
    "power": {Day.WORK: (1, _POWER), Day.SATURDAY: (0.1, _MORNING), Day.SUNDAY: (0.0, _FLAT), Day.HOLIDAY: (0, _FLAT)},
    "shop": {Day.WORK: (1, _SHOP), Day.SATURDAY: (1.3, _SHOP), Day.SUNDAY: (1.3, _SHOP), Day.HOLIDAY: (0.6, _SHOP)},
    "hospital": {
        Day.WORK: (1, _HOSPITAL),
        Day.SATURDAY: (0.45, _HOSPITAL),
        Day.SUNDAY: (0.25, _FLAT),
        Day.HOLIDAY: (0.2, _FLAT),
    },
    "bus": dict.fromkeys(Day, (1, _BUS)),
    "evening": {
        Day.WORK: (1, _EVENING),
        Day.SATURDAY: (0.9, _EVENING),
        Day.SUNDAY: (0.8, _EVENING),
        Day.HOLIDAY: (0.6, _EVENING),
    },
}
"""Name of a rhythm -> kind of day -> volume beside a working day, and the share of each hour."""


def activity(curve: str, at: float) -> float:
    """Share of a working day's lines that falls into the hour of `at`; month's end is busier in offices."""
    day = local_date(at)
    volume, shares = CURVES[curve][kind_of(day)]
    busy = 1.35 if curve in ("office", "office_late") and 24 <= day.day <= 30 else 1.0
    return volume * busy * shares[local_hour(at)]
