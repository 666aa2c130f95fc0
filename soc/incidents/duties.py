"""Clocks of an incident: legal duties of notice, which never pause, and our own targets by severity.

The facts are in `duties.yaml` beside this file, each with its legal basis and how sure we are of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from pathlib import Path
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict

from detectors.alert import Names
from soc.core.errors import InputError
from soc.core.i18n import Message, msg
from soc.core.severity import Severity
from soc.incidents.model import Flags, Grade, Incident

_NEAR = 0.75
"""Share of the time after which a clock is called near: a page announces it once."""


class ClockState(StrEnum):
    """How a clock stands."""

    RUNNING = "running"
    NEAR = "near"
    OVERDUE = "overdue"
    MET = "met"
    LATE = "late"
    UNDETERMINED = "undetermined"
    NOT_APPLICABLE = "not_applicable"

    @property
    def label(self) -> Message:
        """The word shown to a person."""
        return _LABELS[self]


_LABELS = {
    ClockState.RUNNING: msg("Đang tính"),
    ClockState.NEAR: msg("Sắp đến hạn"),
    ClockState.OVERDUE: msg("Quá hạn"),
    ClockState.MET: msg("Đúng hạn"),
    ClockState.LATE: msg("Đã làm, trễ hạn"),
    ClockState.UNDETERMINED: msg("Chưa xác định có áp dụng hay không"),
    ClockState.NOT_APPLICABLE: msg("Không áp dụng"),
}
_OWED = frozenset({ClockState.RUNNING, ClockState.NEAR, ClockState.OVERDUE, ClockState.UNDETERMINED})


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Applies(_Strict):
    """When a duty applies; exactly one of the three is given."""

    always: bool = False
    grade: tuple[Grade, ...] = ()
    flag: tuple[Literal["national_security", "serious_disruption", "personal_data"], ...] = ()

    def to(self, grade: Grade | None, flags: Flags) -> bool | None:
        """Whether it applies; None while nobody has judged what decides it."""
        if self.always:
            return True
        if self.grade:
            return None if grade is None else grade in self.grade
        known = [getattr(flags, name) for name in self.flag]
        return True if True in known else None if None in known else False


class Duty(_Strict):
    """A legal duty of notice: so many hours from detection."""

    id: str
    name: dict[str, str]
    hours: int
    applies: Applies
    basis: str
    confidence: str


class Target(_Strict):
    """A target of our own: minutes from the first alert, by severity."""

    id: Literal["acknowledge", "contain"]
    name: dict[str, str]
    minutes: dict[Severity, int]
    confidence: str


class DutyBook(_Strict):
    """All duties and targets."""

    duties: tuple[Duty, ...]
    targets: tuple[Target, ...]

    def require(self, duty: str) -> None:
        """Raise InputError unless there is a duty of that id."""
        known = [one.id for one in self.duties]
        if duty not in known:
            raise InputError(
                msg("không có nghĩa vụ “{duty}”", duty=duty),
                expected=msg("một trong: {known}", known=", ".join(known)),
            )


def load_duties() -> DutyBook:
    """The book shipped with the suite."""
    path = Path(__file__).with_name("duties.yaml")
    return DutyBook.model_validate(yaml.safe_load(path.read_text("utf-8")))


@dataclass(frozen=True, slots=True)
class DutyClock:
    """One clock of one incident.

    Attributes:
        legal: a duty of the law; False for a target of our own.
        due: None when the clock does not apply.
        met: when it was done.
        basis: the clause; "" for a target.
    """

    id: str
    name: Names
    legal: bool
    since: datetime
    due: datetime | None
    met: datetime | None
    state: ClockState
    basis: str
    confidence: str


def clocks(book: DutyBook, incident: Incident, now: datetime) -> tuple[DutyClock, ...]:
    """Every clock of the incident at `now`: legal duties first, in the order of the book."""
    legal = [_legal(duty, incident, now) for duty in book.duties]
    return (*legal, *(_own(target, incident, now) for target in book.targets))


def open_duties(book: DutyBook, incident: Incident, now: datetime) -> tuple[DutyClock, ...]:
    """The legal duties that still have to be done or at least judged."""
    return tuple(clock for clock in clocks(book, incident, now) if clock.legal and clock.state in _OWED)


def _legal(duty: Duty, incident: Incident, now: datetime) -> DutyClock:
    applies = duty.applies.to(incident.grade, incident.flags)
    harmless = incident.verdict is not None and incident.verdict.harmless
    due = incident.detected + timedelta(hours=duty.hours)
    met = min((notice.sent for notice in incident.notices if notice.duty == duty.id), default=None)
    state = _state(incident.detected, due, met, now)
    if met is None and (applies is False or harmless):
        state = ClockState.NOT_APPLICABLE
    elif met is None and applies is None:
        state = ClockState.UNDETERMINED
    shown = None if state is ClockState.NOT_APPLICABLE else due
    return DutyClock(duty.id, duty.name, True, incident.detected, shown, met, state, duty.basis, duty.confidence)


def _own(target: Target, incident: Incident, now: datetime) -> DutyClock:
    due = incident.detected + timedelta(minutes=target.minutes[incident.severity])
    done = {"acknowledge": incident.acknowledged, "contain": incident.contained}[target.id]
    met = done or incident.closed  # closing without containment, as with a false alarm, stops the clock as well
    state = _state(incident.detected, due, met, now)
    return DutyClock(target.id, target.name, False, incident.detected, due, met, state, "", target.confidence)


def _state(since: datetime, due: datetime, met: datetime | None, now: datetime) -> ClockState:
    if met is not None:
        return ClockState.MET if met <= due else ClockState.LATE
    if now > due:
        return ClockState.OVERDUE
    return ClockState.NEAR if now - since >= _NEAR * (due - since) else ClockState.RUNNING
