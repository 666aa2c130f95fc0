"""The case database: SQLAlchemy 2 over SQLite (WAL) or PostgreSQL.

Each package declares its tables on `Base` in its own `tables.py`; revisions live in `soc/app/migrations`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import UTC, datetime
from types import ModuleType

from sqlalchemy import Connection, DateTime, Dialect, Engine, MetaData, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.orm import DeclarativeBase, Session
from sqlalchemy.types import TypeDecorator

from soc.core.clock import to_utc
from soc.core.errors import SetupError
from soc.core.i18n import msg
from soc.storage import postgresql, sqlite
from soc.storage.sql_faults import answering
from soc.storage.sql_values import check_session, clean_parameters

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


_DIALECTS = {"sqlite": sqlite, "postgresql": postgresql}


class Database:
    """An engine and its sessions.

    Args:
        engine: from `connect`.
    """

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._reader = engine.execution_options(
            **_DIALECTS[engine.dialect.name].READING
        )  # shares the pool of the engine

    @contextmanager
    def transaction(self) -> Iterator[Session]:
        """A session that commits at the end of the block and rolls back on any error; the only writer meanwhile.

        What is read in the block stays true until its end, so a check made there needs no lock of its own. Keep it short: the
        next writer waits, for 30 s at most.

        Raises:
            ConflictError: a key that is taken, or a row that others refer to is missing.
            InputError: a value that its column cannot hold.
            DatabaseError: no answer. When the connection broke at the commit, it may have been kept all the same.
        """
        with self._answering(), Session(self.engine, expire_on_commit=False) as session, session.begin():
            event.listen(session, "before_flush", check_session)
            yield session

    @contextmanager
    def reading(self) -> Iterator[Session]:
        """A session over one state of the data, that of its first question; it waits for no writer and holds none up.

        Nothing is ever committed. A write raises DatabaseError, a change of a mapped object at the latest when the block ends.
        """
        with self._answering(), Session(self._reader) as session:
            yield session
            session.flush()  # else a changed object would be forgotten in silence

    def product(self) -> str:
        """Name and version of the engine, `PostgreSQL 18.6`.

        Raises:
            SetupError: it cannot hold cases.
            DatabaseError: no answer.
        """
        with self.reading() as session:
            return self.require_fit(session.connection())

    def require_fit(self, connection: Connection) -> str:
        """The same over a connection at hand."""
        return str(_DIALECTS[self.engine.dialect.name].require_fit(connection))

    def _answering(self) -> AbstractContextManager[None]:
        return answering(self.engine.url)

    def close(self) -> None:
        """Close all connections."""
        self.engine.dispose()


def connect(url: str) -> Database:
    """A database at an SQLAlchemy URL, `sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST:PORT/NAME`; nothing is asked of it yet.

    Raises:
        SetupError: another kind of address, or none at all; the address itself is not repeated, as it may hold a password.
    """
    engine = _dialect(url).make_engine(make_url(url))
    event.listen(engine, "before_cursor_execute", clean_parameters, retval=True)
    return Database(engine)


def _dialect(url: str) -> ModuleType:
    try:
        return _DIALECTS[make_url(url).get_backend_name()]
    except (ArgumentError, KeyError) as problem:
        raise SetupError(
            msg("địa chỉ cơ sở dữ liệu không dùng được"),
            expected=msg("sqlite:///TỆP hoặc postgresql://NGƯỜI:MẬT_KHẨU@MÁY:CỔNG/TÊN"),
            where="database_url",
        ) from problem
