"""All published rules over the recorded events, paused and resumed, with searches beside it: `pytest -m bench tests/bench/hunts -s`.

SOC_BENCH_STORES names the stores (`elasticsearch,tantivy`), SOC_BENCH_EVENTS how many events, SOC_BENCH_SHARE the share of the time the
hunt may take, SOC_BENCH_HOME keeps what was loaded for the next run. The hunt runs in a process of its own, as the worker does.
"""

from __future__ import annotations

import lzma
import multiprocessing
import os
import statistics
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from multiprocessing.context import SpawnProcess
from pathlib import Path

import pytest

from detectors.sigma import Engine, RuleSet
from detectors.sigma.files import document_files
from detectors.sigma.kept import Kept
from detectors.sigma.ruleset import rule_files
from soc.app.hunt_model import MOVING, HuntState, Question, Request
from soc.core.clock import Window
from soc.core.scope import PROVINCE
from soc.storage.events import EventStore, Search
from soc.storage.tantivy_store import TantivyEventStore
from tests.app.hunts.stage import LEAD, Stage, staged
from tests.app.test_retro_published import START, recorded_events
from tests.servers.cluster import Cluster
from tests.storage.elastic import make_store

pytestmark = [pytest.mark.bench, pytest.mark.external]
EVENTS = int(os.environ.get("SOC_BENCH_EVENTS", "503316"))
STORES = os.environ.get("SOC_BENCH_STORES", "elasticsearch,tantivy").split(",")
SHARE = float(os.environ.get("SOC_BENCH_SHARE", "0.5"))
LIMIT_S = 20 * 60
QUERIES = ("EventID:1", "process:*", 'Image:*powershell* AND NOT User:"x"', "winlog OR security OR system")
SLICE = min(20_000, max(1, EVENTS // 25))


@dataclass(frozen=True)
class Place:
    """What a process needs to open a store; `cluster` None = tantivy in the folder."""

    folder: Path
    cluster: Cluster | None

    def open(self, *, writable: bool = False) -> EventStore:
        if self.cluster is not None:
            return make_store(self.cluster, "bench-hunts")
        return TantivyEventStore(self.folder / "events", writable=writable)


def move(place: Place, hunt: str) -> None:
    """The worker: moves the hunt until it is done or paused."""
    with staged(place.folder, store=place.open()) as stage:
        stage.mover(slice_events=SLICE).run(hunt)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    kept = os.environ.get("SOC_BENCH_HOME")
    return Path(kept) if kept else tmp_path_factory.mktemp("bench")


@pytest.fixture(scope="module")
def recording(shared: Path, home: Path) -> Path:
    """The recorded events, unpacked."""
    whole = home / "recorded.ndjson"
    if not whole.exists():
        with lzma.open(shared / "data" / "otrf" / "windows-500k.ndjson.xz") as packed, whole.open("wb") as out:
            out.writelines(islice(packed, EVENTS))
    return whole


@pytest.fixture(scope="module")
def rules(shared: Path) -> list[Path]:
    published = sorted(path for path in (shared / "data" / "sigma").iterdir() if path.name.startswith("rules"))
    return [file for path in published for file in rule_files(path)]


@pytest.fixture(scope="module")
def counted(recording: Path, rules: list[Path], home: Path) -> int:
    """Matches, counted in one pass of the engine over the recording."""
    engine = Engine(RuleSet.load(rules, kept=Kept(home / "cache")))
    events = islice(recorded_events(document_files(recording)), EVENTS)
    return sum(len(engine.match(event.fields)) for event in events)


@pytest.fixture(params=STORES)
def place(request: pytest.FixtureRequest, home: Path, recording: Path) -> Place:
    cluster = None if request.param == "tantivy" else request.getfixturevalue("elasticsearch")
    folder = home / request.param
    folder.mkdir(exist_ok=True)
    place = Place(folder, cluster)
    store = place.open(writable=True)
    events = islice(recorded_events(document_files(recording)), store.health().events, EVENTS)
    while batch := list(islice(events, 5000)):
        store.append(batch)
    store.close()
    return place


def timed(store: EventStore) -> Iterator[float]:
    """Seconds that pages of searches take, one after the other."""
    for number in range(10**9):
        began = time.perf_counter()
        store.search(Search(QUERIES[number % len(QUERIES)], PROVINCE, size=50))
        yield time.perf_counter() - began


def p95(seconds: list[float]) -> float:
    return statistics.quantiles(seconds, n=20)[-1]


def followed(process: SpawnProcess, searches: Iterator[float]) -> list[float]:
    """Search as long as the process works."""
    found = []
    while process.is_alive():
        found.append(next(searches))
        process.join(0.01)
    return found


def pause_at(stage: Stage, hunt: str, share: float) -> None:
    """Pause a hunt as soon as it has come so far."""
    tick = threading.Event()
    while stage.hunts.get(LEAD, hunt).share < share:
        tick.wait(0.02)
    stage.hunts.pause(LEAD, hunt)


def started(place: Place, hunt: str) -> SpawnProcess:
    process = multiprocessing.get_context("spawn").Process(target=move, args=(place, hunt))
    process.start()
    return process


def test_all_published_rules_over_the_recorded_events(place: Place, rules: list[Path], counted: int) -> None:
    store = place.open()
    with staged(place.folder, store=store) as stage:
        question = Question(rules=stage.freezer.freeze_files(rules))
        window = Window(START, START + timedelta(seconds=EVENTS))
        hunt = stage.hunts.file(LEAD, Request(question, window, PROVINCE, throttle=SHARE)).id
        searches = timed(store)
        idle = list(islice(searches, 60))
        began = time.perf_counter()
        first = started(place, hunt)
        pausing = threading.Thread(target=pause_at, args=(stage, hunt, 0.1))
        pausing.start()
        busy = followed(first, searches)
        pausing.join()
        paused = stage.hunts.get(LEAD, hunt)
        assert paused.state is HuntState.PAUSED
        assert stage.hunts.resume(LEAD, hunt).state in MOVING
        second = started(place, hunt)
        busy += followed(second, searches)
        took = time.perf_counter() - began
        done = stage.hunts.get(LEAD, hunt)
    store.close()
    print(
        f"\n{'elasticsearch' if place.cluster else 'tantivy'}: {len(question.rules.refs if question.rules else ()):,} rules,"
        f" {done.covered:,} events, {done.matches:,} matches in {took:,.0f} s at a share of {SHARE:.0%},"
        f" paused at {paused.share:.0%}; search p95 {p95(idle) * 1000:.0f} ms idle, {p95(busy) * 1000:.0f} ms beside it"
    )
    assert done.state is HuntState.DONE, done.problem
    assert (done.covered, done.matches) == (EVENTS, counted)
    assert took < LIMIT_S
    assert p95(busy) < 2 * p95(idle)
