"""States of runs and steps, and the values that readers get."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from detectors.alert import Names
from playbooks.plan import Plan, PlannedStep
from soc.core.i18n import Message, msg


class RunState(StrEnum):
    """Where a run stands."""

    RUNNING = "running"
    WAITING_APPROVAL = "waiting_approval"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"
    UNDOING = "undoing"
    UNDONE = "undone"

    @property
    def label(self) -> Message:
        """The word shown to a person."""
        return _LABELS[self.value]


class StepState(StrEnum):
    """Where a step of a run stands."""

    PENDING = "pending"
    WAITING_APPROVAL = "waiting_approval"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    STOPPED = "stopped"
    UNDONE = "undone"

    @property
    def label(self) -> Message:
        """The word shown to a person."""
        return _LABELS[self.value]


_LABELS = {
    "pending": msg("Chờ đến lượt"),
    "running": msg("Đang chạy"),
    "waiting_approval": msg("Chờ phê duyệt"),
    "done": msg("Đã xong"),
    "failed": msg("Thất bại"),
    "stopped": msg("Đã dừng"),
    "undoing": msg("Đang hoàn tác"),
    "undone": msg("Đã hoàn tác"),
}


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody decided about a plan."""

    approved: bool
    by: str
    at: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class PlanView:
    """A plan as a page shows it.

    Attributes:
        decision: None while nobody has decided.
        run: id of its run; "" while it has not been started.
        changed: the incident or the playbook is no longer what the plan was made from, so it is neither approved nor started.
    """

    plan: Plan
    decision: Decision | None
    run: str
    changed: bool


@dataclass(frozen=True, slots=True)
class DryStep:
    """What a dry run says of one step: what it would do, and why it could not; None = nothing is in its way."""

    step: PlannedStep
    obstacle: Message | None


@dataclass(frozen=True, slots=True)
class StepView:
    """A step of a run.

    Attributes:
        error: of the last failed attempt, by language; empty when there was none.
        receipt: what the other side said; "" before.
        expires: when the effect takes itself back.
    """

    id: str
    title: Names
    state: StepState
    attempts: int
    started: datetime | None
    finished: datetime | None
    error: Names
    receipt: str
    expires: datetime | None


@dataclass(frozen=True, slots=True)
class RunView:
    """A run as a page shows it.

    Attributes:
        stalled: no worker has taken it though one should have: the broker or the worker is down. It goes on by itself.
    """

    id: str
    plan: Plan
    incident: str
    agency: str
    state: RunState
    started_by: str
    started: datetime
    finished: datetime | None
    steps: tuple[StepView, ...]
    stalled: bool
