"""The memory of the stream: kept with the batch it learned from, the same after a failure and after a restart."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from collectors.inputs import open_input
from soc.app.application import Application
from soc.app.baselines import BaselineBook
from soc.core.errors import EngineError
from soc.core.event import Event
from soc.core.i18n import msg
from soc.core.scope import PROVINCE
from soc.core.settings import Settings
from tests.conftest import ROOT

SOURCES = "sources:\n  - {id: ky, platform: hsm_signing, format: sign_service_json, agency: so-mau}\n"
START = datetime(2026, 9, 1, 1, tzinfo=UTC)
EXPECTED = [None, None, False, True, False]


def signature(day: int, user: str, ip: str) -> bytes:
    when = (START + timedelta(days=day)).isoformat()
    return orjson.dumps({"time": when, "user": user, "ip": ip, "certSerial": "01", "result": "OK"})


LINES = [
    signature(0, "a", "192.0.2.1"),
    signature(1, "b", "198.51.100.1"),
    signature(31, "b", "198.51.100.9"),
    signature(40, "a", "203.0.113.1"),
    signature(41, "a", "203.0.113.2"),
]


def started(home: Path) -> Application:
    return Application(Settings(home=home, batch_size=2), writer=True)


@pytest.fixture
def home(tmp_path: Path, settle: Callable[[Path], None]) -> Path:
    settle(tmp_path)
    (tmp_path / "sources.yaml").write_text(SOURCES, "utf-8")
    return tmp_path


@pytest.fixture
def app(home: Path) -> Iterator[Application]:
    with started(home) as app:
        yield app


def give(app: Application) -> None:
    path = app.home / "ky.log"
    path.write_bytes(b"\n".join(LINES) + b"\n")
    app.collector.collect("ky", open_input(path))


def told(app: Application) -> list[object]:
    events = sorted(app.store.scan("", PROVINCE), key=lambda event: event.timestamp)
    return [event.fields.get("soc.baseline.new_source") for event in events]


class Failing:
    """The real part, whose next call fails: before or after it has done its work."""

    def __init__(self, real: object, name: str, *, after: bool) -> None:
        self.real, self.name, self.after, self.left = real, name, after, 1

    def __getattr__(self, name: str) -> object:
        found = getattr(self.real, name)
        if name != self.name:
            return found

        def call(*given: object) -> object:
            done = found(*given) if self.after or not self.left else None
            if self.left:
                self.left -= 1
                raise EngineError(msg("kho sự kiện: {reason}", reason="x"))
            return done

        return call


@pytest.mark.parametrize(
    ("part", "method", "after"),
    [
        ("store", "append", False),
        ("store", "append", True),
        ("incidents", "take", True),
        ("baselines", "keep", True),
        ("spool", "ack", False),
    ],
)
def test_a_batch_that_failed_is_told_the_same_the_next_time(
    app: Application, part: str, method: str, after: bool
) -> None:
    give(app)
    pipeline = app.pipeline
    failing = Failing(getattr(pipeline, part), method, after=after)
    object.__setattr__(pipeline, part, failing)
    with pytest.raises(EngineError):
        pipeline.drain()
    pipeline.drain()
    assert told(app) == EXPECTED


def test_a_restart_goes_on_where_the_last_batch_was_committed(home: Path) -> None:
    """Three processes, one batch each."""
    with started(home) as app:
        give(app)
        app.pipeline.step()
    with started(home) as app:
        app.pipeline.step()
    with started(home) as app:
        app.pipeline.step()
        assert told(app) == EXPECTED


CHILD = """
import os, signal, sys
from pathlib import Path
from soc.app.application import Application
from soc.core.settings import Settings
app = Application(Settings(home=Path(sys.argv[1]), batch_size=2), writer=True)
pipeline = app.pipeline
real = pipeline.baselines.keep
def keep(session):
    real(session)
    os.kill(os.getpid(), signal.SIGKILL)
pipeline.baselines.keep = keep
pipeline.drain()
"""


def test_a_batch_under_way_at_kill_9_is_told_the_same(home: Path) -> None:
    """Killed after the store took the events, before the transaction was committed."""
    with started(home) as app:
        give(app)
    done = subprocess.run([sys.executable, "-c", CHILD, str(home)], cwd=ROOT, env=os.environ, check=False)
    assert done.returncode == -signal.SIGKILL
    with started(home) as app:
        app.pipeline.drain()
        assert told(app) == EXPECTED


def test_the_memory_is_learned_anew_from_the_store(app: Application) -> None:
    give(app)
    app.pipeline.drain()
    kept = rows(app)
    events: Sequence[Event] = sorted(app.store.scan("", PROVINCE), key=lambda event: event.timestamp)
    assert BaselineBook(app.database).rebuild(events) == len(LINES)
    assert rows(app) == kept


def rows(app: Application) -> dict[str, list[object]]:
    book = BaselineBook(app.database)
    book.restore()
    return {memory.name: [*memory.entries()] for memory in book.memories}
