"""A fortnight of one source, and a walk through silence written as the definition reads: minute by minute, nothing clever."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import datetime, timedelta

from collectors.platform import Platform
from soc.core.clock import LOCAL_ZONE

SECOND = timedelta(seconds=1)
MINUTE = timedelta(minutes=1)


def too_long_from(since: datetime, platform: Platform) -> datetime:
    """The moment after which silence since `since` is too long; `since` is a whole minute."""
    rhythm, calendar = platform.rhythm, platform.calendar
    worked = silent = 0
    moment = since
    while worked < rhythm.in_hours_minutes and silent < rhythm.off_hours_minutes:
        in_hours = calendar.in_hours(moment)
        day_off = not calendar.spans_on(moment.astimezone(LOCAL_ZONE).date())
        worked = worked + 1 if in_hours else 0
        silent += not (rhythm.quiet_days_off and day_off)
        moment += MINUTE
        # the minute at which a span of work ends is no working minute any more: nobody is late at the end of work
        if worked == rhythm.in_hours_minutes and not calendar.in_hours(moment):
            worked = 0
    return moment


def fortnight(platform: Platform, start: datetime, chance: random.Random) -> Iterator[datetime]:
    """Times of receipt over 14 days, whole minutes, as far apart as the rhythm just allows or closer.

    A platform whose days off are quiet says nothing at all outside its hours: not at lunch, at night, at the weekend, at Tết.
    """
    moment = start
    while moment < start + timedelta(days=14):
        yield moment
        due = too_long_from(moment, platform)
        moment += max(MINUTE, chance.choices((1.0, 0.7, 0.4, 0.2), (1, 4, 4, 3))[0] * (due - moment) // MINUTE * MINUTE)
        if platform.rhythm.quiet_days_off:
            moment = min(_at_work(moment, platform), due)


def _at_work(moment: datetime, platform: Platform) -> datetime:
    while not platform.calendar.in_hours(moment):
        moment += MINUTE
    return moment
