"""The use cases of playbooks: plan, look, approve, start, stop, undo. What a run does by itself is in `playbooks.runs`."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from playbooks.action import Actions
from playbooks.model import Library, Playbook
from playbooks.plan import Plan, make_plan
from playbooks.queue import Queue
from playbooks.runs import ask, close_open_steps, is_stalled, read_plan
from playbooks.states import Decision, DryStep, PlanView, RunState, RunView, StepState, StepView
from playbooks.tables import DecisionRow, EffectRow, PlanRow, RunRow, StepRow
from soc.access.principal import Principal, Right
from soc.audit.trail import AuditTrail
from soc.core.act import Act
from soc.core.clock import Clock
from soc.core.errors import ConflictError, ForbiddenError, InputError, NotFoundError
from soc.core.i18n import msg
from soc.core.ids import new_id
from soc.incidents.model import OPEN
from soc.incidents.reader import IncidentReader
from soc.incidents.service import IncidentService
from soc.storage.sql import Database

_STOPPABLE = frozenset({RunState.RUNNING, RunState.WAITING_APPROVAL})
_UNDOABLE = frozenset(RunState) - {RunState.UNDOING, RunState.UNDONE}


class PlaybookService:
    """What people do with playbooks.

    Every method raises ForbiddenError without the right, and NotFoundError for what is unknown or outside the scope.
    """

    def __init__(
        self,
        database: Database,
        clock: Clock,
        audit: AuditTrail,
        incidents: IncidentService,
        reader: IncidentReader,
        library: Library,
        actions: Actions,
        queue: Queue,
    ) -> None:
        self.database, self.clock, self.audit = database, clock, audit
        self.incidents, self.reader = incidents, reader
        self.library, self.actions, self.queue = library, actions, queue

    def proposals(self, principal: Principal, code: str) -> tuple[Playbook, ...]:
        """The playbooks that apply to an incident, by id."""
        incident = self.reader.get(principal, code)
        return tuple(self.library[ident] for ident in sorted(self.library) if self.library[ident].applies.to(incident))

    def plan(self, principal: Principal, code: str, playbook: str) -> Plan:
        """Make and keep a plan; nothing is done yet. Any playbook may be chosen, not only a proposed one.

        Raises InputError for an unknown playbook, ConflictError when the incident is not open.
        """
        principal.require(Right.PLAN_PLAYBOOKS)
        incident = self.reader.get(principal, code)
        if incident.status not in OPEN:
            raise ConflictError(
                msg("sự cố đang ở trạng thái “{status}”", status=incident.status.label),
                where=code,
                advice=msg("mở lại sự cố trước khi lập kế hoạch"),
            )
        plan = make_plan(self._playbook(playbook), incident, principal.id, self.clock.now(), self.actions)
        with self.database.transaction() as session:
            session.merge(_plan_row(plan))
            self._audit(session, principal, "playbook.plan", plan)
        return plan

    def dry_run(self, principal: Principal, plan_hash: str) -> tuple[DryStep, ...]:
        """Every step with what it would do and what is in its way as things stand; nothing is touched."""
        plan = self.look(principal, plan_hash).plan
        return tuple(
            DryStep(step, self.actions[step.action].obstacle(step.payload) if step.payload else None)
            for step in plan.steps
        )

    def look(self, principal: Principal, plan_hash: str) -> PlanView:
        """A plan with its decision and run."""
        with self.database.reading() as session:
            plan = self._visible_plan(session, principal, plan_hash, lock=False)
            decision = _decision(session, plan_hash)
            run = session.scalar(select(RunRow.id).where(RunRow.plan == plan_hash)) or ""
        return PlanView(plan, decision, run, changed=not self._is_current(principal, plan))

    def waiting(self, principal: Principal) -> tuple[Plan, ...]:
        """Plans that await a decision and are not past their time, oldest first; the own ones too, which others decide."""
        principal.require(Right.APPROVE_PLAYBOOKS)
        undecided = select(PlanRow.hash).where(
            PlanRow.hash.not_in(select(DecisionRow.plan)), PlanRow.expires > self.clock.now()
        )
        with self.database.reading() as session:
            plans = [read_plan(session, one) for one in session.scalars(undecided.order_by(PlanRow.made))]
        return tuple(plan for plan in plans if plan.needs_approval and principal.scope.sees(plan.agency, plan.exercise))

    def approve(self, principal: Principal, plan_hash: str, reason: str = "") -> PlanView:
        """Agree to exactly this plan.

        Raises:
            ForbiddenError: it is the principal's own plan, or the right is missing.
            ConflictError: decided already, past its time, or changed since it was made; nothing runs because of it.
        """
        return self._decide(principal, plan_hash, reason, approved=True)

    def reject(self, principal: Principal, plan_hash: str, reason: str) -> PlanView:
        """Refuse a plan; its run, if there is one, stops. Errors as in `approve`."""
        return self._decide(principal, plan_hash, reason, approved=False)

    def start(self, principal: Principal, plan_hash: str) -> RunView:
        """Start the run of a plan; it waits by itself where an approval is missing. ConflictError as in `approve`."""
        principal.require(Right.PLAN_PLAYBOOKS)
        run, now = new_id(), self.clock.now()
        self._require_current(principal, plan_hash)
        with self.database.transaction() as session:
            plan = self._visible_plan(session, principal, plan_hash)
            if session.scalar(select(RunRow.id).where(RunRow.plan == plan_hash)) is not None:
                raise ConflictError(msg("kế hoạch này đã được chạy"), where=plan_hash)
            session.add(
                RunRow(
                    id=run,
                    plan=plan_hash,
                    incident=plan.incident,
                    agency=plan.agency,
                    exercise=plan.exercise,
                    started_by=principal.id,
                    started=now,
                    state=RunState.RUNNING.value,
                    due=now,
                    asked=now,
                )
            )
            session.flush()
            session.add_all(
                StepRow(run=run, position=position, step=step.id, state=StepState.PENDING.value)
                for position, step in enumerate(plan.steps)
            )
            self._write(session, principal, "playbook.start", plan, run=run)
        ask(self.database, self.queue, run)
        return self.run(principal, run)

    def stop(self, principal: Principal, run: str, reason: str) -> RunView:
        """Begin no further step; what has been done stays done. ConflictError when the run has ended."""
        principal.require(Right.PLAN_PLAYBOOKS)
        with self.database.transaction() as session:
            row = self._visible_run(session, principal, run, _STOPPABLE)
            row.state, row.finished = RunState.STOPPED.value, self.clock.now()
            close_open_steps(session, run, self.clock.now())
            self._write(session, principal, "playbook.stop", read_plan(session, row.plan), run=run, reason=reason)
        return self.run(principal, run)

    def undo(self, principal: Principal, run: str, reason: str) -> RunView:
        """Take back what the run did, newest step first; a step that has no inverse (a mail) stays done."""
        principal.require(Right.PLAN_PLAYBOOKS)
        with self.database.transaction() as session:
            row = self._visible_run(session, principal, run, _UNDOABLE)
            now = self.clock.now()
            row.state, row.due, row.asked, row.finished = RunState.UNDOING.value, now, now, None
            close_open_steps(session, run, now)
            self._write(session, principal, "playbook.undo", read_plan(session, row.plan), run=run, reason=reason)
        ask(self.database, self.queue, run)
        return self.run(principal, run)

    def run(self, principal: Principal, run: str) -> RunView:
        """One run with its steps."""
        principal.require(Right.READ_INCIDENTS)
        with self.database.reading() as session:
            return _run_view(session, self._visible_run(session, principal, run, lock=False), self.clock.now())

    def runs(self, principal: Principal, incident: str = "", limit: int = 50) -> tuple[RunView, ...]:
        """Runs, newest first: of one incident, or all of the scope."""
        principal.require(Right.READ_INCIDENTS)
        scope = principal.scope
        query = select(RunRow).where(
            RunRow.exercise.is_(None) if scope.exercise is None else RunRow.exercise == scope.exercise
        )
        if scope.agencies is not None:
            query = query.where(RunRow.agency.in_(sorted(scope.agencies)))
        if incident:
            query = query.where(RunRow.incident == incident)
        with self.database.reading() as session:
            rows = session.scalars(query.order_by(RunRow.started.desc(), RunRow.id).limit(limit))
            return tuple(_run_view(session, row, self.clock.now()) for row in list(rows))

    def _decide(self, principal: Principal, plan_hash: str, reason: str, *, approved: bool) -> PlanView:
        principal.require(Right.APPROVE_PLAYBOOKS)
        if approved:
            self._require_current(principal, plan_hash)
        with self.database.transaction() as session:
            plan = self._visible_plan(session, principal, plan_hash)
            _check_decidable(session, principal, plan, self.clock)
            session.add(
                DecisionRow(plan=plan_hash, approved=approved, by=principal.id, at=self.clock.now(), reason=reason)
            )
            action = "playbook.approve" if approved else "playbook.reject"
            self._write(session, principal, action, plan, reason=reason)
            run = session.scalar(select(RunRow.id).where(RunRow.plan == plan_hash))
            if run is not None:
                _wake(session, run, self.clock)
        if run is not None:
            ask(self.database, self.queue, run)
        return self.look(principal, plan_hash)

    def _playbook(self, ident: str) -> Playbook:
        playbook = self.library.get(ident)
        if playbook is None:
            raise InputError(
                msg("không có kịch bản ứng phó “{playbook}”", playbook=ident),
                expected=msg("một trong: {known}", known=", ".join(sorted(self.library))),
            )
        return playbook

    def _is_current(self, principal: Principal, plan: Plan) -> bool:
        """Whether playbook and incident would give the very same plan today."""
        playbook = self.library.get(plan.playbook)
        incident = self.reader.get(principal, plan.incident)
        if playbook is None:
            return False
        return make_plan(playbook, incident, plan.author, plan.made, self.actions).hash == plan.hash

    def _require_current(self, principal: Principal, plan_hash: str) -> None:
        view = self.look(principal, plan_hash)
        if view.changed:
            raise ConflictError(
                msg("kế hoạch đã thay đổi kể từ khi được lập"),
                where=plan_hash,
                advice=msg("không có gì được chạy; lập kế hoạch mới rồi xem lại"),
            )
        if self.clock.now() > view.plan.expires:
            raise _too_late(plan_hash)

    def _visible_plan(self, session: Session, principal: Principal, plan_hash: str, *, lock: bool = True) -> Plan:
        principal.require(Right.READ_INCIDENTS)
        row = session.get(PlanRow, plan_hash, with_for_update=lock)
        if row is None or not principal.scope.sees(row.agency, row.exercise):
            raise NotFoundError(msg("không tìm thấy"))
        return read_plan(session, plan_hash)

    def _visible_run(
        self,
        session: Session,
        principal: Principal,
        run: str,
        states: frozenset[RunState] | None = None,
        *,
        lock: bool = True,
    ) -> RunRow:
        row = session.get(RunRow, run, with_for_update=lock)
        if row is None or not principal.scope.sees(row.agency, row.exercise):
            raise NotFoundError(msg("không tìm thấy"))
        if states is not None and RunState(row.state) not in states:
            raise ConflictError(
                msg("lượt chạy đang ở trạng thái “{state}”", state=RunState(row.state).label), where=run
            )
        return row

    def _write(self, session: Session, principal: Principal, action: str, plan: Plan, **facts: str) -> None:
        """On the timeline of the incident and into the audit trail."""
        data = {"act": action, "plan": plan.hash, "playbook": plan.playbook, "title": dict(plan.title), **facts}
        self.incidents.respond(session, principal, plan.incident, data)
        self._audit(session, principal, action, plan, reason=facts.get("reason", ""))

    def _audit(self, session: Session, principal: Principal, action: str, plan: Plan, reason: str = "") -> None:
        after = {"playbook": f"{plan.playbook}@{plan.version}", "incident": plan.incident}
        self.audit.record(
            session, Act(principal.id, action, f"plan/{plan.hash}", plan.agency, after=after, reason=reason)
        )


def _check_decidable(session: Session, principal: Principal, plan: Plan, clock: Clock) -> None:
    if principal.id == plan.author:
        raise ForbiddenError(
            msg("không ai được phê duyệt kế hoạch của chính mình"),
            advice=msg("nhờ một người khác có quyền phê duyệt"),
        )
    if session.get(DecisionRow, plan.hash) is not None:
        raise ConflictError(msg("kế hoạch này đã được quyết định"), where=plan.hash)
    if clock.now() > plan.expires:
        raise _too_late(plan.hash)


def _too_late(plan_hash: str) -> ConflictError:
    return ConflictError(msg("kế hoạch đã hết hạn"), where=plan_hash, advice=msg("lập kế hoạch mới"))


def _wake(session: Session, run: str, clock: Clock) -> None:
    """A run that waits for the decision becomes due; a moving one finds it by itself."""
    row = session.get_one(RunRow, run, with_for_update=True)
    if row.state == RunState.WAITING_APPROVAL:
        row.state, row.due, row.asked = RunState.RUNNING.value, clock.now(), clock.now()


def _plan_row(plan: Plan) -> PlanRow:
    return PlanRow(
        hash=plan.hash,
        incident=plan.incident,
        agency=plan.agency,
        exercise=plan.exercise,
        author=plan.author,
        made=plan.made,
        expires=plan.expires,
        body=plan.canonical().decode(),
    )


def _decision(session: Session, plan_hash: str) -> Decision | None:
    row = session.get(DecisionRow, plan_hash)
    return None if row is None else Decision(row.approved, row.by, row.at, row.reason)


def _run_view(session: Session, row: RunRow, now: datetime) -> RunView:
    plan = read_plan(session, row.plan)
    step_rows = session.scalars(select(StepRow).where(StepRow.run == row.id).order_by(StepRow.position)).all()
    effects = {one.position: one for one in session.scalars(select(EffectRow).where(EffectRow.run == row.id))}
    return RunView(
        id=row.id,
        plan=plan,
        incident=row.incident,
        agency=row.agency,
        state=RunState(row.state),
        started_by=row.started_by,
        started=row.started,
        finished=row.finished,
        steps=_step_views(plan, step_rows, effects),
        stalled=is_stalled(row, now),
    )


def _step_views(plan: Plan, rows: Sequence[StepRow], effects: dict[int, EffectRow]) -> tuple[StepView, ...]:
    return tuple(
        StepView(
            id=row.step,
            title=plan.steps[row.position].title,
            state=StepState(row.state),
            attempts=row.attempts,
            started=row.started,
            finished=row.finished,
            error={"vi": row.error_vi, "en": row.error_en} if row.error_vi else {},
            receipt=effects[row.position].receipt if row.position in effects else "",
            expires=effects[row.position].expires if row.position in effects else None,
        )
        for row in rows
    )
