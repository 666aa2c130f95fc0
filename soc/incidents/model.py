"""The words of an incident: its immutable events, and the projection that people see.

An incident *is* its stream of `IncidentEvent`s; `Incident` is what `soc.incidents.projection.project` makes of them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from detectors.alert import Names
from soc.core.i18n import Message, msg
from soc.core.severity import Severity


class Status(StrEnum):
    """Where an incident stands. `void`: its opening was undone, so it was never there."""

    NEW = "new"
    ACKNOWLEDGED = "acknowledged"
    CONTAINED = "contained"
    CLOSED = "closed"
    MERGED = "merged"
    VOID = "void"

    @property
    def label(self) -> Message:
        """The word shown to a person."""
        return _STATUS_LABELS[self]


OPEN = frozenset({Status.NEW, Status.ACKNOWLEDGED, Status.CONTAINED})
"""States in which an incident is worked on and takes new alerts."""


class Verdict(StrEnum):
    """How a closed incident was judged."""

    TRUE_POSITIVE = "true_positive"
    BENIGN = "benign"
    FALSE_POSITIVE = "false_positive"
    UNDETERMINED = "undetermined"

    @property
    def label(self) -> Message:
        """The word shown to a person."""
        return _VERDICT_LABELS[self]

    @property
    def harmless(self) -> bool:
        """Whether nothing bad had happened, so that no legal duty arose."""
        return self in {Verdict.BENIGN, Verdict.FALSE_POSITIVE}


class Grade(StrEnum):
    """Legal grade of an incident ("mức độ"), M1 the gravest; not the severity of an alert ("mức")."""

    M1 = "M1"
    M2 = "M2"
    M3 = "M3"
    M4 = "M4"

    @property
    def label(self) -> Message:
        """The word shown to a person."""
        return _GRADE_LABELS[self]


class Kind(StrEnum):
    """What can happen to an incident."""

    OPENED = "opened"
    ALERT_ADDED = "alert_added"
    ACKNOWLEDGED = "acknowledged"
    ASSIGNED = "assigned"
    NOTE = "note"
    TASK_ADDED = "task_added"
    TASK_DONE = "task_done"
    TAGGED = "tagged"
    UNTAGGED = "untagged"
    GRADED = "graded"
    NOTICE_SENT = "notice_sent"
    RESPONSE = "response"
    CONTAINED = "contained"
    MERGED = "merged"
    SPLIT = "split"
    CLOSED = "closed"
    REOPENED = "reopened"
    UNDONE = "undone"

    @property
    def label(self) -> Message:
        """The verb shown on the timeline."""
        return _KIND_LABELS[self]


_STATUS_LABELS = {
    Status.NEW: msg("Chưa tiếp nhận"),
    Status.ACKNOWLEDGED: msg("Đã tiếp nhận"),
    Status.CONTAINED: msg("Đã ngăn chặn"),
    Status.CLOSED: msg("Đã đóng"),
    Status.MERGED: msg("Đã gộp"),
    Status.VOID: msg("Đã hủy do hoàn tác"),
}
_VERDICT_LABELS = {
    Verdict.TRUE_POSITIVE: msg("Báo động đúng"),
    Verdict.BENIGN: msg("Đúng nhưng vô hại"),
    Verdict.FALSE_POSITIVE: msg("Báo động giả"),
    Verdict.UNDETERMINED: msg("Chưa xác định"),
}
_GRADE_LABELS = {
    Grade.M1: msg("M1 – đặc biệt nghiêm trọng"),
    Grade.M2: msg("M2 – nghiêm trọng"),
    Grade.M3: msg("M3 – trung bình"),
    Grade.M4: msg("M4 – thấp"),
}
_KIND_LABELS = {
    Kind.OPENED: msg("Mở sự cố"),
    Kind.ALERT_ADDED: msg("Thêm cảnh báo"),
    Kind.ACKNOWLEDGED: msg("Tiếp nhận"),
    Kind.ASSIGNED: msg("Phân công"),
    Kind.NOTE: msg("Ghi chú"),
    Kind.TASK_ADDED: msg("Thêm nhiệm vụ"),
    Kind.TASK_DONE: msg("Xong nhiệm vụ"),
    Kind.TAGGED: msg("Gắn nhãn"),
    Kind.UNTAGGED: msg("Gỡ nhãn"),
    Kind.GRADED: msg("Xếp mức độ"),
    Kind.NOTICE_SENT: msg("Gửi thông báo theo nghĩa vụ"),
    Kind.RESPONSE: msg("Kịch bản ứng phó"),
    Kind.CONTAINED: msg("Ngăn chặn"),
    Kind.MERGED: msg("Gộp"),
    Kind.SPLIT: msg("Tách"),
    Kind.CLOSED: msg("Đóng sự cố"),
    Kind.REOPENED: msg("Mở lại"),
    Kind.UNDONE: msg("Hoàn tác"),
}


@dataclass(frozen=True, slots=True)
class IncidentEvent:
    """One thing that happened to one incident; never changed, never deleted.

    Attributes:
        incident: code of the incident.
        position: 1, 2, 3 ... within the incident.
        op: the act it belongs to; a merge or split writes to two incidents under one op, and undo takes back an op.
        at: when it was written down; aware UTC.
        actor: user name, or `vonggac` for the suite itself.
        data: facts of the kind, JSON values only.
    """

    incident: str
    position: int
    op: str
    kind: Kind
    at: datetime
    actor: str
    data: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TimelineEntry:
    """An event as the timeline shows it: an undone one is struck out, not removed."""

    event: IncidentEvent
    undone: bool


@dataclass(frozen=True, slots=True)
class AlertFact:
    """What an incident needs to know of an alert; the rest is in the alerts table.

    Attributes:
        raised: when the alert was made, which is when the thing was detected.
        first, last: times of its earliest and latest event.
    """

    id: str
    rule: str
    severity: Severity
    title: Names
    raised: datetime
    first: datetime
    last: datetime


@dataclass(frozen=True, slots=True)
class Task:
    """Something to be done by somebody."""

    id: str
    text: str
    assignee: str
    done: datetime | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """A first notice of a legal duty that has left the house; `number` is that of the paper or message."""

    duty: str
    sent: datetime
    recipient: str
    number: str


@dataclass(frozen=True, slots=True)
class Flags:
    """What decides which legal duties apply; None = nobody has judged it yet."""

    national_security: bool | None = None
    serious_disruption: bool | None = None
    personal_data: bool | None = None


@dataclass(frozen=True, slots=True)
class Incident:
    """An incident as it stands after its stream.

    Attributes:
        entity: ECS field and value that the incident is about, ("host.name", "web-01").
        title: of its gravest alert, by language.
        severity: the highest of its alerts.
        detected: when its first alert was raised: legal clocks start here.
        first, last: earliest and latest event time of its alerts.
        updated: time of the last event that is not undone.
        version: length of the stream; pass it back to make sure that nobody was faster.
    """

    code: str
    agency: str
    exercise: str | None
    platform: str
    entity: tuple[str, str]
    status: Status
    title: Names
    severity: Severity
    alerts: tuple[AlertFact, ...]
    detected: datetime
    first: datetime
    last: datetime
    updated: datetime
    version: int
    assignee: str = ""
    grade: Grade | None = None
    flags: Flags = Flags()
    acknowledged: datetime | None = None
    acknowledged_by: str = ""
    contained: datetime | None = None
    closed: datetime | None = None
    verdict: Verdict | None = None
    merged_into: str = ""
    tasks: tuple[Task, ...] = ()
    notices: tuple[Notice, ...] = ()
    tags: tuple[str, ...] = ()
