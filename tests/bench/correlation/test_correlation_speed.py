"""How many base matches a correlator takes per second: `pytest -m bench tests/bench/correlation -s`.

Other work on the machine counts against processor time as well, through shared caches and cores. So every slice of work is followed by a
slice of a plain loop, and the figure is that of the slices in which the loop was about as fast as it ever was.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest
import yaml

from detectors.sigma import Correlator, Engine, Match, RuleSet
from detectors.sigma.correlate import Limits
from detectors.sigma.moments import from_us

pytestmark = pytest.mark.bench
EVENTS, SLICE = 100_000, 500
START_US, STEP_US = 1_700_000_000_000_000, 1_000
WANTED_PER_S = 200_000
Fed = tuple[dict[str, Any], list[Match], str]

CASES: dict[str, tuple[str, Any, str, int]] = {
    "event_count": ("event_count", {"gte": 1000}, "none", 1_000),
    "event_count by agency": ("event_count", {"gte": 1000}, "auto", 1_000),
    "event_count that always holds": ("event_count", {"gte": 3}, "none", 1_000),
    "event_count, each group once": ("event_count", {"gte": 3}, "none", 10**9),
    "value_count": ("value_count", {"field": "v", "gte": 60}, "none", 1_000),
    "temporal": ("temporal", None, "none", 1_000),
    "temporal_ordered": ("temporal_ordered", None, "none", 1_000),
    "value_sum": ("value_sum", {"field": "v", "gte": 10**9}, "none", 1_000),
    "value_median": ("value_median", {"field": "v", "gte": 60}, "none", 1_000),
}


class Measured(NamedTuple):
    """Base matches per second of processor time: over all, and undisturbed."""

    whole: float
    undisturbed: float


@pytest.mark.parametrize("case", CASES)
def test_base_matches_per_second(case: str, tmp_path: Path) -> None:
    """The budget holds for counting; the other figures are shown beside it."""
    kind, condition, pipeline, groups = CASES[case]
    ruleset = loaded(tmp_path, kind, condition, pipeline)
    found = measured(Correlator(ruleset), list(fed(ruleset, groups)))
    print(f"\n{case:32} {found.whole:>10,.0f}/s over all {found.undisturbed:>10,.0f}/s undisturbed")
    if case == "event_count":
        assert found.undisturbed >= WANTED_PER_S


def test_memory_stays_within_the_limits_with_a_million_groups(tmp_path: Path) -> None:
    """Every event is of a group of its own."""
    ruleset = loaded(tmp_path, "event_count", {"gte": 3}, "none")
    limits = Limits(groups=50_000)
    correlator = Correlator(ruleset, limits)
    engine = Engine(ruleset)
    match = engine.match(event(0, "one", "an"))
    for n in range(1_000_000):
        document = event(n, "one", f"user{n}")
        correlator.feed(document, engine.match(document) if n % 1000 == 0 else [renewed(match[0], document)], str(n))
        assert n % 10_000 or correlator.stats().groups <= limits.groups
    stats = correlator.stats()
    assert stats.entries + stats.expired + sum(stats.dropped.values()) == 1_000_000


def renewed(match: Match, document: dict[str, Any]) -> Match:
    return replace(match, document=document)


def event(n: int, kind: str, user: str) -> dict[str, Any]:
    moment = from_us(START_US + n * STEP_US).isoformat()
    return {"@timestamp": moment, "k": kind, "u": user, "v": n % 50, "soc.agency": "xa-mau-01"}


def fed(ruleset: RuleSet, groups: int) -> Iterator[Fed]:
    """Events a millisecond apart, with their matches."""
    engine, chance = Engine(ruleset), Random(20261117)  # noqa: S311 - a load, no secret
    for n in range(EVENTS):
        document = event(n, chance.choice(["one", "two"]), f"user{chance.randrange(groups)}")
        yield document, engine.match(document), str(n)


def loaded(folder: Path, kind: str, condition: Any, pipeline: str) -> RuleSet:
    rules = ["one", "two", "never"] if kind.startswith("temporal") else ["one", "two"]
    section = {"type": kind, "rules": rules, "group-by": ["u"], "timespan": "60s"}
    documents: list[dict[str, Any]] = [
        {
            "title": name,
            "name": name,
            "logsource": {"product": "test"},
            "detection": {"s": {"k": name}, "condition": "s"},
        }
        for name in ("one", "two", "never")
    ]
    documents.append({"title": "c", "correlation": section | ({"condition": condition} if condition else {})})
    file = folder / "c.yml"
    file.write_text(yaml.safe_dump_all(documents), "utf-8")
    ruleset = RuleSet.load([file], pipeline)
    assert not ruleset.refusals
    return ruleset


def measured(correlator: Correlator, load: list[Fed]) -> Measured:
    gc.collect()
    gc.freeze()
    spent = [(work(correlator, load[at : at + SLICE]), plain_loop()) for at in range(0, EVENTS, SLICE)]
    gc.unfreeze()
    fastest = min(loop for _, loop in spent)
    calm = [took for took, loop in spent if loop <= fastest * 1.1]
    return Measured(EVENTS / sum(took for took, _ in spent), len(calm) * SLICE / sum(calm))


def work(correlator: Correlator, load: list[Fed]) -> float:
    begun = time.process_time()
    for document, matches, reference in load:
        correlator.feed(document, matches, reference)
    return time.process_time() - begun


def plain_loop() -> float:
    begun, total = time.process_time(), 0
    for n in range(10_000):
        total += n & 3
    return time.process_time() - begun
