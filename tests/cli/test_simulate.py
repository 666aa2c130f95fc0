"""`soc simulate`: what it writes, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest

from soc.cli.simulate import simulate
from soc.core.errors import InputError
from soc.simulate.truth import TRUTH_FILE, read_truth


def test_it_writes_logs_truth_and_a_home(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Only the platform asked for; the lists where they were wanted; nothing on stdout."""
    simulate(tmp_path / "out", "2026-11-16", 3, 1, 2000, "onestop-mass-export", ["one_stop"], tmp_path / "home")
    assert {file.name.partition(".")[0] for file in (tmp_path / "out").glob("*.log")} == {"one_stop"}
    assert [deed.threat for deed in read_truth(tmp_path / "out" / TRUTH_FILE)] == ["onestop-mass-export"]
    assert (tmp_path / "home" / "sources.yaml").is_file()
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(
    ("start", "threats", "told"),
    [("2026-11-31", "none", "2026-11-31"), ("2026-11-16", "usb-virus", "usb-virus")],
)
def test_it_says_what_it_does_not_know(tmp_path: Path, start: str, threats: str, told: str) -> None:
    """A day that is none, a threat that is none; nothing is written."""
    with pytest.raises(InputError, match=told):
        simulate(tmp_path / "out", start, threats=threats)
    assert not (tmp_path / "out").exists()


def test_it_does_not_write_among_other_files(tmp_path: Path) -> None:
    """Two simulations in one folder would be a truth about neither."""
    (tmp_path / "old.log").write_text("x", encoding="utf-8")
    with pytest.raises(InputError):
        simulate(tmp_path, "2026-11-16")
