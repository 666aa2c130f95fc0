"""Local time and working hours."""

from __future__ import annotations

from collections.abc import Mapping

from collectors.enrich.facts import Facts
from soc.core.clock import LOCAL_ZONE
from soc.core.event import Value


def local_time(fields: Mapping[str, Value], facts: Facts) -> Mapping[str, Value]:
    """`soc.time.local_hour` (0-23, Asia/Ho_Chi_Minh) and `soc.time.in_hours` by the platform's calendar.

    What counts as working hours, the lunch break included, is told in `collectors.calendar`.
    """
    local = facts.moment.astimezone(LOCAL_ZONE)
    return {"soc.time.local_hour": local.hour, "soc.time.in_hours": facts.platform.calendar.in_hours(local)}
