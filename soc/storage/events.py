"""The event store port: what every engine answers, in one query language and one aggregation shape.

Engines: `soc.storage.memory` (reference, for tests), `soc.storage.tantivy_store` (embedded) and `soc.storage.elastic_store` (a
cluster). One contract suite runs over all of them.
Queries are Lucene text (`soc.storage.query`), "" for everything, or a condition (`soc.storage.conditions`). Every question takes a
Scope: the one gate for tenants and exercises. Windows are over `@timestamp`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

from soc.core.clock import Window
from soc.core.event import Event, Scalar
from soc.core.i18n import Message
from soc.core.scope import Scope
from soc.storage.conditions import Condition


class AppendStatus(StrEnum):
    """What became of one event of an append."""

    CREATED = "created"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"


@dataclass(frozen=True, slots=True)
class AppendResult:
    """`reason` is set for a rejected event only."""

    event_id: str
    status: AppendStatus
    reason: Message | None = None


@dataclass(frozen=True, slots=True)
class Search:
    """A page of events, newest first unless `ascending`.

    Attributes:
        window: None = all time.
        sort: field to sort by; ties are broken by `event.id`, so paging neither skips nor repeats.
        after: cursor of the previous page (`Page.next`), None for the first.
    """

    query: str | Condition
    scope: Scope
    window: Window | None = None
    sort: str = "@timestamp"
    ascending: bool = False
    size: int = 50
    after: str | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """`total` counts all hits, not only those of the page; `next` is None on the last page."""

    events: tuple[Event, ...]
    total: int
    next: str | None


@dataclass(frozen=True, slots=True)
class Bucket:
    """One bar of a histogram, [start, start + interval)."""

    start: datetime
    count: int


@dataclass(frozen=True, slots=True)
class TermCount:
    """One value of a field and how many events hold it."""

    value: Scalar
    count: int


@dataclass(frozen=True, slots=True)
class Terms:
    """The most frequent values of a field.

    Attributes:
        values: most frequent first, ties by value.
        other: events whose value is not among them.
        missing: events without the field.
    """

    values: tuple[TermCount, ...]
    other: int
    missing: int


@dataclass(frozen=True, slots=True)
class Stats:
    """Of a numeric or date field (dates in seconds of the epoch); all but `count` are None when nothing holds the field."""

    count: int
    minimum: float | None
    maximum: float | None
    total: float | None


@dataclass(frozen=True, slots=True)
class Health:
    """`oldest` and `newest` are event times of real and exercise data together."""

    engine: str
    ok: bool
    events: int
    oldest: datetime | None
    newest: datetime | None
    detail: Message


class EventStore(Protocol):
    """A store of events. Appends come from one writer process; readers may be many."""

    def acquire(self) -> None:
        """Become the writer where the engine knows but one; harmless when called again. Raises SetupError when it cannot be."""
        ...

    def append(self, events: Sequence[Event]) -> list[AppendResult]:
        """Keep new events, create-only; durable and visible to every later question when it returns.

        Returns one result per event in the same order; the second of two with one id in the same call is a duplicate.
        Raises EngineError when the engine cannot keep anything.
        """
        ...

    def rewrite(self, events: Sequence[Event]) -> set[str]:
        """Put events in the place of those kept under their ids, as a newer parser reads them; durable and visible when it returns.

        Killed in the middle, each event is the old or the new one, never both or none, once the writer is back. Returns the ids that
        were replaced: what is not kept, or could not be kept today, stays as it is. Raises EngineError.
        """
        ...

    def existing(self, ids: Sequence[str]) -> set[str]:
        """Those of the event ids that are in the store, whatever their agency: for the writer's own bookkeeping."""
        ...

    def search(self, search: Search) -> Page:
        """A page of events. Raises QueryError."""
        ...

    def scan(self, query: str | Condition, scope: Scope, window: Window | None = None) -> Iterator[Event]:
        """All hits, oldest first (ties by `event.id`), without a limit."""
        ...

    def get(self, event_id: str, scope: Scope) -> Event | None:
        """One event, None when absent or outside the scope."""
        ...

    def count(self, query: str | Condition, scope: Scope, window: Window | None = None) -> int:
        """How many events match, exactly."""
        ...

    def histogram(self, query: str | Condition, scope: Scope, window: Window, interval: timedelta) -> list[Bucket]:
        """Counts per interval over the whole window, empty bars included; bars start at `window.since`."""
        ...

    def terms(
        self, query: str | Condition, scope: Scope, field: str, size: int = 10, window: Window | None = None
    ) -> Terms:
        """Most frequent values of a field."""
        ...

    def cardinality(self, query: str | Condition, scope: Scope, field: str, window: Window | None = None) -> int:
        """How many different values a field holds."""
        ...

    def stats(self, query: str | Condition, scope: Scope, field: str, window: Window | None = None) -> Stats:
        """Count, minimum, maximum and sum of a numeric or date field."""
        ...

    def delete_before(self, moment: datetime, query: str | Condition = "") -> int:
        """Drop the events of whole UTC days that ended before `moment`, of whatever agency or exercise; returns how many went.

        Args:
            query: only those that match. Raises QueryError.
        """
        ...

    def tend(self) -> None:
        """The housekeeping that the engine needs now and then, by the writer."""
        ...

    def health(self) -> Health:
        """Whether it works and what it holds."""
        ...

    def close(self) -> None:
        """Release files and locks; safe to call twice."""
        ...
