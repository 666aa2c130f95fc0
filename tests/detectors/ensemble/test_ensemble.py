"""Several detectors behind the one checkpoint of the pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from detectors.alert import Alert
from detectors.coverage import RuleRun
from detectors.detector import SigmaDetector
from detectors.ensemble import SIGMA, Ensemble
from detectors.sigma import RuleSet
from soc.core.event import Event

RULE = """
title: Bad
id: 00000000-0000-4000-8000-000000000001
logsource: {product: lgsp}
detection: {s: {event.action: bad}, condition: s}
level: high
"""


class Counting:
    """Counts events; its snapshot may hold any bytes."""

    def __init__(self) -> None:
        self.count = 0

    def observe(self, events: Sequence[Event]) -> list[Alert]:
        self.count += len(events)
        return []

    def tick(self, silence: timedelta) -> list[Alert]:
        return []

    def snapshot(self) -> bytes:
        return b"\n\0" * self.count

    def restore(self, data: bytes) -> None:
        self.count = len(data) // 2

    def ran(self) -> Sequence[RuleRun]:
        return [RuleRun("counting", "lgsp", self.count, 0, ())]


@pytest.fixture
def ruleset(tmp_path: Path) -> RuleSet:
    (tmp_path / "bad.yml").write_text(RULE)
    return RuleSet.load([tmp_path])


def bad(number: int) -> Event:
    marks = {"soc.platform": "lgsp", "soc.agency": "xa-mau-01", "soc.source": "s1", "event.dataset": "kong.access"}
    moment = f"2026-11-17T01:00:{number:02}Z"
    return Event(
        {"@timestamp": moment, "event.id": f"e{number}", "event.action": "bad", "user.name": "canbo.01"} | marks
    )


def test_a_snapshot_of_the_first_release_restores_the_rules_and_sets_the_others_back(ruleset: RuleSet) -> None:
    alone, counting = SigmaDetector(ruleset), Counting()
    alone.observe([bad(1), bad(2)])
    ensemble = Ensemble({SIGMA: SigmaDetector(ruleset), "counting": counting})
    ensemble.observe([bad(7)])
    ensemble.restore(alone.snapshot())
    assert counting.count == 0
    assert not ensemble.observe([bad(number) for number in range(3, 10)])  # 3rd to 9th of a bundle are told later
    assert len(ensemble.observe([bad(10)])) == 1


def test_every_part_goes_on_where_it_stopped(ruleset: RuleSet) -> None:
    before = Ensemble({SIGMA: SigmaDetector(ruleset), "counting": Counting()})
    before.observe([bad(1)])
    after = Ensemble({"counting": Counting(), SIGMA: SigmaDetector(ruleset)})
    after.restore(before.snapshot())
    assert after.ran()[0].seen == 1
    assert not after.observe([bad(2)])


def test_a_part_that_a_snapshot_lacks_begins_anew_and_one_that_is_gone_is_left_out(ruleset: RuleSet) -> None:
    before = Ensemble({SIGMA: SigmaDetector(ruleset), "gone": Counting()})
    before.observe([bad(1)])
    added = Counting()
    after = Ensemble({SIGMA: SigmaDetector(ruleset), "added": added})
    after.observe([bad(2)])
    after.restore(before.snapshot())
    assert added.count == 0


@pytest.mark.parametrize("data", [b'{"format":9}\n', b'{"format":2,"parts":{"sigma":5}}\nabc', b"[]\n"])
def test_what_is_no_snapshot_is_refused_before_anything_changes(ruleset: RuleSet, data: bytes) -> None:
    counting = Counting()
    ensemble = Ensemble({SIGMA: SigmaDetector(ruleset), "counting": counting})
    ensemble.observe([bad(1)])
    with pytest.raises(ValueError, match="snapshot"):
        ensemble.restore(data)
    assert counting.count == 1
