"""The case database: SQLAlchemy 2 over SQLite (WAL) or PostgreSQL.

Each package declares its tables on `Base` in its own `tables.py`; revisions live in `soc/app/migrations`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, DateTime, Dialect, Engine, MetaData, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator

from soc.core.clock import to_utc
from soc.core.errors import DatabaseError
from soc.core.i18n import msg

_NAMES = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """Root of all tables; constraint names are fixed, so that migrations can name them on every engine."""

    metadata = MetaData(naming_convention=_NAMES)


class UtcDateTime(TypeDecorator[datetime]):
    """A time that is aware UTC in Python on every engine; a naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        return None if value is None else to_utc(value)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


_READING: dict[str, dict[str, Any]] = {
    "sqlite": {"reading": True},
    "postgresql": {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True},
}
"""Dialect -> execution options of a connection that only reads; `reading` is ours, see `_begin_sqlite`."""


class Database:
    """An engine and its sessions.

    Args:
        engine: from `connect`.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._reader = engine.execution_options(**_READING[engine.dialect.name])  # shares the pool of the engine

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session that commits at the end of the block and rolls back on any error; the only writer meanwhile on SQLite."""
        with self._answering(), Session(self.engine, expire_on_commit=False) as session, session.begin():
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session over one state of the data, that of its first question; it waits for no writer and holds none up.

        Nothing is ever committed. A write raises (DatabaseError on SQLite), a change of a mapped object at the latest when the block ends.
        """
        with self._answering(), Session(self._reader) as session:
            yield session
            session.flush()  # else a changed object would be forgotten in silence

    @contextmanager
    def _answering(self) -> Iterator[None]:
        try:
            yield
        except OperationalError as problem:
            raise DatabaseError(
                msg("cơ sở dữ liệu không đáp ứng: {reason}", reason=str(problem.orig)[:200]),
                where=self.engine.url.render_as_string(hide_password=True),
                advice=msg("chạy 'soc doctor' để xem nguyên nhân"),
            ) from problem

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def connect(url: str) -> Database:
    """A database at an SQLAlchemy URL; SQLite gets WAL, FULL sync, foreign keys and a 30 s wait for the other writer."""
    engine = create_engine(url, pool_pre_ping=make_url(url).get_backend_name() != "sqlite")
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _prepare_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    return Database(engine)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we send BEGIN ourselves: a read that later writes must not fail half-way
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    """A writer takes its place in the queue at once; a reader takes none, and is kept from turning into a writer."""
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql(f"PRAGMA query_only={'ON' if reading else 'OFF'}")  # the pool hands it on: set each time
    connection.exec_driver_sql("BEGIN DEFERRED" if reading else "BEGIN IMMEDIATE")
