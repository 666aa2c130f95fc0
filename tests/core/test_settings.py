"""Settings: where they come from, and that every one is documented."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from soc.core.i18n import Lang
from soc.core.settings import Settings
from tests.conftest import ROOT


def test_every_setting_is_documented_with_its_description() -> None:
    """docs/settings.md is the list an operator reads."""
    text = (ROOT / "docs" / "settings.md").read_text("utf-8")
    missing = [
        n for n, f in Settings.model_fields.items() if f"| `{n}` |" not in text or str(f.description) not in text
    ]
    assert not missing


def test_the_environment_wins_over_the_file_of_the_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And what a caller passes wins over both."""
    (tmp_path / "settings.toml").write_text('http_port = 9001\nlang = "en"\n', "utf-8")
    monkeypatch.setenv("SOC_HOME", str(tmp_path))
    monkeypatch.setenv("SOC_HTTP_PORT", "9002")
    assert (Settings().http_port, Settings().lang) == (9002, Lang.EN)
    assert Settings(http_port=9003).http_port == 9003


def test_an_unknown_key_in_the_file_is_refused(tmp_path: Path) -> None:
    """A misspelt setting must not be ignored in silence."""
    (tmp_path / "settings.toml").write_text("htp_port = 1\n", "utf-8")
    with pytest.raises(ValidationError, match="htp_port"):
        Settings(home=tmp_path)
