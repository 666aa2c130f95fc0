"""Law 3 on outside truth: the published Sigma rules over recorded Windows events, hunted by candidates, rule by rule.

In `ci` every 80th rule and every 6th recording; with --full all of both, which is the second of the things that Part 3 must show.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

import pytest

from detectors.sigma import Engine, RuleSet
from detectors.sigma.adapt import adapt
from detectors.sigma.candidates import Anchor, CandidateFinder
from detectors.sigma.files import document_files, documents
from detectors.sigma.kept import Kept
from detectors.sigma.ruleset import rule_files
from soc.core.clock import iso
from soc.core.event import Event
from soc.core.scope import PROVINCE
from soc.storage.events import AppendStatus
from soc.storage.tantivy_store import TantivyEventStore

START = datetime(2026, 11, 17, tzinfo=UTC)
pytestmark = pytest.mark.external


@dataclass(frozen=True)
class Recorded:
    """Published rules, and recorded events in a store."""

    ruleset: RuleSet
    store: TantivyEventStore
    events: int
    streamed: dict[str, set[str]]
    """Rule id -> ids of the events that it matches in the stream."""


def recorded_events(files: list[Path]) -> Iterator[Event]:
    """Recordings as the store holds them: Windows events under the names of EVTX, with the marks of ours."""
    number = 0
    for file in files:
        for _, document in documents(file, lambda _: None):
            fields = {name: held for name, value in adapt(document).items() if (held := _legal(value)) is not None}
            marks = {
                "@timestamp": iso(START + timedelta(seconds=number)),
                "event.id": f"e{number:06d}",
                "soc.agency": "xa-01",
                "soc.platform": "windows_hosts",
                "ecs.version": "8.17.0",
            }
            yield Event(fields | marks)  # type: ignore[arg-type]
            number += 1


def _legal(value: object) -> object:
    if isinstance(value, list):
        return [one for one in value if isinstance(one, (str, int, float))] or None
    return value if isinstance(value, (str, int, float)) else None


@pytest.fixture(scope="module")
def recorded(shared: Path, full: bool, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Recorded]:
    folder = tmp_path_factory.mktemp("published")
    published = sorted(path for path in (shared / "data" / "sigma").iterdir() if path.name.startswith("rules"))
    rules = [file for path in published for file in rule_files(path)][:: 1 if full else 80]
    ruleset = RuleSet.load(rules, kept=Kept(folder / "kept"))
    assert not ruleset.refusals
    store = TantivyEventStore(folder / "events", writable=True)
    engine, number = Engine(ruleset), 0
    streamed: dict[str, set[str]] = defaultdict(set)
    files = document_files(shared / "data" / "evtx")[:: 1 if full else 6]
    arriving = recorded_events(files)
    while batch := list(islice(arriving, 1000)):
        number += len(batch)
        assert {result.status for result in store.append(batch)} == {AppendStatus.CREATED}
        for event in batch:
            for match in engine.match(event.fields):
                streamed[match.rule.id].add(event.id)
    yield Recorded(ruleset, store, number, streamed)
    store.close()


def test_hunting_each_published_rule_by_candidates_finds_what_the_stream_finds(recorded: Recorded, full: bool) -> None:
    """Every rule by itself; differences: none."""
    finder = CandidateFinder(recorded.ruleset, winlogbeat=False)
    engine = Engine(recorded.ruleset)
    read = matched = 0
    for rule in recorded.ruleset.rules:
        found = set()
        for event in recorded.store.scan(finder.of_rule(rule).condition, PROVINCE):
            read += 1
            if any(match.rule is rule for match in engine.match(event.fields)):
                found.add(event.id)
        assert found == recorded.streamed[rule.id], rule.title
        matched += len(found)
    if full:
        assert matched > 800
        assert read < recorded.events * len(recorded.ruleset.rules) / 100


def test_published_rules_are_found_by_their_values(recorded: Recorded, full: bool) -> None:
    """Of 3,754 rules 3,658 ask for values, the others by log source; none makes every event a candidate."""
    finder = CandidateFinder(recorded.ruleset, winlogbeat=False)
    anchors = Counter(finder.of_rule(rule).anchor for rule in recorded.ruleset.rules)
    assert anchors[Anchor.NOTHING] == 0
    assert anchors[Anchor.VALUES] >= (3650 if full else 0.95 * len(recorded.ruleset.rules))
