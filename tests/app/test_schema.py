"""Migrations and tables agree."""

from __future__ import annotations

from pathlib import Path

from soc.app.schema import MIGRATIONS, NEWEST, drift, migrate
from soc.storage.sql import connect


def test_the_newest_revision_makes_the_tables_of_the_code(tmp_path: Path) -> None:
    """A table or column without a migration shows here."""
    database = connect(f"sqlite:///{tmp_path / 'cases.sqlite'}")
    migrate(database)
    migrate(database)
    assert drift(database) == []
    database.close()


def test_the_code_names_the_newest_revision() -> None:
    """Otherwise a start would never migrate."""
    newest = sorted(path.name for path in (MIGRATIONS / "versions").glob("*.py"))[-1]
    assert newest.startswith(f"{NEWEST}_")
