"""Houses for the tests of the console."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.web.house import Browser, House, Ids, furnish, open_house


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """Agencies and accounts, no data."""
    house = open_house(tmp_path)
    yield house
    house.database.close()


@pytest.fixture
def ids(house: House) -> dict[str, Ids]:
    """Data of both communes."""
    return furnish(house)


@pytest.fixture
def visitor(house: House) -> Iterator[Callable[..., Browser]]:
    """Browsers, closed at the end."""
    opened: list[Browser] = []

    def open_browser(name: str = "", **options: str) -> Browser:
        opened.append(house.visitor(name, **options))
        return opened[-1]

    yield open_browser
    for browser in opened:
        browser.close()
