"""How many events an entity makes in a slot of time, against the same slots of days like today.

A slot is judged while it fills, against what was known when it began; an event that comes in late is counted in its own slot, which is
not judged again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from detectors.baselines.score import Norm, least_count
from detectors.baselines.season import Seasons, slot_of
from detectors.baselines.spec import Baseline
from detectors.bundling import Occurrence
from soc.core.clock import iso, parse_iso

Key: TypeAlias = tuple[str, str, str, str]
"""Rule, agency, exercise run ("" = real), entity."""
MAX_SERIES = 20_000
MAX_CELLS = 400_000
EXAMPLES = 10
"""Events of the running slot whose ids are kept."""


@dataclass(slots=True)
class Series:
    """The counts of one entity.

    Attributes:
        first, last: slots of its first and of its newest event.
        counts: slot -> events, only where there were any.
        norm: what is usual for slot `last`; None while learning.
        least: count from which slot `last` is told; 0 while learning.
        began: time of the first event seen in slot `last`.
        examples: ids of the first events of slot `last`.
    """

    first: int
    last: int
    began: str
    counts: dict[int, int] = field(default_factory=dict)
    norm: Norm | None = None
    least: int = 0
    examples: list[str] = field(default_factory=list)

    @property
    def observed(self) -> int:
        return self.counts[self.last]


@dataclass(frozen=True, slots=True)
class Excess:
    """A slot that holds more events than usual, as it stood at one event."""

    observed: int
    norm: Norm
    began: datetime
    earlier: tuple[str, ...]


class Rates:
    """The series of all entities; beyond the limits those that were quiet longest are dropped and counted."""

    def __init__(self, seasons: Seasons) -> None:
        self._seasons = seasons
        self._series: dict[Key, Series] = {}
        self.cells = 0
        self.dropped = 0

    def count(self, key: Key, spec: Baseline, occurrence: Occurrence) -> Excess | None:
        """Count an event; gives what is unusual with it."""
        slot = slot_of(occurrence.moment, spec.slot)
        series = self._series.get(key)
        if series is None:
            series = self._series[key] = Series(slot, slot, iso(occurrence.moment))
            self._set_norm(key, series, spec)
        elif slot > series.last:
            self._turn(series, slot, spec, occurrence)
            self._set_norm(key, series, spec)
        if slot not in series.counts:
            self.cells += 1
        series.counts[slot] = series.counts.get(slot, 0) + 1
        self._bound()
        if slot < series.last:
            return None
        return _judge(series, occurrence)

    def _turn(self, series: Series, slot: int, spec: Baseline, occurrence: Occurrence) -> None:
        """Begin a new slot, and forget what is too old."""
        oldest = slot - spec.history // spec.slot
        for number in [number for number in series.counts if number < oldest]:
            del series.counts[number]
            self.cells -= 1
        series.last, series.began, series.examples = slot, iso(occurrence.moment), []

    def _set_norm(self, key: Key, series: Series, spec: Baseline) -> None:
        """Work out what will be usual for the slot that begins; for an exercise, by what the real world has done before it."""
        known = self._series.get((*key[:2], "", key[3]))
        learnt = known is not None and (series.last - known.first) * spec.slot >= spec.learning
        series.norm = self._seasons.norm(known.counts, known.first, series.last, spec) if known and learnt else None
        series.least = least_count(series.norm, spec.minimum, spec.threshold) if series.norm else 0

    def _bound(self) -> None:
        if len(self._series) <= MAX_SERIES and self.cells <= MAX_CELLS:
            return
        oldest = sorted(self._series, key=lambda key: (self._series[key].began, key))
        for key in oldest[: max(1, len(oldest) // 10)]:
            self.cells -= len(self._series.pop(key).counts)
            self.dropped += 1

    def __len__(self) -> int:
        return len(self._series)

    def state(self) -> dict[str, Any]:
        """The series as JSON values."""
        rows = []
        for key, series in self._series.items():
            norm = None if series.norm is None else asdict(series.norm)
            pairs = list(series.counts.items())
            rows.append([*key, series.first, series.last, series.began, pairs, norm, series.least, series.examples])
        return {"series": rows, "dropped": self.dropped}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over what `state` gave."""
        self._series = {}
        for rule, agency, run, entity, first, last, began, pairs, norm, least, examples in state["series"]:
            known = None if norm is None else Norm(**norm)
            self._series[rule, agency, run, entity] = Series(
                first, last, began, dict(pairs), known, least, list(examples)
            )
        self.cells = sum(len(series.counts) for series in self._series.values())
        self.dropped = state["dropped"]


def _judge(series: Series, occurrence: Occurrence) -> Excess | None:
    earlier = tuple(series.examples)
    if len(series.examples) < EXAMPLES:
        series.examples.append(occurrence.event_id)
    if series.norm is None or series.observed < series.least:
        return None
    return Excess(series.observed, series.norm, parse_iso(series.began), earlier)
