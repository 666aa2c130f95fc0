"""`soc platforms list --health`."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import orjson
import pytest
from typer.testing import CliRunner

from soc.cli.main import cli
from soc.core.clock import SystemClock
from tests.app.health.conftest import House

Make = Callable[..., House]


@pytest.fixture
def house(make_house: Make, monkeypatch: pytest.MonkeyPatch) -> House:
    """An installation of which one source is heard and another is silent."""
    now = SystemClock().now()
    house = make_house(now - timedelta(minutes=10))
    house.tend(house.clock.now())
    house.hear("portal-01", now)
    house.hear("portal-02", now - timedelta(minutes=9))
    house.tend(now)
    monkeypatch.setenv("SOC_HOME", str(house.app.home))
    monkeypatch.setenv("SOC_LANG", "en")
    return house


def test_it_lists_every_source_and_what_is_missing(house: House) -> None:
    """As JSON: a row for each source, then one for each platform that lacks kinds of log."""
    done = CliRunner().invoke(cli, ["platforms", "list", "--health", "--json"])
    assert done.exit_code == 0, done.output
    rows = [orjson.loads(line) for line in done.stdout.splitlines()]
    sources = {row["source"]: row for row in rows if "source" in row}
    assert sources["portal-01"]["state"] == "ok"
    silent = sources["portal-02"]
    assert (silent["state"], silent["troubles"][0], silent["blind_criteria"]) == (
        "silent",
        "silent",
        ["L2-01", "L2-02", "L2-03"],
    )
    assert silent["incident"]
    assert any("missing_log_types" in row for row in rows)


def test_the_table_says_the_same(house: House) -> None:
    done = CliRunner().invoke(cli, ["platforms", "list", "--health"])
    assert done.exit_code == 0, done.output
    assert "portal-02" in done.output
