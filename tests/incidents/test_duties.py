"""Clocks of the law and of our own targets."""

from __future__ import annotations

from datetime import timedelta

import pytest

from soc.incidents.duties import ClockState, DutyClock, load_duties
from soc.incidents.model import Flags, Grade, Verdict
from tests.incidents.desk import ANALYST, T0, Desk, make_alert

NO = Flags(national_security=False, serious_disruption=False, personal_data=False)


def clock_of(desk: Desk, code: str, ident: str) -> DutyClock:
    return next(clock for clock in desk.reader.clocks(ANALYST, code) if clock.id == ident)


def test_every_duty_names_its_clause_and_how_sure_we_are() -> None:
    assert all(duty.basis and duty.confidence and set(duty.name) == {"vi", "en"} for duty in load_duties().duties)


@pytest.mark.parametrize(
    ("grade", "flags", "expected"),
    [
        (None, Flags(), {"incident_immediate": None, "incident_24h": None, "personal_data_72h": None}),
        (Grade.M2, NO, {"incident_immediate": False, "incident_24h": True, "personal_data_72h": False}),
        (
            Grade.M4,
            Flags(True, None, True),
            {"incident_immediate": True, "incident_24h": False, "personal_data_72h": True},
        ),
        (
            Grade.M1,
            Flags(False, None, None),
            {"incident_immediate": None, "incident_24h": True, "personal_data_72h": None},
        ),
    ],
)
def test_grade_and_flags_decide_which_duties_apply(
    grade: Grade | None, flags: Flags, expected: dict[str, bool | None]
) -> None:
    book = {duty.id: duty.applies.to(grade, flags) for duty in load_duties().duties}
    assert book == expected | {"incident_72h": True}


def test_a_legal_clock_starts_at_detection_whatever_happens_later(desk: Desk) -> None:
    [code] = desk.take(make_alert())
    desk.clock.advance(timedelta(hours=5))
    desk.service.acknowledge(ANALYST, code)
    desk.service.grade(ANALYST, code, Grade.M2, NO)
    clock = clock_of(desk, code, "incident_24h")
    assert (clock.due, clock.state) == (T0 + timedelta(hours=24), ClockState.RUNNING)


def test_a_merge_brings_the_earlier_detection_with_it(desk: Desk) -> None:
    [early] = desk.take(make_alert(entities={"host.name": "a"}))
    desk.clock.advance(timedelta(hours=5))
    [late] = desk.take(make_alert(entities={"host.name": "b"}))
    desk.service.merge(ANALYST, early, late)
    assert clock_of(desk, late, "incident_72h").due == T0 + timedelta(hours=72)


@pytest.mark.parametrize(
    ("hours", "state"), [(53, ClockState.RUNNING), (54, ClockState.NEAR), (73, ClockState.OVERDUE)]
)
def test_a_clock_runs_nears_and_is_overdue(desk: Desk, hours: int, state: ClockState) -> None:
    [code] = desk.take(make_alert())
    desk.clock.advance(timedelta(hours=hours))
    assert clock_of(desk, code, "incident_72h").state is state


@pytest.mark.parametrize(("hours", "state"), [(70, ClockState.MET), (80, ClockState.LATE)])
def test_a_notice_meets_its_duty_or_is_late(desk: Desk, hours: int, state: ClockState) -> None:
    [code] = desk.take(make_alert())
    desk.clock.advance(timedelta(hours=hours))
    desk.service.send_notice(ANALYST, code, "incident_72h", "đơn vị chuyên trách")
    assert clock_of(desk, code, "incident_72h").state is state


def test_a_false_alarm_owes_nothing_by_law(desk: Desk) -> None:
    [code] = desk.take(make_alert())
    desk.service.acknowledge(ANALYST, code)
    desk.service.close(ANALYST, code, Verdict.FALSE_POSITIVE, "quét định kỳ")
    legal = [clock for clock in desk.reader.clocks(ANALYST, code) if clock.legal]
    assert {(clock.state, clock.due) for clock in legal} == {(ClockState.NOT_APPLICABLE, None)}


def test_own_targets_follow_the_severity(desk: Desk) -> None:
    [code] = desk.take(make_alert())
    target = clock_of(desk, code, "acknowledge")
    assert (target.legal, target.due) == (False, T0 + timedelta(minutes=30))
