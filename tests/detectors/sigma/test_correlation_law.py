"""Law 4: a correlation equals a brute-force oracle, whatever the order of arrival, and across a restart."""

from __future__ import annotations

import statistics
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from detectors.sigma import Correlator, Engine, RuleSet
from detectors.sigma.moments import from_us, to_us

few = settings(
    max_examples=25,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
SPAN_S = 10
Event = dict[str, Any]
Fired = set[tuple[str, int]]


def loaded(folder: Path, kind: str, condition: dict[str, Any] | None) -> RuleSet:
    correlation = {"type": kind, "rules": ["one", "two"], "group-by": ["u"], "timespan": f"{SPAN_S}s"}
    if condition is not None:
        correlation["condition"] = condition
    documents = [
        {"title": "c", "correlation": correlation},
        *(
            {
                "title": name,
                "name": name,
                "logsource": {"product": "test"},
                "detection": {"s": {"k": name}, "condition": "s"},
            }
            for name in ("one", "two")
        ),
    ]
    file = folder / "c.yml"
    file.write_text(yaml.safe_dump_all(documents), "utf-8")
    ruleset = RuleSet.load([file], "none")
    assert not ruleset.refusals
    return ruleset


def fired(ruleset: RuleSet, seen: list[Event], restart_at: int | None = None) -> Fired:
    """(group, time) of every firing; with a restart after `restart_at` events."""
    engine, correlator, found = Engine(ruleset), Correlator(ruleset), set()
    for index, event in enumerate(seen):
        if index == restart_at:
            state = correlator.snapshot()
            correlator = Correlator(ruleset)
            correlator.restore(state)
        for firing in correlator.feed(event, engine.match(event), str(index)):
            found.add((str(firing.group["u"]), to_us(firing.last)))
    return found


def oracle(kind: str, condition: dict[str, Any] | None, seen: list[Event]) -> Fired:
    """Every event of a group, with everything in the span that ends there."""
    ordered = sorted(seen, key=lambda event: event["@timestamp"])
    found = set()
    for at, event in enumerate(ordered):
        window = [
            other
            for other in ordered[: at + 1]
            if other["u"] == event["u"] and moment(event) - moment(other) <= SPAN_S * 1_000_000
        ]
        if holds(kind, condition, window):
            found.add((event["u"], moment(event)))
    return found


def moment(event: Event) -> int:

    return to_us(datetime.fromisoformat(event["@timestamp"]))


def holds(kind: str, condition: dict[str, Any] | None, window: list[Event]) -> bool:
    if kind == "temporal_ordered":
        first = [i for i, e in enumerate(window) if e["k"] == "one"]
        return bool(first) and any(e["k"] == "two" for e in window[first[0] + 1 :])
    if kind == "temporal":
        return {"one", "two"} <= {e["k"] for e in window}
    measured: float = len(window)
    if kind == "value_count":
        measured = len({e["v"] for e in window})
    elif kind == "value_sum":
        measured = sum(e["v"] for e in window)
    elif kind == "value_avg":
        measured = statistics.fmean(e["v"] for e in window)
    elif kind == "value_median":
        measured = statistics.median(e["v"] for e in window)
    assert condition is not None
    return measured >= condition["gte"]


@st.composite
def histories(draw: st.DrawFn) -> list[Event]:
    """Events of two groups at different moments, in order."""
    moments = draw(st.lists(st.integers(0, 120_000), min_size=1, max_size=25, unique=True))
    base = 1_700_000_000_000_000
    return [
        {
            "@timestamp": from_us(base + ms * 1000).isoformat(),
            "k": draw(st.sampled_from(["one", "two"])),
            "u": draw(st.sampled_from(["an", "bình"])),
            "v": draw(st.integers(0, 4)),
        }
        for ms in sorted(moments)
    ]


kinds = st.sampled_from(
    [
        ("event_count", {"gte": 3}),
        ("value_count", {"field": "v", "gte": 3}),
        ("temporal", None),
        ("temporal_ordered", None),
        ("value_sum", {"field": "v", "gte": 7}),
    ]
)
not_rising = st.sampled_from([("value_avg", {"field": "v", "gte": 2}), ("value_median", {"field": "v", "gte": 2})])


@given(kind=st.one_of(kinds, not_rising), history=histories(), restart=st.integers(0, 24))
@few
def test_in_order_it_equals_the_oracle_across_a_restart(
    tmp_path: Path, kind: tuple[str, dict[str, Any] | None], history: list[Event], restart: int
) -> None:
    """Firings before and after the restart together."""
    assert fired(loaded(tmp_path, *kind), history, restart) == oracle(*kind, history)


@given(kind=kinds, history=histories(), random=st.randoms(use_true_random=False))
@few
def test_the_order_of_arrival_does_not_matter(
    tmp_path: Path, kind: tuple[str, dict[str, Any] | None], history: list[Event], random: Any
) -> None:
    """Two minutes of lateness lie within what is allowed. Averages may fall again, so for them only the last word counts."""
    shuffled = list(history)
    random.shuffle(shuffled)
    assert fired(loaded(tmp_path, *kind), shuffled) == oracle(*kind, history)
