"""What our rules find in a simulated province: recall, and false alarms a day. The rules were tuned on the seed of the small one."""

from __future__ import annotations

from pathlib import Path

import pytest

from detectors.rulepack import own_rules
from soc.app.quality import Quality
from soc.app.quality_run import Rules, measure_quality
from soc.app.quality_stream import open_logs, read_deeds
from soc.cli.simulate import simulate
from soc.core.severity import Severity
from soc.simulate.truth import TRUTH_FILE

RECALL = 0.95
FALSE_A_DAY = 5.0
"""At high and above, for the whole province."""
TOLD_FROM = 0.2
"""False alarms a day from which a failing test names the rule."""


def measured(folder: Path, seed: int, days: int, lines: int, threats: str) -> Quality:
    simulate(folder, "2026-11-16", seed, days, lines, threats)
    logs = open_logs(folder)
    rules, deeds = Rules.load([own_rules() / "sigma"], logs), read_deeds(folder / TRUTH_FILE)
    found, unread = measure_quality(rules, logs, deeds, TOLD_FROM)
    assert not unread.lines
    return found


def check(found: Quality) -> None:
    assert found.found >= RECALL * found.deeds, found.missed
    assert found.false_from(Severity.HIGH) <= FALSE_A_DAY, found.over_budget


def test_twenty_threats_among_a_hundred_thousand_lines(tmp_path: Path) -> None:
    check(measured(tmp_path / "logs", seed=20261124, days=5, lines=100_000, threats="20"))


@pytest.mark.full
@pytest.mark.parametrize("seed", [4711, 9001, 31337])
def test_all_threats_in_a_fortnight_of_three_million_lines(tmp_path: Path, seed: int) -> None:
    check(measured(tmp_path / "logs", seed, days=14, lines=3_000_000, threats="all"))
