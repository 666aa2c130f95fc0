"""The decision table against a naive reading of the specification, on random rules and events.

A case is one drawn rule, together with others in sets of several sizes, on a hundred drawn events.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from detectors.sigma import Engine, RuleSet
from tests.detectors.sigma.reference import rule_holds
from tests.detectors.sigma.strategies import PLACEHOLDERS, drawn, events, rules

SIZES = (1, 2, 7, 15, 75)
"""Rules that share an engine: few, so that one pass can rule out all keywords; many, so that they share atoms."""
EVENTS = 100
EXPLAINED = 10

Document = dict[str, Any]


@dataclass(frozen=True)
class Meeting:
    """Rules that share an engine, the events they meet, and per event the places of those that hold."""

    rules: Sequence[Document]
    events: Sequence[Document]
    wanted: Sequence[Sequence[int]]


@pytest.fixture(scope="module")
def meetings(full: bool) -> Sequence[Meeting]:
    """Every drawn rule once; the verdicts are those of the reference."""
    number = 10_000 if full else 200
    documents = drawn(rules(), number, derandomize=not full)
    seen = drawn(events, max(EVENTS, number // 10), derandomize=not full)
    assert len(documents) == number
    return list(_meetings(documents, seen))


def _meetings(documents: Sequence[Document], seen: Sequence[Document]) -> Iterator[Meeting]:
    start = turn = 0
    while start < len(documents):
        some = documents[start : start + SIZES[turn % len(SIZES)]]
        first = turn * EVENTS % len(seen)
        met = (*seen[first:], *seen[:first])[:EVENTS]
        wanted = [[n for n, rule in enumerate(some) if rule_holds(rule, event, PLACEHOLDERS)] for event in met]
        yield Meeting(some, met, wanted)
        start, turn = start + len(some), turn + 1


def loaded(folder: Path, documents: Sequence[Document], pipeline: str = "none") -> RuleSet:
    titled = [{"title": f"rule {index}", **document} for index, document in enumerate(documents)]
    file = folder / "rules.yml"
    file.write_text(yaml.dump_all(titled, Dumper=yaml.CSafeDumper, allow_unicode=True), "utf-8")
    ruleset = RuleSet.load([file], pipeline, PLACEHOLDERS)
    assert not ruleset.refusals, [str(refusal) for refusal in ruleset.refusals]
    return ruleset


def places(engine: Engine, event: Document) -> list[int]:
    return [match.place for match in engine.match(event)]


@pytest.mark.parametrize("cache_bytes", [160 << 20, 0], ids=["remembering", "forgetting before every event"])
def test_the_engine_agrees_with_the_reference(tmp_path: Path, meetings: Sequence[Meeting], cache_bytes: int) -> None:
    """Every event twice: the second time all of it comes out of the memos."""
    for meeting in meetings:
        engine = Engine(loaded(tmp_path, meeting.rules), cache_bytes=cache_bytes)
        for _ in range(2):
            for event, wanted in zip(meeting.events, meeting.wanted, strict=True):
                found = places(engine, event)
                assert found == wanted, (event, [meeting.rules[n] for n in set(found) ^ set(wanted)])


def test_two_rule_sets_together_match_what_each_matches_alone(tmp_path: Path, meetings: Sequence[Meeting]) -> None:
    """Law 2: no cap, no starvation, no rule in another's way."""
    for one, other in zip(meetings[::2], meetings[1::2], strict=False):
        together = Engine(loaded(tmp_path, [*one.rules, *other.rules]))
        first, second = Engine(loaded(tmp_path, one.rules)), Engine(loaded(tmp_path, other.rules))
        for event in (*one.events, *other.events):
            alone = places(first, event) + [place + len(one.rules) for place in places(second, event)]
            assert places(together, event) == alone, event


def test_an_explanation_holds_exactly_when_the_rule_does(tmp_path: Path, meetings: Sequence[Meeting]) -> None:
    """The plain meaning of the tests and the decision table agree."""
    for meeting in meetings:
        engine = Engine(loaded(tmp_path, meeting.rules))
        for event in meeting.events[:EXPLAINED]:
            matches = engine.match(event)
            assert all(match.explain().held for match in matches), event
            held = [rule for rule in engine.ruleset.rules if engine.explain(rule, event).held]
            assert held == [match.rule for match in matches], event
