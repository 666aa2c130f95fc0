"""Plans, dry runs and approvals: exactly what was shown, by somebody else, in time."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from email import message_from_string
from email.policy import default

import pytest

from playbooks.actions.notify import Notify
from playbooks.loader import load_playbooks, shipped_library
from playbooks.plan import plan_from_json
from playbooks.states import RunState
from soc.access.principal import Principal, Role
from soc.core.errors import ConflictError, ForbiddenError, InputError
from soc.core.scope import PROVINCE
from soc.core.severity import Severity
from soc.incidents.model import Verdict
from tests.incidents.desk import ANALYST, make_alert
from tests.playbooks.stage import LEAD, Mailbox, Stage


def test_a_plan_shows_every_effect_and_touches_nothing(stage: Stage, mailbox: Mailbox) -> None:
    plan = stage.service.plan(ANALYST, stage.code, "web_shell_test")
    assert [(step.kind, step.action, step.reversible) for step in plan.steps] == [
        ("action", "tag", True),
        ("approval", "", False),
        ("action", "notify", False),
        ("end", "", False),
    ]
    assert [step.payload.target for step in plan.steps if step.payload] == [stage.code, "truc-soc@tinh-mau.example"]
    stage.service.dry_run(ANALYST, plan.hash)
    assert (mailbox.raw, stage.desk.reader.get(ANALYST, stage.code).tags) == ([], ())


def test_a_plan_is_kept_as_it_was_hashed(stage: Stage) -> None:
    plan = stage.service.plan(ANALYST, stage.code, "web_shell_test")
    again = plan_from_json(plan.canonical().decode())
    assert (again, again.hash) == (plan, plan.hash)


def test_any_change_of_a_plan_changes_its_hash(stage: Stage) -> None:
    plan = stage.service.plan(ANALYST, stage.code, "web_shell_test")
    others = [
        replace(plan, author="ts.02"),
        replace(plan, made=plan.made + timedelta(microseconds=1)),
        replace(plan, steps=plan.steps[::-1]),
        replace(plan, steps=(replace(plan.steps[0], timeout_s=31), *plan.steps[1:])),
    ]
    assert len({plan.hash, *(other.hash for other in others)}) == 5


def test_nobody_approves_the_own_plan(stage: Stage) -> None:
    plan = stage.service.plan(LEAD, stage.code, "web_shell_test").hash
    with pytest.raises(ForbiddenError):
        stage.service.approve(LEAD, plan)
    other = replace(LEAD, id="tc.03")
    decision = stage.service.approve(other, plan).decision
    assert decision is not None
    assert decision.by == "tc.03"


def test_an_analyst_has_no_right_to_approve(stage: Stage) -> None:
    plan = stage.planned()
    with pytest.raises(ForbiddenError):
        stage.service.approve(replace(ANALYST, id="ts.02"), plan)


def test_an_auditor_neither_plans_nor_starts(stage: Stage) -> None:
    auditor = Principal("dg.01", Role.AUDITOR, "so-mau", PROVINCE)
    plan = stage.planned()
    with pytest.raises(ForbiddenError):
        stage.service.plan(auditor, stage.code, "web_shell_test")
    with pytest.raises(ForbiddenError):
        stage.service.start(auditor, plan)


def test_a_plan_that_would_be_another_one_now_is_refused_and_nothing_runs(stage: Stage) -> None:
    """The mail's subject names the title of the gravest alert, and a graver alert has come."""
    plan = stage.planned()
    stage.desk.take(make_alert(severity=Severity.CRITICAL, title={"vi": "Có vỏ web", "en": "Web shell"}))
    assert stage.service.look(ANALYST, plan).changed
    for act in (lambda: stage.service.approve(LEAD, plan), lambda: stage.service.start(ANALYST, plan)):
        with pytest.raises(ConflictError) as refused:
            act()
        assert "thay đổi" in str(refused.value)
    assert stage.service.runs(ANALYST) == ()


def test_a_plan_past_its_time_is_neither_approved_nor_started(stage: Stage) -> None:
    plan = stage.planned()
    stage.desk.clock.advance(timedelta(hours=24, seconds=1))
    for act in (lambda: stage.service.approve(LEAD, plan), lambda: stage.service.start(ANALYST, plan)):
        with pytest.raises(ConflictError):
            act()


def test_a_plan_is_decided_once_and_run_once(stage: Stage) -> None:
    plan = stage.planned()
    stage.service.approve(LEAD, plan)
    stage.service.start(ANALYST, plan)
    for act in (lambda: stage.service.reject(LEAD, plan, "không"), lambda: stage.service.start(ANALYST, plan)):
        with pytest.raises(ConflictError):
            act()


def test_a_rejected_plan_stops_its_run(stage: Stage, mailbox: Mailbox) -> None:
    plan = stage.planned()
    run = stage.service.start(ANALYST, plan).id
    stage.drain()
    assert [one.hash for one in stage.service.waiting(LEAD)] == [plan]
    stage.service.reject(LEAD, plan, "chưa đủ căn cứ")
    stage.drain()
    assert (stage.service.run(ANALYST, run).state, mailbox.raw) == (RunState.STOPPED, [])
    assert stage.service.waiting(LEAD) == ()


def test_a_dry_run_names_what_is_in_the_way(stage: Stage) -> None:
    plan = stage.planned()
    assert [step.obstacle for step in stage.service.dry_run(ANALYST, plan)] == [None] * 4
    stage.service.actions = {**stage.actions, "notify": Notify("", frozenset())}
    obstacles = [step.obstacle for step in stage.service.dry_run(ANALYST, plan)]
    assert [obstacle is None for obstacle in obstacles] == [True, True, False, True]


def test_no_plan_is_made_for_a_closed_incident_or_an_unknown_playbook(stage: Stage) -> None:
    with pytest.raises(InputError) as refused:
        stage.service.plan(ANALYST, stage.code, "web_shell")
    assert "web_shell_test" in str(refused.value)
    stage.desk.service.acknowledge(ANALYST, stage.code)
    stage.desk.service.close(ANALYST, stage.code, Verdict.BENIGN, "thử")
    with pytest.raises(ConflictError):
        stage.planned()


def test_playbooks_are_proposed_where_they_apply(stage: Stage) -> None:
    assert [one.id for one in stage.service.proposals(ANALYST, stage.code)] == ["web_shell_test"]
    [other] = stage.desk.take(make_alert(rule_id="spray", entities={"host.name": "sso-01"}))
    assert stage.service.proposals(ANALYST, other) == ()


def test_what_an_attacker_names_cannot_forge_header_lines(stage: Stage) -> None:
    """A host name with a line break stays in its line, and a brace in it is not read as a field."""
    evil = "web\r\nBcc: ai@do.example {incident.code}"
    [code] = stage.desk.take(make_alert(entities={"host.name": evil}, title={"vi": f"Máy {evil}", "en": "Host"}))
    payload = stage.service.plan(ANALYST, code, "web_shell_test").steps[2].payload
    assert payload is not None
    mail = message_from_string(payload.body, policy=default)
    assert "Bcc" not in mail
    assert mail["Subject"] == f"{code}: Máy web Bcc: ai@do.example {{incident.code}}"
    assert "web Bcc: ai@do.example {incident.code}" in payload.body.partition("\r\n\r\n")[2]


def test_exercise_mail_says_that_it_is_an_exercise(stage: Stage) -> None:
    [code] = stage.desk.take(make_alert(exercise="DT-2026-02", title={"vi": "Web", "en": "Web"}))
    player = replace(ANALYST, scope=PROVINCE.during("DT-2026-02"))
    payload = stage.service.plan(player, code, "web_shell_test").steps[2].payload
    assert payload is not None
    assert message_from_string(payload.body, policy=default)["Subject"] == f"[DIỄN TẬP] {code}: Web"
    run = stage.service.start(player, stage.service.plan(player, code, "web_shell_test").hash)
    stage.drain()
    assert stage.desk.reader.get(player, code).tags == ("vo-web",)
    assert stage.service.runs(ANALYST) == ()
    assert [one.id for one in stage.service.runs(player)] == [run.id]


def test_the_shipped_playbooks_load_and_plan(stage: Stage) -> None:
    stage.service.library = load_playbooks(shipped_library(), stage.actions)
    assert set(stage.service.library) >= {"account_takeover", "web_shell_portal"}
    assert [one.id for one in stage.service.proposals(ANALYST, stage.code)] == ["web_shell_portal"]
    for ident in stage.service.library:
        assert stage.service.plan(ANALYST, stage.code, ident).needs_approval
