"""What a correlator remembers, gives up and tells about it; how its rules are loaded."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from detectors.sigma import Correlator, Engine, RuleSet
from detectors.sigma.correlate import Firing, Limits
from detectors.sigma.moments import from_us

BASE_US = 1_700_000_000_000_000
SECOND = 1_000_000


def base(name: str, **detection: Any) -> dict[str, Any]:
    found = {"s": detection or {"k": name}, "condition": "s"}
    return {"title": name, "name": name, "logsource": {"product": "test"}, "detection": found}


def correlation(name: str, rules: list[str], kind: str = "event_count", **section: Any) -> dict[str, Any]:
    section = {"type": kind, "rules": rules, "group-by": ["u"], "timespan": "10s", **section}
    return {"title": name, "name": name, "correlation": section}


THREE = correlation("three", ["one"], condition={"gte": 3})
TWO_KINDS = correlation("both", ["one", "two"], "temporal")


def load(folder: Path, *documents: dict[str, Any]) -> RuleSet:
    file = folder / "rules.yml"
    file.write_text(yaml.safe_dump_all(documents), "utf-8")
    return RuleSet.load([file], "none")


def sound(folder: Path, *documents: dict[str, Any]) -> RuleSet:
    ruleset = load(folder, *documents)
    assert not ruleset.refusals
    return ruleset


def feed(ruleset: RuleSet, correlator: Correlator, *events: tuple[float, str, dict[str, Any]]) -> list[Firing]:
    engine, found = Engine(ruleset), []
    for number, (second, kind, fields) in enumerate(events):
        moment = from_us(BASE_US + int(second * SECOND)).isoformat()
        document = {"@timestamp": moment, "k": kind, "u": "an", **fields}
        found += correlator.feed(document, engine.match(document), f"{second}/{number}")
    return found


def test_an_event_later_than_allowed_is_counted_by_platform_and_still_correlated(tmp_path: Path) -> None:
    """With what is remembered; a source may have a lateness of its own."""
    ruleset = sound(tmp_path, THREE, base("one"))
    limits = Limits(lateness=timedelta(seconds=5), lateness_of={"agent-1": timedelta(days=3)})
    correlator = Correlator(ruleset, limits)
    late = {"soc.platform": "lgsp", "soc.source": "sensor"}
    feed(ruleset, correlator, (100, "one", {}), (101, "one", {}))
    assert feed(ruleset, correlator, (20, "one", late), (21, "one", late), (22, "one", late))
    feed(ruleset, correlator, (102, "one", {}), (103, "one", {}), (50, "one", {"soc.source": "agent-1"}))
    assert correlator.stats().late == {"lgsp": 3}


def test_a_flood_of_one_rule_does_not_push_out_what_another_remembers(tmp_path: Path) -> None:
    """The rule that holds most gives way, its oldest groups first, and what was lost is told by rule."""
    ruleset = sound(tmp_path, THREE, correlation("other", ["two"], condition={"gte": 2}), base("one"), base("two"))
    correlator = Correlator(ruleset, Limits(total_entries=100))
    feed(ruleset, correlator, (0, "two", {"u": "kept"}))
    feed(ruleset, correlator, *((1 + n / 1000, "one", {"u": f"user{n}"}) for n in range(1000)))
    stats = correlator.stats()
    assert stats.entries <= 100
    assert set(stats.dropped) == {"three"}
    assert stats.entries + stats.dropped["three"] == 1001
    assert [f.group for f in feed(ruleset, correlator, (2, "two", {"u": "kept"}))] == [{"u": "kept"}]
    assert feed(ruleset, correlator, (2, "one", {"u": "user999"}), (2.1, "one", {"u": "user999"}))


def test_groups_that_the_stream_left_behind_are_forgotten_without_loss(tmp_path: Path) -> None:
    """A day of a new user every second."""
    ruleset = sound(tmp_path, THREE, base("one"))
    correlator = Correlator(ruleset, Limits(lateness=timedelta(seconds=60)))
    feed(ruleset, correlator, *((n, "one", {"u": f"user{n}"}) for n in range(3000)))
    stats = correlator.stats()
    assert stats.groups < 150
    assert stats.entries + stats.expired == 3000
    assert not stats.dropped


def test_a_clock_set_forward_makes_no_live_group_old(tmp_path: Path) -> None:
    """Events carry when they were received, and that clock is ours."""
    ruleset = sound(tmp_path, THREE, base("one"))
    correlator = Correlator(ruleset, Limits(lateness=timedelta(seconds=1)))
    received = {"soc.received": "2026-11-17T01:00:00+00:00"}
    feed(ruleset, correlator, (0, "one", received), (1, "one", received))
    feed(ruleset, correlator, *((80_000 + n, "one", {"u": "binh", **received}) for n in range(100)))
    assert feed(ruleset, correlator, (2, "one", received))


def test_a_window_keeps_what_its_condition_counts_to_whatever_the_limit(tmp_path: Path) -> None:
    """And no more than twice that."""
    ruleset = sound(tmp_path, correlation("many", ["one"], condition={"gte": 500}), base("one"))
    correlator = Correlator(ruleset, Limits(window_entries=10))
    firings = feed(ruleset, correlator, *((n / 1000, "one", {}) for n in range(3000)))
    assert len(firings) == 2501
    assert correlator.stats().entries <= 1000
    assert correlator.stats().dropped["many"] >= 2000


def test_an_event_without_a_time_is_counted(tmp_path: Path) -> None:
    """It belongs to no window."""
    ruleset = sound(tmp_path, THREE, base("one"))
    correlator = Correlator(ruleset)
    document = {"k": "one", "u": "an", "@timestamp": "yesterday"}
    assert correlator.feed(document, Engine(ruleset).match(document), "x") == []
    assert correlator.stats().untimed == 1


def test_a_changed_rule_begins_anew_and_the_others_go_on(tmp_path: Path) -> None:
    """A correlation is changed when a rule it looks at is."""
    before = sound(tmp_path, THREE, TWO_KINDS, base("one"), base("two"))
    correlator = Correlator(before)
    feed(before, correlator, (0, "one", {}), (1, "one", {}))
    after = sound(tmp_path, THREE, TWO_KINDS, base("one"), base("two", k="two", more="x"))
    resumed = Correlator(after)
    resumed.restore(correlator.snapshot())
    assert feed(after, resumed, (2, "two", {"more": "x"})) == []
    firings = feed(after, resumed, (3, "one", {}))
    assert {f.rule.name: f.references for f in firings} == {"three": ("0/0", "1/1", "3/0"), "both": ("2/0", "3/0")}


def test_a_snapshot_of_an_unknown_kind_is_refused(tmp_path: Path) -> None:
    """One of an earlier format is left behind."""
    correlator = Correlator(sound(tmp_path, THREE, base("one")))
    for state in ({"format": 99}, [], {}):
        with pytest.raises(ValueError, match="unknown"):
            correlator.restore(orjson.dumps(state))
    correlator.restore(orjson.dumps({"format": 1, "windows": []}))
    assert correlator.stats().entries == 0


def test_a_cycle_is_refused_with_its_way_and_place_and_what_is_built_on_it_too(tmp_path: Path) -> None:
    """The rest loads."""
    ring = [correlation(a, [b], condition={"gte": 1}) for a, b in (("a", "b"), ("b", "c"), ("c", "a"))]
    ruleset = load(tmp_path, *ring, correlation("on top", ["a"], condition={"gte": 1}), THREE, base("one"))
    assert [rule.name for rule in ruleset.correlations] == ["three"]
    told = [str(refusal) for refusal in ruleset.refusals]
    assert len(told) == 4
    assert "a -> b -> c -> a" in told[0]
    assert f"{tmp_path / 'rules.yml'}:" in told[0]
    assert "->" not in told[3]


def test_a_chain_of_fifty_correlations_holds_at_once(tmp_path: Path) -> None:
    """Whatever the order of the documents."""
    chain = [correlation("c0", ["one"], condition={"gte": 2})]
    chain += [correlation(f"c{n}", [f"c{n - 1}"], condition={"gte": 1}) for n in range(1, 50)]
    ruleset = sound(tmp_path, *reversed(chain), base("one"))
    firings = feed(ruleset, Correlator(ruleset), (0, "one", {}), (1, "one", {}))
    assert [firing.rule.name for firing in firings] == [f"c{n}" for n in range(50)]
    assert [firing.rule.name for firing in firings if firing.rule.reported] == ["c49"]


def test_a_condition_with_too_many_ways_is_refused(tmp_path: Path) -> None:
    """In order, each way is followed by itself."""
    names = [f"r{n}" for n in range(20)]
    wide = " and ".join(f"({a} or {b})" for a, b in zip(names[::2], names[1::2], strict=True))
    ruleset = load(tmp_path, correlation("wide", names, "temporal_ordered", condition=wide), *map(base, names))
    assert len(ruleset.refusals) == 1
    assert not sound(tmp_path, correlation("wide", names, "temporal", condition=wide), *map(base, names)).refusals


def test_numbers_that_cannot_be_summed_are_left_out(tmp_path: Path) -> None:
    """Whole numbers of 400 digits, infinities, truth values, texts."""
    ruleset = sound(
        tmp_path, correlation("sum", ["one"], "value_sum", condition={"field": "v", "gte": 10}), base("one")
    )
    values: list[Any] = ["9" * 390, float("inf"), "1e999", True, None, "x", [5], "5.0"]
    firings = feed(ruleset, Correlator(ruleset), *((n, "one", {"v": value}) for n, value in enumerate(values)))
    assert [firing.measured for firing in firings] == [10]
