"""Law 4: a correlation equals a brute-force oracle, whatever the order of arrival within the allowed lateness, and across a restart."""

from __future__ import annotations

from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detectors.sigma import Correlator, Engine, RuleSet
from detectors.sigma.correlate import Limits, Withdrawal
from detectors.sigma.moments import from_us
from tests.detectors.sigma.reference import Standing, correlations_hold

CASES, CASES_IN_FULL = 25, 450
"""Of each kind of correlation; there are more than 22 kinds, so that a law gets more than 500 cases, and 10,000 under --full."""
SPAN_S, LATENESS_S = 10, 20
BASE = 1_700_000_000_000_000
NAMES = ("one", "two", "three")
Event = dict[str, Any]
Section = dict[str, Any]


def section(kind: str, condition: Any = None, **more: Any) -> Section:
    """A correlation over the three rules by user, unless said otherwise."""
    found = {"type": kind, "rules": list(NAMES), "group-by": ["u"], "timespan": f"{SPAN_S}s", "name": "outer", **more}
    return found if condition is None else found | {"condition": condition}


KINDS: dict[str, list[Section]] = {
    "event_count": [section("event_count", {"gte": 3})],
    "event_count between": [section("event_count", {"gt": 1, "lte": 3})],
    "event_count exactly": [section("event_count", {"eq": 2})],
    "event_count of all": [section("event_count", {"gte": 3}, **{"group-by": []})],
    "value_count": [section("value_count", {"field": "v", "gte": 3})],
    "value_count below": [section("value_count", {"field": "v", "lt": 2})],
    "value_count of pairs": [section("value_count", {"field": ["v", "w"], "gte": 3})],
    "temporal": [section("temporal")],
    "temporal of some": [section("temporal", {"gte": 2})],
    "temporal expression": [section("temporal", "(one or two) and not three")],
    "temporal_ordered": [section("temporal_ordered")],
    "temporal_ordered of two": [section("temporal_ordered", rules=["two", "one"])],
    "temporal_ordered of some": [section("temporal_ordered", {"gte": 2})],
    "temporal_ordered expression": [section("temporal_ordered", "one and (two or three)")],
    "temporal_ordered without": [section("temporal_ordered", "one and two and not three")],
    "value_sum": [section("value_sum", {"field": "v", "gte": 7})],
    "value_sum below": [section("value_sum", {"field": "f", "lt": 1.5})],
    "value_avg": [section("value_avg", {"field": "v", "gte": 2})],
    "value_avg of fractions": [section("value_avg", {"field": "f", "gt": 0.5})],
    "value_median": [section("value_median", {"field": "v", "gte": 2})],
    "value_percentile": [section("value_percentile", {"field": "v", "percentile": 75, "gte": 3})],
    "aliases": [
        section(
            "temporal",
            rules=["one", "two"],
            **{"group-by": ["x"], "aliases": {"x": {"one": "u", "two": "w"}}},
        )
    ],
    "chain": [
        section("event_count", {"gte": 2}, name="inner", rules=["one"], **{"group-by": ["u", "w"]}),
        section("temporal_ordered", rules=["inner", "two"]),
    ],
    "chain counting": [
        section("event_count", {"gte": 2}, name="inner", rules=["one", "two"]),
        section("event_count", {"gte": 3}, rules=["inner", "three"]),
    ],
    "chain that takes back": [
        section("value_avg", {"field": "v", "gte": 2}, name="inner"),
        section("temporal", "three and not inner", rules=["inner", "three"]),
    ],
    "chain of three": [
        section("event_count", {"eq": 2}, name="first", rules=["one"], **{"group-by": ["u", "w"]}),
        section("event_count", {"gte": 2}, name="second", rules=["first", "two"]),
        section("temporal", rules=["second", "three"]),
    ],
    "chain to another group": [
        section("event_count", {"gte": 2}, name="inner", rules=["one", "two"]),
        section("value_count", {"field": "u", "gte": 2}, rules=["inner"], **{"group-by": ["z"]}),
    ],
}  # fmt: skip


def law(test: Any) -> Any:
    """A test of the law for each kind of correlation."""

    @pytest.mark.parametrize("kind", KINDS)
    def run(kind: str, full: bool) -> None:
        profile = settings(
            max_examples=CASES_IN_FULL if full else CASES,
            deadline=None,
            derandomize=not full,
            database=None,
            suppress_health_check=list(HealthCheck),
        )
        profile(given(st.data())(lambda data: test(kind, data)))()

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


@cache
def loaded(kind: str) -> tuple[RuleSet, Engine]:
    """The rule set of a kind, with its base rules: an event matches the rules that its `k` lists."""
    documents: list[dict[str, Any]] = [
        {"title": name, "name": name, "logsource": {"product": "test"}, "detection": detection(name)} for name in NAMES
    ]
    for found in KINDS[kind]:
        body = {key: value for key, value in found.items() if key != "name"}
        documents.append({"title": found["name"], "name": found["name"], "correlation": body})
    return ruleset_of(documents)


def detection(name: str) -> dict[str, Any]:
    return {"s": {"k": name}, "condition": "s"}


def ruleset_of(documents: list[dict[str, Any]]) -> tuple[RuleSet, Engine]:
    from tempfile import TemporaryDirectory

    with TemporaryDirectory() as folder:
        file = Path(folder) / "c.yml"
        file.write_text(yaml.safe_dump_all(documents, allow_unicode=True), "utf-8")
        ruleset = RuleSet.load([file], "none")
    assert not ruleset.refusals
    return ruleset, Engine(ruleset)


def oracle(kind: str, history: list[Event]) -> Standing:
    spans = [found | {"span_us": SPAN_S * 1_000_000} for found in KINDS[kind]]
    return correlations_hold(spans, history)


class Stand:
    """What firings and withdrawals together leave standing."""

    def __init__(self, kind: str, lateness_s: float = LATENESS_S) -> None:
        self.ruleset, self.engine = loaded(kind)
        self.limits = Limits(lateness=timedelta(seconds=lateness_s))
        self.standing: Standing = set()
        self.fed = 0
        self.correlator = self.new()

    def new(self) -> Correlator:
        return Correlator(self.ruleset, self.limits, withdrawn=self.withdrawn)

    def withdrawn(self, found: Withdrawal) -> None:
        self.standing.remove((found.rule.name, tuple(found.group.values()), found.moment_us))

    def restart(self) -> None:
        state = self.correlator.snapshot()
        self.correlator = self.new()
        self.correlator.restore(state)
        assert self.correlator.snapshot() == state

    def feed(self, event: Event) -> None:
        document = {**event, "@timestamp": from_us(event["t"]).isoformat()}
        firings = self.correlator.feed(document, self.engine.match(document), f"event {self.fed}")
        self.fed += 1
        for firing in firings:
            self.standing.add((firing.rule.name, tuple(firing.group.values()), firing.last_us))


@st.composite
def histories(draw: st.DrawFn, ties: bool = False) -> list[Event]:
    """Events of few users, in order; several at one moment, or one that matches several rules, if `ties`."""
    step = 1_000_000 if ties else 1
    moments = draw(st.lists(st.integers(0, 40_000_000 // step), min_size=1, max_size=14, unique=not ties))
    rules: st.SearchStrategy[Any] = st.sampled_from(NAMES)
    if ties:
        rules = st.one_of(rules, st.lists(rules, min_size=2, max_size=3, unique=True))
    return [
        {
            "t": BASE + moment * step,
            "k": draw(rules),
            "u": draw(st.sampled_from(["an", "bình"])),
            "w": draw(st.sampled_from(["an", "bình"])),
            "v": draw(st.integers(0, 4)),
            "f": draw(st.sampled_from([0.1, 0.2, 0.7, -0.3, 1])),
            "z": "all",
        }
        for moment in sorted(moments)
    ]


def arrivals(draw: st.DrawFn, history: list[Event], lateness_s: float) -> list[Event]:
    """The events in an order in which none is later than allowed."""
    waiting, arrived = list(history), []
    while waiting:
        oldest = waiting[0]["t"]
        reach = [i for i, e in enumerate(waiting) if e["t"] <= oldest + lateness_s * 1_000_000]
        arrived.append(waiting.pop(draw(st.sampled_from(reach))))
    return arrived


@law
def test_in_order_it_equals_the_oracle(kind: str, data: st.DataObject) -> None:
    """Nothing is ever withdrawn then, in a correlation that is no chain."""
    history = data.draw(histories())
    stand = Stand(kind, 0)
    for event in history:
        stand.feed(event)
    assert stand.standing == oracle(kind, history)
    assert stand.correlator.stats().withdrawn == 0


@law
def test_whatever_the_order_of_arrival_and_across_restarts(kind: str, data: st.DataObject) -> None:
    """With a restart before some of the events, and state of what is past given up meanwhile."""
    history = data.draw(histories())
    stand = Stand(kind)
    arrived = arrivals(data.draw, history, LATENESS_S)
    restarts = data.draw(st.sets(st.integers(0, len(arrived)), max_size=3))
    for index, event in enumerate(arrived):
        if index in restarts:
            stand.restart()
        stand.feed(event)
    assert stand.standing == oracle(kind, history)
    assert not stand.correlator.stats().dropped
    assert not stand.correlator.stats().late


@law
def test_events_of_one_moment_have_no_order_among_them(kind: str, data: st.DataObject) -> None:
    """Logs often tell whole seconds; and one event may match several of the rules."""
    history = data.draw(histories(ties=True))
    stand = Stand(kind)
    for event in arrivals(data.draw, history, LATENESS_S):
        stand.feed(event)
    assert stand.standing == oracle(kind, history)
