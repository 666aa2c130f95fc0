"""The whole contract of an event store, signed in with the key of least privilege that `soc elastic setup` makes."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from pydantic import SecretStr

from soc.app.elastic_setup import ElasticSetup
from soc.core.clock import SystemClock
from soc.storage.elastic.client import Cluster as Address
from soc.storage.elastic.client import connect
from soc.storage.elastic.names import Names
from soc.storage.elastic_store import ElasticEventStore
from tests.servers.cluster import Cluster
from tests.storage.conftest import make_event  # noqa: F401 - a fixture of the contract
from tests.storage.test_event_store_contract import *  # noqa: F403 - its tests are run once more, over the store below

pytestmark = [pytest.mark.elasticsearch, pytest.mark.full]


@pytest.fixture(scope="module")
def least(elasticsearch: Cluster) -> Iterator[Address]:
    """The address of a prefix after the set-up, with the service's key."""
    names = Names(f"test-{secrets.token_hex(4)}")
    secret = SecretStr(elasticsearch.password)
    admin = connect(Address(elasticsearch.url, user=elasticsearch.user, password=secret, ca=elasticsearch.authority))
    setup = ElasticSetup(admin, names, where=elasticsearch.url, clock=SystemClock())
    list(setup.prepare())
    yield Address(elasticsearch.url, setup.make_key(1).encoded, ca=elasticsearch.authority, prefix=names.prefix)
    admin.close()
    elasticsearch.forget(names.prefix)


@pytest.fixture
def store(least: Address) -> Iterator[ElasticEventStore]:
    """Empty and writable."""
    wait = threading.Event().wait
    store = ElasticEventStore(connect(least), Names(least.prefix), where=least.url, level_of=lambda _: 3, wait=wait)
    store.delete_before(datetime.max.replace(tzinfo=UTC))
    yield store
    store.close()
