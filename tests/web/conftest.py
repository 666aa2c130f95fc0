"""Houses for the tests of the console."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.web.house import Browser, House, Ids, furnish, move_in, open_house


@pytest.fixture(scope="session")
def empty_house(tmp_path_factory: pytest.TempPathFactory) -> House:
    """What the houses without data are copies of; closed."""
    house = open_house(tmp_path_factory.mktemp("empty"))
    house.database.close()
    return house


@pytest.fixture(scope="session")
def furnished_house(tmp_path_factory: pytest.TempPathFactory) -> tuple[House, dict[str, Ids]]:
    """What the houses with data are copies of, closed, and the ids of the data."""
    house = open_house(tmp_path_factory.mktemp("furnished"))
    ids = furnish(house)
    house.database.close()
    return house, ids


@pytest.fixture
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[House]:
    """Agencies and accounts; data where the test asks for `ids`."""
    built = request.getfixturevalue("furnished_house")[0] if "ids" in request.fixturenames else None
    house = move_in(built or request.getfixturevalue("empty_house"), tmp_path)
    yield house
    house.database.close()


@pytest.fixture
def ids(furnished_house: tuple[House, dict[str, Ids]]) -> dict[str, Ids]:
    """Data of both communes, which are in the house."""
    return furnished_house[1]


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
