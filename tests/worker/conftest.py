"""Every test of the worker that asks for `office` runs on each broker."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from soc.app.schema import migrate
from soc.storage.sql import connect
from tests.playbooks.stage import mail_server
from tests.servers.redis import RedisServer
from tests.worker.office import BrokerOfTests, FolderOfTests, Office, RedisOfTests, SlowMailbox


@pytest.fixture(params=["folder", pytest.param("redis", marks=pytest.mark.redis)])
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> BrokerOfTests:
    """A broker without a message."""
    return FolderOfTests(tmp_path) if request.param == "folder" else request.getfixturevalue("redis_broker")


@pytest.fixture
def redis_broker(redis_server: RedisServer) -> RedisOfTests:
    """The Redis of the run, without a message."""
    found = RedisOfTests(redis_server)
    found.empty()
    return found


@pytest.fixture
def mailbox() -> Iterator[tuple[SlowMailbox, str]]:
    """Answers at once when it is `released`."""
    made = SlowMailbox()
    with mail_server(made) as (_, url):
        yield made, url
        made.released.set()


@pytest.fixture
def office(tmp_path: Path, broker: BrokerOfTests, mailbox: tuple[SlowMailbox, str]) -> Iterator[Office]:
    """A case database with people at work."""
    url = f"sqlite:///{tmp_path / 'cases.sqlite'}"
    database = connect(url)
    migrate(database)
    database.close()
    made = Office(tmp_path, url, broker.url, mailbox)
    yield made
    made.database.close()
    assert not made.broker.secret or made.broker.secret not in made.logged(), "a password of the broker in the log"
