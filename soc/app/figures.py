"""What the collecting process has moved since it started: kept in a file of the home now and then, for whoever serves the metrics."""

from __future__ import annotations

import os
from bisect import bisect_left
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from soc.app.pipeline import Step
from soc.core.clock import iso, parse_iso
from soc.storage.events import AppendResult, AppendStatus

FILE = "collecting.json"
BOUNDS_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
"""Upper bounds of the bars of a histogram; the last bar has none."""


@dataclass
class Durations:
    """A histogram of seconds: how many lie at or under each bound, not cumulated."""

    bars: list[int] = field(default_factory=lambda: [0] * (len(BOUNDS_S) + 1))
    total_s: float = 0.0

    def add(self, seconds: float) -> None:
        """Count one."""
        self.bars[bisect_left(BOUNDS_S, seconds)] += 1
        self.total_s += seconds


@dataclass
class Figures:
    """Counts of one process; a `Meter` of the pipeline.

    Args:
        started: when the process began; counts of an earlier one are gone.
        told: is shown what became of the events of each batch.

    Attributes:
        read: records that left the spool; each is created, a duplicate, or quarantined, as those that the store rejected are.
    """

    started: datetime
    told: Callable[[Sequence[AppendResult]], None]
    batches: int = 0
    read: int = 0
    created: int = 0
    duplicates: int = 0
    quarantined: int = 0
    rejected: int = 0
    alerts: int = 0
    retried: int = 0
    store: Durations = field(default_factory=Durations)
    detector: Durations = field(default_factory=Durations)

    def stored(self, results: Sequence[AppendResult], seconds: float) -> None:
        self.store.add(seconds)
        self.rejected += sum(result.status is AppendStatus.REJECTED for result in results)
        self.told(results)

    def sent_again(self, documents: int) -> None:
        """Count documents that the store had to be given once more."""
        self.retried += documents

    def detected(self, seconds: float) -> None:
        self.detector.add(seconds)

    def moved(self, step: Step) -> None:
        self.batches += 1
        self.read += step.read
        self.created += step.created
        self.duplicates += step.duplicates
        self.quarantined += step.quarantined
        self.alerts += step.alerts


COUNTS = ("batches", "read", "created", "duplicates", "quarantined", "rejected", "alerts", "retried")


@dataclass(frozen=True, slots=True)
class Kept:
    """Figures as they were written down at `at`; `counts` by the names of COUNTS."""

    started: datetime
    at: datetime
    counts: Mapping[str, int]
    store: Durations
    detector: Durations


def write_figures(home: Path, figures: Figures, now: datetime) -> bool:
    """Write them down; False where the disk refuses, which is told elsewhere."""
    counts = {name: getattr(figures, name) for name in COUNTS}
    row = {"started": iso(figures.started), "at": iso(now), "counts": counts}
    row |= {"store": _plain(figures.store), "detector": _plain(figures.detector)}
    half = home / f".{FILE}-{os.getpid()}"
    try:
        half.write_bytes(orjson.dumps(row))
        half.replace(home / FILE)
    except OSError:
        return False
    return True


def read_figures(home: Path) -> Kept | None:
    """The newest; None where there are none or they cannot be read."""
    try:
        row = orjson.loads((home / FILE).read_bytes())
        counts = {name: int(row["counts"][name]) for name in COUNTS}
        times = parse_iso(row["started"]), parse_iso(row["at"])
        return Kept(*times, counts, _durations(row["store"]), _durations(row["detector"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _plain(durations: Durations) -> dict[str, Any]:
    return {"bars": durations.bars, "total_s": durations.total_s}


def _durations(row: Mapping[str, Any]) -> Durations:
    if len(row["bars"]) != len(BOUNDS_S) + 1:
        raise ValueError("written by a version with other bounds")
    return Durations([int(bar) for bar in row["bars"]], float(row["total_s"]))
