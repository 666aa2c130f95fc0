"""New rules under the running collecting process: windows go on, a bad activation changes nothing, a restart takes up what was chosen."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace

import orjson
import pytest
from sqlalchemy import select

from detectors.rulesets.importing import Filters
from detectors.rulesets.service import Choice
from soc.access.principal import SYSTEM
from soc.app.application import Application
from soc.app.collecting import start_reloading
from soc.app.doctor import examine
from soc.app.findings import State
from soc.app.reloading import Reloader
from soc.core.clock import FixedClock, Window
from soc.core.errors import DatabaseError
from soc.core.i18n import msg
from soc.core.ids import new_id
from soc.core.settings import Settings
from soc.incidents.tables import AlertRow

START = datetime(2026, 11, 17, 1, 0, tzinfo=UTC)
BASE, WINDOW, MORE = (f"11111111-0000-4000-8000-00000000000{n}" for n in (1, 2, 3))
SITE_RULES = f"""\
title: Probe
id: {BASE}
name: probe
status: test
logsource: {{product: public_service_portal, service: nginx.access}}
detection: {{probe: {{url.path|contains: probe-window}}, condition: probe}}
---
title: Four probes
id: {WINDOW}
status: test
level: high
correlation:
  type: event_count
  rules: [probe]
  group-by: [source.ip]
  timespan: 10m
  condition: {{gte: 4}}
"""
MORE_RULES = f"""\
title: One more
id: {MORE}
status: test
level: high
logsource: {{product: public_service_portal, service: nginx.access}}
detection: {{word: {{url.path|contains: probe-more}}, condition: word}}
"""
WAIT_S = 90.0


def line(n: int, path: str) -> bytes:
    """One request, `n` seconds after the start."""
    document = {
        "time": (START + timedelta(seconds=n)).isoformat(),
        "remote_addr": "203.0.113.7",
        "method": "GET",
        "uri": path,
        "args": "",
        "status": 404,
        "bytes": n,
        "ua": "Mozilla/5.0",
        "host": "dichvucong.example",
    }
    return orjson.dumps(document, option=orjson.OPT_APPEND_NEWLINE)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An installation that follows one access log, with rules of the site."""
    home = tmp_path / "home"
    (home / "rules").mkdir(parents=True)
    (home / "rules" / "site.yml").write_text(SITE_RULES, "utf-8")
    log = tmp_path / "access.log"
    log.touch()
    source = f"{{id: web, platform: public_service_portal, agency: so-mau, input: {{kind: file, paths: ['{log}']}}}}"
    (home / "sources.yaml").write_text(f"sources: [{source}]\n", "utf-8")
    return home


@pytest.fixture
def more(tmp_path: Path) -> Path:
    """A published set with one more rule."""
    folder = tmp_path / "more"
    folder.mkdir()
    (folder / "more.yml").write_text(MORE_RULES, "utf-8")
    return folder


@contextmanager
def collecting(home: Path) -> Iterator[subprocess.Popen[bytes]]:
    """The collecting process of `soc up`."""
    with (home / "collecting.log").open("ab") as told:
        process = subprocess.Popen(
            [sys.executable, "-m", "soc.app.collecting"], env=os.environ | {"SOC_HOME": str(home)}, stderr=told
        )
    try:
        yield process
    finally:
        process.terminate()
        process.wait(30)


def until(home: Path, process: subprocess.Popen[bytes], condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert process.poll() is None, (home / "collecting.log").read_text("utf-8")
        assert time.monotonic() < deadline, (home / "collecting.log").read_text("utf-8")
        time.sleep(0.1)


def alerts(app: Application) -> list[str]:
    """Rule ids of the alerts, in order of their events."""
    with app.database.reading() as session:
        return list(session.scalars(select(AlertRow.rule_id).order_by(AlertRow.last, AlertRow.rule_id)))


def running(app: Application) -> int:
    """The activation that was loaded last; -1 before the first load."""
    return next((load.activation if load.ok else -1 for load in app.rule_sets.loads(1)), -1)


def test_a_half_filled_window_completes_under_new_rules(home: Path, more: Path, tmp_path: Path) -> None:
    """The real process: three events, an activation, the fourth event; then kill -9 and a start with the new rules."""
    log = tmp_path / "access.log"
    with Application(Settings(home=home)) as app, collecting(home) as process:
        with log.open("ab") as stream:
            stream.writelines(line(n, "/probe-window") for n in range(3))
            stream.writelines(line(5, f"/probe-more/{n}") for n in range(2))
        until(home, process, lambda: running(app) == 0 and app.store.count("soc.source:web", SYSTEM.scope) == 5)
        assert alerts(app) == []

        app.rule_sets.import_set(SYSTEM, more, "more", Filters())
        app.rule_sets.activate(SYSTEM, Choice(("more",)))
        until(home, process, lambda: running(app) == 1)
        with log.open("ab") as stream:
            stream.write(line(9, "/probe-window"))
            stream.write(line(10, "/probe-more/new"))
        until(home, process, lambda: len(alerts(app)) == 2)
        assert alerts(app) == [WINDOW, MORE]
        process.kill()
        process.wait(30)

    with Application(Settings(home=home)) as app, collecting(home) as process:
        until(home, process, lambda: len(app.rule_sets.loads()) == 3)
        assert running(app) == 1
        with log.open("ab") as stream:
            stream.write(line(7200, "/probe-more/later"))
        until(home, process, lambda: len(alerts(app)) == 3)
        app.rule_sets.rollback(SYSTEM)
        until(home, process, lambda: running(app) == 2)


@pytest.fixture
def app(home: Path) -> Iterator[Application]:
    """The writer, in this process."""
    with Application(Settings(home=home), writer=True) as app:
        app.pipeline  # noqa: B018 - built here, as the collecting process does
        yield app


def settle(reloader: Reloader, number: int) -> None:
    """Tick until an activation was tried."""
    deadline = time.monotonic() + WAIT_S
    while reloader.tried != number or reloader.is_preparing:
        reloader.tick()
        assert time.monotonic() < deadline
        time.sleep(0.05)


def take_in(app: Application, tmp_path: Path, lines: list[bytes]) -> None:
    """Move lines through the pipeline."""
    from collectors.inputs.file import FileInput

    file = tmp_path / f"{new_id()}.log"
    file.write_bytes(b"".join(lines))
    app.collector.collect("web", FileInput(file, False))
    app.pipeline.drain()


def test_an_activation_that_cannot_be_loaded_changes_nothing(app: Application, more: Path, tmp_path: Path) -> None:
    """Its archive and its folder are gone: the old rules run on, and audit, history and doctor say so."""
    reloader = start_reloading(app)
    take_in(app, tmp_path, [line(n, "/probe-window") for n in range(3)])
    version = app.rule_sets.import_set(SYSTEM, more, "more", Filters()).version
    app.rule_sets.activate(SYSTEM, Choice(("more",)))
    (app.rule_sets.folder(version) / "more.yml").write_text("title: changed\n", "utf-8")
    app.blobs.path(version.archive).unlink()
    settle(reloader, 1)
    assert reloader.running == 0
    take_in(app, tmp_path, [line(9, "/probe-window")])
    assert alerts(app) == [WINDOW]

    last = app.rule_sets.loads(1)[0]
    assert (last.ok, last.activation) == (False, 1)
    with app.database.reading() as session:
        assert "rules.load_failed" in [entry.action for entry in app.audit.entries(session)]
    finding = next(found for found in examine(app) if found.part == "rules")
    assert finding.state is State.BAD
    assert "1" in finding.detail.render()


def test_a_start_falls_back_to_the_newest_activation_that_loads(home: Path, more: Path) -> None:
    with Application(Settings(home=home)) as app:
        app.rule_sets.activate(SYSTEM, Choice(note="own and site"))
        version = app.rule_sets.import_set(SYSTEM, more, "more", Filters()).version
        app.rule_sets.activate(SYSTEM, Choice(("more",)))
        (app.rule_sets.folder(version) / "more.yml").unlink()
        app.blobs.path(version.archive).unlink()
    with Application(Settings(home=home), writer=True) as app:
        assert app.loaded_rules.plan.activation.number == 1
        reloader = start_reloading(app)
        assert (reloader.running, reloader.tried) == (1, 2)
        assert [(load.activation, load.ok) for load in app.rule_sets.loads()] == [(1, True), (2, False)]


def test_rules_that_are_gone_end_with_their_windows(app: Application, tmp_path: Path) -> None:
    """Activated without the site's rules and back again: the window begins anew, and nothing breaks."""
    reloader = start_reloading(app)
    take_in(app, tmp_path, [line(n, "/probe-window") for n in range(3)])
    app.rule_sets.activate(SYSTEM, Choice(site=False))
    settle(reloader, 1)
    app.rule_sets.rollback(SYSTEM)
    settle(reloader, 2)
    take_in(app, tmp_path, [line(9, "/probe-window")])
    assert alerts(app) == []
    take_in(app, tmp_path, [line(n, "/probe-window") for n in range(10, 13)])
    assert alerts(app) == [WINDOW]


def test_a_new_rule_is_not_said_to_have_seen_what_came_before_it(app: Application, more: Path, tmp_path: Path) -> None:
    """The account of what ran begins with the rule; that of the others goes on."""
    reloader = start_reloading(app)
    take_in(app, tmp_path, [line(n, f"/a/{n}") for n in range(30)])
    app.rule_sets.import_set(SYSTEM, more, "more", Filters())
    app.rule_sets.activate(SYSTEM, Choice(("more",)))
    settle(reloader, 1)
    take_in(app, tmp_path, [line(n, "/probe-more") for n in range(40, 45)])
    app.pipeline.note_runs()
    seen = {run.rule_id: (run.events, run.matches) for run in app.runs.over(day_of(app))}
    assert seen[BASE] == (35, 0)
    assert seen[MORE] == (5, 5)
    app.rule_sets.rollback(SYSTEM)
    settle(reloader, 2)
    take_in(app, tmp_path, [line(n, "/probe-more") for n in range(50, 57)])
    app.rule_sets.rollback(SYSTEM, 1)
    settle(reloader, 3)
    take_in(app, tmp_path, [line(60, "/probe-more")])
    app.pipeline.note_runs()
    seen = {run.rule_id: (run.events, run.matches) for run in app.runs.over(day_of(app))}
    assert (seen[BASE], seen[MORE]) == ((43, 0), (6, 6))


def day_of(app: Application) -> Window:
    """Around now."""
    now = app.clock.now()
    return Window(now - timedelta(days=1), now + timedelta(days=1))


def test_a_process_that_reads_takes_up_a_later_choice(home: Path, more: Path) -> None:
    with Application(Settings(home=home)) as reader:
        assert MORE not in [rule.id for rule in reader.rules.rules]
        with Application(Settings(home=home)) as other:
            other.rule_sets.import_set(SYSTEM, more, "more", Filters())
            other.rule_sets.activate(SYSTEM, Choice(("more",)))
        assert MORE in [rule.id for rule in reader.rules.rules]


class Shelf:
    """Rule sets of which activation 2 is wanted."""

    def wanted(self) -> int:
        return 2


def test_an_activation_that_met_an_outage_of_the_database_is_tried_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else the rules that people activated would wait for a restart."""
    tries: list[int] = []

    def fail(_sets: object, number: int) -> DatabaseError:
        tries.append(number)
        return DatabaseError(msg("cơ sở dữ liệu không đáp ứng: {reason}", reason="gone"))

    monkeypatch.setattr("soc.app.reloading.try_activation", fail)
    monkeypatch.setattr("soc.app.reloading.LOOK_S", 0.0)
    recent = SimpleNamespace(recent=list)
    reloader = Reloader(Shelf(), recent, None, None, FixedClock(START), running=1, tried=1)  # type: ignore[arg-type]
    for _ in range(2):
        with pytest.raises(DatabaseError):  # noqa: PT012 - the step that finds the thread at its end
            while True:
                reloader.tick()
    assert tries == [2, 2]
    assert reloader.running == 1
