"""Fixtures of the collecting post."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from collectors.spool import SpoolItem
from tests.collectors.machinery.post import NOW, Post


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    home = tmp_path / "home"
    home.mkdir()
    there = Post.at(home)
    yield there
    there.close()


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    folder = tmp_path / "logs"
    folder.mkdir()
    return folder


@pytest.fixture
def items() -> list[SpoolItem]:
    return [SpoolItem("portal", f"{n:032x}", n, NOW, f"access.log:{n + 1}", f"line {n}".encode()) for n in range(10)]
