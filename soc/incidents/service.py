"""The use cases of an incident. Each one checks right and tenant, appends to the stream and audits in one transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from sqlalchemy.orm import Session

from detectors.alert import Alert
from soc.access.principal import SYSTEM, Principal, Right
from soc.audit.trail import AuditTrail
from soc.core.act import Act
from soc.core.clock import Clock, iso
from soc.core.errors import ConflictError, InputError, NotFoundError
from soc.core.i18n import msg
from soc.core.ids import new_id
from soc.incidents.codec import fact_to_json
from soc.incidents.codes import counter_of, next_code
from soc.incidents.duties import DutyBook, open_duties
from soc.incidents.intake import place
from soc.incidents.model import Flags, Grade, Incident, IncidentEvent, Kind, Status, Verdict
from soc.incidents.projection import project, timeline
from soc.incidents.stream import Draft, Stamp, append, append_alerts, codes_of_op, move_alerts, read_streams
from soc.incidents.tables import IncidentRow
from soc.storage.sql import Database

_LASTING = frozenset({Kind.NOTICE_SENT, Kind.RESPONSE, Kind.TAGGED, Kind.UNTAGGED})
"""Never undone from the timeline: a notice has left the house, and a playbook undoes its own steps."""


class IncidentService:
    """Everything that changes an incident.

    Every method that takes a `principal` raises ForbiddenError without the right, NotFoundError for an unknown code and for
    one outside the principal's scope alike, and ConflictError when the state does not allow the act or when `version` is
    given and somebody was faster.
    """

    def __init__(self, database: Database, clock: Clock, audit: AuditTrail, duties: DutyBook) -> None:
        self.database, self.clock, self.audit, self.duties = database, clock, audit, duties

    def take(self, session: Session, alerts: Sequence[Alert]) -> list[str]:
        """Put new alerts into incidents, in the caller's transaction; an alert known by its id changes nothing.

        Returns:
            Codes of the incidents that were opened or got an alert, in order of their alerts' first events.
        """
        if not alerts:
            return []
        stamp = Stamp(new_id(), self.clock.now(), SYSTEM.id)
        drafts = place(session, alerts, stamp.at)
        rows = append_alerts(session, stamp, drafts)
        opened = {draft.incident for draft in drafts if draft.kind is Kind.OPENED}
        for row in rows:
            if row.code in opened:
                after = {"severity": row.severity}
                act = Act(SYSTEM.id, "incident.open", f"incident/{row.code}", row.agency, after=after)
                self.audit.record(session, act)
        return [row.code for row in rows]

    def acknowledge(self, principal: Principal, code: str, version: int | None = None) -> Incident:
        """Take the incident on; whoever acknowledges is its assignee unless it has one."""
        return self._act(principal, code, Kind.ACKNOWLEDGED, {}, version)

    def assign(self, principal: Principal, code: str, assignee: str, version: int | None = None) -> Incident:
        """Make a user responsible; "" for nobody."""
        return self._act(principal, code, Kind.ASSIGNED, {"assignee": assignee}, version)

    def note(self, principal: Principal, code: str, text: str) -> Incident:
        """Write a note on the timeline; raises InputError when it is empty."""
        return self._act(principal, code, Kind.NOTE, {"text": _said(text)})

    def add_task(self, principal: Principal, code: str, text: str, assignee: str = "") -> Incident:
        """Add something to do; the new task is the last of the result's `tasks`."""
        data = {"task": new_id(), "text": _said(text), "assignee": assignee}
        return self._act(principal, code, Kind.TASK_ADDED, data)

    def finish_task(self, principal: Principal, code: str, task: str) -> Incident:
        """Mark a task as done: its assignee may, and whoever manages incidents."""

        def allowed(incident: Incident) -> None:
            own = any(one.id == task and one.assignee == principal.id for one in incident.tasks)
            principal.require(Right.READ_INCIDENTS if own else Right.MANAGE_INCIDENTS)

        return self._act(principal, code, Kind.TASK_DONE, {"task": task}, right=Right.READ_INCIDENTS, check=allowed)

    def grade(
        self, principal: Principal, code: str, grade: Grade, flags: Flags, version: int | None = None
    ) -> Incident:
        """Set the legal grade and the flags that decide which duties apply; their clocks still start at detection."""
        data = {
            "grade": grade.value,
            "flags": {
                "national_security": flags.national_security,
                "serious_disruption": flags.serious_disruption,
                "personal_data": flags.personal_data,
            },
        }
        return self._act(principal, code, Kind.GRADED, data, version)

    def send_notice(
        self,
        principal: Principal,
        code: str,
        duty: str,
        recipient: str,
        *,
        number: str = "",
        sent: datetime | None = None,
    ) -> Incident:
        """Record that the notice of a legal duty has gone out at `sent` (now when None); cannot be undone.

        Raises InputError for an unknown duty, or a time before the detection or in the future.
        """
        moment = sent or self.clock.now()
        self.duties.require(duty)

        def possible(incident: Incident) -> None:
            if not incident.detected <= moment <= self.clock.now():
                raise InputError(
                    msg("thời điểm gửi {moment} không hợp lý", moment=iso(moment)),
                    expected=msg("từ lúc phát hiện {detected} đến bây giờ", detected=iso(incident.detected)),
                    where=code,
                )

        data = {"duty": duty, "recipient": _said(recipient), "number": number, "sent": iso(moment)}
        return self._act(principal, code, Kind.NOTICE_SENT, data, check=possible)

    def contain(self, principal: Principal, code: str, how: str, version: int | None = None) -> Incident:
        """Record that the attack can go no further, and by what; ends the time to respond."""
        return self._act(principal, code, Kind.CONTAINED, {"text": _said(how)}, version)

    def close(
        self,
        principal: Principal,
        code: str,
        verdict: Verdict,
        cause: str,
        *,
        lesson: str = "",
        version: int | None = None,
    ) -> Incident:
        """Close with a verdict. Refused with ConflictError while a legal duty is open, unless nothing bad had happened."""

        def nothing_owed(incident: Incident) -> None:
            owed = () if verdict.harmless else open_duties(self.duties, incident, self.clock.now())
            if owed:
                raise ConflictError(
                    msg("còn nghĩa vụ báo cáo chưa thực hiện: {duties}", duties=", ".join(duty.id for duty in owed)),
                    where=code,
                    advice=msg("gửi thông báo, hoặc xếp mức độ để nghĩa vụ không áp dụng, rồi đóng lại"),
                )

        data = {"verdict": verdict.value, "cause": _said(cause), "lesson": lesson}
        return self._act(principal, code, Kind.CLOSED, data, version, check=nothing_owed)

    def reopen(self, principal: Principal, code: str, reason: str, version: int | None = None) -> Incident:
        """Take a closed incident up again."""
        return self._act(principal, code, Kind.REOPENED, {"text": _said(reason)}, version)

    def tag(self, principal: Principal, code: str, tag: str, op: str | None = None) -> Incident:
        """Put a tag on; nothing happens when it is there, or when `op` (an idempotency key of 32 characters) was done."""
        wanted = _said(tag)
        return self._act(principal, code, Kind.TAGGED, {"tag": wanted}, op=op, idle=lambda one: wanted in one.tags)

    def untag(self, principal: Principal, code: str, tag: str, op: str | None = None) -> Incident:
        """Take a tag off; nothing happens when it is not there."""
        wanted = _said(tag)
        return self._act(
            principal, code, Kind.UNTAGGED, {"tag": wanted}, op=op, idle=lambda one: wanted not in one.tags
        )

    def respond(
        self, session: Session, principal: Principal, code: str, data: Mapping[str, object], op: str | None = None
    ) -> Incident:
        """Write an act or a step of a playbook run on the timeline, in the caller's transaction.

        Who may do that act has been checked by the playbooks. An incident whose opening was undone is left alone.
        """

        def gone(incident: Incident) -> bool:
            return incident.status is Status.VOID

        principal.require(Right.READ_INCIDENTS)
        return self._act_in(session, principal, Draft(code, Kind.RESPONSE, data), op=op, idle=gone)

    def merge(self, principal: Principal, code: str, into: str, version: int | None = None) -> Incident:
        """Move all alerts of `code` to `into`, which is returned; both must be open and of one agency and exercise."""
        principal.require(Right.MANAGE_INCIDENTS)
        with self.database.transaction() as session:
            streams = self._streams(session, principal, [code, into], version)
            source, target = project(streams[code]), project(streams[into])
            _check_mergeable(source, target)
            facts = [fact_to_json(alert) for alert in source.alerts]
            drafts = [
                Draft(into, Kind.MERGED, {"from": code, "alerts": facts}),
                Draft(code, Kind.MERGED, {"into": into, "alerts": facts}),
            ]
            merged, away = append(session, self._stamp(principal), drafts, streams)
            move_alerts(session, merged)
            self._audit(session, principal, "incident.merge", away, {"into": into})
        return merged

    def split(self, principal: Principal, code: str, alerts: Sequence[str], version: int | None = None) -> Incident:
        """Move some alerts, at least one and not all, to a new incident, which is returned."""
        principal.require(Right.MANAGE_INCIDENTS)
        with self.database.transaction() as session:
            stamp = self._stamp(principal)
            streams = self._streams(session, principal, [code], version)
            source = project(streams[code])
            new = next_code(counter_of(session, source.exercise, stamp.at))
            facts = [fact_to_json(alert) for alert in source.alerts if alert.id in set(alerts)]
            if not facts or len(facts) < len(set(alerts)):
                raise NotFoundError(msg("không tìm thấy"))
            drafts = [
                Draft(code, Kind.SPLIT, {"to": new, "alerts": [fact["id"] for fact in facts]}),
                Draft(new, Kind.OPENED, {**_opening(source), "from": code, "alerts": facts}),
            ]
            _, opened = append(session, stamp, drafts, streams)
            move_alerts(session, opened)
            self._audit(session, principal, "incident.split", opened, {"from": code})
        return opened

    def undo(self, principal: Principal, code: str, op: str) -> Incident:
        """Take back an act on the timeline, in every incident that it touched; an undo itself can be undone.

        Raises ConflictError when later acts build on it, or when acts of its kind cannot be undone.
        """
        principal.require(Right.MANAGE_INCIDENTS)
        with self.database.transaction() as session:
            self._streams(session, principal, [code])
            codes = codes_of_op(session, op)
            if code not in codes:
                raise NotFoundError(msg("không tìm thấy"))
            streams = self._streams(session, principal, codes)
            _check_undoable(streams[code], op)
            drafts = [Draft(one, Kind.UNDONE, {"op": op}) for one in codes]
            touched = append(session, self._stamp(principal), drafts, streams)
            for incident in touched:
                move_alerts(session, incident)
            self._audit(session, principal, "incident.undo", touched[0], {"op": op})
        return next(incident for incident in touched if incident.code == code)

    def _act(
        self,
        principal: Principal,
        code: str,
        kind: Kind,
        data: Mapping[str, object],
        version: int | None = None,
        *,
        op: str | None = None,
        right: Right = Right.MANAGE_INCIDENTS,
        check: Callable[[Incident], None] = lambda _: None,
        idle: Callable[[Incident], bool] = lambda _: False,
    ) -> Incident:
        principal.require(right)
        with self.database.transaction() as session:
            draft = Draft(code, kind, data)
            return self._act_in(session, principal, draft, version, op=op, check=check, idle=idle)

    def _act_in(
        self,
        session: Session,
        principal: Principal,
        draft: Draft,
        version: int | None = None,
        *,
        op: str | None = None,
        check: Callable[[Incident], None] = lambda _: None,
        idle: Callable[[Incident], bool] = lambda _: False,
    ) -> Incident:
        code = draft.incident
        streams = self._streams(session, principal, [code], version)
        before = project(streams[code])
        check(before)
        if idle(before) or (op is not None and any(event.op == op for event in streams[code])):
            return before
        [after] = append(session, self._stamp(principal, op), [draft], streams)
        action = f"incident.{draft.kind.value}"
        self._audit(session, principal, action, after, {"status": after.status.value}, before=before)
        return after

    def _stamp(self, principal: Principal, op: str | None = None) -> Stamp:
        return Stamp(op or new_id(), self.clock.now(), principal.id)

    def _streams(
        self, session: Session, principal: Principal, codes: Sequence[str], version: int | None = None
    ) -> dict[str, list[IncidentEvent]]:
        """The streams of the incidents; `version` is that of the first."""
        for code in set(codes):
            row = session.get(IncidentRow, code, populate_existing=True)
            if row is None or not principal.scope.sees(row.agency, row.exercise):
                raise NotFoundError(msg("không tìm thấy"))
        streams = read_streams(session, codes)
        if version is not None and version != len(streams[codes[0]]):
            raise _overtaken(streams[codes[0]])
        return streams

    def _audit(
        self,
        session: Session,
        principal: Principal,
        action: str,
        incident: Incident,
        after: Mapping[str, object],
        *,
        before: Incident | None = None,
    ) -> None:
        earlier = {} if before is None else {"status": before.status.value}
        target = f"incident/{incident.code}"
        self.audit.record(session, Act(principal.id, action, target, incident.agency, before=earlier, after=after))


def _said(text: str) -> str:
    """`text` without outer blanks; InputError when nothing is left."""
    if not text.strip():
        raise InputError(msg("nội dung để trống"), advice=msg("nhập nội dung rồi gửi lại"))
    return text.strip()


def _opening(source: Incident) -> dict[str, object]:
    return {
        "agency": source.agency,
        "exercise": source.exercise,
        "platform": source.platform,
        "entity": list(source.entity),
    }


def _check_mergeable(source: Incident, target: Incident) -> None:
    if source.code == target.code or (source.agency, source.exercise) != (target.agency, target.exercise):
        raise ConflictError(
            msg("không thể gộp {source} vào {target}", source=source.code, target=target.code),
            expected=msg("hai sự cố khác nhau của cùng một cơ quan, cùng là thật hoặc cùng một lượt diễn tập"),
        )


def _check_undoable(stream: Sequence[IncidentEvent], op: str) -> None:
    entries = [entry for entry in timeline(stream) if entry.event.op == op]
    kinds = {entry.event.kind for entry in entries}
    from_alerts = kinds <= {Kind.OPENED, Kind.ALERT_ADDED} and "from" not in entries[0].event.data
    if from_alerts or kinds & _LASTING:
        raise ConflictError(msg("việc này không thể hoàn tác"), where=entries[0].event.incident)
    if entries[0].undone:
        raise ConflictError(msg("việc này đã được hoàn tác"), where=entries[0].event.incident)


def _overtaken(stream: Sequence[IncidentEvent]) -> ConflictError:
    last = stream[-1]
    return ConflictError(
        msg("{actor} vừa thay đổi sự cố này lúc {at}", actor=last.actor, at=iso(last.at)),
        where=last.incident,
        advice=msg("tải lại trang để xem trạng thái mới nhất"),
    )
