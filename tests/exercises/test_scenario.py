"""Scenarios: what is refused, with all faults at once, and what the lines become."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from soc.core.errors import FaultsError
from soc.core.i18n import Lang
from soc.exercises.scenario import load_scenarios
from tests.conftest import ROOT

SHIPPED = ROOT / "soc" / "exercises" / "scenarios"
START = datetime(2026, 11, 17, 18, 0, tzinfo=UTC)
GOOD = """
id: {id}
version: 1
title: {{vi: Một, en: One}}
goal: {{vi: Một, en: One}}
injects:
  - id: step
    title: {{vi: Bước, en: Step}}
    at_minutes: 5
    platform: lgsp
    repeat: 3
    every_seconds: 30
    lines: ['{line}']
"""


def write(folder: Path, name: str, line: str = "${iso} n=${n} ms=${epoch_ms}", extra: str = "") -> None:
    """A scenario file."""
    (folder / f"{name}.yaml").write_text(GOOD.format(id=name, line=line) + extra, "utf-8")


def test_the_shipped_scenarios_load_and_name_their_rules_by_id() -> None:
    """And their hash does not depend on when they are loaded."""
    first, again = load_scenarios(SHIPPED), load_scenarios(SHIPPED)
    assert first
    assert {name: s.hash for name, s in first.items()} == {name: s.hash for name, s in again.items()}


def test_lines_carry_the_shifted_time_and_their_number(tmp_path: Path) -> None:
    """In local time, as the platforms write it."""
    write(tmp_path, "one")
    (inject,) = load_scenarios(tmp_path)["one"].injects
    lines = list(inject.render(START))
    assert [line.text.split()[1] for line in lines] == ["n=1", "n=2", "n=3"]
    assert lines[0].text.startswith("2026-11-18T01:05:00+07:00")
    assert lines[-1].moment == inject.ends(START) == START + timedelta(minutes=6)


def test_all_faults_of_all_files_are_told_at_once(tmp_path: Path) -> None:
    """Each with its file, in both languages."""
    write(tmp_path, "misspelt_stamp", line="${isoo}")
    write(tmp_path, "unknown_key", extra="colour: red\n")
    (tmp_path / "broken.yaml").write_text("id: [", "utf-8")
    write(tmp_path, "good")
    with pytest.raises(FaultsError) as caught:
        load_scenarios(tmp_path)
    places = [fault.where.split(":")[0] for fault in caught.value.faults]
    assert places == ["broken.yaml", "misspelt_stamp.yaml", "unknown_key.yaml"]
    assert caught.value.render(Lang.EN) != caught.value.render(Lang.VI)


def test_a_changed_scenario_has_another_hash(tmp_path: Path) -> None:
    """A run is bound to exactly what was planned."""
    write(tmp_path, "one")
    before = load_scenarios(tmp_path)["one"].hash
    write(tmp_path, "one", line="${iso} other")
    assert load_scenarios(tmp_path)["one"].hash != before
