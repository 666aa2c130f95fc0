"""Fixtures of the live inputs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.collectors.machinery.post import Post


@pytest.fixture
def anyio_backend() -> str:
    """The coroutines of these tests run under asyncio, as the receiving process does."""
    return "asyncio"


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    """A collecting post with a home of its own."""
    home = tmp_path / "home"
    home.mkdir()
    there = Post.at(home)
    yield there
    there.close()
