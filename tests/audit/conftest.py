"""A trail in a real SQLite file."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from soc.audit.tables import AuditRow
from soc.audit.trail import AuditTrail
from soc.core.clock import FixedClock
from soc.storage.sql import Base, Database, connect


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    database = connect(f"sqlite:///{tmp_path / 'cases.sqlite'}")
    Base.metadata.create_all(database.engine, tables=[AuditRow.__table__])
    yield database
    database.close()


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(datetime(2026, 11, 22, 3, 42, tzinfo=UTC))


@pytest.fixture
def trail(clock: FixedClock) -> AuditTrail:
    return AuditTrail(clock)
