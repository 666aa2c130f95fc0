"""`soc sources`: tokens that are shown once, and the list of who sends."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from collectors.listeners.http_auth import Tokens
from soc.cli.main import cli
from soc.core.errors import InputError
from tests.collectors.http.test_listener import sources_of


def test_a_token_is_data_and_its_hash_is_for_the_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SOC_HOME", str(tmp_path))
    done = CliRunner().invoke(cli, ["sources", "token", "portal"], catch_exceptions=False)
    token = done.stdout.strip()
    digest = done.stderr.strip().splitlines()[-1].removeprefix("token_sha256: [").removesuffix("]")
    assert Tokens(((digest, "portal"),)).owner(token) == "portal"
    assert token not in done.stderr
    with pytest.raises(InputError):
        CliRunner().invoke(cli, ["sources", "token", "Không phải mã"], catch_exceptions=False)


def test_the_sources_are_listed_with_their_listener(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    sources_of(tmp_path)
    monkeypatch.setenv("SOC_HOME", str(tmp_path))
    done = CliRunner().invoke(cli, ["sources", "list", "--json"], catch_exceptions=False)
    row = json.loads(done.stdout)
    assert [row[name] for name in ("id", "kind", "listener", "agency")] == ["portal", "http", "http-in", "so-mau-01"]
    assert "http-in" in CliRunner().invoke(cli, ["sources", "list"], catch_exceptions=False).stdout
