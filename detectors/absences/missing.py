"""What an absence is told with, whichever way it was found."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal, Protocol, TypeAlias

from detectors.absences.spec import Due
from detectors.selectors import Names

DayKinds: TypeAlias = Callable[[date], Literal["weekday", "weekend", "holiday"]]
"""Says what a local date is."""
MAX_OWERS = 20_000
"""Of one definition; the one heard longest ago goes first."""


class Maintenance(Protocol):
    """What the province has announced."""

    def covers(self, platform: str, values: Collection[str], since: datetime, until: datetime) -> bool:
        """Whether a change on the platform, about one of `values` or about everything, falls into the span."""
        ...


class NoMaintenance:
    """Nothing is announced."""

    def covers(self, platform: str, values: Collection[str], since: datetime, until: datetime) -> bool:
        return False


@dataclass(frozen=True, slots=True)
class Owner:
    """Who owes: agency and platform of the events, and field -> value."""

    agency: str
    platform: str
    entity: Names

    @property
    def key(self) -> str:
        """One text for one owner."""
        return "\0".join((self.agency, self.platform, *(part for pair in self.entity for part in pair)))

    @property
    def values(self) -> set[str]:
        """What a change must name to be about it."""
        return {value for _, value in self.entity}


@dataclass(frozen=True, slots=True)
class Missing:
    """Something due that did not come.

    Attributes:
        since, until: when it should have come.
        events: the last one that came, or the event that made it due and the last sign of life.
        shown: further fields for the reader.
    """

    due: Due
    owner: Owner
    since: datetime
    until: datetime
    events: tuple[str, ...]
    shown: Names = ()
