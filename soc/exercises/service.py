"""Plan a run, hand its injects to the collectors, score it from what the real pipeline did."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime

import orjson
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from soc.access.principal import Principal, Right
from soc.audit.trail import Act, AuditTrail
from soc.core.clock import Clock, iso
from soc.core.errors import ConflictError, NotFoundError
from soc.core.i18n import msg
from soc.exercises.model import ExerciseRun, InjectScore, RunState, Score
from soc.exercises.scenario import Inject, Names, Scenario
from soc.exercises.tables import ExerciseInjectRow, ExerciseRunRow
from soc.incidents.tables import AlertRow
from soc.storage.sql import Database


class ExerciseService:
    """Use cases of exercises.

    Args:
        scenarios: id -> scenario, as loaded.
    """

    def __init__(self, database: Database, scenarios: Mapping[str, Scenario], clock: Clock, audit: AuditTrail) -> None:
        self._database = database
        self._scenarios = scenarios
        self._clock = clock
        self._audit = audit

    def plan(self, principal: Principal, scenario: str, agency: str, start: datetime) -> ExerciseRun:
        """Freeze a scenario into a run against one agency.

        Raises:
            NotFoundError: no such scenario, or an agency that the organiser does not see.
        """
        principal.require(Right.RUN_EXERCISES)
        principal.require_agency(agency)
        if scenario not in self._scenarios:
            raise NotFoundError(
                msg("không có kịch bản diễn tập {scenario}", scenario=scenario),
                expected=msg("một trong: {known}", known=", ".join(sorted(self._scenarios))),
            )
        frozen = self._scenarios[scenario]
        with self._database.transaction() as session:
            number = (session.scalar(select(func.max(ExerciseRunRow.number))) or 0) + 1
            row = ExerciseRunRow(
                code=f"DT-{start.year}-{number:04d}",
                number=number,
                scenario=frozen.id,
                scenario_hash=frozen.hash,
                body=frozen.model_dump_json(),
                agency=agency,
                planned_by=principal.id,
                start=start,
                state=RunState.PLANNED,
            )
            session.add(row)
            self._note(session, principal, "exercise.plan", row)
            return _run(row)

    def begin(self, principal: Principal, code: str) -> ExerciseRun:
        """Start a planned run. Raises ConflictError when it was started before."""
        return self._move(principal, code, "exercise.begin", RunState.PLANNED, RunState.RUNNING)

    def finish(self, principal: Principal, code: str) -> ExerciseRun:
        """End a running run. Raises ConflictError in any other state."""
        return self._move(principal, code, "exercise.finish", RunState.RUNNING, RunState.FINISHED)

    def sent(self, code: str, inject: Inject, lines: int) -> None:
        """Remember that an inject was given to the collector."""
        with self._database.transaction() as session:
            run = _run(_row(session, code))
            first = next(iter(inject.render(run.start))).moment
            session.merge(
                ExerciseInjectRow(run=code, inject=inject.id, lines=lines, first=first, last=inject.ends(run.start))
            )

    def get(self, principal: Principal, code: str) -> ExerciseRun:
        """One run; a foreign agency's is not found."""
        principal.require(Right.READ_EXERCISES)
        with self._database.reading() as session:
            run = _run(_row(session, code))
        principal.require_agency(run.agency)
        return run

    def runs(self, principal: Principal) -> list[ExerciseRun]:
        """Runs the principal may see, newest first."""
        principal.require(Right.READ_EXERCISES)
        with self._database.reading() as session:
            rows = session.scalars(select(ExerciseRunRow).order_by(ExerciseRunRow.number.desc()))
            return [_run(row) for row in rows if principal.scope.sees(row.agency)]

    def exercised(self, principal: Principal) -> frozenset[str]:
        """Platforms into whose logs a run that the principal may see has written."""
        runs = {run.code: run for run in self.runs(principal)}
        with self._database.reading() as session:
            sent = session.execute(select(ExerciseInjectRow.run, ExerciseInjectRow.inject)).all()
        return frozenset(
            inject.platform
            for code, ident in sent
            if code in runs
            for inject in runs[code].scenario.injects
            if inject.id == ident
        )

    def score(self, principal: Principal, code: str) -> Score:
        """What was detected, when, and what else was raised: from the alerts tagged with this run only."""
        run = self.get(principal, code)
        with self._database.reading() as session:
            sent = {
                row.inject: row
                for row in session.scalars(select(ExerciseInjectRow).where(ExerciseInjectRow.run == code))
            }
            alerts = session.scalars(
                select(AlertRow).where(AlertRow.exercise == code).order_by(AlertRow.raised, AlertRow.id)
            ).all()
        injects = tuple(_score(inject, sent.get(inject.id), alerts) for inject in run.scenario.injects)
        return Score(run, injects, _unexpected(run.scenario, alerts))

    def _move(self, principal: Principal, code: str, action: str, state: RunState, then: RunState) -> ExerciseRun:
        principal.require(Right.RUN_EXERCISES)
        with self._database.transaction() as session:
            row = _row(session, code)
            principal.require_agency(row.agency)
            if row.state != state:
                raise ConflictError(
                    msg("đợt diễn tập {code} đang ở trạng thái {state}", code=code, state=RunState(row.state).label),
                    expected=state.label,
                )
            row.state = then
            if then is RunState.FINISHED:
                row.finished = self._clock.now()
            self._note(session, principal, action, row)
            return _run(row)

    def _note(self, session: Session, principal: Principal, action: str, row: ExerciseRunRow) -> None:
        after = {"scenario": row.scenario, "hash": row.scenario_hash, "start": iso(row.start), "state": str(row.state)}
        self._audit.record(session, Act(principal.id, action, f"exercise/{row.code}", row.agency, after=after))


def _row(session: Session, code: str) -> ExerciseRunRow:
    row = session.get(ExerciseRunRow, code)
    if row is None:
        raise NotFoundError(msg("không tìm thấy"))
    return row


def _run(row: ExerciseRunRow) -> ExerciseRun:
    return ExerciseRun(
        code=row.code,
        scenario=Scenario.model_validate_json(row.body),
        agency=row.agency,
        planned_by=row.planned_by,
        start=row.start,
        state=RunState(row.state),
        finished=row.finished,
    )


def _score(inject: Inject, sent: ExerciseInjectRow | None, alerts: Sequence[AlertRow]) -> InjectScore:
    expect = inject.expect
    if sent is None or expect is None:
        return InjectScore(inject, sent.last if sent else None, expect is not None, None, None, in_time=False)
    hit = next((a for a in alerts if a.rule_id == expect.rule and a.first <= sent.last and a.last >= sent.first), None)
    if hit is None:
        return InjectScore(inject, sent.last, expected=True, detected=None, seconds=None, in_time=False)
    seconds = max(0.0, (hit.raised - sent.last).total_seconds())
    return InjectScore(inject, sent.last, True, hit.raised, seconds, seconds <= expect.within_minutes * 60)


def _unexpected(scenario: Scenario, alerts: Sequence[AlertRow]) -> tuple[tuple[str, Names, int], ...]:
    wanted = {inject.expect.rule for inject in scenario.injects if inject.expect}
    extra = [alert for alert in alerts if alert.rule_id not in wanted]
    counts = Counter(alert.rule_id for alert in extra)
    titles = {alert.rule_id: Names.model_validate(orjson.loads(alert.body)["title"]) for alert in extra}
    return tuple((rule, titles[rule], count) for rule, count in counts.most_common())
