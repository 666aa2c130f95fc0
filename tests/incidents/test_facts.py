"""Times for L1-11, L2-07 and L2-08: raw pairs that give the same figure again at any later time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from soc.core.clock import Window
from soc.core.scope import PROVINCE, Scope
from soc.incidents.facts import TimePair, containment_times, detection_times, first_action_times
from soc.incidents.model import Verdict
from tests.incidents.desk import ANALYST, T0, Desk, make_alert

Question = Callable[[Session, Window, Scope, datetime], list[TimePair]]
DAY = Window(T0, T0 + timedelta(days=1))
LATER = T0 + timedelta(days=9)


def ask(
    desk: Desk, question: Question, scope: Scope = PROVINCE, as_of: datetime = LATER
) -> list[tuple[str, float | None]]:
    """(incident, minutes) of every pair."""
    with desk.database.transaction() as session:
        pairs = question(session, DAY, scope, as_of)
    return [(pair.incident, None if pair.seconds is None else pair.seconds / 60) for pair in pairs]


def wait(desk: Desk, minutes: int) -> None:
    desk.clock.advance(timedelta(minutes=minutes))


def test_times_run_from_event_to_alert_to_act_to_containment(desk: Desk) -> None:
    [code] = desk.take(make_alert())
    wait(desk, 7)
    desk.service.acknowledge(ANALYST, code)
    wait(desk, 30)
    desk.service.contain(ANALYST, code, "khóa tài khoản")
    assert ask(desk, detection_times) == [(code, 10)]
    assert ask(desk, first_action_times) == [(code, 7)]
    assert ask(desk, containment_times) == [(code, 37)]


def test_what_has_not_happened_is_a_gap_and_not_a_zero(desk: Desk) -> None:
    [code] = desk.take(make_alert())
    assert ask(desk, first_action_times) == ask(desk, containment_times) == [(code, None)]


def test_the_suite_itself_and_undone_acts_are_no_act_of_a_person(desk: Desk) -> None:
    [code] = desk.take(make_alert())
    desk.take(make_alert())
    desk.service.note(ANALYST, code, "nhầm")
    desk.service.undo(ANALYST, code, desk.reader.timeline(ANALYST, code)[-1].event.op)
    assert ask(desk, first_action_times) == [(code, None)]


def test_a_false_alarm_counts_for_the_answer_only(desk: Desk) -> None:
    [code] = desk.take(make_alert())
    wait(desk, 3)
    desk.service.acknowledge(ANALYST, code)
    desk.service.close(ANALYST, code, Verdict.FALSE_POSITIVE, "quét định kỳ")
    assert ask(desk, first_action_times) == [(code, 3)]
    assert ask(desk, detection_times) == ask(desk, containment_times) == []


def test_exercises_and_other_agencies_are_left_out(desk: Desk) -> None:
    """Laws 7 and 10."""
    real, _, practice = desk.take(make_alert(), make_alert(agency="xa-mau-02"), make_alert(exercise="DT-2026-02"))
    own = Scope(frozenset({"xa-mau-01"}))
    for question in (detection_times, first_action_times, containment_times):
        assert [code for code, _ in ask(desk, question, own)] == [real]
        assert [code for code, _ in ask(desk, question, own.during("DT-2026-02"))] == [practice]


def test_an_alert_outside_the_window_is_left_out(desk: Desk) -> None:
    wait(desk, 24 * 60)
    desk.take(make_alert())
    assert ask(desk, first_action_times) == ask(desk, detection_times) == []


def test_a_figure_asked_for_again_is_the_same_after_merges_and_verdicts(desk: Desk) -> None:
    """Law 9: the answer depends on the stream up to `as_of` only."""
    a, b, c = desk.take(*(make_alert(entities={"host.name": host}) for host in "abc"))
    wait(desk, 5)
    desk.service.acknowledge(ANALYST, a)
    as_of = desk.clock.now()
    questions = (detection_times, first_action_times, containment_times)
    before = [ask(desk, question, as_of=as_of) for question in questions]
    wait(desk, 1)
    desk.service.merge(ANALYST, a, b)
    wait(desk, 1)
    desk.service.merge(ANALYST, b, c)
    desk.service.acknowledge(ANALYST, c)
    desk.service.close(ANALYST, c, Verdict.FALSE_POSITIVE, "quét định kỳ")
    assert [ask(desk, question, as_of=as_of) for question in questions] == before
    assert ask(desk, first_action_times) == [(c, 7)]
