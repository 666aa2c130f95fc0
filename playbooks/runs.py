"""The run state machine: one step at a time, from any process, in spite of crashes.

A worker *claims* a run (a lease in SQL and, for a step with an effect, a row in the outbox), *performs* the effect outside any
transaction, and *settles* it (outbox marked, step and timeline written) in one transaction, only if the lease is still its own.
Whoever dies between claim and settle loses the lease; the effect is then done again under the same idempotency key. So an
effect is meant exactly once, delivered at least once, and recognisable by its key.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import takewhile

from sqlalchemy import ColumnElement, and_, or_, select, update
from sqlalchemy.orm import Session

from playbooks.action import Actions
from playbooks.plan import Plan, PlannedStep, plan_from_json
from playbooks.queue import Queue
from playbooks.states import RunState, StepState
from playbooks.tables import DecisionRow, EffectRow, PlanRow, RunRow, StepRow
from soc.core.clock import Clock
from soc.core.errors import ConflictError, EngineError, InputError, SocError
from soc.core.i18n import Lang, msg
from soc.core.ids import digest, new_id
from soc.incidents.actor import suite_for
from soc.incidents.service import IncidentService
from soc.storage.sql import Database

NEVER = datetime.fromtimestamp(0, UTC)
"""When a worker was last asked for a run that the broker did not take."""

_MOVING = (RunState.RUNNING, RunState.UNDOING)
_FIRST_WAIT_S, _LONGEST_WAIT_S = 5, 3600
_PATIENCE_S = 15
_CRASHES = 3
"""Attempts beyond the retries of a step that may end with their worker: they say nothing about the step, up to a point."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Waiting times in seconds.

    Attributes:
        grace: by how much a lease outlives the timeout of its step.
        patience: how long a worker that was asked may take before the sweep asks again.
    """

    grace: float = 10
    patience: float = _PATIENCE_S


@dataclass(frozen=True, slots=True)
class _Job:
    """A claimed effect: to be done, or to be undone."""

    run: str
    owner: str
    position: int
    plan: Plan
    step: PlannedStep
    undo: bool
    attempts: int


@dataclass(frozen=True, slots=True)
class _Outcome:
    """What came of a job: a receipt, or an error that may pass or may not."""

    receipt: str = ""
    error: SocError | None = None


class RunService:
    """Moves runs on; used by the worker, never by a person."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        incidents: IncidentService,
        actions: Actions,
        queue: Queue,
        pace: Pace = Pace(),
    ) -> None:
        self.database, self.clock, self.incidents = database, clock, incidents
        self.actions, self.queue, self.pace = actions, queue, pace
        self._in_hand: set[tuple[str, str]] = set()  # (run, owner of the lease) of the steps under way in this process

    def advance(self, run: str) -> None:
        """Do the next due step of a run, if there is one and no other worker has it in hand; then ask for the one after.

        Asking for a run that waits, has ended or does not exist does nothing, so a message may come twice or late.
        """
        with self.database.transaction() as session:
            job = self._claim(session, run)
        if job is None:
            return
        held = (job.run, job.owner)
        self._in_hand.add(held)
        try:
            outcome = self._perform(job)
            with self.database.transaction() as session:
                wait = self._settle(session, job, outcome)
        finally:
            self._in_hand.discard(held)
        if wait is not None:
            ask(self.database, self.queue, run, wait)

    def sweep(self) -> int:
        """Ask again for every run that should be moving and is in nobody's hands; returns how many the broker took.

        Stops at the first that it does not take: the next sweep begins with those left over.
        """
        now = self.clock.now()
        with self.database.reading() as session:
            lost = list(session.scalars(select(RunRow.id).where(*self._lost(now)).order_by(RunRow.started)))
        asked = list(takewhile(lambda run: ask(self.database, self.queue, run), lost))
        if asked:
            _set_asked(self.database, asked, now)
        return len(asked)

    def release(self) -> None:
        """Give back the leases of the steps under way: this process ends before they have, and another may take them at once.

        What they come to is not written down any more; the next attempt carries the same key.
        """
        for run, owner in tuple(self._in_hand):
            with self.database.transaction() as session:
                row = session.get(RunRow, run, with_for_update=True)
                if row is not None and row.lease_owner == owner:
                    row.lease_owner, row.lease_until, row.asked = "", None, NEVER

    def _lost(self, now: datetime) -> Iterator[ColumnElement[bool]]:
        asked_before = now - timedelta(seconds=self.pace.patience)
        late = select(PlanRow.hash).where(PlanRow.expires < now)
        outlived = select(EffectRow.run).where(EffectRow.expires <= now, EffectRow.undone.is_(None))
        settled = (RunState.DONE, RunState.FAILED, RunState.STOPPED)
        yield or_(RunRow.lease_until.is_(None), RunRow.lease_until <= now)
        yield and_(RunRow.due <= now, RunRow.asked <= asked_before)
        yield or_(
            RunRow.state.in_(_MOVING),
            and_(RunRow.state == RunState.WAITING_APPROVAL, RunRow.plan.in_(late)),
            and_(RunRow.state.in_(settled), RunRow.id.in_(outlived)),
        )

    # claim

    def _claim(self, session: Session, run: str) -> _Job | None:
        now = self.clock.now()
        row = session.get(RunRow, run, with_for_update=True)
        if row is None or row.due > now or (row.lease_until is not None and row.lease_until > now):
            return None
        try:
            plan = read_plan(session, row.plan)
        except ConflictError as problem:  # nothing of an altered plan is done, and nobody asks for it again
            _fail(session, row, session.get_one(StepRow, (run, 0)), problem, now)
            return None
        if row.state in {RunState.RUNNING, RunState.WAITING_APPROVAL}:
            return self._next_step(session, row, plan, now)
        undoing = row.state == RunState.UNDOING
        effect = _effect_to_undo(session, row, None if undoing else now)
        if effect is not None:
            effect.undo_attempts += 1
            return self._job(row, plan, effect.position, undo=True, attempts=effect.undo_attempts)
        if undoing:
            _finish(session, row, RunState.UNDONE, now)
        return None

    def _next_step(self, session: Session, row: RunRow, plan: Plan, now: datetime) -> _Job | None:
        """Pass what needs no effect; claim the first step that has one."""
        for step_row in _open_steps(session, row.id):
            step = plan.steps[step_row.position]
            if step.kind == "approval":
                if not _pass_approval(session, row, step_row, plan, now):
                    return None
            elif step.kind == "end":
                _mark(step_row, StepState.DONE, now)
                _finish(session, row, RunState.DONE, now)
                return None
            else:
                return self._claim_action(session, row, step_row, plan, now)
        return None

    def _claim_action(self, session: Session, row: RunRow, step_row: StepRow, plan: Plan, now: datetime) -> _Job | None:
        step = plan.steps[step_row.position]
        if step_row.state == StepState.RUNNING:  # begun, and nothing came of it
            step_row.interrupted += 1
        if step_row.interrupted > step.retries + _CRASHES:
            _fail(session, row, step_row, InputError(msg("bước đã bị ngắt quá nhiều lần")), now)
            return None
        step_row.state, step_row.started = StepState.RUNNING.value, step_row.started or now
        step_row.attempts += 1
        row.state = RunState.RUNNING.value
        if session.get(EffectRow, step.key) is None:
            session.add(_effect(row.id, step_row.position, step, now))
        return self._job(row, plan, step_row.position, undo=False, attempts=step_row.attempts - step_row.interrupted)

    def _job(self, row: RunRow, plan: Plan, position: int, *, undo: bool, attempts: int) -> _Job:
        step, owner = plan.steps[position], new_id()
        row.lease_owner = owner
        row.lease_until = self.clock.now() + timedelta(seconds=step.timeout_s + self.pace.grace)
        return _Job(row.id, owner, position, plan, step, undo, attempts)

    # perform

    def _perform(self, job: _Job) -> _Outcome:
        action, payload = self.actions.get(job.step.action), job.step.payload
        if action is None or payload is None:
            return _Outcome(error=InputError(msg("không có hành động “{action}”", action=job.step.action)))
        work = action.undo if job.undo else action.perform
        try:
            return _Outcome(work(payload, job.plan.occasion(job.step), job.step.timeout_s))
        except SocError as problem:
            return _Outcome(error=problem)

    # settle

    def _settle(self, session: Session, job: _Job, outcome: _Outcome) -> float | None:
        """Write down what came of it; the seconds until the run wants to move again, None when it does not."""
        now = self.clock.now()
        row = session.get(RunRow, job.run, with_for_update=True)
        if row is None or row.lease_owner != job.owner:
            return None  # it took longer than its lease, and another worker has it now: that one writes
        row.lease_owner, row.lease_until = "", None
        step_row = session.get_one(StepRow, (job.run, job.position))
        effect = session.get_one(EffectRow, job.step.key)
        if outcome.error is None:
            self._succeeded(session, job, outcome.receipt, step_row, effect)
        else:
            self._failed(session, job, outcome.error, row, step_row)
        if row.state not in _MOVING:
            return None
        row.asked = now
        return max(0.0, (row.due - now).total_seconds())

    def _succeeded(self, session: Session, job: _Job, receipt: str, step_row: StepRow, effect: EffectRow) -> None:
        now = self.clock.now()
        step_row.error_vi = step_row.error_en = ""
        if job.undo:
            effect.undone, effect.undo_receipt = now, receipt
            _mark(step_row, StepState.UNDONE, now)
        else:
            effect.done, effect.receipt = now, receipt
            effect.expires = None if job.step.expires_hours is None else now + timedelta(hours=job.step.expires_hours)
            _mark(step_row, StepState.DONE, now)
        self._report(session, job, StepState(step_row.state), receipt)

    def _failed(self, session: Session, job: _Job, error: SocError, row: RunRow, step_row: StepRow) -> None:
        now = self.clock.now()
        # Taking back is tried until it works or cannot work: giving up would leave the effect in the world unseen.
        again = isinstance(error, EngineError) and (job.undo or job.attempts <= job.step.retries)
        if again:
            _note(step_row, error)
            if not job.undo:
                step_row.state = (StepState.PENDING if row.state == RunState.RUNNING else StepState.STOPPED).value
            row.due = now + timedelta(seconds=min(_FIRST_WAIT_S * 2 ** min(job.attempts - 1, 20), _LONGEST_WAIT_S))
            return
        if job.undo:
            session.get_one(EffectRow, job.step.key).expires = None
            _finish(session, row, RunState.FAILED, now)
        _fail(session, row, step_row, error, now)
        self._report(session, job, StepState.FAILED, error.render())

    def _report(self, session: Session, job: _Job, state: StepState, receipt: str) -> None:
        """A line on the timeline of the incident."""
        data = {
            "run": job.run,
            "step": job.step.id,
            "title": dict(job.step.title),
            "state": state.value,
            "target": job.step.payload.target if job.step.payload else "",
            "receipt": receipt,
        }
        op = digest(job.step.key, "report", state.value, job.attempts)
        self.incidents.respond(session, suite_for(job.plan.exercise), job.plan.incident, data, op)


def ask(database: Database, queue: Queue, run: str, delay_s: float = 0) -> bool:
    """Ask a worker to move the run; whether the broker took it.

    One that is down only costs time: the run is marked as one that nobody was asked for, and the next sweep has it.
    """
    try:
        queue.enqueue(run, delay_s)
    except EngineError:  # the queue has told the log, once for all its messages
        _set_asked(database, [run], NEVER)
        return False
    return True


def is_stalled(row: RunRow, now: datetime) -> bool:
    """Whether a run should have been moved on by now, and no worker has taken it."""
    if row.state not in _MOVING or row.due > now or (row.lease_until is not None and row.lease_until > now):
        return False
    return row.asked <= now - timedelta(seconds=2 * _PATIENCE_S)


def _set_asked(database: Database, runs: Sequence[str], moment: datetime) -> None:
    with database.transaction() as session:
        session.execute(update(RunRow).where(RunRow.id.in_(runs)).values(asked=moment))


def read_plan(session: Session, plan_hash: str) -> Plan:
    """The stored plan. Raises ConflictError when it is no longer what its hash says."""
    plan = plan_from_json(session.get_one(PlanRow, plan_hash).body)
    if plan.hash != plan_hash:
        raise ConflictError(
            msg("kế hoạch trong cơ sở dữ liệu đã bị sửa"),
            where=plan_hash,
            advice=msg("lập kế hoạch mới và báo quản trị viên"),
        )
    return plan


def close_open_steps(session: Session, run: str, now: datetime) -> None:
    """Mark what will not be begun any more as stopped; a step that is in a worker's hands is left to it."""
    for step_row in _open_steps(session, run):
        if step_row.state != StepState.RUNNING:
            _mark(step_row, StepState.STOPPED, now)


def _open_steps(session: Session, run: str) -> list[StepRow]:
    unfinished = (StepState.PENDING, StepState.WAITING_APPROVAL, StepState.RUNNING)
    query = select(StepRow).where(StepRow.run == run, StepRow.state.in_(unfinished))
    return list(session.scalars(query.order_by(StepRow.position)))


def _effect_to_undo(session: Session, row: RunRow, expired_at: datetime | None) -> EffectRow | None:
    """The newest effect that is not taken back; with `expired_at` only one that should have gone by then."""
    plan = read_plan(session, row.plan)
    query = select(EffectRow).where(EffectRow.run == row.id, EffectRow.undone.is_(None))
    if expired_at is not None:
        query = query.where(EffectRow.expires <= expired_at)
    effects = session.scalars(query.order_by(EffectRow.position.desc()))
    return next((effect for effect in effects if plan.steps[effect.position].reversible), None)


def _pass_approval(session: Session, row: RunRow, step_row: StepRow, plan: Plan, now: datetime) -> bool:
    """Whether the run may go on past an approval step; if not, it waits, or ends because of a no or because of time."""
    decision = session.get(DecisionRow, row.plan)
    if decision is not None and not decision.approved:
        _mark(step_row, StepState.FAILED, now)
        _finish(session, row, RunState.STOPPED, now)
        return False
    if now > plan.expires:
        _fail(session, row, step_row, ConflictError(msg("kế hoạch đã hết hạn trước khi được phê duyệt")), now)
        return False
    if decision is None:
        step_row.state = StepState.WAITING_APPROVAL.value
        row.state = RunState.WAITING_APPROVAL.value
        return False
    _mark(step_row, StepState.DONE, now)
    row.state = RunState.RUNNING.value
    return True


def _effect(run: str, position: int, step: PlannedStep, now: datetime) -> EffectRow:
    target, body = (step.payload.target, step.payload.body) if step.payload else ("", "")
    return EffectRow(
        key=step.key,
        run=run,
        position=position,
        action=step.action,
        target=target,
        body=body,
        written=now,
        undo_attempts=0,
    )


def _mark(step_row: StepRow, state: StepState, now: datetime) -> None:
    step_row.state, step_row.started, step_row.finished = state.value, step_row.started or now, now


def _note(step_row: StepRow, error: SocError) -> None:
    step_row.error_vi, step_row.error_en = error.render(Lang.VI), error.render(Lang.EN)


def _fail(session: Session, row: RunRow, step_row: StepRow, error: SocError, now: datetime) -> None:
    _note(step_row, error)
    _mark(step_row, StepState.FAILED, now)
    if row.state in {RunState.RUNNING, RunState.WAITING_APPROVAL}:  # a run being stopped or undone stays that
        _finish(session, row, RunState.FAILED, now)


def _finish(session: Session, row: RunRow, state: RunState, now: datetime) -> None:
    row.state, row.finished = state.value, now
    close_open_steps(session, row.id, now)
