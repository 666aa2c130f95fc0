"""Retro-hunt: what a new indicator would have matched in the past, by the same detector over the store."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from detectors.alert import Alert
from detectors.indicators.book import Book
from detectors.indicators.detector import IndicatorDetector
from detectors.indicators.fields import FIELDS, Holds
from detectors.indicators.matcher import Matcher
from detectors.indicators.model import Kind, Named
from soc.core.clock import Window
from soc.core.event import Event
from soc.core.scope import Scope
from soc.storage.events import EventStore

FEW = 100
"""Of so many addresses or networks the store is asked for each by name; of more, for every event that has such a field."""
_BATCH = 1000
_HOSTS = (Holds.HOST, Holds.URL, Holds.PATH)


@dataclass(frozen=True, slots=True)
class Hunted:
    """What a hunt came to: indicators sought, events read, alerts in order of their events."""

    indicators: int
    events: int
    alerts: tuple[Alert, ...]


def hunt(book: Book, store: EventStore, scope: Scope, window: Window, progress: Callable[[int], None]) -> Hunted:
    """Look for every indicator that is new since the last hunt.

    Nothing is marked as hunted: the caller does so once the alerts are kept (`Book.mark_hunted`).

    Args:
        progress: called with the number of events read so far.
    """
    few, total = book.unhunted(FEW + 1)
    if not total:
        return Hunted(0, 0, ())
    detector = IndicatorDetector(Matcher(book, new_only=True))
    alerts: list[Alert] = []
    read = 0
    for some in _batches(store.scan(query_for(few), scope, window)):
        alerts += detector.observe(some)
        read += len(some)
        progress(read)
    return Hunted(total, read, (*alerts, *detector.flush()))


def query_for(sought: Sequence[Named]) -> str:
    """A query that finds at least every event which names one of the indicators.

    Args:
        sought: the indicators, or FEW + 1 of them when there are more.
    """
    kinds = {named.kind for named in sought}
    if len(sought) <= FEW and kinds <= {Kind.IP, Kind.NETWORK}:
        values = " OR ".join(f'"{named.value}"' for named in sought)
        addresses = [f"{name}:({values})" for name in _names(Holds.ADDRESS)]
        return " OR ".join([*addresses, *(f"_exists_:{name}" for name in _names(*_HOSTS))])
    return " OR ".join(f"_exists_:{name}" for name in FIELDS)


def _names(*holds: Holds) -> list[str]:
    return [name for name, held in FIELDS.items() if held in holds]


def _batches(events: Iterator[Event]) -> Iterator[list[Event]]:
    some: list[Event] = []
    for event in events:
        some.append(event)
        if len(some) == _BATCH:
            yield some
            some = []
    if some:
        yield some
