"""Time as a port. Everything inside is aware UTC; Asia/Ho_Chi_Minh is used where a person or a calendar reads it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol
from zoneinfo import ZoneInfo

LOCAL_ZONE = ZoneInfo("Asia/Ho_Chi_Minh")


class Clock(Protocol):
    """Gives the present moment as aware UTC."""

    def now(self) -> datetime: ...


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


@dataclass
class FixedClock:
    """A clock for tests and replays: stands still until `advance` or `set`."""

    moment: datetime

    def now(self) -> datetime:
        return self.moment

    def advance(self, step: timedelta) -> None:
        """Move the clock on by `step`."""
        self.moment += step


@dataclass
class ShiftedClock:
    """Another clock, moved to a chosen moment and running on from there: for exercises and for replays of a sample."""

    base: Clock
    offset: timedelta = timedelta()

    def now(self) -> datetime:
        return self.base.now() + self.offset

    def set(self, moment: datetime) -> None:
        """Make it `moment` now."""
        self.offset = moment - self.base.now()


@dataclass(frozen=True, slots=True)
class Window:
    """A span of time, `since` included, `until` not; both aware UTC."""

    since: datetime
    until: datetime

    def __contains__(self, moment: datetime) -> bool:
        return self.since <= moment < self.until


ALL_TIME = Window(datetime(1970, 1, 1, tzinfo=UTC), datetime(9999, 1, 1, tzinfo=UTC))
"""Whatever was logged: for questions without a period of their own."""


def to_utc(moment: datetime) -> datetime:
    """`moment` in UTC; a naive time is refused, as its zone would be a guess."""
    if moment.tzinfo is None:
        raise ValueError(f"naive time {moment.isoformat()}")
    return moment.astimezone(UTC)


def iso(moment: datetime) -> str:
    """ECS form of a time: UTC with microseconds where it has them, `2026-11-17T01:05:11.412Z`."""
    return moment.astimezone(UTC).isoformat().removesuffix("+00:00") + "Z"


def parse_iso(text: str) -> datetime:
    """An ISO 8601 time with its offset, as aware UTC. Raises ValueError for anything else, a missing offset included."""
    return to_utc(datetime.fromisoformat(text))
