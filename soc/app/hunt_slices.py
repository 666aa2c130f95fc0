"""A window cut into slices of time that hold about as many events each: what a hunt does between two commits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from soc.core.clock import Window
from soc.core.scope import Scope
from soc.storage.events import EventStore, Search

SLICE_EVENTS = 20_000
"""Events that a slice holds at most, unless more have the same millisecond: about a second's work."""
_BARS = 200
_LEAST = timedelta(milliseconds=1)
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Slices:
    """Edges in order of time, one more than there are slices, and the events between the first and the last."""

    edges: tuple[datetime, ...]
    events: int

    def __len__(self) -> int:
        return len(self.edges) - 1


def cut(store: EventStore, scope: Scope, window: Window, most: int = SLICE_EVENTS) -> Slices:
    """The window in slices of at most `most` events. Raises EngineError."""
    span = _span(store, scope, window)
    if span is None:
        return Slices((window.since, window.until), 0)
    edges, held, total = [window.since], 0, 0
    for start, events in _bars(store, scope, span, most):
        if held and held + events > most:
            edges.append(start)
            held = 0
        held += events
        total += events
    return Slices((*edges, window.until), total)


def _span(store: EventStore, scope: Scope, window: Window) -> Window | None:
    """From the first event of the window to just behind the last; None when it holds none."""
    ends = [store.search(Search("", scope, window, ascending=ascending, size=1)).events for ascending in (True, False)]
    if not all(ends):
        return None
    return Window(ends[0][0].timestamp, ends[1][0].timestamp + _INSTANT)


def _bars(store: EventStore, scope: Scope, span: Window, most: int) -> Iterator[tuple[datetime, int]]:
    """(start, events) of bars with events, those that are too full cut finer."""
    width = max(_LEAST, -(-(span.until - span.since) // (_BARS * _LEAST)) * _LEAST)
    for bar in store.histogram("", scope, span, width):
        if bar.count > most and width > _LEAST:
            yield from _bars(store, scope, Window(bar.start, min(bar.start + width, span.until)), most)
        elif bar.count:
            yield bar.start, bar.count
