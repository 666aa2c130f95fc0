"""`soc hunt --rule`, `soc rules list --state`, `gaps` and `redo` over one small installation."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from typer.testing import CliRunner

from soc.app.application import Application
from soc.app.gaps import Gap, GapKind
from soc.cli.main import cli
from soc.core.i18n import msg
from soc.core.scope import PROVINCE
from soc.core.settings import Settings

RULE = """
title: Three pages of one visitor
id: 10000000-0000-4000-8000-000000000002
name: three_pages
correlation:
  type: event_count
  rules: [page]
  group-by: [source.ip]
  timespan: 10m
  condition: {gte: 3}
level: high
---
title: A page
name: page
logsource: {product: public_service_portal}
detection:
  s: {url.path|startswith: /thu/}
  condition: s
"""
PAGE = {"method": "GET", "args": "", "status": 200, "bytes": 1, "ua": "M", "host": "a.example"}
START = datetime(2026, 11, 17, 1, 0, tzinfo=UTC)


def run(*arguments: str, code: int = 0) -> list[dict[str, object]]:
    """Call a command; gives the JSON lines it printed."""
    done = CliRunner().invoke(cli, list(arguments), catch_exceptions=False)
    assert done.exit_code == code, done.output
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settle: Callable[[Path], None]) -> Path:
    """Five pages of one visitor, two minutes apart."""
    home = tmp_path / "home"
    settle(home)
    monkeypatch.setenv("SOC_HOME", str(home))
    moments = [(START + timedelta(minutes=2 * n)).isoformat() for n in range(5)]
    lines = [PAGE | {"time": at, "remote_addr": "203.0.113.7", "uri": f"/thu/{at}"} for at in moments]
    (tmp_path / "access.log").write_text("".join(json.dumps(line) + "\n" for line in lines), "utf-8")
    (tmp_path / "rule.yml").write_text(RULE, "utf-8")
    run("ingest", str(tmp_path / "access.log"), "--platform", "public_service_portal", "--agency", "so-mau", "--json")
    return home


def test_a_rule_is_run_over_the_store(home: Path, tmp_path: Path) -> None:
    """A window that straddles the beginning of the period is whole; nothing is kept."""
    rule = str(tmp_path / "rule.yml")
    whole = run("hunt", "--rule", rule, "--json")
    assert [alert["rule_id"] for alert in whole] == ["10000000-0000-4000-8000-000000000002"] * len(whole)
    assert whole[0]["first"] == "2026-11-17T01:00:00+00:00"
    late = run("hunt", "--rule", rule, "--since", "2026-11-17T08:08:00+07:00", "--json")
    assert len(late) == 1
    assert late[0]["last"] == "2026-11-17T01:08:00+00:00"
    assert run("hunt", "--rule", rule, "--until", "2026-11-17T08:03:00+07:00", "--json") == []
    assert run("incident", "list", "--json") == []


def test_a_hunt_needs_a_query_or_a_rule_and_a_sound_one(home: Path, tmp_path: Path) -> None:
    """A rule that is refused is not left out in silence."""
    runner = CliRunner()
    assert runner.invoke(cli, ["hunt"]).exception is not None
    assert runner.invoke(cli, ["hunt", "x", "--rule", str(tmp_path / "rule.yml")]).exception is not None
    (tmp_path / "bad.yml").write_text(RULE.replace("url.path|startswith", "url.path|beginswith"), "utf-8")
    assert "beginswith" in str(runner.invoke(cli, ["hunt", "--rule", str(tmp_path / "bad.yml")]).exception)


def test_the_list_of_rules_tells_their_state(home: Path, tmp_path: Path) -> None:
    """Of the rules that run, or of those named."""
    source = "import.public_service_portal.so-mau"
    (one,) = run("rules", "list", str(tmp_path / "rule.yml"), "--state", "--json")
    assert (one["name"], one["state"]) == ("three_pages", "ready")

    reason = {"vi": "đã thấy mọi trường cần có", "en": "every field that is needed was seen"}
    assert one["sources"] == {source: {"state": "ready", "blind": [], "reason": reason}}
    every = {str(row["name"]): row for row in run("rules", "list", "--state", "--json")}
    assert {"ready", "no_source"} <= {str(row["state"]) for row in every.values()}
    unfed = every["report_batch_missing"]
    assert unfed["state"] == "no_source"
    assert "indicator.audit" in str(unfed["reason"])
    assert "reporting_system" in str(unfed["reason"])
    assert "agent_stopped" not in every
    plain = CliRunner().invoke(cli, ["rules", "list", "--state", str(tmp_path / "rule.yml")])
    assert source in plain.stdout


def test_gaps_are_listed_and_redone(home: Path) -> None:
    """An open gap makes the exit code 1, so that a schedule can watch for it."""
    assert run("rules", "gaps", "--json") == []
    with Application(Settings(home=home)) as soc:
        event = next(iter(soc.store.scan("", PROVINCE)))
        now, end = soc.clock.now(), START + timedelta(hours=1)
        told = msg("chạy lại theo yêu cầu")
        gap = Gap(GapKind.LATE, event.source, event.agency, 5, START, now, told, now, now, START, end)
        with soc.database.transaction() as session:
            soc.gaps.open(session, gap)
    (row,) = run("rules", "gaps", "--json", code=1)
    assert (row["kind"], row["events"]) == ("late", 5)
    run("rules", "redo", str(row["id"])[:8])
    assert run("rules", "gaps", "--json") == []
    (closed,) = run("rules", "gaps", "--all", "--json")
    assert closed["closed"] is not None
    assert "nothing-like-it" in str(CliRunner().invoke(cli, ["rules", "redo", "nothing-like-it"]).exception)
