"""The run state machine, with a real mail server and workers that die."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from playbooks.action import Occasion, Payload
from playbooks.queue import MemoryQueue
from playbooks.runs import RunService
from playbooks.states import RunState, StepState
from playbooks.tables import EffectRow, PlanRow
from soc.core.errors import BrokerError, ConflictError, NotFoundError
from soc.core.i18n import msg
from soc.incidents.model import Kind
from tests.incidents.desk import ANALYST
from tests.playbooks.stage import FOREIGN, LEAD, Mailbox, Stage


class Killed(BaseException):
    """The worker is gone: nothing catches this, and nothing after it runs."""


class Deadly:
    """An action whose worker dies, before or after the work is done."""

    def __init__(self, inner: Any, *, after: bool) -> None:
        self.inner, self.after = inner, after

    def perform(self, payload: Payload, occasion: Occasion, timeout_s: int) -> str:
        if self.after:
            self.inner.perform(payload, occasion, timeout_s)
        raise Killed

    undo = perform


def states(stage: Stage, run: str) -> list[StepState]:
    return [step.state for step in stage.service.run(ANALYST, run).steps]


def tags(stage: Stage) -> tuple[str, ...]:
    return stage.desk.reader.get(ANALYST, stage.code).tags


def outlive_leases(stage: Stage) -> None:
    stage.desk.clock.advance(timedelta(minutes=5))


def test_a_run_waits_for_its_approval_and_then_ends(stage: Stage, mailbox: Mailbox) -> None:
    plan = stage.planned()
    run = stage.service.start(ANALYST, plan).id
    stage.drain()
    assert stage.service.run(ANALYST, run).state is RunState.WAITING_APPROVAL
    assert states(stage, run) == [
        StepState.DONE,
        StepState.WAITING_APPROVAL,
        StepState.PENDING,
        StepState.PENDING,
    ]
    assert (tags(stage), mailbox.raw) == (("vo-web",), [])
    stage.service.approve(LEAD, plan)
    stage.drain()
    assert stage.service.run(ANALYST, run).state is RunState.DONE
    assert [message["Subject"] for message in mailbox.messages] == ["SC-2026-0001: Có tệp lạ được gọi"]


def test_what_is_sent_is_what_was_shown(stage: Stage, mailbox: Mailbox) -> None:
    """Byte for byte, header lines included; the server only adds the peer's name, if anything."""
    plan = stage.planned()
    shown = stage.service.look(ANALYST, plan).plan.steps[2].payload
    stage.service.approve(LEAD, plan)
    stage.service.start(ANALYST, plan)
    stage.drain()
    assert shown is not None
    [sent] = mailbox.raw
    assert sent.rstrip(b"\r\n") == shown.body.encode().rstrip(b"\r\n")
    assert "Đối tượng: web-01" in shown.body


def test_every_step_is_on_the_timeline_of_the_incident(stage: Stage) -> None:
    plan = stage.planned()
    stage.service.approve(LEAD, plan)
    stage.service.start(ANALYST, plan)
    stage.drain()
    entries = [entry.event for entry in stage.desk.reader.timeline(ANALYST, stage.code)]
    told = [(one.actor, one.data.get("act") or one.data["step"]) for one in entries if one.kind is Kind.RESPONSE]
    assert told == [
        ("tc.01", "playbook.approve"),
        ("ts.01", "playbook.start"),
        ("vonggac", "mark"),
        ("vonggac", "tell"),
    ]


@pytest.mark.parametrize("after", [False, True], ids=["before the effect", "after the effect"])
@pytest.mark.parametrize("action", ["tag", "notify"])
def test_a_killed_worker_loses_nothing_and_doubles_nothing(
    stage: Stage, mailbox: Mailbox, action: str, *, after: bool
) -> None:
    """A mail may come twice, under one Message-ID; a tag is set once."""
    plan = stage.planned()
    stage.service.approve(LEAD, plan)
    run = stage.service.start(ANALYST, plan).id
    deadly = {**stage.actions, action: Deadly(stage.actions[action], after=after)}
    doomed = RunService(stage.desk.database, stage.desk.clock, stage.desk.service, deadly, stage.queue)
    if action == "notify":
        doomed.advance(run)
    with pytest.raises(Killed):
        doomed.advance(run)
    stage.queue.waiting.clear()
    assert stage.runs.sweep() == 0, "the lease of the dead worker still holds"
    outlive_leases(stage)
    assert stage.runs.sweep() == 1
    stage.drain()
    assert stage.service.run(ANALYST, run).state is RunState.DONE
    assert len(mailbox.ids) == 1
    entries = stage.desk.reader.timeline(ANALYST, stage.code)
    assert sum(entry.event.kind is Kind.TAGGED for entry in entries) == 1
    with stage.desk.database.transaction() as session:
        assert all(effect.done for effect in session.scalars(select(EffectRow)))


def test_a_step_that_kills_every_worker_fails_in_the_end(stage: Stage) -> None:
    run = stage.service.start(ANALYST, stage.planned()).id
    deadly = {**stage.actions, "tag": Deadly(stage.actions["tag"], after=False)}
    doomed = RunService(stage.desk.database, stage.desk.clock, stage.desk.service, deadly, stage.queue)
    for _ in range(6):
        with pytest.raises(Killed):
            doomed.advance(run)
        outlive_leases(stage)
    doomed.advance(run)
    assert stage.service.run(ANALYST, run).state is RunState.FAILED


def test_an_attempt_that_died_with_its_worker_uses_up_no_retry(stage: Stage, mailbox: Mailbox) -> None:
    """The step may be retried once: killed, refused, taken."""
    plan = stage.planned()
    stage.service.approve(LEAD, plan)
    run = stage.service.start(ANALYST, plan).id
    stage.runs.advance(run)
    deadly = {**stage.actions, "notify": Deadly(stage.actions["notify"], after=False)}
    with pytest.raises(Killed):
        RunService(stage.desk.database, stage.desk.clock, stage.desk.service, deadly, stage.queue).advance(run)
    mailbox.refusals = 1
    outlive_leases(stage)
    stage.runs.sweep()
    stage.drain()
    assert (stage.service.run(ANALYST, run).state, len(mailbox.raw)) == (RunState.DONE, 1)
    assert stage.service.run(ANALYST, run).steps[2].attempts == 3


def test_leases_of_a_worker_that_ends_are_given_back(stage: Stage, mailbox: Mailbox) -> None:
    """Another worker takes the step at once, and what the first still finds out is not written down."""
    plan = stage.planned()
    stage.service.approve(LEAD, plan)
    run = stage.service.start(ANALYST, plan).id
    stage.runs.advance(run)

    class Ending:
        """Its worker gives its leases back while it performs."""

        def perform(self, payload: Payload, occasion: Occasion, timeout_s: int) -> str:
            first.release()
            return str(stage.actions["notify"].perform(payload, occasion, timeout_s))

        undo = perform

    queue = MemoryQueue()
    actions: Any = {**stage.actions, "notify": Ending()}
    first = RunService(stage.desk.database, stage.desk.clock, stage.desk.service, actions, queue)
    first.advance(run)
    assert (queue.take(), stage.service.run(ANALYST, run).steps[2].state) == (None, StepState.RUNNING)
    assert stage.runs.sweep() == 1
    stage.drain()
    assert stage.service.run(ANALYST, run).state is RunState.DONE
    assert (len(mailbox.raw), len(mailbox.ids)) == (2, 1)


def test_a_run_that_the_broker_did_not_take_is_shown_as_stalled_until_the_sweep_has_it(stage: Stage) -> None:
    class Gone(MemoryQueue):
        def enqueue(self, job: str, delay_s: float = 0) -> None:
            raise BrokerError(msg("không tìm thấy"))

    stage.service.queue = Gone()
    plan = stage.planned()
    stage.service.approve(LEAD, plan)
    run = stage.service.start(ANALYST, plan)
    assert (run.state, run.stalled) == (RunState.RUNNING, True)
    assert stage.runs.sweep() == 1
    assert not stage.service.run(ANALYST, run.id).stalled
    stage.drain()
    assert stage.service.run(ANALYST, run.id).state is RunState.DONE


def test_a_failed_mail_is_tried_again_after_a_while(stage: Stage, mailbox: Mailbox) -> None:
    mailbox.refusals = 1
    plan = stage.planned()
    stage.service.approve(LEAD, plan)
    run = stage.service.start(ANALYST, plan).id
    for _ in range(2):
        stage.runs.advance(run)
    assert [delay for _, delay in stage.queue.waiting][-1] == 5
    stage.runs.advance(run)
    assert mailbox.raw == [], "not before it is due"
    stage.drain()
    assert (stage.service.run(ANALYST, run).state, len(mailbox.raw)) == (RunState.DONE, 1)


def test_a_mail_that_never_goes_out_fails_the_run_and_says_why(stage: Stage, mailbox: Mailbox) -> None:
    mailbox.refusals = 99
    plan = stage.planned()
    stage.service.approve(LEAD, plan)
    run = stage.service.start(ANALYST, plan).id
    stage.drain()
    view = stage.service.run(ANALYST, run)
    assert (view.state, view.steps[2].attempts) == (RunState.FAILED, 2)
    assert "451" in view.steps[2].error["vi"]
    assert view.steps[3].state is StepState.STOPPED


def test_undo_takes_back_what_can_be_taken_back(stage: Stage, mailbox: Mailbox) -> None:
    """Law 6 for playbooks; the mail has left and stays."""
    plan = stage.planned()
    stage.service.approve(LEAD, plan)
    run = stage.service.start(ANALYST, plan).id
    stage.drain()
    stage.service.undo(ANALYST, run, "nhầm sự cố")
    stage.drain()
    assert stage.service.run(ANALYST, run).state is RunState.UNDONE
    assert states(stage, run)[0] is StepState.UNDONE
    assert states(stage, run)[2] is StepState.DONE
    assert (tags(stage), len(mailbox.raw)) == ((), 1)


def test_undo_leaves_a_tag_that_was_there_before(stage: Stage) -> None:
    stage.desk.service.tag(ANALYST, stage.code, "vo-web")
    run = stage.service.start(ANALYST, stage.planned()).id
    stage.drain()
    stage.service.undo(ANALYST, run, "nhầm sự cố")
    stage.drain()
    assert stage.service.run(ANALYST, run).state is RunState.UNDONE
    assert tags(stage) == ("vo-web",)


def test_undo_after_a_kill_takes_back_an_effect_nobody_marked(stage: Stage) -> None:
    run = stage.service.start(ANALYST, stage.planned()).id
    deadly = {**stage.actions, "tag": Deadly(stage.actions["tag"], after=True)}
    with pytest.raises(Killed):
        RunService(stage.desk.database, stage.desk.clock, stage.desk.service, deadly, stage.queue).advance(run)
    assert tags(stage) == ("vo-web",)
    stage.service.undo(ANALYST, run, "dừng lại")
    outlive_leases(stage)
    stage.runs.sweep()
    stage.drain()
    assert (stage.service.run(ANALYST, run).state, tags(stage)) == (RunState.UNDONE, ())


def test_an_effect_with_an_expiry_takes_itself_back(stage: Stage) -> None:
    plan = stage.planned()
    stage.service.approve(LEAD, plan)
    run = stage.service.start(ANALYST, plan).id
    stage.drain()
    stage.desk.clock.advance(timedelta(hours=47))
    assert stage.runs.sweep() == 0
    stage.desk.clock.advance(timedelta(hours=1))
    assert stage.runs.sweep() == 1
    stage.drain()
    assert (tags(stage), states(stage, run)[0]) == ((), StepState.UNDONE)
    assert stage.service.run(ANALYST, run).state is RunState.DONE


def test_a_stopped_run_begins_no_further_step(stage: Stage, mailbox: Mailbox) -> None:
    plan = stage.planned()
    run = stage.service.start(ANALYST, plan).id
    stage.drain()
    stage.service.stop(ANALYST, run, "đang điều tra")
    stage.service.approve(LEAD, plan)
    stage.drain()
    assert states(stage, run) == [StepState.DONE, StepState.STOPPED, StepState.STOPPED, StepState.STOPPED]
    assert mailbox.raw == []
    with pytest.raises(ConflictError):
        stage.service.stop(ANALYST, run, "lần nữa")


def test_a_run_that_nobody_approves_in_time_fails(stage: Stage, mailbox: Mailbox) -> None:
    run = stage.service.start(ANALYST, stage.planned()).id
    stage.drain()
    stage.desk.clock.advance(timedelta(hours=25))
    assert stage.runs.sweep() == 1
    stage.drain()
    assert (stage.service.run(ANALYST, run).state, mailbox.raw) == (RunState.FAILED, [])


def test_a_plan_altered_in_the_database_is_not_run(stage: Stage, mailbox: Mailbox) -> None:
    plan = stage.planned()
    stage.service.approve(LEAD, plan)
    stage.service.start(ANALYST, plan)
    with stage.desk.database.transaction() as session:
        body = session.get_one(PlanRow, plan).body.replace("truc-soc@", "ai-do@")
        session.execute(update(PlanRow).values(body=body))
    stage.drain()
    assert (mailbox.raw, tags(stage)) == ([], ())
    stage.desk.clock.advance(timedelta(minutes=5))
    assert stage.runs.sweep() == 0


def test_a_message_for_an_unknown_or_ended_run_does_nothing(stage: Stage, mailbox: Mailbox) -> None:
    plan = stage.planned()
    stage.service.approve(LEAD, plan)
    run = stage.service.start(ANALYST, plan).id
    stage.drain()
    stage.runs.advance(run)
    stage.runs.advance("0" * 32)
    assert len(mailbox.raw) == 1


def test_a_foreign_run_is_not_found(stage: Stage) -> None:
    """Law 7."""
    plan = stage.planned()
    run = stage.service.start(ANALYST, plan).id
    for ask in (
        lambda: stage.service.run(FOREIGN, run),
        lambda: stage.service.stop(FOREIGN, run, "dừng"),
        lambda: stage.service.undo(FOREIGN, run, "dừng"),
        lambda: stage.service.look(FOREIGN, plan),
        lambda: stage.service.dry_run(FOREIGN, plan),
        lambda: stage.service.approve(FOREIGN, plan),
        lambda: stage.service.reject(FOREIGN, plan, "không"),
        lambda: stage.service.start(FOREIGN, plan),
        lambda: stage.service.plan(FOREIGN, stage.code, "web_shell_test"),
        lambda: stage.service.proposals(FOREIGN, stage.code),
    ):
        with pytest.raises(NotFoundError):
            ask()
    assert stage.service.runs(FOREIGN) == stage.service.waiting(FOREIGN) == ()
