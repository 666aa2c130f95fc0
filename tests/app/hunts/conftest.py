"""Stages for the tests of hunts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.app.hunts.stage import Stage, sign_ins, staged


@pytest.fixture
def stage(tmp_path: Path, database_url: str) -> Iterator[Stage]:
    """Six hundred sign-ins of two communes."""
    with staged(tmp_path, sign_ins(600), url=database_url) as stage:
        yield stage
