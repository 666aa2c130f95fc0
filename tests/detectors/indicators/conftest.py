"""A book of indicators in a folder, and events."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from detectors.indicators.book import Book
from detectors.indicators.model import Indicator
from detectors.indicators.values import named
from detectors.indicators.warninglists import WarningLists, shipped_lists
from soc.core.clock import iso
from soc.core.event import Event

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
LISTS = [one for one in shipped_lists() if one.id != "documentation-networks"]
"""The shipped ones, but for the addresses that tests must use."""

Fill = Callable[..., Book]


def indicator(text: str, **more: object) -> Indicator:
    found = named(text)
    assert found is not None, text
    return Indicator(found, **{"source": "feed", **more})  # type: ignore[arg-type]


@pytest.fixture
def fill(tmp_path: Path) -> Fill:
    """fill("bad.example", ..., confidence=90): the book that holds them."""

    def add(*texts: str, **more: object) -> Book:
        book = Book(tmp_path / "indicators")
        found: Iterable[Indicator] = (indicator(text, **more) for text in texts)
        book.add(found, WarningLists(LISTS), NOW)
        return book

    return add


@pytest.fixture
def event() -> Callable[..., Event]:
    """event(seconds after NOW, agency, exercise, **fields), fields written with `__` for a dot."""
    numbers = iter(range(10**9))

    def make(after_s: float = 0, agency: str = "xa-mau-01", exercise: str | None = None, **fields: object) -> Event:
        named_fields = {name.replace("__", "."): value for name, value in fields.items()}
        marks = {"soc.platform": "commune_network", "soc.agency": agency, "soc.source": "tuong-lua"}
        if exercise is not None:
            marks["soc.exercise"] = exercise
        base = {"@timestamp": iso(NOW + timedelta(seconds=after_s)), "event.id": f"e{next(numbers):05}"}
        return Event(base | marks | named_fields)  # type: ignore[arg-type]

    return make
