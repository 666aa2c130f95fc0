"""The pipeline: what cannot go on is set aside with its reason, engines that fail are waited for, nothing is detected twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import orjson
import pytest

from collectors.inputs import open_input
from soc.app.application import Application
from soc.app.pipeline import Pipeline
from soc.core.errors import EngineError
from soc.core.event import Event
from soc.core.i18n import Lang, msg
from soc.core.scope import PROVINCE
from soc.core.settings import Settings
from soc.storage.events import AppendResult

SHELL = {
    "time": "2026-11-17T02:13:44+07:00",
    "remote_addr": "203.0.113.66",
    "method": "POST",
    "uri": "/uploads/a.php",
    "args": "",
    "status": 200,
    "bytes": 1,
    "ua": "M",
    "host": "a.example",
}
SOURCES = "sources:\n  - {id: portal, platform: public_service_portal, agency: so-mau}\n"


@pytest.fixture
def app(tmp_path: Path, settle: Callable[[Path], None]) -> Iterator[Application]:
    """A whole application with one registered source."""
    settle(tmp_path)
    (tmp_path / "sources.yaml").write_text(SOURCES, "utf-8")
    with Application(Settings(home=tmp_path), writer=True) as app:
        yield app


def feed(app: Application, path: Path, *documents: object) -> None:
    """Give the documents to the collector as lines of the portal's log."""
    path.write_bytes(b"".join(orjson.dumps(document) + b"\n" for document in documents))
    app.collector.collect("portal", open_input(path))


def test_records_of_a_source_that_is_gone_wait_in_quarantine(app: Application, tmp_path: Path) -> None:
    """They stop nothing, and the reason says what to do, in both languages."""
    path = tmp_path / "gone.log"
    path.write_bytes(orjson.dumps(SHELL) + b"\n")
    app.collector.collect("gone", open_input(path))
    feed(app, tmp_path / "portal.log", SHELL)
    step = app.pipeline.drain()
    assert (step.created, step.quarantined) == (1, 1)
    (entry,) = app.quarantine.list()
    assert "sources.yaml" in entry.reason.render(Lang.EN)
    assert entry.reason.render(Lang.EN) != entry.reason.render(Lang.VI)


def test_the_same_file_twice_adds_nothing(app: Application, tmp_path: Path) -> None:
    """Neither events nor alerts."""
    feed(app, tmp_path / "a.log", SHELL)
    first = app.pipeline.drain()
    feed(app, tmp_path / "a.log", SHELL)
    again = app.pipeline.drain()
    assert (first.created, first.alerts) == (1, 1)
    assert (again.created, again.duplicates, again.alerts) == (0, 1, 0)


class Failing:
    """The real store, which refuses its next append: as a full disk does."""

    def __init__(self, pipeline: Pipeline) -> None:
        self.real = pipeline.store
        self.refuse = True

    def existing(self, ids: Sequence[str]) -> set[str]:
        return self.real.existing(ids)

    def append(self, events: Sequence[Event]) -> list[AppendResult]:
        if self.refuse:
            raise EngineError(msg("cơ sở dữ liệu không đáp ứng: {reason}", reason="full"))
        return self.real.append(events)


def test_a_store_that_refuses_keeps_the_batch_in_the_spool(app: Application, tmp_path: Path) -> None:
    """And the next step, with the store back, brings event and alert exactly once."""
    feed(app, tmp_path / "a.log", SHELL)
    store = Failing(app.pipeline)
    object.__setattr__(app.pipeline, "store", store)
    with pytest.raises(EngineError):
        app.pipeline.step()
    assert app.spool.depth() == 1
    store.refuse = False
    step = app.pipeline.drain()
    assert (step.created, step.alerts, app.spool.depth()) == (1, 1, 0)
    assert app.store.count("", PROVINCE) == 1


def test_an_input_whose_records_are_not_in_the_store_yet_is_not_taken_in_again(
    app: Application, tmp_path: Path
) -> None:
    """A process killed between the two goes on with the store; only once forgotten is the file delivered anew."""
    for path in (tmp_path / "a.log", tmp_path / "a.json"):
        path.write_bytes(orjson.dumps(SHELL) + b"\n")
        first = app.collector.collect("portal", open_input(path), forget=False)
        again = app.collector.collect("portal", open_input(path), forget=False)
        app.collector.forget("portal", open_input(path))
        anew = app.collector.collect("portal", open_input(path))
        assert (first.accepted, again.accepted, anew.accepted) == (1, 0, 1), path.name
