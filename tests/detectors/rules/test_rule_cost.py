"""What a rule costs and how often it fires: counts exact, costs where the sample allows."""

from __future__ import annotations

from itertools import count
from pathlib import Path

from detectors.rule_cost import Measured, measure_rules
from detectors.sigma import RuleSet

RULES = """
title: Hit
name: hit
id: 00000000-0000-4000-8000-0000000000b1
logsource: {category: x}
detection: {s: {a|contains: '7'}, condition: s}
---
title: Many hits
name: many
id: 00000000-0000-4000-8000-0000000000b2
correlation: {type: event_count, rules: [hit], timespan: 1m, condition: {gte: 2}, generate: true}
---
title: Windows only
name: windows
id: 00000000-0000-4000-8000-0000000000b3
logsource: {product: windows, service: security}
detection: {s: {a: '7'}, condition: s}
"""


def measured(folder: Path, events: int) -> Measured:
    (folder / "r.yml").write_text(RULES)
    ticks = count()
    documents = ({"@timestamp": "2026-11-17T01:00:00Z", "a": str(number)} for number in range(events))
    return measure_rules(RuleSet.load([folder]), documents, 100, lambda: next(ticks) / 1000)


def test_matches_and_events_of_the_log_source_are_counted_exactly(tmp_path: Path) -> None:
    found = measured(tmp_path, 100)
    by_name = {cost.rule.name: cost for cost in found.rules}
    assert found.events == 100
    assert (by_name["hit"].seen, by_name["hit"].matches) == (100, 19)
    assert (by_name["many"].seen, by_name["many"].matches, by_name["many"].event_us) == (19, 1, None)
    assert (by_name["windows"].seen, by_name["windows"].matches, by_name["windows"].event_us) == (0, 0, None)


def test_time_comes_from_the_timer_and_too_small_a_sample_gives_none(tmp_path: Path) -> None:
    assert round(measured(tmp_path, 100).seconds, 3) == 0.1
    assert all(cost.event_us is None for cost in measured(tmp_path, 30).rules)
