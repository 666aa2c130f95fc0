"""A case database with its incident service."""

from __future__ import annotations

import pytest

from soc.storage.sql import Database
from tests.incidents.desk import Desk, make_desk


@pytest.fixture
def desk(database: Database) -> Desk:
    return make_desk(database)
