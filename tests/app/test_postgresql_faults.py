"""PostgreSQL killed -9 under the suite and started again: nothing lost, nothing twice, no half transaction, and all goes on by itself."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from detectors.alert import Alert
from soc.access.principal import SYSTEM
from soc.app.application import Application
from soc.app.engine_watch import RULE_ID
from soc.app.outages import OutageBook, Part
from soc.app.pipeline import CHECKPOINT
from soc.audit.tables import AuditRow
from soc.audit.trail import AuditTrail
from soc.core.act import Act
from soc.core.clock import SystemClock
from soc.core.errors import DatabaseError
from soc.core.scope import PROVINCE
from soc.core.settings import Settings
from soc.incidents.tables import AlertRow
from soc.storage.sql import connect
from tests.app.test_kill_in_a_window import BATCH, alerts_of, ingest, new_home, write_log
from tests.app.test_pipeline import SHELL, SOURCES, feed
from tests.app.test_rule_reloading import collecting, until
from tests.conftest import own_postgresql
from tests.servers.databases import PostgresqlDatabases, migrate_to_newest
from tests.servers.postgresql import PostgresqlServer
from tests.web.house import open_house

pytestmark = pytest.mark.postgresql
LINES = 600
THREE = """
title: Three shells
id: 11111111-0000-4000-8000-00000000000a
name: shell
logsource: {product: public_service_portal, service: nginx.access}
detection:
  s: {url.path|startswith: /uploads/}
  condition: s
---
title: Three of them
id: 11111111-0000-4000-8000-00000000000b
correlation: {type: event_count, rules: [shell], group-by: [source.ip], timespan: 1d, condition: {gte: 3}}
level: high
"""


@pytest.fixture(scope="module")
def server(pytestconfig: pytest.Config) -> Iterator[PostgresqlServer]:
    """One that keeps what was committed when it is killed."""
    with own_postgresql(pytestconfig, durable=True) as server:
        yield server


@pytest.fixture
def url(server: PostgresqlServer) -> Iterator[str]:
    """An empty database of that server."""
    databases = PostgresqlDatabases(server.url)
    url = databases.empty()
    yield url
    databases.drop(url)


def committed(url: str) -> int:
    """Up to where detection has come; -1 while nobody can tell."""
    try:
        with psycopg.connect(url) as connection:
            row = connection.execute(
                "SELECT position FROM pipeline_checkpoints WHERE name = %s", (CHECKPOINT,)
            ).fetchone()
    except psycopg.Error:
        return -1
    return int(row[0]) if row else 0


def test_the_collecting_process_outlives_its_database(
    server: PostgresqlServer, url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Law 1, and the alerts of an undisturbed run, over two outages in the middle of a correlation window."""
    log, undisturbed, home = tmp_path / "access.log", new_home(tmp_path / "undisturbed"), new_home(tmp_path / "home")
    write_log(log, LINES)
    assert ingest(undisturbed, log).wait() == 0
    source = f"{{id: web, platform: public_service_portal, agency: so-mau, input: {{kind: ndjson, paths: ['{log}']}}}}"
    (home / "sources.yaml").write_text(f"sources: [{source}]\n", "utf-8")
    monkeypatch.setenv("SOC_DATABASE_URL", url)
    monkeypatch.setenv("SOC_BATCH_SIZE", str(BATCH))

    with collecting(home) as process:
        for place in (1, LINES // 2):
            until(home, process, lambda place=place: committed(url) >= place)  # type: ignore[misc]
            server.kill()
            until(home, process, lambda: Part.DATABASE in OutageBook(home).open())
            server.restart()
        until(home, process, lambda: committed(url) >= LINES)
        until(home, process, lambda: not OutageBook(home).open())

    with Application(Settings(home=home)) as app:
        assert app.store.count("", PROVINCE) == LINES
        assert app.spool.depth() == 0
        with app.database.reading() as session:
            assert app.audit.verify(session).ok
            told = session.scalar(select(func.count()).select_from(AlertRow).where(AlertRow.rule_id == RULE_ID))
    assert told is not None
    assert told <= 2
    found = sorted(alert for alert in alerts_of(home).values() if alert[0] != RULE_ID)
    monkeypatch.delenv("SOC_DATABASE_URL")
    assert shape(found) == shape(list(alerts_of(undisturbed).values()))


def shape(alerts: Sequence[tuple[str, int, tuple[str, ...]]]) -> list[tuple[str, int]]:
    """Rules and numbers of events: the ids of events hold the name of the source, which differs between the two runs."""
    return sorted((rule, events) for rule, events, _ in alerts)


class Killing:
    """Takes alerts as the real one does, and kills the server before the transaction can be committed."""

    def __init__(self, app: Application, server: PostgresqlServer) -> None:
        self.real, self.server = app.incidents, server

    def take(self, session: Session, alerts: Sequence[Alert]) -> list[str]:
        taken = self.real.take(session, alerts)
        self.server.kill()
        return taken


def test_events_of_a_batch_that_was_not_committed_are_counted_once(
    server: PostgresqlServer, url: str, tmp_path: Path
) -> None:
    """The detector has seen them when the database dies; seen again, two of them must not make three."""
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "three.yml").write_text(THREE, "utf-8")
    (tmp_path / "sources.yaml").write_text(SOURCES, "utf-8")
    with Application(Settings(home=tmp_path, database_url=url), writer=True) as app:
        feed(app, tmp_path / "a.log", SHELL, SHELL | {"bytes": 2})
        object.__setattr__(app.pipeline, "incidents", Killing(app, server))
        with pytest.raises(DatabaseError) as died:
            app.pipeline.step()
        assert died.value.kind == "unreachable"
        with pytest.raises(DatabaseError):
            app.pipeline.step()
        server.restart()
        object.__setattr__(app.pipeline, "incidents", app.incidents)
        app.pipeline.drain()
        assert correlated(app) == 0
        feed(app, tmp_path / "b.log", SHELL | {"bytes": 3})
        app.pipeline.drain()
        assert correlated(app) == 1
        assert app.store.count("", PROVINCE) == 3


def correlated(app: Application) -> int:
    with app.database.reading() as session:
        query = select(func.count()).select_from(AlertRow).where(AlertRow.rule_id.endswith("b"))
        return session.scalar(query) or 0


def test_the_pool_recovers_and_nothing_of_an_open_transaction_is_kept(server: PostgresqlServer, url: str) -> None:
    """Idle connections are dead after the restart, and the next question is answered all the same."""
    migrate_to_newest(url)
    database, trail = connect(url), AuditTrail(SystemClock())
    with database.transaction() as session:
        trail.record(session, Act(SYSTEM.id, "test.kept", "one"))
    with database.reading() as one, database.reading() as other:  # so that the pool holds two
        assert one.scalar(select(func.count()).select_from(AuditRow)) == 1
        assert other.scalar(select(func.count()).select_from(AuditRow)) == 1

    with pytest.raises(DatabaseError) as broken, database.transaction() as session:  # noqa: PT012 - in the middle of it
        trail.record(session, Act(SYSTEM.id, "test.lost", "two"))
        server.kill()
    assert broken.value.kind == "unreachable"
    with pytest.raises(DatabaseError) as down, database.reading() as session:
        session.scalar(select(1))
    assert server.password not in f"{down.value}{down.value.__cause__}"

    server.restart()
    with database.transaction() as session:
        assert trail.record(session, Act(SYSTEM.id, "test.after", "three")) == 2
    with database.reading() as session:
        assert list(session.scalars(select(AuditRow.action).order_by(AuditRow.number))) == ["test.kept", "test.after"]
        assert trail.verify(session).ok
    database.close()


def test_the_console_says_that_it_cannot_serve_and_serves_again_by_itself(
    server: PostgresqlServer, url: str, tmp_path: Path
) -> None:
    """No traceback and no address of the database; the sessions are still good afterwards."""
    migrate_to_newest(url)
    house = open_house(tmp_path, url=url)
    visitor = house.visitor("ts.01")
    assert visitor.get("/incidents").status_code == 200
    server.kill()
    refused = visitor.get("/incidents")
    assert refused.status_code == 503
    assert "cơ sở dữ liệu không đáp ứng" in refused.text
    assert "127.0.0.1" not in refused.text
    server.restart()
    assert visitor.get("/incidents").status_code == 200
    visitor.close()
    house.database.close()
