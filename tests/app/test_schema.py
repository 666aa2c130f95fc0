"""Migrations: complete, forward from every earlier revision with its rows, safe beside another process, on both engines."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from subprocess import run

import pytest
from sqlalchemy import Connection, MetaData, Table, func, insert, select, text
from sqlalchemy.types import BigInteger, Boolean, Date, DateTime, Integer, LargeBinary

from soc.app.schema import MIGRATIONS, NEWEST, drift, migrate
from soc.core.errors import DatabaseError, SetupError
from soc.storage.sql import Database, connect
from tests.servers.databases import CaseDatabases, PostgresqlDatabases

NOW = datetime(2026, 11, 22, 3, 42, tzinfo=UTC)
REVISIONS = sorted(path.name[:4] for path in (MIGRATIONS / "versions").glob("*.py"))
START = "import sys; from tests.servers.databases import migrate_to_newest; migrate_to_newest(sys.argv[1])"
ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def empty_url(databases: CaseDatabases) -> Iterator[str]:
    """The address of a database without any table."""
    url = databases.empty()
    yield url
    databases.drop(url)


@pytest.fixture
def empty(empty_url: str) -> Iterator[Database]:
    database = connect(empty_url)
    yield database
    database.close()


def test_the_newest_revision_makes_the_tables_of_the_code(empty: Database) -> None:
    """A table or column without a migration shows here."""
    migrate(empty)
    migrate(empty)
    assert drift(empty) == []


def test_the_code_names_the_newest_revision() -> None:
    """Otherwise a start would never migrate."""
    assert REVISIONS[-1] == NEWEST


@pytest.mark.parametrize("revision", REVISIONS[:-1])
def test_rows_of_every_earlier_revision_come_through_the_upgrade(empty: Database, revision: str) -> None:
    """One row in every table that the revision had; it reads the same afterwards, in the columns it had."""
    migrate(empty, revision)
    with empty.transaction() as session:
        before = fill(session.connection())
    migrate(empty)
    with empty.reading() as session:
        assert {name: list(rows_of(session.connection(), name, rows[0])) for name, rows in before.items()} == before


def test_two_processes_may_migrate_at_once(empty_url: str) -> None:
    """Each start of `soc up` does: one of them does the work, neither fails, the schema is whole."""
    with ThreadPoolExecutor(2) as pool:
        ended = list(pool.map(lambda _: run([sys.executable, "-c", START, empty_url], cwd=ROOT, check=False), range(2)))
    assert [one.returncode for one in ended] == [0, 0]
    database = connect(empty_url)
    assert drift(database) == []
    database.close()


def test_a_database_newer_than_the_program_is_refused_with_advice(database: Database) -> None:
    """Nothing is changed in it."""
    with database.transaction() as session:
        session.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    with pytest.raises(SetupError, match="9999") as refused:
        migrate(database)
    assert refused.value.advice
    with database.reading() as session:
        assert session.scalar(text("SELECT version_num FROM alembic_version")) == "9999"


def test_a_migration_that_fails_leaves_nothing_half_done(empty: Database) -> None:
    """The last table of the first revision is in the way: none of the others is there afterwards."""
    with empty.transaction() as session:
        session.execute(text("CREATE TABLE playbook_steps (id INTEGER)"))
    with pytest.raises(DatabaseError):
        migrate(empty)
    with empty.reading() as session:
        metadata = MetaData()
        metadata.reflect(session.connection())
    assert set(metadata.tables) == {"playbook_steps"}


@pytest.mark.postgresql
def test_a_database_with_another_encoding_is_refused_before_any_table(postgresql: PostgresqlDatabases) -> None:
    database = connect(postgresql.empty(encoding="SQL_ASCII"))
    with pytest.raises(SetupError, match="SQL_ASCII") as refused:
        migrate(database)
    assert "CREATE DATABASE" in str(refused.value)
    database.close()
    postgresql.drop(database.engine.url.render_as_string(hide_password=False))


def fill(connection: Connection) -> dict[str, list[dict[str, object]]]:
    """Put one row into every table there is; gives what then is in each, as read."""
    metadata = MetaData()
    metadata.reflect(connection)
    made: dict[str, list[dict[str, object]]] = {}
    for table in metadata.sorted_tables:
        if table.name != "alembic_version":
            connection.execute(
                insert(table).values({column.name: sample(table, column.name) for column in table.columns})
            )
            made[table.name] = [dict(row) for row in connection.execute(select(table)).mappings()]
    return made


def rows_of(connection: Connection, name: str, columns: dict[str, object]) -> Iterator[dict[str, object]]:
    table = Table(name, MetaData(), autoload_with=connection)
    assert connection.scalar(select(func.count()).select_from(table)) == 1
    for row in connection.execute(select(*(table.columns[column] for column in columns))).mappings():
        yield dict(row)


def sample(table: Table, column: str) -> object:
    """A value that the column takes; references name the one row of the other table."""
    kind = table.columns[column].type
    values: dict[type, object] = {
        Boolean: True,
        BigInteger: 7,
        Integer: 7,
        DateTime: NOW.replace(tzinfo=None),
        Date: NOW.date(),
        LargeBinary: b"\x00\xff",
    }
    return next((value for one, value in values.items() if isinstance(kind, one)), "7")
