"""Case databases for tests, on either engine: each a copy of one that was migrated once, so that a test begins in milliseconds."""

from __future__ import annotations

import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

import psycopg
import pytest
from psycopg import sql
from sqlalchemy.engine import make_url

from soc.app.schema import migrate
from soc.storage.sql import Database, connect

EXAMPLES = pytest.mark.parametrize(
    ("databases", "examples"),
    [("sqlite", 20), pytest.param("postgresql", 4, marks=pytest.mark.postgresql)],
    indirect=["databases"],
)
"""For a property whose every example works through a database: many on one engine, a few on the other, where each takes longer."""


class CaseDatabases(Protocol):
    """Makes case databases with the newest schema and no rows."""

    def make(self) -> str:
        """The address of a new one."""
        ...

    def empty(self) -> str:
        """The address of a new one without any table."""
        ...

    def drop(self, url: str) -> None:
        """Remove one, whoever is still connected."""
        ...


class SqliteDatabases:
    """Files below a folder.

    Args:
        folder: empty, and of this object alone.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.template = folder / "template.sqlite"

    def prepare(self) -> None:
        """Migrate the one that the others are copied from."""
        migrate_to_newest(f"sqlite:///{self.template}")

    def make(self) -> str:
        url = self.empty()
        shutil.copyfile(self.template, make_url(url).database or "")
        return url

    def empty(self) -> str:
        return f"sqlite:///{self.folder / secrets.token_hex(6)}.sqlite"

    def drop(self, url: str) -> None:
        path = Path(make_url(url).database or "")
        for name in (path.name, f"{path.name}-wal", f"{path.name}-shm"):
            path.with_name(name).unlink(missing_ok=True)


class PostgresqlDatabases:
    """Databases of one server.

    Args:
        address: postgresql://USER:PASSWORD@HOST:PORT/DATABASE; the user may create databases.
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self.name = f"vonggac_test_{secrets.token_hex(4)}"
        self.template = f"{self.name}_template"

    def prepare(self) -> None:
        """Migrate the one that the others are copied from."""
        migrate_to_newest(self.empty(self.template))

    def make(self) -> str:
        name = f"{self.name}_{secrets.token_hex(6)}"
        self._say("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY", name, self.template)
        return self.url_of(name)

    def empty(self, name: str = "", encoding: str = "UTF8") -> str:
        chosen = name or f"{self.name}_{secrets.token_hex(6)}"
        self._say("CREATE DATABASE {} TEMPLATE template0 ENCODING {} LOCALE 'C' STRATEGY FILE_COPY", chosen, encoding)
        return self.url_of(chosen)

    def drop(self, url: str) -> None:
        self._say("DROP DATABASE IF EXISTS {} WITH (FORCE)", make_url(url).database or "")

    def close(self) -> None:
        """Remove the template."""
        self.drop(self.url_of(self.template))

    def url_of(self, name: str) -> str:
        """The address of a database of this server."""
        return make_url(self.address).set(database=name).render_as_string(hide_password=False)

    def _say(self, statement: str, *names: str) -> None:
        with psycopg.connect(self.address, autocommit=True) as connection:
            connection.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@contextmanager
def opened(databases: CaseDatabases) -> Iterator[Database]:
    """A new case database, for tests that need many."""
    url = databases.make()
    database = connect(url)
    try:
        yield database
    finally:
        database.close()
        databases.drop(url)


def migrate_to_newest(url: str) -> None:
    """Migrate the database at an address, and leave no connection."""
    database = connect(url)
    try:
        migrate(database)
    finally:
        database.close()
