"""Shared parts of the storage tests."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from soc.core.clock import iso
from soc.core.event import Event
from soc.storage.elastic.names import Names
from soc.storage.elastic_store import ElasticEventStore
from soc.storage.events import EventStore
from soc.storage.memory import MemoryEventStore
from soc.storage.tantivy_store import TantivyEventStore
from tests.servers.cluster import Cluster
from tests.storage.elastic import emptied

START = datetime(2026, 11, 17, 1, 0, tzinfo=UTC)

MakeEvent = Callable[..., Event]


@pytest.fixture
def make_event() -> MakeEvent:
    """Events by number, a minute apart, of agency xa-01; keyword arguments name fields with `__` for the dot."""

    def make(number: int, **fields: object) -> Event:
        held: dict[str, object] = {
            "event.id": f"id-{number:04d}",
            "@timestamp": iso(START + timedelta(minutes=number)),
            "soc.agency": "xa-01",
            "soc.platform": "public_service_portal",
        }
        held |= {name.replace("__", "."): value for name, value in fields.items()}
        return Event({name: value for name, value in held.items() if value is not None})  # type: ignore[misc]

    return make


@pytest.fixture(params=["memory", "tantivy", pytest.param("elasticsearch", marks=pytest.mark.elasticsearch)])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EventStore]:
    """Each engine, empty and writable."""
    engine: EventStore
    if request.param == "elasticsearch":
        engine = request.getfixturevalue("elastic_store")
    else:
        engine = (
            MemoryEventStore() if request.param == "memory" else TantivyEventStore(tmp_path / "events", writable=True)
        )
    yield engine
    engine.close()


@pytest.fixture(scope="session")
def elastic_indices(elasticsearch: Cluster) -> Iterator[Names]:
    """Indices that the tests of a run share, one after the other: to make them anew for each takes longer than most tests."""
    names = Names(f"test-{secrets.token_hex(4)}")
    yield names
    elasticsearch.forget(names.prefix)


@pytest.fixture
def elastic_store(elasticsearch: Cluster, elastic_indices: Names) -> Iterator[ElasticEventStore]:
    """An empty store in a real Elasticsearch."""
    with emptied(elasticsearch, elastic_indices.prefix) as store:
        yield store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where an embedded store may live."""
    return tmp_path / "events"
