"""The schema of the case database: all tables of all packages, and the way to the newest revision."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from sqlalchemy import MetaData
from sqlalchemy.engine import Connection

from playbooks import tables as playbook_tables
from reports import tables as report_tables
from soc.access import tables as access_tables
from soc.app import tables as pipeline_tables
from soc.audit import tables as audit_tables
from soc.compliance import tables as compliance_tables
from soc.exercises import tables as exercise_tables
from soc.incidents import tables as incident_tables
from soc.storage.sql import Base, Database

DECLARED = (
    access_tables,
    audit_tables,
    compliance_tables,
    exercise_tables,
    incident_tables,
    pipeline_tables,
    playbook_tables,
    report_tables,
)
"""Modules that put their tables on `Base`."""

MIGRATIONS = Path(__file__).resolve().parent / "migrations"


def metadata() -> MetaData:
    """The tables of every package in DECLARED."""
    return Base.metadata


def migrate(database: Database) -> None:
    """Bring the database to the newest revision; does nothing when it is there already."""
    with database.engine.connect() as connection:
        command.upgrade(_config(connection), "head")
        connection.commit()


def drift(database: Database) -> list[object]:
    """Differences between the tables in code and those of the database; empty when the migrations are complete."""
    with database.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, metadata()))


def write_revision(database: Database, message: str) -> None:
    """Write a new revision file from the difference; for developers."""
    with database.engine.connect() as connection:
        command.revision(_config(connection), message=message, autogenerate=True)


def _config(connection: Connection) -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config
