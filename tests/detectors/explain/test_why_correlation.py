"""Why a correlation did or did not fire: base matches, group fields, and how near its windows came."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detectors.sigma import Correlator, Engine, RuleSet
from detectors.sigma.why_correlation import CorrelationWhy, why_correlation

BASE = """
title: Failed
name: failed
id: 00000000-0000-4000-8000-0000000000a1
logsource: {category: x}
detection: {s: {outcome: failure}, condition: s}
---
title: Passed
name: passed
id: 00000000-0000-4000-8000-0000000000a2
logsource: {category: x}
detection: {s: {outcome: success}, condition: s}
---
title: Correlation
id: 00000000-0000-4000-8000-0000000000a3
correlation:
  group-by: [ip]
  timespan: 10m
"""
COUNT = "  type: event_count\n  rules: [failed]\n  condition: {gte: 5}\n"
ORDERED = "  type: temporal_ordered\n  rules: [failed, passed]\n"
DISTINCT = "  type: value_count\n  rules: [failed]\n  condition: {field: user, gte: 3}\n"


def loaded(folder: Path, correlation: str) -> RuleSet:
    (folder / "rules.yml").write_text(BASE + correlation)
    ruleset = RuleSet.load([folder])
    assert ruleset.refusals == ()
    return ruleset


def event(minute: int, outcome: str = "failure", **fields: object) -> dict[str, object]:
    return {"@timestamp": f"2026-11-17T01:{minute:02d}:00Z", "outcome": outcome, **fields}


def explained(ruleset: RuleSet, events: list[dict[str, object]]) -> CorrelationWhy:
    return why_correlation(ruleset, ruleset.correlations[0], events)


def test_it_tells_how_far_the_nearest_window_came(tmp_path: Path) -> None:
    ruleset = loaded(tmp_path, COUNT)
    found = explained(ruleset, [event(minute, ip="a") for minute in (0, 1, 2, 30)] + [event(3, ip="b")])
    assert not found.fires
    assert (found.needed, found.span.total_seconds()) == ("gte 5", 600)
    best, other = found.groups
    assert (best.group, best.measured, best.events) == ({"ip": "a"}, 3, 4)
    assert (best.first.minute, best.last.minute) == (0, 2)
    assert other.group == {"ip": "b"}


def test_events_without_the_group_field_or_a_time_are_counted_as_left_out(tmp_path: Path) -> None:
    ruleset = loaded(tmp_path, COUNT)
    (source,) = explained(ruleset, [event(1), event(2, ip="a"), {"outcome": "failure", "ip": "a"}]).sources
    assert (source.rule, source.matches, source.untimed, source.without) == ("failed", 3, 1, {"ip": 1})


def test_a_value_correlation_counts_what_differs(tmp_path: Path) -> None:
    ruleset = loaded(tmp_path, DISTINCT)
    found = explained(ruleset, [event(m, ip="a", user=u) for m, u in enumerate("xxy")] + [event(4, ip="a")])
    assert found.groups[0].measured == 2
    assert found.sources[0].without == {"user": 1}


def test_an_order_that_was_not_kept_shows_in_the_measure(tmp_path: Path) -> None:
    ruleset = loaded(tmp_path, ORDERED)
    wrong = explained(ruleset, [event(1, "success", ip="a"), event(2, ip="a")])
    right = explained(ruleset, [event(1, ip="a"), event(2, "success", ip="a")])
    assert [wrong.fires, right.fires] == [False, True]
    assert [source.matches for source in wrong.sources] == [1, 1]
    assert (wrong.groups[0].measured, right.groups[0].measured) == (1, 2)


def test_an_inner_correlation_counts_as_a_source(tmp_path: Path) -> None:
    outer = """  type: event_count
  rules: [failed]
  condition: {gte: 2}
name: burst
---
title: Burst then success
id: 00000000-0000-4000-8000-0000000000a4
correlation: {type: temporal, rules: [burst, passed], group-by: [ip], timespan: 10m}
"""
    ruleset = loaded(tmp_path, outer)
    events = [event(1, ip="a"), event(2, ip="a"), event(3, "success", ip="a")]
    found = why_correlation(ruleset, ruleset.correlations[1], events)
    assert found.fires
    assert {source.rule: source.matches for source in found.sources} == {"burst": 1, "passed": 1}


EVENTS = st.lists(
    st.tuples(
        st.integers(0, 40), st.sampled_from(["failure", "success"]), st.sampled_from("ab"), st.sampled_from("xyz")
    ),
    max_size=14,
)


@pytest.mark.parametrize("correlation", [COUNT, ORDERED, DISTINCT], ids=["count", "ordered", "distinct"])
@given(seen=EVENTS)
def test_it_fires_exactly_when_the_correlator_does(
    correlation: str, seen: list[tuple[int, str, str, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    ruleset = loaded(tmp_path_factory.mktemp("rules"), correlation)
    events = [event(minute, outcome, ip=ip, user=user) for minute, outcome, ip, user in sorted(seen)]
    engine, correlator = Engine(ruleset), Correlator(ruleset)
    fired = [f for n, e in enumerate(events) for f in correlator.feed(e, engine.match(e), str(n))]
    assert explained(ruleset, events).fires is bool(fired)
