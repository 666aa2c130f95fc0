"""The count of what exceptions hid: nothing hidden is uncounted."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime
from typing import Any, TypeAlias

from detectors.bundling import keep_ends
from soc.core.clock import LOCAL_ZONE, iso, parse_iso
from soc.core.event import Event

MAX_SAMPLES = 20
"""Event ids kept for one count: the first and the last ones."""
Key: TypeAlias = tuple[str, str, str, str | None, str]


@dataclass(frozen=True, slots=True)
class Hidden:
    """Matches that one exception hid.

    Attributes:
        exception, rule_id, agency, exercise: whose match it was and who hid it.
        day: local day of the events, `2026-11-17`.
        count: matches; of a correlation, how often it held.
        first, last: times of the earliest and the latest event.
        event_ids: the first and the last ones in order of arrival, at most MAX_SAMPLES.
    """

    exception: str
    rule_id: str
    agency: str
    exercise: str | None
    day: str
    count: int
    first: datetime
    last: datetime
    event_ids: tuple[str, ...]

    @property
    def key(self) -> Key:
        return self.exception, self.rule_id, self.agency, self.exercise, self.day

    @property
    def local_day(self) -> date:
        return date.fromisoformat(self.day)

    def __add__(self, other: Hidden) -> Hidden:
        """Both together; `other` came later and has the same key."""
        return replace(
            self,
            count=self.count + other.count,
            first=min(self.first, other.first),
            last=max(self.last, other.last),
            event_ids=tuple(keep_ends([*self.event_ids, *other.event_ids], MAX_SAMPLES)),
        )


def hidden_once(exception: str, rule_id: str, event: Event, moment: datetime, agency: str) -> Hidden:
    """One hidden match."""
    day = f"{moment.astimezone(LOCAL_ZONE):%Y-%m-%d}"
    return Hidden(exception, rule_id, agency, event.exercise, day, 1, moment, moment, (event.id,))


class HiddenTally:
    """Counts since the last `take`."""

    def __init__(self, counts: Iterable[Hidden] = ()) -> None:
        self._counts: dict[Key, Hidden] = {}
        for count in counts:
            self.add(count)

    def add(self, hidden: Hidden) -> None:
        known = self._counts.get(hidden.key)
        self._counts[hidden.key] = hidden if known is None else known + hidden

    def take(self) -> list[Hidden]:
        """What was counted; the tally is empty afterwards."""
        taken = list(self._counts.values())
        self._counts.clear()
        return taken

    def state(self) -> list[dict[str, Any]]:
        """The counts as JSON values."""
        return [asdict(count) | {"first": iso(count.first), "last": iso(count.last)} for count in self._counts.values()]

    def restore(self, state: Iterable[Mapping[str, Any]]) -> None:
        """Take over what `state` gave."""
        self._counts.clear()
        for found in state:
            times = {part: parse_iso(found[part]) for part in ("first", "last")}
            self.add(Hidden(**{**found, **times, "event_ids": tuple(found["event_ids"])}))
