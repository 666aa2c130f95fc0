"""Runs: planned once, begun once, seen by their own agency, scored from their own alerts."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from detectors.alert import Alert
from soc.access.principal import SYSTEM, Principal, Role
from soc.app.application import Application
from soc.core.clock import FixedClock
from soc.core.errors import ConflictError, ForbiddenError, NotFoundError
from soc.core.scope import PROVINCE, Scope
from soc.core.settings import Settings
from soc.core.severity import Severity
from soc.exercises.model import RunState

START = datetime(2026, 11, 17, 18, 0, tzinfo=UTC)
SCENARIO = "portal_to_mass_export"
WEB_SHELL = "259842b2-1036-47fa-bfbf-dd2a56f1ae31"
ORGANISER = Principal("dien-tap", Role.ORGANISER, "dong-nai", PROVINCE)


@pytest.fixture
def app(tmp_path: Path, database_setting: None) -> Iterator[Application]:
    """An application whose clock stands still until it is moved."""
    with Application(Settings(home=tmp_path), FixedClock(START)) as app:
        yield app


def raise_alert(app: Application, rule: str, moment: datetime, exercise: str | None) -> None:
    """An alert that was made at the clock's time about something at `moment`."""
    alert = Alert(
        id=f"{rule}-{exercise}",
        detector="sigma",
        rule_id=rule,
        rule_version="1",
        title={"vi": "Luật", "en": "Rule"},
        severity=Severity.HIGH,
        agency="so-mau",
        platform="public_service_portal",
        first=moment,
        last=moment,
        entities={"source.ip": "203.0.113.201"},
        event_ids=("e1",),
        matched={},
        exercise=exercise,
    )
    with app.database.transaction() as session:
        app.incidents.take(session, [alert])


def test_a_run_is_begun_and_ended_once(app: Application) -> None:
    """Anything else is a conflict that names the state."""
    run = app.exercises.plan(ORGANISER, SCENARIO, "so-mau", START)
    with pytest.raises(ConflictError):
        app.exercises.finish(ORGANISER, run.code)
    assert app.exercises.begin(ORGANISER, run.code).state is RunState.RUNNING
    with pytest.raises(ConflictError):
        app.exercises.begin(ORGANISER, run.code)
    assert app.exercises.finish(ORGANISER, run.code).finished == START


def test_only_alerts_of_the_run_count(app: Application) -> None:
    """The same rule firing on real data, at the same time, detects nothing of the exercise."""
    run = app.exercises.plan(ORGANISER, SCENARIO, "so-mau", START)
    inject = next(i for i in run.scenario.injects if i.id == "web_shell")
    app.exercises.sent(run.code, inject, 4)
    raise_alert(app, WEB_SHELL, START + timedelta(minutes=5), None)
    assert app.exercises.score(SYSTEM, run.code).detected == 0
    assert isinstance(app.clock, FixedClock)
    app.clock.advance(timedelta(minutes=8))
    raise_alert(app, WEB_SHELL, START + timedelta(minutes=5), run.code)
    score = app.exercises.score(SYSTEM, run.code)
    (hit,) = [s for s in score.injects if s.inject.id == "web_shell"]
    assert (score.detected, hit.seconds) == (1, 90.0)


def test_a_detection_that_comes_too_late_is_not_in_time(app: Application) -> None:
    """It is shown with its time all the same."""
    run = app.exercises.plan(ORGANISER, SCENARIO, "so-mau", START)
    app.exercises.sent(run.code, next(i for i in run.scenario.injects if i.id == "web_shell"), 4)
    assert isinstance(app.clock, FixedClock)
    app.clock.advance(timedelta(hours=2))
    raise_alert(app, WEB_SHELL, START + timedelta(minutes=5), run.code)
    score = app.exercises.score(SYSTEM, run.code)
    (hit,) = [s for s in score.injects if s.inject.id == "web_shell"]
    assert hit.detected is not None
    assert not hit.in_time
    assert score.detected == 0


def test_another_agency_does_not_see_the_run(app: Application) -> None:
    """Not found, as if it did not exist; and an analyst may not run one."""
    run = app.exercises.plan(ORGANISER, SCENARIO, "so-mau", START)
    foreign = Principal("can-bo", Role.OFFICER, "xa-mau-01", Scope(frozenset({"xa-mau-01"})))
    with pytest.raises(NotFoundError):
        app.exercises.get(foreign, run.code)
    assert app.exercises.runs(foreign) == []
    with pytest.raises(ForbiddenError):
        app.exercises.begin(Principal("truc", Role.ANALYST, "dong-nai", PROVINCE), run.code)
