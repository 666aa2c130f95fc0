"""Fixtures of the ways in by HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.collectors.http.listening import Listening, spec
from tests.collectors.machinery.post import Post


@pytest.fixture
def post(tmp_path: Path) -> Iterator[Post]:
    """A collecting post with a home of its own."""
    home = tmp_path / "home"
    home.mkdir()
    there = Post.at(home)
    yield there
    there.close()


@pytest.fixture
def listening(post: Post) -> Iterator[Listening]:
    """A listener for two sources of two agencies."""
    with Listening(post, spec()).running() as there:
        yield there
