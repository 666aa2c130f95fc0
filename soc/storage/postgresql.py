"""PostgreSQL as the case database: writers one after another, readers over one state. Why so: docs/decisions/postgresql.md."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import URL, Connection, Engine, create_engine, event

from soc.core.errors import SetupError
from soc.core.i18n import msg

READING: Mapping[str, Any] = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
"""Execution options of a connection that only reads: one snapshot, and the server refuses a write."""

OLDEST = 14
"""Oldest major version of the server that its makers still mend."""

WRITER_LOCK = 0x766F6E67
"""Key of the advisory lock that puts the writers of one database in line."""

_ASK = (
    "SELECT split_part(current_setting('server_version'), ' ', 1), current_setting('server_encoding'),"
    " 'B'::text < 'a'::text AND 'a-c'::text < 'ab'::text"
)
"""Version, encoding, and whether text is ordered by code point, as SQLite does it.

The ordering is tried out and not read from the catalogue, whose columns change with the version: every collation of a language puts
small letters beside their capitals.
"""

_SESSION = {
    "lock_timeout": "30s",  # as long as SQLite waits for the other writer
    "idle_in_transaction_session_timeout": "10min",  # a client that hangs gives the lock back
    "tcp_keepalives_idle": "30",  # and so does one whose machine is gone
    "tcp_keepalives_interval": "10",
    "tcp_keepalives_count": "3",
    "timezone": "UTC",
}
"""Settings of every session of ours."""

_CONNECTION = {
    "connect_timeout": "10",
    "client_encoding": "utf8",
    "application_name": "vonggac",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
}
"""Parameters of libpq; those of the address win."""


def make_engine(url: URL) -> Engine:
    """An engine over psycopg; a connection that broke meanwhile is replaced when it is asked for.

    The pool is as large as the thread pool of the console may need; whoever finds it empty waits for 30 s.
    """
    engine = create_engine(
        url.set(drivername="postgresql+psycopg"),
        connect_args=connection_arguments(url),
        isolation_level="READ COMMITTED",
        pool_pre_ping=True,
        pool_size=5,
        max_overflow=15,
        hide_parameters=True,
    )
    event.listen(engine, "begin", _begin)
    return engine


def connection_arguments(url: URL) -> dict[str, str]:
    """What psycopg is told besides the address; what the address itself says of these wins."""
    ours = {name: value for name, value in _CONNECTION.items() if name not in url.query}
    options = " ".join(f"-c {name}={value}" for name, value in _SESSION.items())
    given = url.query.get("options", "")
    return ours | {"options": f"{options} {given if isinstance(given, str) else ' '.join(given)}".strip()}


def _begin(connection: Connection) -> None:
    """A writer takes its place in the queue at once; its later statements see all that those before it have committed."""
    if not connection.get_execution_options().get("postgresql_readonly", False):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({WRITER_LOCK})")


def require_fit(connection: Connection) -> str:
    """Name and version of a server whose database can hold cases.

    Raises:
        SetupError: too old, or the database was made with another encoding or ordering; both are fixed when it is made.
    """
    version, encoding, by_code_point = connection.exec_driver_sql(_ASK).one()
    if int(version.partition(".")[0]) < OLDEST:
        raise SetupError(
            msg("PostgreSQL {version} quá cũ", version=version),
            expected=msg("bản {oldest} trở lên", oldest=OLDEST),
            where="database_url",
            advice=msg("nâng cấp máy chủ PostgreSQL"),
        )
    if encoding != "UTF8" or not by_code_point:
        raise SetupError(
            msg("cơ sở dữ liệu dùng bảng mã {encoding} hoặc thứ tự chữ của một ngôn ngữ", encoding=encoding),
            expected=msg("bảng mã UTF8, thứ tự theo mã ký tự (LOCALE 'C')"),
            where="database_url",
            advice=msg(
                "tạo lại khi còn trống: CREATE DATABASE vonggac ENCODING 'UTF8' LOCALE 'C' TEMPLATE template0 OWNER …"
            ),
        )
    return f"PostgreSQL {version}"
