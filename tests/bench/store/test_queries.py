"""Questions of the console's pages over many events, on Elasticsearch and beside it on tantivy. `pytest -m bench tests/bench/store -s`.

SOC_BENCH_EVENTS (2,000,000) is how many; SOC_BENCH_STORES names the stores; SOC_BENCH_HOME keeps what was loaded for the next run.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import islice
from pathlib import Path

import pytest

from soc.core.clock import Window
from soc.core.scope import PROVINCE, Scope
from soc.storage.events import EventStore, Search
from soc.storage.tantivy_store import TantivyEventStore
from tests.bench.store.made import repeated, sample_events
from tests.servers.cluster import Cluster
from tests.storage.elastic import make_store

pytestmark = pytest.mark.bench
EVENTS = int(os.environ.get("SOC_BENCH_EVENTS", "2000000"))
STORES = os.environ.get("SOC_BENCH_STORES", "elasticsearch,tantivy").split(",")
ROUNDS = 20


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    kept = os.environ.get("SOC_BENCH_HOME")
    return Path(kept) if kept else tmp_path_factory.mktemp("bench")


@pytest.fixture(scope="module", params=STORES)
def store(request: pytest.FixtureRequest, home: Path) -> Iterator[EventStore]:
    made: EventStore
    if request.param == "tantivy":
        made = TantivyEventStore(home / "events", writable=True)
    else:
        cluster: Cluster = request.getfixturevalue("elasticsearch")
        made = make_store(cluster, "bench-queries")
    fill(made, home)
    yield made
    made.close()


def fill(store: EventStore, home: Path) -> None:
    held = store.health().events
    if held >= EVENTS:
        return
    events = islice(repeated(sample_events(home), EVENTS), held, None)
    start = time.perf_counter()
    while batch := list(islice(events, 5000)):
        store.append(batch)
    print(f"\n{EVENTS - held:,} events in {time.perf_counter() - start:,.0f} s")


def test_pages(store: EventStore) -> None:
    health = store.health()
    assert health.oldest is not None
    assert health.newest is not None
    whole = Window(health.oldest, health.newest + timedelta(seconds=1))
    day = Window(health.newest - timedelta(days=1), health.newest)
    commune = Scope(frozenset({"xa-mau-01"}))
    asked: dict[str, Callable[[], object]] = {
        "page, all": lambda: store.search(Search("", PROVINCE)),
        "page, day": lambda: store.search(Search("", PROVINCE, day)),
        "page, one value": lambda: store.search(Search("event.outcome:failure", PROVINCE, whole)),
        "page, network": lambda: store.search(Search("source.ip:198.51.100.0/24", PROVINCE, whole)),
        "page, wildcard": lambda: store.search(Search("url.path:*admin*", PROVINCE, whole)),
        "page, words": lambda: store.search(Search("dang nhap", PROVINCE, whole)),
        "page, of an agency": lambda: store.search(Search("", commune, whole)),
        "page, by another field": lambda: store.search(Search("", PROVINCE, day, sort="source.ip")),
        "histogram, day": lambda: store.histogram("", PROVINCE, day, timedelta(minutes=30)),
        "histogram, all": lambda: store.histogram("", PROVINCE, whole, timedelta(hours=12)),
        "histogram, one value": lambda: store.histogram("event.outcome:failure", PROVINCE, whole, timedelta(hours=12)),
        "top values, day": lambda: store.terms("", PROVINCE, "source.ip", 10, day),
        "top values, all": lambda: store.terms("", PROVINCE, "event.action", 10, whole),
        "count": lambda: store.count("NOT event.outcome:success", PROVINCE, whole),
    }
    print(f"\n{health.engine}, {health.events:,} events, milliseconds: median, p95")
    for name, ask in asked.items():
        taken = sorted(seconds(ask) * 1000 for _ in range(ROUNDS))
        print(f"{name:24} {statistics.median(taken):8.1f} {taken[int(ROUNDS * 0.95) - 1]:8.1f}")


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start
