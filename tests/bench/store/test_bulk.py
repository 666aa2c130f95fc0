"""Writing into Elasticsearch: our append beside a bare `helpers.streaming_bulk` of the same documents.

By hand: `pytest -m bench tests/bench/store -s`.

The bare run gets the documents ready made and does nothing but send them; ours admits events, lays them out, looks for
duplicates and judges each answer. They take turns, each into an empty index; the medians of wall time count, as the work is done elsewhere.
"""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
import pytest
from elasticsearch.helpers import streaming_bulk

from soc.core.event import Event
from soc.storage.admission import Admitted, admit
from soc.storage.elastic.layout import document
from soc.storage.elastic_store import ElasticEventStore
from tests.bench.store.made import repeated, sample_events
from tests.servers.cluster import Cluster
from tests.storage.elastic import make_store

pytestmark = [pytest.mark.bench, pytest.mark.elasticsearch]
RUNS = int(os.environ.get("SOC_BENCH_RUNS", "3"))
EVENTS = 60_000
BATCH = 2_000
"""Of the pipeline (setting batch_size)."""


def test_bulk_beside_a_bare_one(elasticsearch: Cluster, elastic_prefix: str, tmp_path: Path) -> None:
    events = list(repeated(sample_events(tmp_path), EVENTS))
    documents = [orjson.loads(document(admitted)) for event in events if isinstance(admitted := admit(event), Admitted)]
    ours, bare = [], []
    for run in range(RUNS + 1):  # the first warms the cluster up
        store = make_store(elasticsearch, f"{elastic_prefix}-{run}")
        ours.append(seconds(lambda store=store: append(store, events)))
        other = make_store(elasticsearch, f"{elastic_prefix}-bare-{run}")
        other.append(events[:1])
        bare.append(
            seconds(lambda other=other, run=run: send(other, f"{elastic_prefix}-bare-{run}-events-l3", documents))
        )
        assert store.health().events == other.health().events == len(events)
        for one in (store, other):
            one.close()
        elasticsearch.forget(f"{elastic_prefix}-{run}")
        elasticsearch.forget(f"{elastic_prefix}-bare-{run}")
    mine, theirs = statistics.median(ours[1:]), statistics.median(bare[1:])
    print(f"\nours {EVENTS / mine:,.0f} events/s, bare {EVENTS / theirs:,.0f}/s: {theirs / mine:.2f}x; {ours} {bare}")


def seconds(work: Callable[[], None]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def append(store: ElasticEventStore, events: list[Event]) -> None:
    for batch in parts(events):
        store.append(batch)


def parts(events: list[Event]) -> Iterator[list[Event]]:
    return (events[first : first + BATCH] for first in range(0, len(events), BATCH))


def send(store: ElasticEventStore, alias: str, documents: list[dict[str, object]]) -> None:
    actions = ({"_op_type": "create", "_index": alias, "_id": one["event.id"], "_source": one} for one in documents)
    for _ in streaming_bulk(store._client, actions, raise_on_error=False):
        pass
