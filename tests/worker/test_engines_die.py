"""Redis and PostgreSQL killed together under load: the work ends by itself, and the operator reads two lines, then two more."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import own_postgresql
from tests.incidents.desk import ANALYST
from tests.servers.databases import PostgresqlDatabases
from tests.servers.postgresql import PostgresqlServer
from tests.worker.office import DEADLINE_S, Office, RedisOfTests, SlowMailbox

RUNS = 8


@pytest.fixture
def postgresql_server(pytestconfig: pytest.Config) -> Iterator[PostgresqlServer]:
    with own_postgresql(pytestconfig, durable=True) as server:
        yield server


@pytest.mark.redis
@pytest.mark.postgresql
def test_both_engines_killed_under_load(
    postgresql_server: PostgresqlServer,
    redis_broker: RedisOfTests,
    mailbox: tuple[SlowMailbox, str],
    tmp_path: Path,
) -> None:
    databases = PostgresqlDatabases(postgresql_server.url)
    databases.prepare()
    office = Office(tmp_path, databases.make(), redis_broker.url, mailbox)
    code = office.open_incident()
    with office.worker() as worker:
        runs = [office.start(code) for _ in range(RUNS)]
        office.wait_until(lambda: len(office.mailbox.raw) >= 2)
        postgresql_server.kill()
        redis_broker.lose()
        office.mailbox.released.set()
        office.wait_until(lambda: len(office.told("ERROR")) == 2)
        redis_broker.restore()
        postgresql_server.restart()
        office.wait_until(lambda: office.ended(*runs))
        office.wait_until(lambda: len(office.told("WARNING")) == 2)
        worker.send_signal(signal.SIGTERM)
        assert worker.wait(DEADLINE_S) == 0, office.logged()[-4000:]
    assert len(office.mailbox.ids) == RUNS, "a mail whose answer could not be written down came again, under its own id"
    assert office.reader.get(ANALYST, code).tags == ("vo-web",)
    assert len(office.told("ERROR")) == 2
    assert "Traceback" not in office.logged()
    office.database.close()
