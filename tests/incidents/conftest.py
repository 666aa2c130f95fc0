"""A case database with its incident service."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.incidents.desk import Desk, open_desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = open_desk(f"sqlite:///{tmp_path / 'cases.sqlite'}")
    yield made
    made.database.close()
