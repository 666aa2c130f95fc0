"""What the operator sees of an engine that takes no work: one alert, one note, a bounded log."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from sqlalchemy import select

from detectors.alert import Alert
from soc.access.principal import SYSTEM
from soc.app.application import Application
from soc.app.collecting import collect_until
from soc.app.effort import FIRST_S, MOST_S, Effort
from soc.app.engine_watch import REJECTIONS_ID, RULE_ID, EngineWatch
from soc.app.outages import ADVICE, KINDS, Outage, OutageBook, Part
from soc.app.rejections import CALM, STORM
from soc.core.clock import FixedClock
from soc.core.errors import DatabaseError, EngineError, SpoolError
from soc.core.event import Event
from soc.core.i18n import Lang, msg
from soc.core.scope import PROVINCE
from soc.core.settings import Settings
from soc.incidents.codec import alert_from_json
from soc.incidents.tables import AlertRow
from soc.storage.events import AppendResult, AppendStatus
from tests.app.test_pipeline import SHELL, SOURCES

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def app(tmp_path: Path, clock: FixedClock, settle: Callable[[Path], None]) -> Iterator[Application]:
    """A whole application with one registered source that is followed."""
    settle(tmp_path)
    log = tmp_path / "portal.log"
    log.touch()
    source = SOURCES.rstrip().removesuffix("}") + f", input: {{kind: ndjson, paths: ['{log}']}}}}\n"
    (tmp_path / "sources.yaml").write_text(source, "utf-8")
    with Application(Settings(home=tmp_path, lang=Lang.EN), clock, writer=True) as app:
        yield app


def store_fault(kind: str = "unreachable") -> EngineError:
    problem = EngineError(msg("SQLite từ chối ({reason})", reason="refused"), where="http://192.0.2.9:9200")
    problem.engine, problem.kind = "store", kind
    return problem


def database_fault() -> EngineError:
    return DatabaseError(msg("cơ sở dữ liệu không đáp ứng: {reason}", reason="gone"))


def alerts(app: Application, rule: str = RULE_ID) -> list[Alert]:
    with app.database.reading() as session:
        rows = session.scalars(select(AlertRow).where(AlertRow.rule_id == rule).order_by(AlertRow.raised))
        return [alert_from_json(row.body) for row in rows]


def notes(app: Application) -> list[str]:
    """Notes on every timeline."""
    with app.database.reading() as session:
        codes = list(session.scalars(select(AlertRow.incident).distinct()))
    entries = [entry for code in codes for entry in app.incident_reader.timeline(SYSTEM, code)]
    return [str(entry.event.data["text"]) for entry in entries if entry.event.kind.value == "note"]


def anew(app: Application) -> EngineWatch:
    """The watch of the process that comes after."""
    app.__dict__.pop("engine_watch", None)
    return app.engine_watch


def test_a_thousand_failed_batches_make_one_alert_and_one_note(
    app: Application, clock: FixedClock, caplog: pytest.LogCaptureFixture
) -> None:
    """And the log a line at the beginning, one every ten minutes, one at the end."""
    watch = app.engine_watch
    with caplog.at_level(logging.WARNING, "vonggac.engines"):
        for _ in range(1000):
            watch.failed("moving", store_fault())
            clock.advance(timedelta(seconds=2.4))
        watch.works("moving")
        watch.works("moving")
    (alert,) = alerts(app)
    assert alert.entities == {"service.name": "store"}
    assert alert.agency == app.settings.province
    assert "cannot be reached" in alert.title["en"]
    assert "SOC_ELASTICSEARCH_URL" in alert.advice["vi"]
    (note,) = notes(app)
    assert "after 40 minutes 0 seconds" in note
    assert "1000 tries" in note
    assert len(caplog.records) == 1 + 3 + 1


def test_one_try_in_vain_is_no_alert_unless_it_needs_a_hand(app: Application) -> None:
    """A cluster that restarts a node answers a moment later; a withdrawn key does not."""
    app.engine_watch.failed("moving", store_fault("overload"))
    app.engine_watch.works("moving")
    assert alerts(app) == []
    app.engine_watch.failed("moving", store_fault("refused"))
    assert len(alerts(app)) == 1


def test_a_restart_of_the_process_goes_on_with_the_same_outage(app: Application, clock: FixedClock) -> None:
    for _ in range(3):
        app.engine_watch.failed("moving", store_fault())
    clock.advance(timedelta(minutes=5))
    watch = anew(app)
    watch.failed("moving", store_fault())
    assert len(alerts(app)) == 1
    assert OutageBook(app.home).open()[Part.STORE].since == NOW
    watch.works("moving")
    assert len(notes(app)) == 1
    assert OutageBook(app.home).open() == {}


def test_an_outage_of_the_database_is_in_log_and_file_and_its_alert_comes_late(
    app: Application, clock: FixedClock, caplog: pytest.LogCaptureFixture
) -> None:
    watch = app.engine_watch
    with caplog.at_level(logging.WARNING, "vonggac.engines"):
        for _ in range(5):
            watch.failed("moving", database_fault())
    assert len(caplog.records) == 1
    assert "SOC_DATABASE_URL" in caplog.records[0].getMessage()
    kept = OutageBook(app.home).open()[Part.DATABASE]
    assert (kept.tries, kept.incident) == (5, "")
    assert alerts(app) == []
    clock.advance(timedelta(minutes=3))
    watch.works("moving")
    (alert,) = alerts(app)
    assert (alert.first, alert.entities) == (NOW, {"service.name": "database"})
    assert len(notes(app)) == 1


def test_a_turn_for_the_worse_is_logged_and_makes_no_second_alert(
    app: Application, caplog: pytest.LogCaptureFixture
) -> None:
    """Unreachable, then red, then read-only: one outage."""
    with caplog.at_level(logging.WARNING, "vonggac.engines"):
        for kind in ("unreachable", "unreachable", "red", "unreachable", "read_only", "red"):
            app.engine_watch.failed("moving", store_fault(kind))
    assert len(alerts(app)) == 1
    assert len(caplog.records) == 3


def test_only_the_effort_that_met_the_fault_ends_it(app: Application) -> None:
    """That the spool takes records says nothing about the store."""
    app.engine_watch.failed("moving", store_fault("red"))
    app.engine_watch.works("intake")
    assert Part.STORE in app.engine_watch.outages


def test_a_full_disk_of_the_spool_is_told_with_its_own_advice(app: Application) -> None:
    problem = SpoolError(msg("đĩa đầy, chưa nhận bản ghi nào của lô này"))
    problem.kind = "disk"
    app.engine_watch.failed("intake", problem)
    (alert,) = alerts(app)
    assert alert.matched["kind"] == "disk"
    assert "SOC_HOME" in alert.advice["en"]


@pytest.mark.parametrize("kind", sorted(KINDS))
@pytest.mark.parametrize("part", list(Part))
def test_every_kind_of_fault_has_words_and_advice(part: Part, kind: str) -> None:
    outage = Outage(part, kind, msg("không tìm thấy"), NOW, NOW, "moving", NOW)
    assert outage.title.render(Lang.EN) != outage.title.render(Lang.VI)
    assert outage.advice in ADVICE.values()


def test_a_damaged_state_file_is_as_good_as_none(app: Application) -> None:
    for text in (b"", b"{", b'[{"part": "moon"}]', b"[1]"):
        (app.home / "engines.json").write_bytes(text)
        assert OutageBook(app.home).open() == {}


# rejected events


def rejected(count: int, field: str = "source.port") -> list[AppendResult]:
    reason = msg("giá trị của trường {field} không hợp kiểu {kind}", field=field, kind="long")
    return [AppendResult(f"e{n}", AppendStatus.REJECTED, reason) for n in range(count)]


def test_a_storm_of_one_cause_is_one_alert_that_names_field_count_and_example(
    app: Application, clock: FixedClock
) -> None:
    watch = app.engine_watch
    for _ in range(50):
        watch.stored(rejected(STORM // 10))
        watch.tend()
        clock.advance(timedelta(seconds=1))
    (alert,) = alerts(app, REJECTIONS_ID)
    assert alert.matched == {"field": "source.port", "count": STORM, "example": "e0"}
    assert f"{STORM} events" in alert.title["en"]
    clock.advance(CALM)
    watch.tend()
    watch.tend()
    (note,) = notes(app)
    assert f"{50 * STORM // 10} events" in note


def test_what_elasticsearch_says_of_single_values_stays_out_of_the_alert(app: Application) -> None:
    """One cause whatever the value was; the whole reason lies in quarantine."""
    said = "document_parsing_exception: [1:9] failed to parse field [a.b] of type [long] in document with id 'e{}'. Preview: 'secret {}'"
    for number in range(STORM):
        reason = msg("Elasticsearch không nhận sự kiện này: {reason}", reason=said.format(number, number))
        app.engine_watch.stored([AppendResult(f"e{number}", AppendStatus.REJECTED, reason)])
    app.engine_watch.tend()
    (alert,) = alerts(app, REJECTIONS_ID)
    assert alert.matched["field"] == "a.b"
    assert "failed to parse field [a.b] of type [long]" in alert.title["en"]
    assert "secret" not in str(alert)


def test_few_rejected_events_and_different_causes_are_no_storm(app: Application) -> None:
    for number in range(STORM):
        app.engine_watch.stored(rejected(1, f"field{number}"))
    app.engine_watch.stored(rejected(STORM - 1))
    app.engine_watch.tend()
    assert alerts(app, REJECTIONS_ID) == []


def test_a_storm_while_the_database_is_away_is_told_when_it_is_back(app: Application) -> None:
    app.engine_watch.failed("moving", database_fault())
    app.engine_watch.stored(rejected(STORM))
    app.engine_watch.tend()
    assert alerts(app, REJECTIONS_ID) == []
    app.engine_watch.works("moving")
    app.engine_watch.tend()
    assert len(alerts(app, REJECTIONS_ID)) == 1


# tries


class Silent:
    """A watch that only counts."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def failed(self, effort: str, problem: EngineError) -> None:
        self.told.append("failed")

    def works(self, effort: str) -> None:
        self.told.append("works")


def test_tries_come_at_doubling_waits_up_to_a_minute_and_begin_anew_after_a_success() -> None:
    now, broken, watch = [0.0], [True], Silent()

    def work() -> int:
        if broken[0]:
            raise store_fault()
        return 7

    effort = Effort("moving", work, watch, timer=lambda: now[0], chance=lambda: 0.0)
    waits: list[float] = []
    last = 0.0
    while len(waits) < 9:
        before = len(watch.told)
        effort()
        if len(watch.told) > before:
            waits.append(now[0] - last)
            last = now[0]
        now[0] += 0.5
    assert waits[1:] == [FIRST_S, 2, 4, 8, 16, 32, MOST_S, MOST_S]
    broken[0] = False
    now[0] += MOST_S
    assert effort() == 7
    broken[0] = True
    assert effort() == 0
    now[0] += FIRST_S
    broken[0] = False
    assert effort() == 7


# the collecting process


class Refusing:
    """The real store, which refuses to append until it is let; stops the process once the batch went through."""

    def __init__(self, app: Application, tries: int, stop: threading.Event) -> None:
        self._app, self._left, self._stop = app, tries, stop
        self.real = app.store

    def __getattr__(self, name: str) -> object:
        return getattr(self.real, name)

    def append(self, events: Sequence[Event]) -> list[AppendResult]:
        if self._left:
            self._left -= 1
            more = self._app.home / "portal.log"
            more.write_bytes(more.read_bytes() + orjson.dumps(SHELL | {"bytes": self._left + 2}) + b"\n")
            raise store_fault("read_only")
        self._stop.set()
        return self.real.append(events)


def test_the_collecting_process_takes_records_in_while_the_store_refuses_and_goes_on_by_itself(
    app: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was written to the log during the outage is accepted, and stored once it is over."""
    monkeypatch.setattr("soc.app.effort.FIRST_S", 0.01)
    (app.home / "portal.log").write_bytes(orjson.dumps(SHELL) + b"\n")
    stop = threading.Event()
    object.__setattr__(app.pipeline, "store", Refusing(app, 3, stop))
    collect_until(app, stop)
    app.pipeline.drain()
    assert app.store.count("", PROVINCE) == 4
    assert len(alerts(app)) == 1
    assert len(notes(app)) == 1
    assert OutageBook(app.home).open() == {}
