"""From the stream to the incident: a pure fold.

Undo needs no inverse of anything: an `undone` event names an op, and the fold leaves that op out. As an undone event can
itself be undone, the stream is read from its end. The fold refuses a stream whose steps do not follow from one another;
that check is also what decides whether an act, or an undo beneath later acts, is allowed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from soc.core.clock import parse_iso
from soc.core.errors import ConflictError
from soc.core.i18n import msg
from soc.incidents.codec import fact_from_json
from soc.incidents.model import (
    OPEN,
    AlertFact,
    Flags,
    Grade,
    Incident,
    IncidentEvent,
    Kind,
    Notice,
    Status,
    Task,
    TimelineEntry,
    Verdict,
)

_ALWAYS = OPEN | {Status.CLOSED}
ALLOWED: dict[Kind, frozenset[Status]] = {
    Kind.OPENED: frozenset({Status.VOID}),
    Kind.ALERT_ADDED: OPEN,
    Kind.ACKNOWLEDGED: frozenset({Status.NEW}),
    Kind.ASSIGNED: OPEN,
    Kind.NOTE: _ALWAYS,
    Kind.TASK_ADDED: OPEN,
    Kind.TASK_DONE: OPEN,
    Kind.TAGGED: _ALWAYS,
    Kind.UNTAGGED: _ALWAYS,
    Kind.GRADED: OPEN,
    Kind.NOTICE_SENT: _ALWAYS,
    Kind.RESPONSE: _ALWAYS | {Status.MERGED},  # a run goes on when its incident is merged away, and has to say so
    Kind.CONTAINED: frozenset({Status.NEW, Status.ACKNOWLEDGED}),
    Kind.MERGED: OPEN,
    Kind.SPLIT: OPEN,
    Kind.CLOSED: frozenset({Status.ACKNOWLEDGED, Status.CONTAINED}),
    Kind.REOPENED: frozenset({Status.CLOSED}),
}
"""In which states each thing may happen; `undone` may happen in any."""


@dataclass
class _Draft:
    """The incident while the stream is being read. Not frozen, as a stream may hold thousands of alerts."""

    code: str
    status: Status = Status.VOID
    alerts: dict[str, AlertFact] = field(default_factory=dict)
    shown: tuple[AlertFact, ...] = ()
    updated: datetime | None = None
    assignee: str = ""
    grade: Grade | None = None
    flags: Flags = field(default_factory=Flags)
    acknowledged: datetime | None = None
    acknowledged_by: str = ""
    contained: datetime | None = None
    closed: datetime | None = None
    verdict: Verdict | None = None
    merged_into: str = ""
    tasks: dict[str, Task] = field(default_factory=dict)
    notices: list[Notice] = field(default_factory=list)
    tags: set[str] = field(default_factory=set)


def timeline(stream: Sequence[IncidentEvent]) -> tuple[TimelineEntry, ...]:
    """The stream in its order, with what has been undone marked as such."""
    taken_back: set[str] = set()
    entries = []
    for event in reversed(stream):
        undone = event.op in taken_back
        if event.kind is Kind.UNDONE and not undone:
            taken_back.add(str(event.data["op"]))
        entries.append(TimelineEntry(event, undone))
    return tuple(reversed(entries))


def effective(stream: Sequence[IncidentEvent]) -> list[IncidentEvent]:
    """The events that count: neither undone nor an undo."""
    return [entry.event for entry in timeline(stream) if not entry.undone and entry.event.kind is not Kind.UNDONE]


def project(stream: Sequence[IncidentEvent]) -> Incident:
    """The incident after its whole stream, which begins with `opened`.

    Raises:
        ConflictError: a step does not follow from those before it.
    """
    draft = _Draft(stream[0].incident)
    for event in effective(stream):
        _check(draft, event)
        _APPLY[event.kind](draft, event, event.data)
        draft.updated = event.at
    return _freeze(draft, stream)


def _check(draft: _Draft, event: IncidentEvent) -> None:
    if draft.status not in ALLOWED[event.kind]:
        raise ConflictError(
            msg(
                "sự cố đang ở trạng thái “{status}”, không thể thực hiện “{act}”",
                status=draft.status.label,
                act=event.kind.label,
            ),
            where=draft.code,
            advice=msg("tải lại trang để xem trạng thái mới nhất"),
        )


def _freeze(draft: _Draft, stream: Sequence[IncidentEvent]) -> Incident:
    opening: Mapping[str, Any] = stream[0].data
    # A merged or void incident holds no alert any more; its page still says what it was about.
    shown = tuple(draft.alerts.values()) or draft.shown or _facts(opening)
    gravest = max(shown, key=lambda alert: alert.severity.rank)
    return Incident(
        code=draft.code,
        agency=opening["agency"],
        exercise=opening["exercise"],
        platform=opening["platform"],
        entity=(opening["entity"][0], opening["entity"][1]),
        status=draft.status,
        title=gravest.title,
        severity=gravest.severity,
        alerts=tuple(draft.alerts.values()),
        detected=min(alert.raised for alert in shown),
        first=min(alert.first for alert in shown),
        last=max(alert.last for alert in shown),
        updated=draft.updated or stream[0].at,
        version=len(stream),
        assignee=draft.assignee,
        grade=draft.grade,
        flags=draft.flags,
        acknowledged=draft.acknowledged,
        acknowledged_by=draft.acknowledged_by,
        contained=draft.contained,
        closed=draft.closed,
        verdict=draft.verdict,
        merged_into=draft.merged_into,
        tasks=tuple(draft.tasks.values()),
        notices=tuple(draft.notices),
        tags=tuple(sorted(draft.tags)),
    )


def _facts(data: Mapping[str, Any]) -> tuple[AlertFact, ...]:
    return tuple(fact_from_json(fact) for fact in data["alerts"])


def _opened(draft: _Draft, event: IncidentEvent, data: Mapping[str, Any]) -> None:
    draft.status = Status.NEW
    _alerts_in(draft, event, data)


def _alerts_in(draft: _Draft, _event: IncidentEvent, data: Mapping[str, Any]) -> None:
    draft.alerts.update((fact.id, fact) for fact in _facts(data))


def _acknowledged(draft: _Draft, event: IncidentEvent, _data: Mapping[str, Any]) -> None:
    draft.status = Status.ACKNOWLEDGED
    draft.acknowledged, draft.acknowledged_by = event.at, event.actor
    draft.assignee = draft.assignee or event.actor


def _assigned(draft: _Draft, _event: IncidentEvent, data: Mapping[str, Any]) -> None:
    draft.assignee = data["assignee"]


def _remark(_draft: _Draft, _event: IncidentEvent, _data: Mapping[str, Any]) -> None:
    """Notes and responses stand on the timeline only."""


def _task_added(draft: _Draft, _event: IncidentEvent, data: Mapping[str, Any]) -> None:
    draft.tasks[data["task"]] = Task(data["task"], data["text"], data["assignee"])


def _task_done(draft: _Draft, event: IncidentEvent, data: Mapping[str, Any]) -> None:
    task = draft.tasks.get(data["task"])
    if task is None or task.done is not None:
        raise ConflictError(msg("không có nhiệm vụ nào đang mở với mã này"), where=f"{draft.code}/{data['task']}")
    draft.tasks[task.id] = replace(task, done=event.at)


def _tagged(draft: _Draft, _event: IncidentEvent, data: Mapping[str, Any]) -> None:
    draft.tags.add(data["tag"])


def _untagged(draft: _Draft, _event: IncidentEvent, data: Mapping[str, Any]) -> None:
    draft.tags.discard(data["tag"])


def _graded(draft: _Draft, _event: IncidentEvent, data: Mapping[str, Any]) -> None:
    draft.grade = Grade(data["grade"])
    draft.flags = Flags(**data["flags"])


def _notice_sent(draft: _Draft, _event: IncidentEvent, data: Mapping[str, Any]) -> None:
    draft.notices.append(Notice(data["duty"], parse_iso(data["sent"]), data["recipient"], data["number"]))


def _contained(draft: _Draft, event: IncidentEvent, _data: Mapping[str, Any]) -> None:
    draft.status, draft.contained = Status.CONTAINED, event.at


def _merged(draft: _Draft, event: IncidentEvent, data: Mapping[str, Any]) -> None:
    if "into" not in data:
        _alerts_in(draft, event, data)
        return
    _take_out(draft, [fact["id"] for fact in data["alerts"]])
    if draft.alerts:  # an undo beneath this merge left alerts that went nowhere
        raise _later_acts(draft)
    draft.status, draft.merged_into = Status.MERGED, data["into"]


def _split(draft: _Draft, _event: IncidentEvent, data: Mapping[str, Any]) -> None:
    _take_out(draft, data["alerts"])
    if not draft.alerts:
        raise ConflictError(
            msg("không thể tách mọi cảnh báo ra khỏi sự cố"),
            where=draft.code,
            advice=msg("để lại ít nhất một cảnh báo, hoặc gộp cả sự cố"),
        )


def _take_out(draft: _Draft, ids: Sequence[str]) -> None:
    draft.shown = tuple(draft.alerts.values())
    for ident in ids:
        if draft.alerts.pop(ident, None) is None:
            raise _later_acts(draft)


def _later_acts(draft: _Draft) -> ConflictError:
    return ConflictError(
        msg("những việc làm sau đã dựa trên việc này"),
        where=draft.code,
        advice=msg("hoàn tác các việc làm sau trước, từ mới đến cũ"),
    )


def _closed(draft: _Draft, event: IncidentEvent, data: Mapping[str, Any]) -> None:
    draft.status, draft.closed, draft.verdict = Status.CLOSED, event.at, Verdict(data["verdict"])


def _reopened(draft: _Draft, _event: IncidentEvent, _data: Mapping[str, Any]) -> None:
    draft.status = Status.CONTAINED if draft.contained else Status.ACKNOWLEDGED
    draft.closed, draft.verdict = None, None


_APPLY: dict[Kind, Callable[[_Draft, IncidentEvent, Mapping[str, Any]], None]] = {
    Kind.OPENED: _opened,
    Kind.ALERT_ADDED: _alerts_in,
    Kind.ACKNOWLEDGED: _acknowledged,
    Kind.ASSIGNED: _assigned,
    Kind.NOTE: _remark,
    Kind.TASK_ADDED: _task_added,
    Kind.TASK_DONE: _task_done,
    Kind.TAGGED: _tagged,
    Kind.UNTAGGED: _untagged,
    Kind.GRADED: _graded,
    Kind.NOTICE_SENT: _notice_sent,
    Kind.RESPONSE: _remark,
    Kind.CONTAINED: _contained,
    Kind.MERGED: _merged,
    Kind.SPLIT: _split,
    Kind.CLOSED: _closed,
    Kind.REOPENED: _reopened,
}
