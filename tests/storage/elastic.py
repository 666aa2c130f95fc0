"""Event stores in the Elasticsearch of the tests."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from pydantic import SecretStr

from soc.core.event import Event
from soc.storage.elastic.client import Cluster as Address
from soc.storage.elastic.client import connect
from soc.storage.elastic.names import Names
from soc.storage.elastic_store import ElasticEventStore
from tests.servers.cluster import Cluster


def make_store(cluster: Cluster, prefix: str, level_of: Callable[[Event], int] = lambda _: 3) -> ElasticEventStore:
    """A store under a prefix, signed in as the superuser."""
    address = Address(
        cluster.url, user=cluster.user, password=SecretStr(cluster.password), ca=cluster.authority, prefix=prefix
    )
    wait = threading.Event().wait
    return ElasticEventStore(connect(address), Names(prefix), where=cluster.url, level_of=level_of, wait=wait)


@contextmanager
def emptied(cluster: Cluster, prefix: str) -> Iterator[ElasticEventStore]:
    """A store whose indices others used before, without their events: to make indices anew takes longer than most tests."""
    store = make_store(cluster, prefix)
    store.delete_before(datetime.max.replace(tzinfo=UTC))
    yield store
    store.close()
