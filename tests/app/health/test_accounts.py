"""What is put down of each source is exact, through the real pipeline, whatever is repeated."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import orjson
import pytest
from sqlalchemy import select

from collectors.inputs import open_input
from collectors.tally import Sent
from soc.app.doctor import examine
from soc.app.findings import State
from soc.app.source_desk import SourceReport, SourceState
from soc.app.source_health import SourceHealth
from soc.app.source_health_tables import SourceHealthRow
from soc.app.source_skew import Skew
from soc.core.errors import EngineError
from soc.core.i18n import Lang, msg
from soc.core.scope import PROVINCE, Scope
from tests.app.health.conftest import House, local
from tests.app.test_pipeline import SHELL

NOW = local("2026-11-17T02:14:44")
Make = Callable[..., House]


def feed(house: House, source: str, *lines: object) -> None:
    """Give lines to the collector as a log of the source."""
    path = house.app.home / f"{source}.log"
    path.write_bytes(b"".join((one if isinstance(one, bytes) else orjson.dumps(one)) + b"\n" for one in lines))
    house.app.collector.collect(source, open_input(path))


def health_of(house: House, source: str) -> SourceHealth:
    return next(one for one in house.app.health.all(PROVINCE) if one.source == source)


def report_of(house: House, source: str) -> SourceReport:
    return next(one for one in house.app.source_desk.reports(PROVINCE, house.clock.now()) if one.source == source)


def test_events_duplicates_and_what_cannot_be_read_are_counted(make_house: Make) -> None:
    """Event times apart from times of receipt; the quarantine by kind."""
    house = make_house(NOW)
    feed(house, "portal-01", SHELL, SHELL | {"time": "2026-11-17T02:10:00+07:00"}, b"no json at all")
    house.app.pipeline.drain()
    feed(house, "portal-01", SHELL, SHELL | {"time": "2026-11-17T02:10:00+07:00"}, b"no json at all")
    house.app.pipeline.drain()
    health = health_of(house, "portal-01")
    assert (health.events, health.duplicates, health.unreadable) == (2, 2, 2)
    assert (health.first_event, health.last_event) == (local("2026-11-17T02:10:00"), local("2026-11-17T02:13:44"))
    assert (health.first_heard, health.last_heard) == (NOW, NOW)
    assert health.heard_within_hour(NOW + timedelta(minutes=5)) == 2
    assert health.per_minute(NOW + timedelta(minutes=5)) == 0.4
    report = report_of(house, "portal-01")
    assert (report.state, report.unread_share, dict(report.quarantined)) == (SourceState.OK, 0.5, {"parse": 1})
    assert report.skew_s == pytest.approx(-284, rel=0.06)  # of two the lower one


def test_a_batch_that_is_repeated_is_counted_once(make_house: Make) -> None:
    """Killed behind the commit and before the spool forgets the batch: the next start repeats it."""
    house = make_house(NOW)

    def refuse(_: int) -> None:
        raise EngineError(msg("cơ sở dữ liệu không đáp ứng: {reason}", reason="killed"))

    spool = house.app.pipeline.spool
    real, spool.ack = spool.ack, refuse  # type: ignore[method-assign, assignment]
    feed(house, "portal-01", SHELL, b"no json at all")
    with pytest.raises(EngineError):
        house.app.pipeline.step()
    spool.ack = real  # type: ignore[method-assign]
    house.app.pipeline.drain()
    health = health_of(house, "portal-01")
    assert (health.events, health.duplicates, health.unreadable) == (1, 0, 1)


def test_what_is_remembered_of_late_stays_small(make_house: Make) -> None:
    """A year of a busy source, and of a clock that jumps: a row of a few kilobytes."""
    house = make_house(NOW)
    for hour in range(0, 24 * 40, 7):
        moment = NOW + timedelta(hours=hour)
        house.hear("portal-01", *(moment + timedelta(minutes=n) for n in range(0, 60, 6)), late_s=1.7 ** (hour % 30))
    with house.app.database.reading() as session:
        row = session.scalars(select(SourceHealthRow)).one()
        assert len(row.pace) + len(row.unread) + len(row.skew) < 4000


def test_skew_and_drift_hold_against_outliers() -> None:
    """A clock that loses ten seconds a day, with one event in ten that is hours late."""
    skew, start = Skew(), datetime(2026, 11, 17, tzinfo=UTC)
    for minute in range(24 * 60):
        late = 7200 if minute % 10 == 0 else 30 + minute / 144
        skew.add(-late, start + timedelta(minutes=minute))
    middle, drift = skew.middle_s(), skew.drift_s_per_day()
    assert middle == pytest.approx(-40, rel=0.06)
    assert drift == pytest.approx(-10, abs=4)
    assert Skew.from_plain(orjson.loads(orjson.dumps(skew.plain()))).plain() == skew.plain()


def test_what_listeners_did_not_take_is_kept(make_house: Make) -> None:
    house = make_house(NOW)
    house.tend(NOW)
    sent = Sent(received=10, refused=2, dropped=1)
    sent.faults["frame"] = 3
    for _ in range(2):
        house.app.health.take({"portal-01": sent, "syslog": Sent(throttled=4)}, NOW)
    assert health_of(house, "portal-01").not_taken == {"received": 20, "refused": 4, "dropped": 2, "fault.frame": 6}
    assert house.app.health.intake()["syslog"] == {"throttled": 8}
    assert report_of(house, "portal-01").not_taken == 6


def test_the_doctor_names_troubled_sources_and_what_nobody_switched_on(make_house: Make) -> None:
    house = make_house(NOW)
    house.tend(NOW)
    feed(house, "portal-01", *(b"no json at all %d" % n for n in range(10)), SHELL)
    house.app.pipeline.drain()
    house.clock.advance(timedelta(minutes=1))
    found = {one.part: one for one in examine(house.app)}
    told = found["sources"].detail.render(Lang.EN)
    assert found["sources"].state is State.WARN
    assert "portal-01: 91 % of the day's records cannot be read" in told
    assert "xa-mau-01" in found["log_types"].detail.render(Lang.EN)
    assert found["heartbeat"].state is State.WARN


def test_silence_shows_where_nobody_watches_too(make_house: Make) -> None:
    """The desk of another process sees it even when the collecting process is down."""
    house = make_house(NOW)
    house.tend(NOW)
    house.hear("portal-01", NOW)
    house.clock.advance(timedelta(minutes=6))
    states = {one.source: one.state for one in house.app.source_desk.reports(PROVINCE, house.clock.now())}
    assert states == {
        "lgsp-01": SourceState.WAITING,
        "portal-01": SourceState.SILENT,
        "portal-02": SourceState.UNHEARD,
    }
    own = house.app.source_desk.reports(Scope(frozenset({"xa-mau-01"})), house.clock.now())
    assert [one.source for one in own] == ["portal-02"]
