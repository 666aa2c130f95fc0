"""Law 3 over the stores: all published rules in the stream, on tantivy and on Elasticsearch.

By hand: `pytest -m bench tests/bench/retro/test_engines.py -s`. Over all recordings of `evtx` and the first 100,000 events of `otrf`: every
rule over everything that each store hands out; every rule that fires, and every STEP-th of the others, by its candidates too. What
counts is which rule matches which event; a difference fails the run and is printed.
"""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from pathlib import Path
from typing import TypeAlias

import pytest

from detectors.sigma import Engine, RuleSet
from detectors.sigma.candidates import CandidateFinder
from detectors.sigma.files import document_files
from detectors.sigma.kept import Kept
from detectors.sigma.ruleset import rule_files
from soc.core.event import Event
from soc.core.scope import PROVINCE
from soc.storage.events import EventStore
from soc.storage.tantivy_store import TantivyEventStore
from tests.app.test_retro_published import recorded_events
from tests.servers.cluster import Cluster
from tests.storage.elastic import emptied

pytestmark = [pytest.mark.bench, pytest.mark.external, pytest.mark.elasticsearch]
OTRF = int(os.environ.get("SOC_BENCH_EVENTS", "100000"))
STEP = int(os.environ.get("SOC_BENCH_STEP", "10"))
Matches: TypeAlias = dict[str, set[str]]
"""Rule id -> ids of the events that it matches."""


@pytest.fixture(scope="module")
def ruleset(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> RuleSet:
    published = sorted(path for path in (shared / "data" / "sigma").iterdir() if path.name.startswith("rules"))
    return RuleSet.load(
        [file for path in published for file in rule_files(path)], kept=Kept(tmp_path_factory.mktemp("kept"))
    )


@pytest.fixture(scope="module")
def events(shared: Path) -> list[Event]:
    evtx = recorded_events(document_files(shared / "data" / "evtx"))
    otrf = islice(recorded_events(document_files(shared / "data" / "otrf")), OTRF)
    return [Event({**event.fields, "event.id": f"n{number:07d}"}) for number, event in enumerate(chain(evtx, otrf))]


@pytest.fixture(scope="module", params=["tantivy", "elasticsearch"])
def store(
    request: pytest.FixtureRequest,
    events: list[Event],
    elasticsearch: Cluster,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[EventStore]:
    if request.param == "elasticsearch":
        with emptied(elasticsearch, "bench-engines") as cluster:
            yield filled(cluster, events)
        return
    folder = TantivyEventStore(tmp_path_factory.mktemp("events"), writable=True)
    yield filled(folder, events)
    folder.close()


def filled(store: EventStore, events: list[Event]) -> EventStore:
    for first in range(0, len(events), 5000):
        store.append(events[first : first + 5000])
    assert store.count("", PROVINCE) == len(events)
    return store


@pytest.fixture(scope="module")
def streamed(ruleset: RuleSet, events: list[Event]) -> Matches:
    return matches(Engine(ruleset), events)


def matches(engine: Engine, events: Iterable[Event]) -> Matches:
    found: Matches = defaultdict(set)
    for event in events:
        for match in engine.match(event.fields):
            found[match.rule.id].add(event.id)
    return found


def test_every_rule_matches_the_same_events(store: EventStore, ruleset: RuleSet, streamed: Matches) -> None:
    found = matches(Engine(ruleset), store.scan("", PROVINCE))
    rules, total = len(ruleset.rules), sum(map(len, streamed.values()))
    print(f"\n{store.health().engine}: {rules:,} rules, {total:,} matches of {len(streamed):,} rules")
    differences = {rule: (streamed[rule] ^ found[rule]) for rule in streamed.keys() | found.keys()}
    assert not {rule: ids for rule, ids in differences.items() if ids}


def test_rules_by_their_candidates_match_the_same_events(
    store: EventStore, ruleset: RuleSet, streamed: Matches
) -> None:
    finder, engine = CandidateFinder(ruleset, winlogbeat=False), Engine(ruleset)
    asked = [rule for number, rule in enumerate(ruleset.rules) if rule.id in streamed or number % STEP == 0]
    read = 0
    for rule in asked:
        found = set()
        for event in store.scan(finder.of_rule(rule).condition, PROVINCE):
            read += 1
            if any(match.rule is rule for match in engine.match(event.fields)):
                found.add(event.id)
        assert found == streamed.get(rule.id, set()), rule.title
    print(f"\n{store.health().engine}: {len(asked):,} rules by candidates, {read:,} events read")
