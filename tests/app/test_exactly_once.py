"""Law 1: accepted means kept, exactly once, over kill -9 of the ingesting process at any moment."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest
from sqlalchemy import select

from soc.app.application import Application
from soc.core.scope import PROVINCE
from soc.core.settings import Settings
from soc.incidents.tables import AlertRow

START = datetime(2026, 11, 17, 1, 0, tzinfo=UTC)
SHELLS = 5


def write_log(path: Path, lines: int) -> None:
    """An access log of `lines` different lines, with a few that a rule must catch."""
    with path.open("wb") as file:
        for n in range(lines):
            shell = n % (lines // SHELLS) == 7
            file.write(
                orjson.dumps(
                    {
                        "time": (START + timedelta(seconds=n // 10)).isoformat(),
                        "remote_addr": f"203.0.113.{n // (lines // SHELLS) + 1}" if shell else "198.51.100.9",
                        "method": "GET",
                        "uri": f"/uploads/{n}.php" if shell else f"/tin-tuc/{n}",
                        "args": "",
                        "status": 200,
                        "bytes": n,
                        "ua": "Mozilla/5.0",
                        "host": "dichvucong.example",
                    },
                    option=orjson.OPT_APPEND_NEWLINE,
                )
            )


def ingest(home: Path, log: Path) -> subprocess.Popen[bytes]:
    """`soc ingest` in a process of its own."""
    command = [
        sys.executable,
        "-m",
        "soc.cli.main",
        "ingest",
        str(log),
        "--platform",
        "public_service_portal",
        "--json",
    ]
    return subprocess.Popen(
        command, env=os.environ | {"SOC_HOME": str(home)}, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )


def finish(process: subprocess.Popen[bytes]) -> int:
    """Its exit code, once it has ended and its output is read."""
    process.communicate()
    return process.returncode


def alerts_of(home: Path) -> dict[str, tuple[str, ...]]:
    """Alert id -> the events it rests on."""
    with Application(Settings(home=home)) as app, app.database.transaction() as session:
        return {row.id: tuple(orjson.loads(row.body)["event_ids"]) for row in session.scalars(select(AlertRow))}


@pytest.mark.parametrize(
    ("lines", "kills", "longest_s"), [(6_000, 5, 6.0), pytest.param(200_000, 50, 20.0, marks=pytest.mark.full)]
)
def test_every_line_is_in_the_store_once_after_kills(tmp_path: Path, lines: int, kills: int, longest_s: float) -> None:
    """And the alerts are those of a run that nobody disturbed."""
    log = tmp_path / "access.log"
    write_log(log, lines)
    undisturbed, home = tmp_path / "undisturbed", tmp_path / "home"
    assert finish(ingest(undisturbed, log)) == 0

    chance = random.Random(20261117)  # noqa: S311 - moments of a test
    killed = 0
    while killed < kills:
        process = ingest(home, log)
        try:
            process.wait(timeout=chance.uniform(0.3, longest_s))
        except subprocess.TimeoutExpired:
            process.kill()
            killed += 1
        finish(process)
    assert finish(ingest(home, log)) == 0

    with Application(Settings(home=home)) as app:
        originals = [event.original for event in app.store.scan("", PROVINCE)]
        assert app.store.count("", PROVINCE) == lines
        assert app.spool.depth() == 0
    assert sorted(originals) == sorted(log.read_text("utf-8").splitlines())
    assert alerts_of(home) == alerts_of(undisturbed)
    assert len(alerts_of(home)) == SHELLS
