"""A worker killed -9 in the middle of a hunt: another goes on from the last slice, and comes to what an undisturbed one finds."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from sqlite3 import OperationalError, connect

from soc.app.application import Application
from soc.app.hunt_model import HuntState, Question, Request
from soc.core.clock import ALL_TIME, FixedClock
from soc.core.scope import PROVINCE
from soc.core.settings import Settings
from tests.app.hunts.stage import LEAD, NOW, RULES, brute_force, sign_ins

WORK = """
import sys
from soc.app.application import Application
from soc.app.hunt_moving import HuntMover, Pace
from soc.core.settings import Settings

with Application(Settings(home=sys.argv[1])) as app:
    app.hunt_mover._pace = Pace(lease=1, slice_events=20)
    app.hunt_mover.run(sys.argv[2])
"""
EVENTS = 600


def worker(home: Path, hunt: str) -> subprocess.Popen[bytes]:
    """A process that moves one hunt in small slices, with a short lease."""
    return subprocess.Popen([sys.executable, "-c", WORK, str(home), hunt], env=dict(os.environ))


def slices_done(home: Path, hunt: str) -> int:
    """How far the hunt has come, as an onlooker reads it."""
    try:
        with closing(connect(f"file:{home / 'cases.sqlite'}?mode=ro", uri=True)) as base:
            return int(base.execute("SELECT slices_done FROM hunts WHERE id = ?", (hunt,)).fetchone()[0])
    except OperationalError:
        return 0


def killed_behind(home: Path, hunt: str, slices: int) -> None:
    process = worker(home, hunt)
    while slices_done(home, hunt) < slices:
        try:
            process.wait(0.005)
        except subprocess.TimeoutExpired:
            continue
        raise AssertionError("ended before it could be killed")
    process.kill()
    assert process.wait() == -9


def test_a_hunt_killed_twice_finds_what_an_undisturbed_one_finds(tmp_path: Path) -> None:
    with Application(Settings(home=tmp_path), FixedClock(NOW), writer=True) as app:
        app.store.append(sign_ins(EVENTS))
        question = Question(rules=app.hunt_rules.freeze_text(RULES))
        request = Request(question, ALL_TIME, PROVINCE, throttle=1)
        calm, hunt = (app.hunts.file(LEAD, request).id for _ in range(2))
        app.hunt_mover.run(calm)
    for slices in (4, 14):
        killed_behind(tmp_path, hunt, slices)
    assert worker(tmp_path, hunt).wait(120) == 0
    with Application(Settings(home=tmp_path), FixedClock(NOW)) as app:
        one, other = app.hunts.get(LEAD, calm), app.hunts.get(LEAD, hunt)
        assert other.state is HuntState.DONE
        assert other.slices > 25
        assert (other.covered, other.matches, other.alerts) == (EVENTS, one.matches, one.alerts)
        assert one.matches == sum(brute_force(sign_ins(EVENTS), ALL_TIME).values())
        found = [[find.alert for find in app.hunts.finds(LEAD, ident, size=10_000)] for ident in (calm, hunt)]
        assert found[0] == found[1]
