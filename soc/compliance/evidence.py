"""Evidence as values: what is handed in, its four dates, and where its review stands.

The four dates, always in this order: period observed, made, received (set by us, never changed), valid until.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import StrEnum

import orjson

from soc.compliance.catalogue import EvidenceKind
from soc.core.clock import LOCAL_ZONE, iso, parse_iso
from soc.core.i18n import Message, msg


class State(StrEnum):
    """Where a piece of evidence stands. `expired` is never stored: it is accepted evidence whose validity has ended."""

    DRAFT = "draft"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    ACCEPTED = "accepted"
    EXPIRED = "expired"

    @property
    def label(self) -> Message:
        """The word shown to a person."""
        return _LABELS[self]


_LABELS = {
    State.DRAFT: msg("Bản nháp"),
    State.SUBMITTED: msg("Đã nộp"),
    State.RETURNED: msg("Trả lại"),
    State.ACCEPTED: msg("Chấp nhận"),
    State.EXPIRED: msg("Hết hiệu lực"),
}


@dataclass(frozen=True, slots=True)
class Declaration:
    """What an officer states about a file.

    Attributes:
        kind: document | attestation | exercise; telemetry is never handed in by hand.
        observed_since, observed_until: the days the content speaks about, both included.
        made: the day of the document.
        valid_until: the last day it counts; None = without end.
    """

    criterion: str
    agency: str
    kind: EvidenceKind
    observed_since: date
    observed_until: date
    made: date
    valid_until: date | None = None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Review:
    """The part of evidence that a decision changes, and that undo brings back exactly."""

    state: State
    reviewer: str = ""
    reviewed: datetime | None = None
    reason: str = ""
    valid_until: date | None = None

    def to_json(self) -> str:
        """Canonical JSON, as a decision keeps it."""
        reviewed = None if self.reviewed is None else iso(self.reviewed)
        until = None if self.valid_until is None else self.valid_until.isoformat()
        return orjson.dumps([self.state, self.reviewer, reviewed, self.reason, until]).decode()

    @classmethod
    def from_json(cls, text: str) -> Review:
        """The inverse of `to_json`."""
        state, reviewer, reviewed, reason, until = orjson.loads(text)
        return cls(
            State(state),
            reviewer,
            None if reviewed is None else parse_iso(reviewed),
            reason,
            None if until is None else date.fromisoformat(until),
        )


@dataclass(frozen=True, slots=True)
class Evidence:
    """A piece of evidence as stored.

    Attributes:
        receipt: "BN-2026-00001"; None while it is a draft.
        received: when it was submitted; None while it is a draft.
        replaces: id of the returned evidence that this one corrects.
    """

    id: str
    receipt: str | None
    declaration: Declaration
    received: datetime | None
    sha256: str
    size_bytes: int
    media_type: str
    file_name: str
    submitter: str
    replaces: str | None
    review: Review

    @property
    def agency(self) -> str:
        return self.declaration.agency

    @property
    def criterion(self) -> str:
        return self.declaration.criterion

    def state_at(self, now: datetime) -> State:
        """The state a reader sees at that moment."""
        ended = self.review.valid_until is not None and self.review.valid_until < now.astimezone(LOCAL_ZONE).date()
        return State.EXPIRED if self.review.state is State.ACCEPTED and ended else self.review.state


@dataclass(frozen=True, slots=True)
class Decision:
    """One entry of the history of a piece of evidence; `undone` = taken back later."""

    number: int
    verb: str
    actor: str
    at: datetime
    reason: str
    undone: bool
