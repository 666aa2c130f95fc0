"""The schema of the case database: all tables of all packages, and the way to the newest revision."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from sqlalchemy import MetaData, inspect, text
from sqlalchemy.engine import Connection

from detectors.exceptions import tables as exception_tables
from detectors.rulesets import tables as rule_set_tables
from playbooks import tables as playbook_tables
from reports import tables as report_tables
from soc.access import tables as access_tables
from soc.app import baseline_tables, hunt_tables, source_health_tables
from soc.app import tables as pipeline_tables
from soc.audit import tables as audit_tables
from soc.compliance import tables as compliance_tables
from soc.core.errors import SetupError
from soc.core.i18n import msg
from soc.exercises import tables as exercise_tables
from soc.incidents import tables as incident_tables
from soc.storage.sql import Base, Database

if TYPE_CHECKING:
    from alembic.config import Config

DECLARED = (
    access_tables,
    audit_tables,
    baseline_tables,
    compliance_tables,
    exception_tables,
    exercise_tables,
    hunt_tables,
    incident_tables,
    pipeline_tables,
    playbook_tables,
    report_tables,
    rule_set_tables,
    source_health_tables,
)
"""Modules that put their tables on `Base`."""

MIGRATIONS = Path(__file__).resolve().parent / "migrations"
NEWEST = "0012"
"""The revision this code needs; a test compares it with the newest file."""


def metadata() -> MetaData:
    """The tables of every package in DECLARED."""
    return Base.metadata


def migrate(database: Database, revision: str = NEWEST) -> None:
    """Bring the database forward to a revision; does nothing when it is there already. All of it happens, or nothing.

    Two processes may do it at once: the later one waits in the line of writers, and finds it done.

    Raises:
        SetupError: the database is newer than this program, or cannot hold cases (encoding, ordering, version of the server).
        DatabaseError: no answer, or the account may not change the schema.
    """
    with database.reading() as session:
        if _stands_at(session.connection(), revision):
            return
    from alembic import command  # slow to import, and needed once in the life of an installation

    with database.transaction() as session:
        connection = session.connection()
        database.require_fit(connection)
        if not _stands_at(connection, revision):
            command.upgrade(_config(connection), revision)


def drift(database: Database) -> list[object]:
    """Differences between the tables in code and those of the database; empty when the migrations are complete."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with database.reading() as session:
        context = MigrationContext.configure(session.connection(), opts={"compare_type": True})
        return list(compare_metadata(context, metadata()))


def write_revision(database: Database, message: str) -> None:
    """Write a new revision file from the difference; for developers."""
    from alembic import command

    with database.engine.connect() as connection:
        command.revision(_config(connection), message=message, autogenerate=True)


def _stands_at(connection: Connection, revision: str) -> bool:
    """Whether the schema is at a revision. Raises SetupError when it is at one that this program does not know."""
    if not inspect(connection).has_table("alembic_version"):
        return False
    found = connection.execute(text("SELECT version_num FROM alembic_version")).scalar()
    if found is not None and not list((MIGRATIONS / "versions").glob(f"{found}_*.py")):
        raise SetupError(
            msg("lược đồ cơ sở dữ liệu ở bản {found}, mới hơn chương trình này", found=found),
            expected=msg("bản {newest} trở về trước", newest=NEWEST),
            where="database_url",
            advice=msg("cài bản chương trình mới hơn, hoặc khôi phục bản sao lưu trước khi nâng cấp"),
        )
    return found == revision


def _config(connection: Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
