"""The use cases: order of acts, rivals, rights, tenants, the audit trail."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from soc.access.principal import Principal, Role
from soc.core.errors import ConflictError, ForbiddenError, InputError, NotFoundError
from soc.core.scope import PROVINCE
from soc.incidents.model import Flags, Grade, Incident, Status, Verdict
from soc.incidents.service import IncidentService
from tests.incidents.desk import ANALYST, OFFICER_A, T0, Desk, make_alert

JUDGED = Flags(national_security=False, serious_disruption=False, personal_data=False)
ACTS: dict[str, Callable[[IncidentService, Principal, str], Incident]] = {
    "acknowledge": lambda service, who, code: service.acknowledge(who, code),
    "assign": lambda service, who, code: service.assign(who, code, "ts.02"),
    "note": lambda service, who, code: service.note(who, code, "ghi chú"),
    "add_task": lambda service, who, code: service.add_task(who, code, "lấy nhật ký"),
    "finish_task": lambda service, who, code: service.finish_task(who, code, "none"),
    "grade": lambda service, who, code: service.grade(who, code, Grade.M4, JUDGED),
    "send_notice": lambda service, who, code: service.send_notice(who, code, "incident_72h", "nơi nhận"),
    "contain": lambda service, who, code: service.contain(who, code, "khóa tài khoản"),
    "close": lambda service, who, code: service.close(who, code, Verdict.BENIGN, "diễn tập nội bộ"),
    "reopen": lambda service, who, code: service.reopen(who, code, "có dấu vết mới"),
    "tag": lambda service, who, code: service.tag(who, code, "nhãn"),
    "untag": lambda service, who, code: service.untag(who, code, "nhãn"),
    "merge": lambda service, who, code: service.merge(who, code, code),
    "split": lambda service, who, code: service.split(who, code, ["alert-1"]),
    "undo": lambda service, who, code: service.undo(who, code, "0" * 32),
}


def test_an_incident_goes_from_new_to_closed_and_back(desk: Desk) -> None:
    [code] = desk.take(make_alert())
    desk.clock.advance(timedelta(minutes=17))
    taken = desk.service.acknowledge(ANALYST, code)
    assert (taken.status, taken.assignee, taken.acknowledged) == (
        Status.ACKNOWLEDGED,
        "ts.01",
        T0 + timedelta(minutes=17),
    )
    desk.service.contain(ANALYST, code, "khóa tài khoản")
    desk.service.grade(ANALYST, code, Grade.M3, JUDGED)
    desk.service.send_notice(ANALYST, code, "incident_72h", "đơn vị chuyên trách", number="12/BC-SM")
    closed = desk.service.close(ANALYST, code, Verdict.TRUE_POSITIVE, "lỗ hổng tải tệp", lesson="vá cổng")
    assert (closed.status, closed.verdict) == (Status.CLOSED, Verdict.TRUE_POSITIVE)
    assert desk.service.reopen(ANALYST, code, "có dấu vết mới").status is Status.CONTAINED


@pytest.mark.parametrize("act", ["close", "reopen"])
def test_an_act_out_of_order_is_refused_and_changes_nothing(desk: Desk, act: str) -> None:
    [code] = desk.take(make_alert())
    before = desk.reader.get(ANALYST, code)
    with pytest.raises(ConflictError) as refused:
        ACTS[act](desk.service, ANALYST, code)
    assert "Chưa tiếp nhận" in str(refused.value)
    assert desk.reader.get(ANALYST, code) == before


def test_closing_is_refused_while_a_duty_is_open_and_says_which(desk: Desk) -> None:
    [code] = desk.take(make_alert())
    desk.service.acknowledge(ANALYST, code)
    desk.service.grade(ANALYST, code, Grade.M2, JUDGED)
    with pytest.raises(ConflictError) as refused:
        desk.service.close(ANALYST, code, Verdict.TRUE_POSITIVE, "lỗ hổng tải tệp")
    assert "incident_24h, incident_72h" in str(refused.value)


def test_who_reads_an_old_version_is_told_who_was_faster(desk: Desk) -> None:
    [code] = desk.take(make_alert())
    seen = desk.reader.get(ANALYST, code).version
    desk.service.note(ANALYST, code, "đã gọi đầu mối")
    with pytest.raises(ConflictError) as refused:
        desk.service.acknowledge(ANALYST, code, version=seen)
    assert "ts.01" in str(refused.value)


@pytest.mark.parametrize("act", ACTS)
def test_a_foreign_incident_is_not_found_like_a_made_up_one(desk: Desk, act: str) -> None:
    """Law 7, for every use case."""
    desk.take(make_alert(agency="xa-mau-02"))
    lead = Principal("tc.01", Role.SHIFT_LEAD, "xa-mau-01", OFFICER_A.scope)
    answers = []
    for code in ("SC-2026-0001", "SC-2026-9999"):
        with pytest.raises(NotFoundError) as refused:
            ACTS[act](desk.service, lead, code)
        answers.append(str(refused.value))
    assert answers[0] == answers[1]


@pytest.mark.parametrize("act", ACTS)
def test_a_reader_changes_nothing(desk: Desk, act: str) -> None:
    [code] = desk.take(make_alert())
    auditor = Principal("dg.01", Role.AUDITOR, "so-mau", PROVINCE)
    with pytest.raises(ForbiddenError):
        ACTS[act](desk.service, auditor, code)
    assert desk.reader.get(ANALYST, code).version == 1


def test_an_officer_finishes_the_own_task_but_not_that_of_another(desk: Desk) -> None:
    [code] = desk.take(make_alert())
    desk.service.add_task(ANALYST, code, "rút cáp mạng", assignee="cb.a")
    own, foreign = desk.service.add_task(ANALYST, code, "đọc nhật ký", assignee="ts.02").tasks
    assert desk.service.finish_task(OFFICER_A, code, own.id).tasks[0].done == T0
    with pytest.raises(ForbiddenError):
        desk.service.finish_task(OFFICER_A, code, foreign.id)


def test_agencies_and_exercises_do_not_merge(desk: Desk) -> None:
    a, b = desk.take(make_alert(), make_alert(agency="xa-mau-02"))
    with pytest.raises(ConflictError):
        desk.service.merge(ANALYST, a, b)


def test_a_tag_with_the_same_key_is_set_once(desk: Desk) -> None:
    [code] = desk.take(make_alert())
    first = desk.service.tag(ANALYST, code, "chiếm tài khoản", op="a" * 32)
    again = desk.service.tag(ANALYST, code, "chiếm tài khoản", op="a" * 32)
    assert first.tags == again.tags == ("chiếm tài khoản",)
    assert first.version == again.version


def test_an_empty_note_and_an_unknown_duty_are_refused(desk: Desk) -> None:
    [code] = desk.take(make_alert())
    with pytest.raises(InputError):
        desk.service.note(ANALYST, code, "  ")
    with pytest.raises(InputError) as refused:
        desk.service.send_notice(ANALYST, code, "incident_12h", "nơi nhận")
    assert "incident_72h" in str(refused.value)


def test_a_notice_cannot_have_gone_out_before_the_detection(desk: Desk) -> None:
    [code] = desk.take(make_alert())
    for wrong in (T0 - timedelta(minutes=1), T0 + timedelta(minutes=1)):
        with pytest.raises(InputError):
            desk.service.send_notice(ANALYST, code, "incident_72h", "nơi nhận", sent=wrong)


def test_every_act_is_in_the_audit_trail(desk: Desk) -> None:
    [code] = desk.take(make_alert())
    desk.service.acknowledge(ANALYST, code)
    with desk.database.transaction() as session:
        entries = [(entry.actor, entry.action, entry.target) for entry in desk.audit.entries(session)]
        assert desk.audit.verify(session).ok
    assert entries == [
        ("ts.01", "incident.acknowledged", f"incident/{code}"),
        ("vonggac", "incident.open", f"incident/{code}"),
    ]
