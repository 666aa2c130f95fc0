"""Retention by security level: what goes, when, what an open incident holds, and what is told of it."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from collectors.platform import load_platforms
from soc.access.principal import SYSTEM
from soc.app.application import Application
from soc.app.doctor import examine
from soc.app.retention import DAYS_PER_MONTH, LEVELS, Dropped, Hold, Levels, holds, levels_of
from soc.compliance.systems import LevelState, System, SystemStatus
from soc.core.clock import FixedClock, iso
from soc.core.event import Event
from soc.core.i18n import Lang
from soc.core.ids import new_id
from soc.core.scope import PROVINCE
from soc.core.settings import Settings
from soc.incidents.model import Verdict
from soc.storage.memory import matches
from tests.incidents.desk import make_alert

NOW = datetime(2026, 11, 22, 3, 42, tzinfo=UTC)
MONTHS = {1: 1, 2: 2, 3: 6, 4: 9, 5: 12}
COMMUNE, PORTAL = "commune_network", "public_service_portal"
"""Platforms of proposed level 2 and 3."""


def event(platform: str, months: int, agency: str = "xa-01", exercise: str | None = None) -> Event:
    """An event of so many months ago, a day more than they last."""
    at = NOW - timedelta(days=DAYS_PER_MONTH * months + 1)
    fields = {
        "event.id": f"{platform}/{agency}/{months}",
        "@timestamp": iso(at),
        "soc.platform": platform,
        "soc.agency": agency,
        "soc.exercise": exercise,
    }
    return Event({name: value for name, value in fields.items() if value is not None})


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def app(tmp_path: Path, clock: FixedClock) -> Iterator[Application]:
    with Application(Settings(home=tmp_path, retention_months_of_level=MONTHS), clock, writer=True) as app:
        yield app


def held(app: Application) -> list[str]:
    return sorted(one.id for one in app.store.scan("", PROVINCE))


def trail(app: Application) -> list[dict[str, object]]:
    with app.database.reading() as session:
        found = app.audit.entries(session)
    return [orjson.loads(one.after) for one in found if one.action == "retention.drop"][::-1]


def open_incident(app: Application, agency: str, first: datetime, last: datetime) -> str:
    """An incident whose only alert is about events of these moments; gives its code."""
    alert = make_alert(id=new_id(), agency=agency, first=first, last=last, entities={"host.name": new_id()})
    with app.database.transaction() as session:
        [code] = app.incidents.take(session, [alert])
    return code


def test_each_level_keeps_its_own_time(app: Application) -> None:
    app.store.append([event(platform, months) for platform in (COMMUNE, PORTAL) for months in (1, 2, 6, 12)])
    assert app.retention.drop() == [
        Dropped((1, 2, 3, 4, 5), 12, date(2025, 11, 15), 2),
        Dropped((1, 2, 3), 6, date(2026, 5, 20), 2),
        Dropped((1, 2), 2, date(2026, 9, 21), 1),
    ]
    assert held(app) == [f"{COMMUNE}/xa-01/1", f"{PORTAL}/xa-01/1", f"{PORTAL}/xa-01/2"]
    assert app.retention.drop() == []


def test_what_was_dropped_is_told_in_the_log_and_in_the_trail(
    app: Application, caplog: pytest.LogCaptureFixture
) -> None:
    app.store.append([event(COMMUNE, 3), event(COMMUNE, 3, exercise="DT-1", agency="xa-02")])
    with caplog.at_level(logging.INFO, "vonggac.retention"):
        app.retention.drop()
    assert trail(app) == [{"levels": [1, 2], "months": 2, "before": "2026-09-21", "events": 2}]
    assert "2 events of levels 1, 2 from before 2026-09-21 dropped" in caplog.text


def test_the_job_runs_once_a_day(app: Application, clock: FixedClock) -> None:
    assert app.retention.tend() == []
    app.store.append([event(COMMUNE, 3)])
    assert app.retention.tend() == []
    clock.advance(timedelta(days=1))
    assert [one.events for one in app.retention.tend()] == [1]


def test_a_platform_nobody_knows_is_kept_longest(app: Application) -> None:
    app.store.append([event("gone_platform", months) for months in (9, 12)])
    assert [one.months for one in app.retention.drop()] == [12]
    assert held(app) == ["gone_platform/xa-01/9"]


def test_the_register_of_systems_decides_for_its_agency(app: Application) -> None:
    """An approved level counts as it is; one that is only proposed may raise the platform's and not lower it."""

    def register(agency: str, level: int, state: LevelState, decision: str = "") -> None:
        system = System(f"ht-{agency}-{level}", agency, PORTAL, "Cổng", "Portal", level, state, decision)
        app.systems.put(SYSTEM, system)

    register("xa-02", 2, LevelState.APPROVED, "12/QĐ-UBND")
    register("xa-03", 2, LevelState.PROPOSED)
    register("xa-04", 4, LevelState.PROPOSED)
    register("xa-05", 2, LevelState.APPROVED, "13/QĐ-UBND")
    register("xa-05", 5, LevelState.APPROVED, "14/QĐ-UBND")
    app.store.append([event(PORTAL, months, f"xa-0{n}") for n in range(1, 6) for months in (2, 6, 9)])
    app.retention.drop()
    assert held(app) == [
        f"{PORTAL}/{of}" for of in ("xa-01/2", "xa-03/2", "xa-04/2", "xa-04/6", "xa-05/2", "xa-05/6", "xa-05/9")
    ]


def test_every_event_is_of_exactly_one_level() -> None:
    platforms = load_platforms()
    retired = System("r", "xa-02", COMMUNE, "", "", 5, status=SystemStatus.RETIRED)
    approved = System("a", "xa-03", COMMUNE, "", "", 1, LevelState.APPROVED, "1/QĐ")
    levels = levels_of(platforms, [retired, approved])
    assert levels.systems == {(COMMUNE, "xa-03"): 1}
    for platform in [*platforms, "GONE", COMMUNE.upper()]:
        for agency in ("xa-01", "xa-02", "xa-03"):
            fields = {"soc.platform": platform, "soc.agency": agency}
            assert sum(matches(levels.events(frozenset({level})), fields) for level in LEVELS) == 1
            assert matches(levels.events(frozenset(LEVELS)), fields)
    assert not matches(Levels({}, {}).events(frozenset({1})), {"soc.platform": "x"})


def test_what_an_open_incident_refers_to_is_held_with_its_days(app: Application) -> None:
    old = event(COMMUNE, 12).timestamp
    open_incident(app, "xa-01", old + timedelta(hours=3), old + timedelta(hours=3))
    closed = open_incident(app, "xa-02", old, old)
    app.incidents.acknowledge(SYSTEM, closed)
    app.incidents.close(SYSTEM, closed, Verdict.FALSE_POSITIVE, "máy quét")
    app.store.append([event(COMMUNE, 12), event(COMMUNE, 12, "xa-02"), event(COMMUNE, 6), event(PORTAL, 12)])
    app.retention.drop()
    assert held(app) == [f"{COMMUNE}/xa-01/12", f"{PORTAL}/xa-01/12"]
    assert not any(age.overdue for age in app.retention.ages())


def test_days_that_are_held_are_joined(app: Application) -> None:
    day = datetime(2026, 1, 5, 12, tzinfo=UTC)
    for first, last in ((0, 1), (2, 2), (9, 9), (0, 0)):
        open_incident(app, "xa-01", day + timedelta(days=first), day + timedelta(days=last))
    with app.database.reading() as session:
        found = holds(session, NOW)
        assert holds(session, day) == []
    assert found == [
        Hold("xa-01", date(2026, 1, 5), date(2026, 1, 7)),
        Hold("xa-01", date(2026, 1, 14), date(2026, 1, 14)),
    ]
    for moment, within in (("2026-01-05T00:00:00Z", True), ("2026-01-07T23:59:59.999999Z", True)):
        assert matches(found[0].condition, {"@timestamp": moment, "soc.agency": "XA-01"}) is within
    assert not matches(found[0].condition, {"@timestamp": "2026-01-08T00:00:00Z", "soc.agency": "xa-01"})
    assert not matches(found[0].condition, {"@timestamp": "2026-01-06T00:00:00Z", "soc.agency": "xa-02"})


def test_a_setting_below_the_minimum_of_the_standard_does_not_shorten(tmp_path: Path, clock: FixedClock) -> None:
    settings = Settings(home=tmp_path, retention_months=1, retention_months_of_level={"4": 24})
    with Application(settings, clock, writer=True) as app:
        terms = app.retention.terms()
        assert [(term.asked, term.minimum, term.months) for term in terms] == [
            (1, None, 1),
            (1, 1, 1),
            (1, 3, 3),
            (24, 6, 24),
            (1, 12, 12),
        ]
        assert "verified-secondary" in terms[2].source
        app.store.append([event(PORTAL, months) for months in (1, 3)])
        app.retention.drop()
        assert held(app) == [f"{PORTAL}/xa-01/1"]
        assert app.retention.oldest_kept == NOW - timedelta(days=24 * DAYS_PER_MONTH)


def test_without_a_setting_for_a_level_all_are_kept_as_long(tmp_path: Path, clock: FixedClock) -> None:
    with Application(Settings(home=tmp_path), clock, writer=True) as app:
        app.store.append([event(platform, months) for platform in (COMMUNE, PORTAL) for months in (11, 12)])
        assert app.retention.drop() == [Dropped(LEVELS, 12, date(2025, 11, 15), 2)]


def test_the_age_of_each_level_is_told_against_its_term(app: Application) -> None:
    app.store.append([event(COMMUNE, 1), event(PORTAL, 7)])
    ages = {age.term.level: age for age in app.retention.ages()}
    assert (ages[2].oldest, ages[2].overdue) == (event(COMMUNE, 1).timestamp, False)
    assert (ages[3].oldest, ages[3].overdue) == (event(PORTAL, 7).timestamp, True)
    assert (ages[5].oldest, ages[5].overdue) == (None, False)


def test_the_doctor_tells_what_is_overdue_and_what_is_not_shortened(tmp_path: Path, clock: FixedClock) -> None:
    settings = Settings(home=tmp_path, retention_months_of_level={"1": 1, "3": 1})
    with Application(settings, clock, writer=True) as app:
        app.store.append([event(COMMUNE, 1), event(PORTAL, 7)])
        (found,) = [one for one in examine(app) if one.part == "retention"]
    assert found.state == "warn"
    told = found.detail.render(Lang.EN)
    assert "level 2: oldest 21/10/2026, kept 12 months; level 3: oldest 18/04/2026, kept 3 months" in told
    assert "the setting of 1 months is below the minimum of the standard" in told
    assert told.endswith("past its time and not dropped")


@pytest.mark.parametrize("asked", [{"0": 1}, {"6": 1}, {"3": 0}, {"3": 121}, {"three": 1}])
def test_a_level_or_term_that_cannot_be_is_refused(tmp_path: Path, asked: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="retention_months_of_level"):
        Settings(home=tmp_path, retention_months_of_level=asked)


def test_terms_are_read_from_the_environment_as_json(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SOC_RETENTION_MONTHS_OF_LEVEL", '{"2": 6, "5": 24}')
    assert Settings(home=tmp_path).retention_months_of_level == {2: 6, 5: 24}
