"""What `soc doctor` says of the engines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from collectors.inputs import open_input
from soc.app.application import Application
from soc.app.doctor import CHECKS, examine
from soc.app.findings import State
from soc.core.clock import FixedClock
from soc.core.errors import DatabaseError, EngineError
from soc.core.i18n import Lang, msg
from soc.core.settings import Settings
from tests.app.test_pipeline import SHELL, SOURCES

NOW = datetime(2026, 11, 23, 2, 0, tzinfo=UTC)
ENGINES = ("database", "store", "elastic", "broker", "spool")


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOW)


@pytest.fixture
def app(
    tmp_path: Path, clock: FixedClock, monkeypatch: pytest.MonkeyPatch, settle: Callable[[Path], None]
) -> Iterator[Application]:
    """An application whose doctor looks at the engines only."""
    settle(tmp_path)
    (tmp_path / "sources.yaml").write_text(SOURCES, "utf-8")
    for part in CHECKS.keys() - set(ENGINES):
        monkeypatch.delitem(CHECKS, part)
    with Application(Settings(home=tmp_path), clock, writer=True) as app:
        yield app


def told(app: Application) -> dict[str, tuple[State, str]]:
    return {found.part: (found.state, found.detail.render(Lang.EN)) for found in examine(app)}


def test_a_sound_installation_is_told_engine_by_engine(app: Application) -> None:
    found = told(app)
    assert tuple(found) == ENGINES
    assert {state for state, _ in found.values()} == {State.OK}
    assert "0 tasks waiting" in found["broker"][1]


def test_an_outage_is_told_with_its_beginning_and_what_to_do(app: Application, clock: FixedClock) -> None:
    """Though a look at the store would find nothing: only a write tells that it is blocked."""
    problem = EngineError(msg("không tìm thấy"))
    problem.engine, problem.kind = "store", "read_only"
    app.engine_watch.failed("moving", problem)
    clock.advance(timedelta(minutes=5))
    state, detail = told(app)["store"]
    assert state is State.BAD
    assert "since 23/11/2026 09:00:00" in detail
    assert "index.blocks.write" in detail


def test_a_database_that_is_down_hides_no_other_engine(app: Application, monkeypatch: pytest.MonkeyPatch) -> None:
    problem = DatabaseError(msg("cơ sở dữ liệu không đáp ứng: {reason}", reason="gone"))

    def gone(*_: object) -> None:
        raise problem

    app.engine_watch.failed("moving", problem)
    monkeypatch.setattr(type(app.database), "reading", gone)
    found = told(app)
    assert found["database"][0] is State.BAD
    assert "SOC_DATABASE_URL" in found["database"][1]
    assert found["store"][0] is found["spool"][0] is State.OK


def test_a_record_that_waits_long_is_a_warning(app: Application, clock: FixedClock, tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_bytes(orjson.dumps(SHELL) + b"\n")
    app.collector.collect("portal", open_input(path))
    assert told(app)["spool"] == (State.OK, "1 records are waiting, the oldest for 0 minutes")
    clock.advance(timedelta(minutes=20))
    assert told(app)["spool"] == (State.WARN, "1 records are waiting, the oldest for 20 minutes")
