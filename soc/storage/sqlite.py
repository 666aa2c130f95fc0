"""SQLite as the case database: WAL, full sync, one writer at a time, readers that wait for nobody."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event

READING: Mapping[str, Any] = {"reading": True}
"""Execution options of a connection that only reads; the option is ours, see `_begin`."""

_PRAGMAS = (
    "busy_timeout=30000",  # first: the next one, too, may meet another process
    "journal_mode=WAL",
    "synchronous=FULL",
    "foreign_keys=ON",
    "case_sensitive_like=ON",  # as on PostgreSQL
)


def make_engine(url: URL) -> Engine:
    """An engine whose writers wait up to 30 s for one another."""
    engine = create_engine(url, hide_parameters=True)
    event.listen(engine, "connect", _prepare)
    event.listen(engine, "begin", _begin)
    return engine


def require_fit(_connection: Connection) -> str:
    """Name and version; the library comes with Python, which asks for a version that is new enough."""
    return f"SQLite {sqlite3.sqlite_version}"


def _prepare(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we send BEGIN ourselves: a read that later writes must not fail half-way
    for pragma in _PRAGMAS:
        connection.execute(f"PRAGMA {pragma}")


def _begin(connection: Connection) -> None:
    """A writer takes its place in the queue at once; a reader takes none, and is kept from turning into a writer."""
    reading = connection.get_execution_options().get("reading", False)
    connection.exec_driver_sql(f"PRAGMA query_only={'ON' if reading else 'OFF'}")  # the pool hands it on: set each time
    connection.exec_driver_sql("BEGIN DEFERRED" if reading else "BEGIN IMMEDIATE")
