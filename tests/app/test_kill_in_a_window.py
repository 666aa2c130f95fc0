"""Must show 6: killed in the middle of a correlation window, restarted, the alerts are those of a run that nobody disturbed."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path
from sqlite3 import OperationalError, connect

import orjson
import pytest
from sqlalchemy import select

from soc.app.application import Application
from soc.app.pipeline import CHECKPOINT
from soc.core.settings import Settings
from soc.incidents.tables import AlertRow

START = datetime(2026, 11, 17, 1, 0, tzinfo=UTC)
BATCH = 50
MANY, FOUND = "11111111-0000-4000-8000-000000000002", "11111111-0000-4000-8000-000000000004"
RULES = f"""
title: Page not found
id: 11111111-0000-4000-8000-000000000001
name: not_found
logsource: {{product: public_service_portal, service: nginx.access}}
detection:
  s: {{http.response.status_code: 404}}
  condition: s
---
title: Many pages not found
id: {MANY}
name: many_not_found
correlation:
  type: event_count
  rules: [not_found]
  group-by: [source.ip]
  timespan: 1d
  condition: {{gte: 120}}
  generate: true
level: high
---
title: A page found
id: 11111111-0000-4000-8000-000000000003
name: found
logsource: {{product: public_service_portal, service: nginx.access}}
detection:
  s: {{http.response.status_code: 200}}
  condition: s
---
title: Searched, and found
id: {FOUND}
correlation:
  type: temporal_ordered
  rules: [many_not_found, found]
  group-by: [source.ip]
  timespan: 1d
  generate: true
level: critical
"""


def write_log(path: Path, lines: int) -> None:
    """Three addresses look for pages that are not there, all through the log, and find one with its last lines."""
    with path.open("wb") as file:
        for n in range(lines):
            row = {
                "time": (START + timedelta(seconds=n)).isoformat(),
                "remote_addr": f"203.0.113.{n % 3 + 1}",
                "method": "GET",
                "uri": f"/trang/{n}",
                "args": "",
                "status": 200 if n >= lines - 3 else 404,
                "bytes": n,
                "ua": "Mozilla/5.0",
                "host": "dichvucong.example",
            }
            file.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE))


def new_home(path: Path) -> Path:
    """A home with the correlations above beside our own rules."""
    (path / "rules").mkdir(parents=True)
    (path / "rules" / "window.yml").write_text(RULES, "utf-8")
    return path


def ingest(home: Path, log: Path) -> subprocess.Popen[bytes]:
    """`soc ingest` in a process of its own, in small batches."""
    arguments = ["ingest", str(log), "--platform", "public_service_portal", "--json"]
    environment = os.environ | {"SOC_HOME": str(home), "SOC_BATCH_SIZE": str(BATCH)}
    return subprocess.Popen(
        [sys.executable, "-m", "soc.cli.main", *arguments],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def committed(home: Path) -> int:
    """Up to where detection has come, as an onlooker reads it; 0 before the database is there."""
    try:
        with closing(connect(f"file:{home / 'cases.sqlite'}?mode=ro", uri=True)) as base:
            row = base.execute("SELECT position FROM pipeline_checkpoints WHERE name = ?", (CHECKPOINT,)).fetchone()
    except OperationalError:
        return 0
    return int(row[0]) if row else 0


def killed_after(home: Path, log: Path, position: int) -> bool:
    """Start, and kill as soon as detection has come so far; whether there was something left to kill."""
    process = ingest(home, log)
    while committed(home) < position:
        try:
            process.wait(timeout=0.01)
        except subprocess.TimeoutExpired:
            continue
        return False
    process.kill()
    process.wait()
    return True


def alerts_of(home: Path) -> dict[str, tuple[str, int, tuple[str, ...]]]:
    """Alert id -> rule, number of events, and the events it rests on."""
    with Application(Settings(home=home)) as app, app.database.transaction() as session:
        rows = [(row.id, orjson.loads(row.body)) for row in session.scalars(select(AlertRow))]
        return {
            ident: (body["rule_id"], body["matched"].get("soc.alert.events", 1), tuple(body["event_ids"]))
            for ident, body in rows
        }


@pytest.mark.parametrize(("lines", "kills"), [(600, 2), pytest.param(12_000, 20, marks=pytest.mark.full)])
def test_killed_in_the_middle_of_a_window_the_alerts_are_the_same(tmp_path: Path, lines: int, kills: int) -> None:
    """The windows are as long as the log, and no kill falls outside of them."""
    log = tmp_path / "access.log"
    write_log(log, lines)
    undisturbed, home = new_home(tmp_path / "undisturbed"), new_home(tmp_path / "home")
    assert ingest(undisturbed, log).wait() == 0

    places = [lines * (n + 1) // (kills + 1) for n in range(kills)]
    assert all(killed_after(home, log, place) for place in places)
    assert ingest(home, log).wait() == 0

    found = alerts_of(home)
    assert found == alerts_of(undisturbed)
    told = Counter(rule for rule, _, _ in found.values() if rule in (MANY, FOUND))
    assert told[FOUND] == 3
    assert told[MANY] >= 3
    assert max(len(events) for rule, _, events in found.values() if rule == MANY) >= 100
