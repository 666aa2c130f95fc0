"""`soc search`: saved, listed, run and deleted from the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from soc.app.application import Application
from soc.cli.main import cli
from soc.core.clock import iso
from soc.core.errors import InputError, NotFoundError, QueryError
from soc.core.event import Event
from soc.core.settings import Settings


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settle: Callable[[Path], None]) -> Path:
    """A home with three events of the last hour."""
    settle(tmp_path)
    monkeypatch.setenv("SOC_HOME", str(tmp_path))
    with Application(Settings(home=tmp_path), writer=True) as app:
        at = iso(app.clock.now())
        fields = {"@timestamp": at, "soc.agency": "xa-01", "soc.platform": "portal"}
        app.store.append([Event({**fields, "event.id": f"e{n}", "user.name": f"u{n}", "n": n}) for n in range(3)])
    return tmp_path


def call(*arguments: str) -> list[dict[str, object]]:
    done = CliRunner().invoke(cli, list(arguments), catch_exceptions=False)
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]


def test_a_search_is_saved_listed_run_and_deleted(home: Path) -> None:
    (made,) = call("search", "save", "Ba người", "n:>0", "--columns", "user.name, n", "--sort", "n", "--span", "24h")
    assert [made[name] for name in ("owner", "columns", "sort", "span")] == ["vonggac", ["user.name", "n"], "n", "24h"]
    assert call("search", "list", "--json") == [made]
    assert [event["event.id"] for event in call("search", "run", "Ba người", "--json")] == ["e1", "e2"]
    shown = CliRunner().invoke(cli, ["search", "run", str(made["id"])], catch_exceptions=False)
    assert "u2" in shown.stdout
    assert "Ba người" in CliRunner().invoke(cli, ["search", "list"]).stdout
    call("search", "delete", "Ba người")
    assert call("search", "list", "--json") == []


def test_a_fixed_time_and_a_query_that_cannot_be_understood(home: Path) -> None:
    (made,) = call(
        "search", "save", "tháng 3", "", "--since", "2026-03-01T00:00:00+07:00", "--until", "2026-04-01T00:00:00+07:00"
    )
    assert (made["span"], made["since"]) == ("", "2026-02-28T17:00:00+00:00")
    assert call("search", "run", "tháng 3", "--json") == []
    with pytest.raises(QueryError):
        CliRunner().invoke(cli, ["search", "save", "x", "a:("], catch_exceptions=False)
    with pytest.raises(InputError, match="since"):
        CliRunner().invoke(cli, ["search", "save", "x", "a", "--until", "now"], catch_exceptions=False)
    with pytest.raises(NotFoundError):
        CliRunner().invoke(cli, ["search", "run", "không có"], catch_exceptions=False)
