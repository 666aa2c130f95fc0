"""The life of an exception, as a fold over what people did with it: proposed, approved or rejected, ended or expired.

A proposal never changes and acts are only added, so taking back the newest act restores exactly the state before it (law 6).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from soc.core.clock import Window
from soc.core.i18n import Message, msg

LONGEST = timedelta(days=366)
"""From the proposal to its expiry: twelve months, leap year or not."""
REMINDER = timedelta(days=14)
"""So long before its expiry an exception in force asks for a review."""


class State(StrEnum):
    """Where an exception stands; only an approved one hides anything."""

    PROPOSED = "proposed"
    APPROVED = "approved"
    REJECTED = "rejected"
    ENDED = "ended"
    EXPIRED = "expired"

    @property
    def label(self) -> Message:
        """The word shown to a person."""
        return _LABELS[self]


class ActKind(StrEnum):
    """What one can do with a proposal."""

    APPROVE = "approve"
    REJECT = "reject"
    END = "end"
    UNDO = "undo"

    @property
    def label(self) -> Message:
        """The word shown to a person."""
        return _ACTS[self]


_LABELS = {
    State.PROPOSED: msg("chờ phê duyệt"),
    State.APPROVED: msg("đang có hiệu lực"),
    State.REJECTED: msg("bị từ chối"),
    State.ENDED: msg("đã kết thúc"),
    State.EXPIRED: msg("đã hết hạn"),
}
_ACTS = {
    ActKind.APPROVE: msg("phê duyệt ngoại lệ"),
    ActKind.REJECT: msg("từ chối ngoại lệ"),
    ActKind.END: msg("kết thúc ngoại lệ"),
    ActKind.UNDO: msg("hoàn tác việc trước"),
}
_OUTCOME = {ActKind.APPROVE: State.APPROVED, ActKind.REJECT: State.REJECTED, ActKind.END: State.ENDED}
ALLOWED: dict[State, frozenset[ActKind]] = {
    State.PROPOSED: frozenset({ActKind.APPROVE, ActKind.REJECT, ActKind.END}),
    State.APPROVED: frozenset({ActKind.END, ActKind.UNDO}),
    State.REJECTED: frozenset({ActKind.UNDO}),
    State.ENDED: frozenset({ActKind.UNDO}),
    State.EXPIRED: frozenset(),
}


@dataclass(frozen=True, slots=True)
class Done:
    """One act: what, when, by whom, and why."""

    kind: ActKind
    at: datetime
    by: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """What the acts come to.

    Attributes:
        state: at the moment asked for.
        decided: the act in force that made it so; None while it is proposed.
        approved: the approval in force; None when there is none.
        periods: times in which it hid, over the time of events; what was undone in between is left out.
    """

    state: State
    decided: Done | None
    approved: Done | None
    periods: tuple[Window, ...]


def standing(acts: Sequence[Done], expires: datetime, now: datetime) -> Standing:
    """Fold the acts, in order."""
    kept: list[Done] = []
    periods: list[Window] = []
    since: datetime | None = None
    for act in acts:
        if act.kind is ActKind.UNDO:
            kept.pop()
        else:
            kept.append(act)
        hides = bool(kept) and kept[-1].kind is ActKind.APPROVE
        if hides and since is None:
            since = act.at
        elif not hides and since is not None:
            periods += _period(since, min(act.at, expires))
            since = None
    if since is not None:
        periods += _period(since, expires)
    state = _OUTCOME[kept[-1].kind] if kept else State.PROPOSED
    if now >= expires and state in (State.PROPOSED, State.APPROVED):
        state = State.EXPIRED
    approved = next((act for act in reversed(kept) if act.kind is ActKind.APPROVE), None)
    return Standing(state, kept[-1] if kept else None, approved, tuple(periods))


def _period(since: datetime, until: datetime) -> list[Window]:
    return [Window(since, until)] if since < until else []
