"""The schedule: any number of schedulers over one database, each tick once."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event

import pytest

from soc.core.clock import FixedClock
from soc.core.errors import DatabaseError
from soc.core.i18n import msg
from soc.storage.sql import connect
from soc.worker.beat import Beat, Entry, Ticks
from soc.worker.engines import EngineLog
from tests.conftest import ROOT

T0 = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
DEADLINE_S = 180
"""Long enough for a machine with other work; whoever is done is not kept waiting."""


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < deadline
        Event().wait(0.02)


def test_two_schedulers_fire_no_tick_twice_and_one_goes_on_when_the_other_is_killed(
    tmp_path: Path, database_url: str
) -> None:
    fired = tmp_path / "fired"
    fired.touch()
    command = [sys.executable, "-m", "tests.worker.beat_child", str(fired)]
    environment = os.environ | {"SOC_DATABASE_URL": database_url}

    def lines() -> list[str]:
        return fired.read_text().splitlines()

    with ExitStack() as stack:
        children = []
        for _ in range(2):
            child = stack.enter_context(subprocess.Popen(command, cwd=ROOT, env=environment))
            stack.callback(child.kill)
            children.append(child)
        wait_until(lambda: len(lines()) >= 40)
        children[0].kill()
        children[0].wait()
        before = len(lines())
        wait_until(lambda: len(lines()) >= before + 10)
    assert len(lines()) == len(set(lines()))
    assert {line.split()[0] for line in lines()} == {"a", "b"}


def test_of_many_claims_of_one_tick_one_wins(database_url: str) -> None:
    database = connect(database_url)
    ticks = Ticks(database)
    with ThreadPoolExecutor(8) as pool:
        for tick in range(1_000, 9_000, 1_000):
            won = list(pool.map(lambda _: ticks.claim("sweep", tick), range(8)))  # noqa: B023 - used up in this round
            assert won.count(True) == 1
    assert not ticks.claim("sweep", 7_000), "a scheduler whose clock is behind"
    database.close()


def test_a_clock_that_was_years_ahead_does_not_stop_the_schedule(database_url: str) -> None:
    database = connect(database_url)
    ticks, entry = Ticks(database), Entry("sweep", 15, int)
    assert ticks.claim("sweep", entry.tick(T0 + timedelta(days=1000)))
    assert ticks.claim("sweep", entry.tick(T0))
    assert not ticks.claim("sweep", entry.tick(T0))
    assert ticks.claim("sweep", Entry("sweep", 60, int).tick(T0 + timedelta(seconds=60))), "another length of ticks"
    database.close()


@pytest.mark.parametrize(("every_s", "moment", "tick"), [(15, 7, 0), (15, 15, 15_000), (0.1, 0.25, 200)])
def test_a_tick_begins_at_a_multiple_of_its_length(every_s: float, moment: float, tick: int) -> None:
    assert Entry("sweep", every_s, int).tick(datetime.fromtimestamp(moment, UTC)) == tick


def test_a_broken_entry_stops_no_other_and_an_engine_that_is_away_is_told_once(
    database_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    database, clock = connect(database_url), FixedClock(T0)
    away, fired = [True], []

    def sweep() -> None:
        if away[0]:
            raise DatabaseError(msg("không tìm thấy"))

    entries = [
        Entry("sweep", 15, sweep),
        Entry("broken", 15, lambda: 1 // 0),
        Entry("other", 15, lambda: fired.append(1)),
    ]
    beat = Beat(entries, Ticks(database), clock, EngineLog())
    for _ in range(4):
        beat.fire_due()
        clock.advance(timedelta(seconds=15))
    away[0] = False
    beat.fire_due()
    told = [record.getMessage() for record in caplog.records if record.name == "soc.worker.engines"]
    assert [("tried again" in line, "answers again" in line) for line in told] == [(True, False), (False, True)]
    assert len(fired) == 5
    database.close()
