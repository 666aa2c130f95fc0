"""Two people, and two workers, at the same moment, each over a connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

from sqlalchemy import func, select

from playbooks.states import RunState
from playbooks.tables import DecisionRow, RunRow
from soc.access.principal import Principal, Role
from soc.core.errors import ConflictError
from soc.core.scope import PROVINCE
from tests.incidents.desk import ANALYST
from tests.playbooks.stage import LEAD, Mailbox, Stage

OTHER_LEAD = Principal("tc.02", Role.SHIFT_LEAD, "so-mau", PROVINCE)


def at_once(*acts: Callable[[], object]) -> list[str]:
    """Begin all acts together; gives for each whether it was done."""
    ready = threading.Barrier(len(acts))

    def perform(act: Callable[[], object]) -> str:
        ready.wait(30)
        try:
            act()
        except ConflictError:
            return "conflict"
        return "done"

    with ThreadPoolExecutor(len(acts)) as pool:
        return sorted(pool.map(perform, acts))


def test_of_two_approvals_one_counts(stage: Stage) -> None:
    """The other one is told that somebody was faster."""
    plan = stage.planned()
    approvals = (lambda who=who: stage.service.approve(who, plan) for who in (LEAD, OTHER_LEAD))
    assert at_once(*approvals) == ["conflict", "done"]
    with stage.desk.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(DecisionRow)) == 1


def test_of_two_starts_of_a_plan_one_becomes_a_run(stage: Stage) -> None:
    plan = stage.planned()
    at_once(*(lambda: stage.service.start(ANALYST, plan) for _ in range(2)))
    with stage.desk.database.reading() as session:
        assert session.scalar(select(func.count()).select_from(RunRow)) == 1


def test_two_workers_and_two_sweeps_do_each_step_once(stage: Stage, mailbox: Mailbox) -> None:
    """However often a run is asked for."""
    plan = stage.planned()
    stage.service.approve(LEAD, plan)
    run = stage.service.start(ANALYST, plan).id
    while stage.queue.waiting:
        ident, delay = stage.queue.waiting.popleft()
        stage.desk.clock.advance(timedelta(seconds=delay))
        assert "conflict" not in at_once(
            *(lambda ident=ident: stage.runs.advance(ident) for _ in range(2)), stage.runs.sweep, stage.runs.sweep
        )
    assert stage.service.run(ANALYST, run).state is RunState.DONE
    assert len(mailbox.messages) == 1
