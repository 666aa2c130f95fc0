"""A run and its score, as values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from soc.core.i18n import Message, msg
from soc.exercises.scenario import Inject, Names, Scenario


class RunState(StrEnum):
    """Where a run stands."""

    PLANNED = "planned"
    RUNNING = "running"
    FINISHED = "finished"

    @property
    def label(self) -> Message:
        """The word shown to a person."""
        return _LABELS[self]


_LABELS = {
    RunState.PLANNED: msg("Đã lập"),
    RunState.RUNNING: msg("Đang chạy"),
    RunState.FINISHED: msg("Đã kết thúc"),
}


@dataclass(frozen=True, slots=True)
class ExerciseRun:
    """A run of a scenario that was frozen when it was planned; its code is what `soc.exercise` holds."""

    code: str
    scenario: Scenario
    agency: str
    planned_by: str
    start: datetime
    state: RunState
    finished: datetime | None

    def source(self, platform: str) -> str:
        """Id of the source that its lines for `platform` come from; ids of this form are kept for exercises."""
        return f"{self.code.lower()}.{platform}"


@dataclass(frozen=True, slots=True)
class InjectScore:
    """What became of one inject.

    Attributes:
        expected: whether a detection was expected.
        detected: time of the alert that met the expectation, None when there was none.
        seconds: from the last line of the inject to that alert, never below 0.
        in_time: within the expectation's limit.
    """

    inject: Inject
    sent: datetime | None
    expected: bool
    detected: datetime | None
    seconds: float | None
    in_time: bool


@dataclass(frozen=True, slots=True)
class Score:
    """Facts of a run.

    Attributes:
        unexpected: alerts by rule that no inject expected ("thừa"): follow-ups of an attack or false alarms, for the referee to tell.
    """

    run: ExerciseRun
    injects: tuple[InjectScore, ...]
    unexpected: tuple[tuple[str, Names, int], ...]

    @property
    def expected(self) -> int:
        return sum(inject.expected for inject in self.injects)

    @property
    def detected(self) -> int:
        return sum(inject.in_time for inject in self.injects)
