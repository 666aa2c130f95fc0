"""The expected rhythm of a source: from which moment its silence is too long, and how much it usually says in an hour.

*Silent*: within working hours when the time since the last event, or since work began after it, is longer than `in_hours_minutes`; at any
hour when the time since the last event is longer than `off_hours_minutes`, days off left out for a platform whose days off are quiet.
Lunch ends a span of work, so that nobody is expected before it goes on. `soc.compliance.silence` measures the same over history.

*Unusually quiet*: far below what was learned of the last seven days. What was learned only ever adds this weaker sign. It never puts
off the moment of silence, and days are compared with days of their kind: a holiday with no working day.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from statistics import median_low

from collectors.calendar import Calendar, vietnam
from collectors.platform import Rhythm
from soc.core.clock import LOCAL_ZONE

HORIZON_DAYS = 60
"""How far ahead the moment of silence is looked for; no run of days off is longer."""
LEARNED_DAYS = 7
FEWEST_EXPECTED = 40
"""Below so many expected events an hour nobody can tell quiet from chance."""
QUIET_SHARE = 0.2
"""Of what is expected: above it a source is not unusually quiet, however sure the count."""
BACK_SHARE = 0.5
"""From this share on it is not quiet any more."""
CHANCE = 1e-6
"""How likely so few events may be by chance alone; every source is judged every few minutes, for years."""

_MINUTE = timedelta(minutes=1)
_DAY = timedelta(days=1)


def silent_from(since: datetime, rhythm: Rhythm, calendar: Calendar) -> datetime | None:
    """The moment after which silence is too long, where the last event came at `since`; None where it never is."""
    by_clock = _allowed_until(since, rhythm, calendar)
    within = rhythm.in_hours_minutes * _MINUTE
    for start, end in _work_from(since, calendar):
        if by_clock is not None and start >= by_clock:
            break
        due = max(start, since) + within
        if due < end:
            return due if by_clock is None else min(due, by_clock)
    return by_clock


def _allowed_until(since: datetime, rhythm: Rhythm, calendar: Calendar) -> datetime | None:
    """When `off_hours_minutes` have passed, days off not counted where they are quiet."""
    left = rhythm.off_hours_minutes * _MINUTE
    if not rhythm.quiet_days_off:
        return since + left
    for start, end in _days_from(since):
        if calendar.spans_on(start.astimezone(LOCAL_ZONE).date()):
            if start + left <= end:
                return start + left
            left -= end - start
    return None


def _days_from(since: datetime) -> Iterator[tuple[datetime, datetime]]:
    """The rest of the local day of `since`, then whole days."""
    day = since.astimezone(LOCAL_ZONE).date()
    for ahead in range(HORIZON_DAYS):
        start = midnight(day + ahead * _DAY)
        yield max(start, since), start + _DAY


def _work_from(since: datetime, calendar: Calendar) -> Iterator[tuple[datetime, datetime]]:
    """The spans of work that end after `since`, in order; those that meet at midnight are one."""
    first = since.astimezone(LOCAL_ZONE).date()
    open_start = open_end = None
    for ahead in range(HORIZON_DAYS):
        day = first + ahead * _DAY
        for start, end in ((_at(day, start), _at(day, end)) for start, end in calendar.spans_on(day)):
            if open_end is not None and open_start is not None and start > open_end:
                yield open_start, open_end
                open_start = open_end = None
            if end > since:
                open_start, open_end = open_start or start, end
    if open_start is not None and open_end is not None:
        yield open_start, open_end


def midnight(day: date) -> datetime:
    """When a local day begins."""
    return datetime.combine(day, time.min, LOCAL_ZONE)


def _at(day: date, clock: time) -> datetime:
    return midnight(day + _DAY) if clock == time.max else datetime.combine(day, clock, LOCAL_ZONE)


@dataclass(frozen=True, slots=True)
class Profile:
    """What a source said by local hour on days that are over.

    Attributes:
        days: local day -> 24 counts by hour of receipt; only the last seven days are looked at.
        since: the first day it was heard on; days before it were not silent, they were not there.
    """

    days: Mapping[date, Sequence[int]] = field(default_factory=dict)
    since: date = date.max

    def expected(self, start: datetime, end: datetime) -> int | None:
        """Events that the hour from `start` to `end` would have on a usual day; None where nothing like it was learned.

        The lower of the same hour a week ago and of the middle of all days of the same kind, and of both clock hours that are touched:
        a single busy hour must not make the next week look quiet.
        """
        found = [self._at_hour(moment) for moment in (start, end - timedelta(microseconds=1))]
        return None if None in found else min(count for count in found if count is not None)

    def _at_hour(self, moment: datetime) -> int | None:
        local = moment.astimezone(LOCAL_ZONE)
        today, kind = local.date(), vietnam().kind_of(local.date())
        days = [today - ahead * _DAY for ahead in range(1, LEARNED_DAYS + 1)]
        if days[-1] < self.since or vietnam().kind_of(days[-1]) != kind:
            return None
        counts = [self._count(day, local.hour) for day in days if vietnam().kind_of(day) == kind]
        return min(self._count(days[-1], local.hour), median_low(counts))

    def _count(self, day: date, hour: int) -> int:
        return self.days[day][hour] if day in self.days else 0


def is_quiet(heard: int, expected: int) -> bool:
    """Whether `heard` events where `expected` are usual are too few for chance.

    The rate itself is uncertain, as it was counted once: three standard deviations are taken off. Then the bound of Chernoff for the lower
    tail of a Poisson variable: P(X <= n) <= exp(-m) (e m / n)^n for n < m.
    """
    if expected < FEWEST_EXPECTED or heard > expected * QUIET_SHARE:
        return False
    rate = expected - 3 * math.sqrt(expected)
    if heard >= rate:
        return False
    log_chance = -rate if heard == 0 else -rate + heard + heard * math.log(rate / heard)
    return log_chance < math.log(CHANCE)


def is_back(heard: int, expected: int) -> bool:
    """Whether a source that was quiet speaks as usual again."""
    return heard >= expected * BACK_SHARE
