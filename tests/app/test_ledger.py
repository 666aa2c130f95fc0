"""The honesty ledger: what ran is counted once whatever happens, what did not is listed, redone without doubles, and told."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from sqlalchemy import select

from collectors.inputs import open_input
from detectors.alert import Alert
from soc.app.application import Application
from soc.app.gap_watch import RULE_ID
from soc.app.gaps import SETTLE, GapKind
from soc.app.redo import Redo
from soc.app.tables import LedgerDay
from soc.core.clock import LOCAL_ZONE, FixedClock, Window
from soc.core.errors import EngineError
from soc.core.event import Event
from soc.core.i18n import Lang, msg
from soc.core.scope import PROVINCE, Scope
from soc.core.settings import Settings
from soc.core.severity import Severity
from soc.incidents.codec import alert_from_json
from soc.incidents.tables import AlertRow

NOW = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)
START = datetime(2026, 11, 17, 1, 0, tzinfo=UTC)
SOURCES = """sources:
  - {id: portal, platform: public_service_portal, agency: so-mau}
  - {id: portal-2, platform: public_service_portal, agency: so-mau}
"""
SITE_RULE = """
title: A page of the test
id: 10000000-0000-4000-8000-000000000001
name: page_of_the_test
logsource: {product: public_service_portal}
detection:
  s: {url.path|startswith: /thu/}
  condition: s
level: low
---
title: Three pages of the test
id: 10000000-0000-4000-8000-000000000002
name: three_pages_of_the_test
correlation:
  type: event_count
  rules: [page_of_the_test]
  group-by: [source.ip]
  timespan: 10m
  condition: {gte: 3}
level: high
"""
THREE = "10000000-0000-4000-8000-000000000002"


def line(path: str, after_s: float, address: str = "203.0.113.66") -> dict[str, object]:
    """One request in the portal's log."""
    return {
        "time": (START + timedelta(seconds=after_s)).isoformat(),
        "remote_addr": address,
        "method": "GET",
        "uri": path,
        "args": "",
        "status": 200,
        "bytes": 1,
        "ua": "Mozilla/5.0",
        "host": "dichvucong.example",
    }


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with two sources and a rule of the site."""
    home = tmp_path / "home"
    (home / "rules").mkdir(parents=True)
    (home / "rules" / "site.yml").write_text(SITE_RULE, "utf-8")
    (home / "sources.yaml").write_text(SOURCES, "utf-8")
    return home


@pytest.fixture
def app(home: Path, clock: FixedClock, database_setting: None) -> Iterator[Application]:
    with Application(Settings(home=home), clock, writer=True) as app:
        yield app


def feed(app: Application, source: str, *lines: dict[str, object]) -> None:
    """Lines of a source, through the pipeline."""
    path = app.home / f"{source}.log"
    path.write_bytes(b"".join(orjson.dumps(one) + b"\n" for one in lines))
    app.collector.collect(source, open_input(path))
    app.pipeline.drain()


def alerts(app: Application) -> list[Alert]:
    with app.database.reading() as session:
        return [alert_from_json(body) for body in session.scalars(select(AlertRow.body).order_by(AlertRow.id))]


def ledger(app: Application) -> Counter[tuple[str, str, int]]:
    """(day, source, hour) -> events that rules ran over."""
    found: Counter[tuple[str, str, int]] = Counter()
    with app.database.reading() as session:
        for row in session.scalars(select(LedgerDay)):
            assert sum(orjson.loads(row.hours)) == row.events == sum(orjson.loads(row.kinds).values())
            found.update({(row.day, row.source, hour): n for hour, n in enumerate(orjson.loads(row.hours)) if n})
    return found


def stored(app: Application) -> Counter[tuple[str, str, int]]:
    """The same of the store."""
    found: Counter[tuple[str, str, int]] = Counter()
    for event in app.store.scan("", PROVINCE):
        local = datetime.fromisoformat(str(event.fields["soc.received"])).astimezone(LOCAL_ZONE)
        found[f"{local:%Y-%m-%d}", event.source, local.hour] += 1
    return found


def test_the_ledger_counts_what_the_store_holds(app: Application, clock: FixedClock) -> None:
    """By source and hour of receipt; duplicates and a second day too."""
    feed(app, "portal", *(line(f"/a/{n}", n) for n in range(50)))
    clock.advance(timedelta(hours=20))
    feed(app, "portal-2", *(line(f"/b/{n}", 50_000 + n) for n in range(7)))
    feed(app, "portal-2", *(line(f"/b/{n}", 50_000 + n) for n in range(7)))
    assert ledger(app) == stored(app) == {("2026-11-20", "portal", 9): 50, ("2026-11-21", "portal-2", 5): 7}
    assert app.gaps.all(PROVINCE) == []
    assert app.gap_watch.tend() == []


class Breaking:
    """The real detector, which breaks on some events: as a fault in a new version would."""

    def __init__(self, app: Application, breaks: Callable[[Event], bool]) -> None:
        self.real, self.breaks = app.pipeline.detector, breaks

    def __getattr__(self, name: str) -> object:
        return getattr(self.real, name)

    def observe(self, events: Sequence[Event]) -> list[Alert]:
        found: list[Alert] = []
        for event in events:
            if self.breaks(event):
                raise RuntimeError("no such state")
            found += self.real.observe([event])
        return found


def test_an_event_that_breaks_the_detector_is_set_apart_and_redone(app: Application, clock: FixedClock) -> None:
    """All others are detected at once; the broken one later, by a detector that does not break, in an alert of its own."""
    broken = Breaking(app, lambda event: event.fields["url.path"] == "/uploads/7.php")
    object.__setattr__(app.pipeline, "detector", broken)
    feed(app, "portal", *(line(f"/uploads/{n}.php", n, f"203.0.113.{n}") for n in range(10)))
    assert len(alerts(app)) == 9
    (gap,) = app.gaps.all(PROVINCE)
    assert (gap.kind, gap.events, len(gap.ids), gap.source) == (GapKind.FAILED, 1, 1, "portal")
    assert "no such state" in gap.reason.render(Lang.EN)
    assert sum(ledger(app).values()) == 9

    clock.advance(SETTLE)
    (done,) = app.redo.run_due()
    assert (done.alerts, done.fault) == (1, None)
    assert len({event for alert in alerts(app) for event in alert.event_ids}) == len(alerts(app)) == 10
    assert app.gaps.all(PROVINCE) == []
    assert ledger(app) == stored(app)


def go_on(app: Application, clock: FixedClock) -> None:
    """So much of others, for so long, that the stream lets all of before go."""
    for n in range(6):
        clock.advance(timedelta(hours=1))
        feed(app, "portal", line("/thu/x", 3600 * (4 + n), f"198.51.100.{n}"))


def test_a_late_event_completes_its_correlation(app: Application, clock: FixedClock) -> None:
    """The stream had let the window go; the redo finds it, once, and the alerts of the stream stay as they were."""
    feed(app, "portal", line("/thu/1", 0), line("/thu/2", 60))
    go_on(app, clock)
    assert alerts(app) == []
    feed(app, "portal-2", line("/thu/3", 120))
    assert alerts(app) == []
    (gap,) = app.gaps.all(PROVINCE)
    assert (gap.kind, gap.source, gap.events) == (GapKind.LATE, "portal-2", 1)

    assert app.redo.run_due() == []
    clock.advance(SETTLE)
    assert [done.fault for done in app.redo.run_due()] == [None]
    (alert,) = alerts(app)
    assert (alert.rule_id, len(alert.event_ids)) == (THREE, 3)
    app.redo.run(gap)
    assert alerts(app) == [alert]
    assert ledger(app) == stored(app)


def test_a_window_that_fired_is_not_told_again(app: Application, clock: FixedClock) -> None:
    """A late event beside an alert of the same case adds none."""
    feed(app, "portal", *(line(f"/thu/{n}", n) for n in range(3)))
    go_on(app, clock)
    (alert,) = alerts(app)
    feed(app, "portal-2", line("/thu/late", 1.5))
    clock.advance(SETTLE)
    (done,) = app.redo.run_due()
    assert (done.fault, alerts(app)) == (None, [alert])


class Silent:
    """The real store, which does not answer while `down`."""

    def __init__(self, app: Application) -> None:
        self.real, self.down = app.store, True

    def __getattr__(self, name: str) -> object:
        return getattr(self.real, name)

    def scan(self, query: str, scope: Scope, window: Window | None = None) -> Iterator[Event]:
        for event in self.real.scan(query, scope, window):
            if self.down:
                raise EngineError(msg("cơ sở dữ liệu không đáp ứng: {reason}", reason="connection reset"))
            yield event


def test_a_store_that_does_not_answer_leaves_the_gap_listed(app: Application, clock: FixedClock) -> None:
    """With the reason and a later time; with the store back the gap is closed."""
    object.__setattr__(app.pipeline, "detector", Breaking(app, lambda _: True))
    feed(app, "portal", *(line(f"/uploads/{n}.php", n, f"203.0.113.{n}") for n in range(3)))
    store = Silent(app)
    redo = Redo(
        store,  # type: ignore[arg-type]
        app.database,
        app.incidents,
        app.gaps,
        rules=lambda: app.rules,
        make=app.make_detector,
        clock=clock,
    )
    clock.advance(SETTLE)
    (failed,) = redo.run_due()
    assert failed.fault is not None
    (gap,) = app.gaps.all(PROVINCE)
    assert (gap.attempts, gap.events) == (1, 3)
    assert "connection reset" in gap.reason.render(Lang.VI)
    assert gap.due > clock.now()
    assert alerts(app) == []

    store.down = False
    clock.moment = gap.due
    (done,) = redo.run_due()
    assert (done.fault, done.alerts, len(alerts(app))) == (None, 3, 3)
    assert ledger(app) == stored(app)


def test_a_gap_that_stays_open_is_told_once_for_each_severity(app: Application, clock: FixedClock) -> None:
    """After an hour and after a day, as an incident of the province."""
    object.__setattr__(app.pipeline, "detector", Breaking(app, lambda _: True))
    feed(app, "portal", line("/a", 0))
    told = []
    for step in (timedelta(minutes=30), timedelta(hours=1), timedelta(hours=1), timedelta(days=1)):
        clock.advance(step)
        app.gap_watch.warn(clock.now())
        told.append([alert.severity for alert in alerts(app) if alert.rule_id == RULE_ID])
    assert told[:3] == [[], [Severity.MEDIUM], [Severity.MEDIUM]]
    assert sorted(told[3]) == [Severity.HIGH, Severity.MEDIUM]
    assert {alert.agency for alert in alerts(app)} == {app.settings.province}


# kill -9

KILLED_IN_BETWEEN = """
import os, signal, sys
from soc.app.pipeline import Pipeline
from soc.cli.main import main

batches = 0
real = Pipeline._detect

def detect(self, *given):
    global batches
    batches += 1
    if batches == int(os.environ["KILL_AT"]):
        os.kill(os.getpid(), signal.SIGKILL)
    return real(self, *given)

Pipeline._detect = detect
main()
"""


def ingest(home: Path, log: Path, kill_at: int = 0) -> int:
    """`soc ingest`, killed between the store and the detector of that batch; gives the exit code."""
    program = ["-c", KILLED_IN_BETWEEN] if kill_at else ["-m", "soc.cli.main"]
    environment = os.environ | {"SOC_HOME": str(home), "SOC_BATCH_SIZE": "100", "KILL_AT": str(kill_at)}
    command = [sys.executable, *program, "ingest", str(log), "--source", "portal", "--json"]
    return subprocess.run(command, env=environment, capture_output=True, check=False).returncode


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Five hundred requests; every fiftieth calls an uploaded program."""
    path = tmp_path / "access.log"
    lines = (line(f"/uploads/{n}.php" if n % 50 == 7 else f"/tin/{n}", n, f"203.0.113.{n // 50}") for n in range(500))
    path.write_bytes(b"".join(orjson.dumps(one) + b"\n" for one in lines))
    return path


def test_a_process_killed_between_store_and_detector_leaves_no_gap(home: Path, log: Path, tmp_path: Path) -> None:
    """The next start closes it: every event is counted once, every alert is there once."""
    assert ingest(home, log, kill_at=3) == -9
    with Application(Settings(home=home)) as app:
        assert sum(stored(app).values()) == 300
        assert sum(ledger(app).values()) == 200
    assert ingest(home, log) == 0
    with Application(Settings(home=home)) as app:
        assert sum(stored(app).values()) == 500
        assert ledger(app) == stored(app)
        assert app.gaps.all(PROVINCE) == []
        assert app.gap_watch.find_missed(app.clock.now()) == 0
        found = [event for alert in alerts(app) for event in alert.event_ids]
        assert len(found) == len(set(found)) == 10


def test_events_whose_spool_was_lost_with_the_process_are_found_and_redone(home: Path, log: Path) -> None:
    """Killed between store and detector, and the disk of the spool is gone: nothing but the ledger knows of these events."""
    assert ingest(home, log, kill_at=3) == -9
    for file in home.glob("spool.sqlite*"):
        file.unlink()
    later = FixedClock(datetime.now(UTC) + timedelta(hours=2))
    with Application(Settings(home=home), later) as app:
        assert len(alerts(app)) == 4
        (done,) = app.gap_watch.tend()
        assert (done.gap.kind, done.gap.events, done.alerts, done.fault) == (GapKind.MISSED, 100, 2, None)
        assert ledger(app) == stored(app)
        assert app.gaps.all(PROVINCE) == []
        assert app.gap_watch.find_missed(later.now()) == 0
        found = [event for alert in alerts(app) for event in alert.event_ids]
        assert len(found) == len(set(found)) == 6
