"""Slots of local time, and which slots of the past can be compared with one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import date, datetime, timedelta
from functools import lru_cache
from typing import Literal, TypeAlias

from detectors.baselines.score import FEWEST, Norm, norm_of
from detectors.baselines.spec import DAY, Baseline

DayKind = Literal["weekday", "weekend", "holiday"]
DayKinds: TypeAlias = Callable[[date], DayKind]
"""Says what a local date is; a day worked in place of another is a weekday."""
LOCAL_S = 7 * 3600
"""Offset of Asia/Ho_Chi_Minh since 1975."""
_EPOCH = date(1970, 1, 1)


def plain_week(day: date) -> DayKind:
    """The kinds of days where nobody knows the holidays."""
    return "weekend" if day.weekday() >= 5 else "weekday"


def slot_of(moment: datetime, slot: timedelta) -> int:
    """Number of the slot of local time that holds `moment`; a multiple of slots makes a day (no summer time in Vietnam)."""
    return int((moment.timestamp() + LOCAL_S) // slot.total_seconds())


class Seasons:
    """Finds the comparable slots.

    Args:
        kind_of: the kind of a date.
    """

    def __init__(self, kind_of: DayKinds) -> None:
        self._kind_of = lru_cache(maxsize=4096)(kind_of)

    def norm(self, counts: Mapping[int, int], first: int, slot: int, spec: Baseline) -> Norm | None:
        """What is usual for a slot, by the counts of an entity met first in slot `first`; None while too little is known.

        Slots without events count as zero. The first slot is left out: it was met half way through.
        """
        per_day = DAY // spec.slot
        past = [number for number in self._same_time(slot, per_day, spec) if number > first]
        found = next(((name, group) for name, group in self._groups(past, slot, per_day) if len(group) >= FEWEST), None)
        if found is None:
            return None
        season, group = found
        since = max(first + 1, slot - spec.history // spec.slot)
        level = sum(count for number, count in counts.items() if since <= number < slot) / (slot - since)
        return norm_of([counts.get(number, 0) for number in group], level, season)

    @staticmethod
    def _same_time(slot: int, per_day: int, spec: Baseline) -> Iterator[int]:
        for days in range(1, spec.history // DAY + 1):
            yield slot - days * per_day

    def _groups(self, past: list[int], slot: int, per_day: int) -> Iterator[tuple[str, list[int]]]:
        """From the closest likeness to the widest: the same kind of day, any day off, any day."""
        kind = self._kind(slot, per_day)
        kinds = {number: self._kind(number, per_day) for number in past}
        yield kind, [number for number in past if kinds[number] == kind]
        if kind != "weekday":
            yield "rest", [number for number in past if kinds[number] != "weekday"]
        yield "all", past

    def _kind(self, slot: int, per_day: int) -> DayKind:
        return self._kind_of(_EPOCH + timedelta(days=slot // per_day))
