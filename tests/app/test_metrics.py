"""The figures for Prometheus are those of the installation, and one part that does not answer hides no other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import orjson
import pytest
from prometheus_client.parser import text_string_to_metric_families

from collectors.inputs import open_input
from soc.app.application import Application
from soc.app.figures import BOUNDS_S, Durations, read_figures, write_figures
from soc.app.outages import Part
from soc.core.clock import FixedClock
from soc.core.errors import EngineError
from soc.core.i18n import msg
from soc.core.settings import Settings
from soc.web.app import make_app
from tests.app.test_pipeline import SHELL, SOURCES

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
Key = tuple[str, tuple[tuple[str, str], ...]]


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def app(tmp_path: Path, clock: FixedClock, settle: Callable[[Path], None]) -> Iterator[Application]:
    """A whole application with one registered source."""
    settle(tmp_path)
    (tmp_path / "sources.yaml").write_text(SOURCES, "utf-8")
    with Application(Settings(home=tmp_path), clock, writer=True) as app:
        yield app


def scrape(app: Application) -> dict[Key, float]:
    """(sample, labels) -> value, as Prometheus reads them."""
    families = text_string_to_metric_families(app.metrics.render().decode())
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for family in families for s in family.samples}


def value(found: dict[Key, float], name: str, **labels: str) -> float:
    return found[f"vonggac_{name}", tuple(sorted(labels.items()))]


def feed(app: Application, path: Path, *documents: object) -> None:
    path.write_bytes(b"".join(orjson.dumps(document) + b"\n" for document in documents))
    app.collector.collect("portal", open_input(path))


def test_an_empty_installation_has_figures_and_no_errors(app: Application) -> None:
    found = scrape(app)
    assert {value(found, "engine_up", engine=part.value) for part in Part} == {1.0}
    assert value(found, "spool_records") == value(found, "spool_oldest_seconds") == 0
    assert value(found, "playbook_runs", state="running") == 0
    assert value(found, "broker_messages", queue="vonggac") == 0
    assert {number for (name, _), number in found.items() if name == "vonggac_scrape_errors"} == {0.0}


def test_what_waits_and_what_was_moved_is_counted(app: Application, clock: FixedClock, tmp_path: Path) -> None:
    feed(app, tmp_path / "a.log", SHELL, SHELL | {"bytes": 2}, "no access log")
    clock.advance(timedelta(minutes=7))
    found = scrape(app)
    assert (value(found, "spool_records"), value(found, "spool_oldest_seconds")) == (3, 420)
    app.pipeline.drain()
    feed(app, tmp_path / "a.log", SHELL)
    app.pipeline.drain()
    app.figures.sent_again(3)
    write_figures(app.home, app.figures, app.clock.now())
    found = scrape(app)
    assert value(found, "batches_total") == 2
    assert value(found, "records_total") == 4
    assert value(found, "events_stored_total") == 2
    assert value(found, "events_duplicate_total") == 1
    assert value(found, "records_quarantined_total") == value(found, "quarantine_records") == 1
    assert value(found, "alerts_raised_total") == value(found, "alerts", severity="critical") > 0
    assert value(found, "incidents_open", severity="critical") == 1
    assert value(found, "bulk_retried_total") == 3
    assert value(found, "store_append_seconds_count") == 2
    assert value(found, "detection_seconds_bucket", le="+Inf") == 2
    assert value(found, "collecting_noted_timestamp_seconds") == app.clock.now().timestamp()


def test_an_engine_that_is_down_is_told_by_what_the_collecting_process_found(
    app: Application, clock: FixedClock
) -> None:
    problem = EngineError(msg("không tìm thấy"))
    problem.engine, problem.kind = "store", "red"
    app.engine_watch.failed("moving", problem)
    clock.advance(timedelta(seconds=90))
    found = scrape(app)
    assert value(found, "engine_up", engine="store") == 0
    assert value(found, "engine_outage_seconds", engine="store") == 90
    assert value(found, "engine_up", engine="database") == 1
    assert value(found, "alerts", severity="high") == 1


def test_a_part_that_does_not_answer_fails_its_own_figures_only(
    app: Application, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise EngineError(msg("không tìm thấy"))

    monkeypatch.setattr(type(app.database), "reading", broken)
    found = scrape(app)
    assert value(found, "engine_up", engine="database") == 0
    assert value(found, "scrape_errors", part="cases") == 1
    assert value(found, "scrape_errors", part="spool") == 0
    assert value(found, "spool_records") == 0


def test_no_label_names_an_agency_a_source_or_a_field(app: Application, tmp_path: Path) -> None:
    feed(app, tmp_path / "a.log", SHELL)
    app.pipeline.drain()
    labels = {label for _, labels in scrape(app) for label, _ in labels}
    assert labels <= {"engine", "severity", "state", "queue", "part", "platform", "le"}
    assert b"so-mau" not in app.metrics.render()


def test_the_console_serves_them(app: Application) -> None:
    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(make_app(app), client=("127.0.0.1", 40000))
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8686") as client:
            return await client.get("/metrics")

    answer = asyncio.run(ask())
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/plain; version=0.0.4")
    assert "vonggac_spool_records 0.0" in answer.text


@pytest.mark.parametrize("seconds", [0.0, *BOUNDS_S, 31.0])
def test_a_duration_lies_at_or_under_its_bound(seconds: float) -> None:
    durations = Durations()
    durations.add(seconds)
    held: Sequence[float] = [*BOUNDS_S, float("inf")]
    assert held[durations.bars.index(1)] >= seconds


def test_a_damaged_file_of_figures_is_as_good_as_none(app: Application) -> None:
    for text in (b"", b"{", b"[]", b'{"started": 1}'):
        (app.home / "collecting.json").write_bytes(text)
        assert read_figures(app.home) is None
        assert not any(name == "vonggac_batches_total" for name, _ in scrape(app))
