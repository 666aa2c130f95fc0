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
from soc.app import hunt_tables
from soc.app import tables as pipeline_tables
from soc.audit import tables as audit_tables
from soc.compliance import tables as compliance_tables
from soc.exercises import tables as exercise_tables
from soc.incidents import tables as incident_tables
from soc.storage.sql import Base, Database

if TYPE_CHECKING:
    from alembic.config import Config

DECLARED = (
    access_tables,
    audit_tables,
    compliance_tables,
    exception_tables,
    exercise_tables,
    hunt_tables,
    incident_tables,
    pipeline_tables,
    playbook_tables,
    report_tables,
    rule_set_tables,
)
"""Modules that put their tables on `Base`."""

MIGRATIONS = Path(__file__).resolve().parent / "migrations"
NEWEST = "0007"
"""The revision this code needs; a test compares it with the newest file."""


def metadata() -> MetaData:
    """The tables of every package in DECLARED."""
    return Base.metadata


def migrate(database: Database) -> None:
    """Bring the database to the newest revision; does nothing when it is there already."""
    with database.engine.connect() as connection:
        if _revision(connection) == NEWEST:
            return
        from alembic import command  # slow to import, and needed once in the life of an installation

        command.upgrade(_config(connection), "head")
        connection.commit()


def drift(database: Database) -> list[object]:
    """Differences between the tables in code and those of the database; empty when the migrations are complete."""
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, metadata()))


def write_revision(database: Database, message: str) -> None:
    """Write a new revision file from the difference; for developers."""
    from alembic import command

    with database.engine.connect() as connection:
        command.revision(_config(connection), message=message, autogenerate=True)


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def _config(connection: Connection) -> Config:
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
