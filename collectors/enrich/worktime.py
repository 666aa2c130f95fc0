"""Local time and working hours."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from collectors.calendar import Calendar
from collectors.enrich.facts import Facts
from soc.core.clock import LOCAL_ZONE
from soc.core.event import Value

REMEMBERED_MINUTES = 4096


class LocalTime:
    """`soc.time.local_hour` (0-23, Asia/Ho_Chi_Minh) and `soc.time.in_hours` by the platform's calendar.

    What counts as working hours, the lunch break included, is told in `collectors.calendar`. Calendars speak in minutes, and events come
    many to a minute, so what was worked out is kept.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[int, int], tuple[Calendar, Mapping[str, Value]]] = {}

    def __call__(self, fields: Mapping[str, Value], facts: Facts) -> Mapping[str, Value]:
        calendar = facts.platform.calendar
        key = id(calendar), int(facts.moment.timestamp()) // 60
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= REMEMBERED_MINUTES:
                self._known.clear()
            # the calendar is kept beside its answer: its id stands for nothing else as long as it lives
            known = self._known[key] = (calendar, _told(calendar, facts.moment))
        return known[1]


def _told(calendar: Calendar, moment: datetime) -> Mapping[str, Value]:
    local = moment.astimezone(LOCAL_ZONE)
    return {"soc.time.local_hour": local.hour, "soc.time.in_hours": calendar.in_hours(local)}
