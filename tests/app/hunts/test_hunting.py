"""A hunt from its filing to its statement: right against brute force, in slices, paused, resumed, cancelled; only in one's own agency."""

from __future__ import annotations

from datetime import timedelta

import pytest

from detectors.detector import SigmaDetector
from soc.app.hunt_model import HuntState
from soc.app.hunt_moving import MAX_ATTEMPTS
from soc.app.hunt_statement import statement_from, statement_json
from soc.app.retro import Retro
from soc.core.clock import Window
from soc.core.errors import ConflictError, EngineError, FaultsError, ForbiddenError, InputError, NotFoundError
from soc.core.i18n import msg
from soc.core.scope import PROVINCE, Scope
from soc.incidents.tables import AlertRow
from tests.app.hunts.stage import (
    ANALYST,
    AUDITOR,
    FAILED,
    LEAD,
    MANY,
    NOW,
    OFFICER,
    OTHER,
    RULES,
    START,
    WINDOW,
    Stage,
    brute_force,
    sign_ins,
)


def test_the_statement_is_right_against_brute_force(stage: Stage) -> None:
    """Events, matches of each rule, and alerts that are those of one undisturbed reading."""
    hunt = stage.mover().run(stage.filed().id)
    events = sign_ins(600)
    expected = brute_force(events)
    assert expected[MANY] > 5
    assert hunt.state is HuntState.DONE
    assert hunt.slices > 10
    stated = stage.hunts.statement(LEAD, hunt.id)
    assert stated is not None
    assert (stated.events, stated.read, stated.matches) == (600, 600, sum(expected.values()))
    assert {rule.id: rule.matches for rule in stated.rules} == expected
    assert stated.sentence.render().startswith("đã nhìn lại 2 ngày")
    assert statement_from(statement_json(stated)) == stated
    ruleset = stage.freezer.load(stage.freezer.freeze_text(RULES))
    retro = Retro(stage.store, ruleset, lambda rules: SigmaDetector(rules, "tinh-mau"))
    assert stage.alerts(hunt) == list(retro.alerts(WINDOW))
    assert stage.acts("hunt.file") == stage.acts("hunt.done") == [f"hunt/{hunt.id}"]


def test_a_window_that_straddles_the_beginning_is_whole(stage: Stage) -> None:
    """What correlations need is read before the window, and counted nowhere."""
    window = Window(START + timedelta(minutes=45), NOW)
    hunt = stage.mover().run(stage.filed(window=window).id)
    stated = stage.hunts.statement(LEAD, hunt.id)
    assert stated is not None
    assert stated.events == 555
    assert {rule.id: rule.matches for rule in stated.rules} == brute_force(sign_ins(600), window)


def test_nothing_is_raised_unless_asked_and_then_once(stage: Stage) -> None:
    hunt = stage.mover().run(stage.filed().id)
    with stage.database.reading() as session:
        assert session.query(AlertRow).count() == 0
    raised = stage.hunts.raise_finds(ANALYST, hunt.id)
    assert raised == hunt.alerts
    assert stage.hunts.raise_finds(ANALYST, hunt.id) == 0
    again = stage.mover().run(stage.filed(raises=True).id)
    stated = stage.hunts.statement(LEAD, again.id)
    assert stated is not None
    assert (stated.matches, stated.raised) == (hunt.matches, 0)


def test_a_hunt_that_raises_feeds_incidents_slice_by_slice(stage: Stage) -> None:
    hunt = stage.filed(raises=True)
    mover = stage.mover()
    for _ in range(4):
        mover.advance(hunt.id)
    found = stage.hunts.finds(LEAD, hunt.id)
    assert found
    assert all(find.raised for find in found)


def test_paused_and_resumed_by_another_worker_it_finds_what_an_undisturbed_one_does(stage: Stage) -> None:
    undisturbed = stage.mover().run(stage.filed().id)
    hunt = stage.filed()
    first = stage.mover()
    for _ in range(5):
        assert first.advance(hunt.id)
    assert stage.hunts.pause(LEAD, hunt.id).state is HuntState.PAUSED
    assert not first.advance(hunt.id)
    assert stage.mover().sweep() == 0
    half = stage.hunts.get(LEAD, hunt.id)
    assert 0 < half.share < 1
    assert half.covered == stage.hunts.get(LEAD, hunt.id).covered
    stage.hunts.resume(LEAD, hunt.id)
    done = stage.mover().run(hunt.id)
    assert (done.covered, done.matches) == (undisturbed.covered, undisturbed.matches)
    assert stage.alerts(done) == stage.alerts(undisturbed)


def test_a_pause_gives_up_the_slice_in_hand_and_the_lease_with_it(stage: Stage) -> None:
    """Somebody pauses while a slice is being read; nothing of it is counted, and resuming needs no waiting."""
    hunt = stage.filed()
    mover = stage.mover(renew=0)
    assert all(mover.advance(hunt.id) for _ in range(4))
    before = stage.hunts.get(LEAD, hunt.id)
    scan = stage.store.scan

    def interrupted(*asked: object, **more: object) -> object:
        stage.hunts.pause(LEAD, hunt.id)
        return scan(*asked, **more)  # type: ignore[arg-type]

    stage.store.scan = interrupted  # type: ignore[method-assign,assignment]
    assert not mover.advance(hunt.id)
    stage.store.scan = scan  # type: ignore[method-assign]
    assert stage.hunts.get(LEAD, hunt.id).slices_done == before.slices_done
    stage.hunts.resume(LEAD, hunt.id)
    assert mover.advance(hunt.id)


def test_a_cancelled_hunt_stands_still_for_good_and_keeps_what_it_found(stage: Stage) -> None:
    hunt = stage.filed()
    mover = stage.mover()
    for _ in range(4):
        mover.advance(hunt.id)
    found = stage.alerts(hunt)
    assert stage.hunts.cancel(LEAD, hunt.id).state is HuntState.CANCELLED
    assert not mover.advance(hunt.id)
    assert stage.alerts(hunt) == found
    assert stage.hunts.statement(LEAD, hunt.id) is None
    with pytest.raises(ConflictError):
        stage.hunts.resume(LEAD, hunt.id)


def test_two_workers_never_have_one_hunt_in_hand(stage: Stage) -> None:
    """While one reads a slice, the other gets nothing; when the one was silent for longer than its lease, what it read does not count."""
    undisturbed = stage.mover().run(stage.filed().id)
    hunt = stage.filed()
    slow, fast = stage.mover(), stage.mover()
    slow.advance(hunt.id)
    scan, answers = stage.store.scan, []

    def meanwhile(*asked: object, **more: object) -> object:
        stage.store.scan = scan  # type: ignore[method-assign]
        answers.append(fast.advance(hunt.id))
        stage.clock.advance(timedelta(minutes=2))
        answers.append(fast.advance(hunt.id))
        return scan(*asked, **more)  # type: ignore[arg-type]

    stage.store.scan = meanwhile  # type: ignore[method-assign,assignment]
    assert not slow.advance(hunt.id)
    assert answers == [False, True]
    done = fast.run(hunt.id)
    assert (done.covered, done.matches) == (undisturbed.covered, undisturbed.matches)
    assert stage.alerts(done) == stage.alerts(undisturbed)


def test_an_engine_that_does_not_answer_is_waited_for(stage: Stage) -> None:
    hunt = stage.filed()
    mover = stage.mover()
    mover.advance(hunt.id)
    scan = stage.store.scan

    def refused(*_: object, **__: object) -> object:
        raise EngineError(msg("không đọc được tệp luật: {reason}", reason="x"))

    stage.store.scan = refused  # type: ignore[method-assign,assignment]
    assert not mover.advance(hunt.id)
    waiting = stage.hunts.get(LEAD, hunt.id)
    assert waiting.state is HuntState.RUNNING
    assert waiting.problem is not None
    stage.store.scan = scan  # type: ignore[method-assign]
    assert not mover.advance(hunt.id)
    stage.clock.advance(timedelta(minutes=1))
    assert mover.sweep() == 1
    assert stage.queue.take() is not None
    done = mover.run(hunt.id)
    assert (done.state, done.problem) == (HuntState.DONE, None)


def test_a_slice_that_ends_every_worker_fails_the_hunt_and_can_be_resumed(stage: Stage) -> None:
    """Instead of killing workers for ever."""
    hunt = stage.filed()
    mover = stage.mover()
    scan = stage.store.scan

    def fatal(*_: object, **__: object) -> object:
        raise KeyboardInterrupt

    mover.advance(hunt.id)
    stage.store.scan = fatal  # type: ignore[method-assign,assignment]
    for _ in range(MAX_ATTEMPTS):
        with pytest.raises(KeyboardInterrupt):
            mover.advance(hunt.id)
    assert not mover.advance(hunt.id)
    failed = stage.hunts.get(LEAD, hunt.id)
    assert failed.state is HuntState.FAILED
    assert failed.problem is not None
    stage.store.scan = scan  # type: ignore[method-assign]
    stage.hunts.resume(LEAD, hunt.id)
    assert mover.run(hunt.id).state is HuntState.DONE


def test_a_hunt_waits_in_proportion_to_its_share(stage: Stage) -> None:
    """Between two pieces it leaves the machine alone for as long as its share says; a worker that ends does not wait for that."""
    waits: list[float] = []
    clock = iter(range(10**6))
    mover = stage.mover()
    mover._monotonic = lambda: float(next(clock))

    class Stop:
        def is_set(self) -> bool:
            return False

        def wait(self, seconds: float) -> bool:
            waits.append(seconds)
            return False

    mover._stop = Stop()  # type: ignore[assignment]
    mover.run(stage.filed(throttle=0.25).id)
    assert set(waits) == {3.0}
    mover = stage.mover()
    mover.release()
    hunt = stage.filed()
    assert not mover.advance(hunt.id)
    assert stage.mover().advance(hunt.id)


def test_somebody_of_an_agency_hunts_and_reads_there_only(stage: Stage) -> None:
    own = Scope(frozenset({"xa-mau-01"}))
    hunt = stage.mover().run(stage.filed(OFFICER, scope=own).id)
    assert hunt.covered == 300
    assert {alert.agency for alert in stage.alerts(hunt, OFFICER)} == {"xa-mau-01"}
    whole = stage.filed()
    for who, ident in ((OTHER, hunt.id), (OFFICER, whole.id), (OTHER, "0" * 32)):
        with pytest.raises(NotFoundError):
            stage.hunts.get(who, ident)
        with pytest.raises(NotFoundError):
            stage.hunts.finds(who, ident)
    assert stage.hunts.all(OTHER) == []
    assert [one.id for one in stage.hunts.all(OFFICER)] == [hunt.id]
    for scope in (PROVINCE, Scope(frozenset({"xa-mau-02"}))):
        with pytest.raises(NotFoundError):
            stage.filed(OFFICER, scope=scope)
    with pytest.raises(ForbiddenError):
        stage.filed(OFFICER, scope=own, raises=True)
    with pytest.raises(ForbiddenError):
        stage.hunts.raise_finds(OFFICER, hunt.id)


def test_an_auditor_reads_and_an_analyst_leaves_the_hunts_of_others_alone(stage: Stage) -> None:
    hunt = stage.filed()
    assert stage.hunts.get(AUDITOR, hunt.short).id == hunt.id
    with pytest.raises(ForbiddenError):
        stage.filed(AUDITOR)
    with pytest.raises(ForbiddenError):
        stage.hunts.pause(ANALYST, hunt.id)
    mine = stage.filed(ANALYST)
    assert stage.hunts.pause(ANALYST, mine.id).state is HuntState.PAUSED
    assert stage.hunts.resume(LEAD, mine.id).state is HuntState.QUEUED


def test_an_exercise_is_hunted_in_apart(stage: Stage) -> None:
    hunt = stage.mover().run(stage.filed(scope=PROVINCE.during("DT-1")).id)
    assert (hunt.covered, hunt.matches) == (0, 0)


@pytest.mark.parametrize(
    "wrong", [{"window": Window(NOW, NOW)}, {"throttle": 0.0}, {"throttle": 1.5}, {"reason": "x" * 501}]
)
def test_a_request_that_makes_no_sense_is_refused(stage: Stage, wrong: dict[str, object]) -> None:
    with pytest.raises(InputError):
        stage.filed(**wrong)


def test_a_rule_that_is_refused_is_not_left_out_in_silence(stage: Stage) -> None:
    with pytest.raises(FaultsError) as refused:
        stage.freezer.freeze_text(RULES.replace("event.outcome", "event.outcome|beginswith"))
    assert [fault.where.partition(":")[0] for fault in refused.value.faults] == ["00000-rule.yml"] * 2
    with pytest.raises(InputError):
        stage.freezer.freeze_text("title: nothing\n")


def test_what_could_not_be_seen_is_stated(stage: Stage) -> None:
    window = Window(START - timedelta(days=3), NOW - timedelta(minutes=2500))
    hunt = stage.mover().run(stage.filed(window=window).id)
    stated = stage.hunts.statement(LEAD, hunt.id)
    assert stated is not None
    assert stated.limits.history_begins == START
    assert stated.limits.quarantined == 3
    assert set(stated.limits.no_source) == {FAILED, MANY}
    assert stated.limits.ahead == 600 - stated.events
