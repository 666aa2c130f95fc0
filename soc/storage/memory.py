"""The event store in memory: the reference for what a search means, for tests and for looks over a few events.

It evaluates the condition tree on each event in plain Python; the indexed stores must agree with it on every query.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from soc.core.clock import Window
from soc.core.ecs import FieldType, field_type
from soc.core.event import Event, Scalar, Value
from soc.core.i18n import msg
from soc.core.scope import Scope
from soc.storage.admission import sort_out
from soc.storage.conditions import (
    AllOf,
    Altered,
    AnyOf,
    Between,
    Condition,
    Equals,
    Everything,
    Exists,
    Like,
    Not,
    Pattern,
    Wild,
    Words,
)
from soc.storage.events import AppendResult, AppendStatus, Bucket, Health, Page, Search, Stats, Terms
from soc.storage.figures import bars, filled, most_frequent, statistics, tally
from soc.storage.paging import Place, check, cursor, page, place_of, refuse_text, refuse_unnumbered
from soc.storage.query import condition_of
from soc.storage.values import (
    TEXT_FIELDS,
    Key,
    altered_fields,
    fold,
    hot_texts,
    is_altered,
    key,
    keys,
    numbers,
    text_form,
    values,
    words,
)

_WILD = {Wild.ANY: ".*", Wild.ONE: "."}


def matches(condition: Condition, fields: Mapping[str, Value]) -> bool:
    """Whether an event with these fields answers the condition."""
    match condition:
        case Everything() | Altered():
            return isinstance(condition, Everything) or _is_altered(condition, fields)
        case Not():
            return not matches(condition.part, fields)
        case AllOf():
            return all(matches(part, fields) for part in condition.parts)
        case AnyOf():
            return any(matches(part, fields) for part in condition.parts)
        case Words():
            return any(_in_a_row(condition.patterns, held) for held in _running_words(condition.field, fields))
        case _:
            return _field_matches(condition, values(fields.get(condition.field)))


def _is_altered(condition: Altered, fields: Mapping[str, Value]) -> bool:
    if condition.field is None:
        return bool(altered_fields(fields))
    return condition.field in fields and is_altered(condition.field, fields[condition.field])


def _field_matches(condition: Exists | Equals | Like | Between, held: Sequence[Scalar]) -> bool:
    kind = field_type(condition.field)
    match condition:
        case Exists():
            return bool(held)
        case Equals():
            return any(key(kind, one) == condition.key for one in held)
        case Like():
            return any(_covers(condition.pattern, _like_text(kind, one)) for one in held)
        case Between(numeric=True):
            return any(_within(condition, at) for at in numbers(condition.field, list(held)))
        case Between():
            return any(_within(condition, key(kind, one)) for one in held)


def _like_text(kind: FieldType, value: Scalar) -> str:
    return str(key(kind, value)) if kind is FieldType.KEYWORD else fold(text_form(value))


def _within(span: Between, at: Key) -> bool:
    if span.low is not None and (at < span.low or (at == span.low and not span.include_low)):  # type: ignore[operator]
        return False
    return span.high is None or at < span.high or (at == span.high and span.include_high)  # type: ignore[operator]


def _covers(pattern: Pattern, text: str) -> bool:
    expression = "".join(_WILD[part] if isinstance(part, Wild) else re.escape(part) for part in pattern)
    return re.fullmatch(expression, text, re.DOTALL) is not None


def _running_words(field: str | None, fields: Mapping[str, Value]) -> Iterator[list[str]]:
    for name in TEXT_FIELDS if field is None else (field,):
        for one in values(fields.get(name)):
            yield words(text_form(one))
    if field is None:
        yield from map(words, hot_texts(fields))


def _in_a_row(patterns: Sequence[Pattern], held: Sequence[str]) -> bool:
    starts = range(len(held) - len(patterns) + 1)
    return any(all(_covers(one, held[start + i]) for i, one in enumerate(patterns)) for start in starts)


class MemoryEventStore:
    """An `EventStore` that forgets everything when it goes; safe to share between threads."""

    def __init__(self) -> None:
        self._events: dict[str, Event] = {}
        self._lock = threading.Lock()

    def acquire(self) -> None:
        """Nothing to take: nobody else can reach it."""

    def append(self, events: Sequence[Event]) -> list[AppendResult]:
        """Keep new events. See `EventStore.append`."""
        results, admitted = sort_out(events)
        with self._lock:
            for position, verdict in admitted.items():
                known = verdict.id in self._events
                results[position] = AppendResult(verdict.id, AppendStatus.DUPLICATE if known else AppendStatus.CREATED)
                if not known:
                    self._events[verdict.id] = Event.from_json(verdict.raw)
        return [result for result in results if result is not None]

    def rewrite(self, events: Sequence[Event]) -> set[str]:
        """Put events in the place of those kept under their ids."""
        _, admitted = sort_out(events)
        with self._lock:
            kept = {one.id: Event.from_json(one.raw) for one in admitted.values() if one.id in self._events}
            self._events.update(kept)
        return set(kept)

    def existing(self, ids: Sequence[str]) -> set[str]:
        """Those of the ids that are kept."""
        with self._lock:
            return {event_id for event_id in ids if event_id in self._events}

    def search(self, search: Search) -> Page:
        """A page of events. Raises QueryError."""
        check(search)
        after = cursor(search)
        hits = self._hits(search.query, search.scope, search.window)
        ordered = _ordered(hits, search)
        if after is not None:
            rank = _rank(search)
            ordered = [event for event in ordered if rank(place_of(event, search)) > rank(after)]
        return page(search, iter(ordered), len(hits))

    def scan(self, query: str | Condition, scope: Scope, window: Window | None = None) -> Iterator[Event]:
        """All hits, oldest first."""
        hits = self._hits(query, scope, window)
        return iter(_ordered(hits, Search(query, scope, ascending=True)))

    def get(self, event_id: str, scope: Scope) -> Event | None:
        """One event, None when absent or outside the scope."""
        with self._lock:
            event = self._events.get(event_id)
        return event if event is not None and scope.sees(event.agency, event.exercise) else None

    def count(self, query: str | Condition, scope: Scope, window: Window | None = None) -> int:
        """How many events match."""
        return len(self._hits(query, scope, window))

    def histogram(self, query: str | Condition, scope: Scope, window: Window, interval: timedelta) -> list[Bucket]:
        """Counts per interval over the whole window."""
        empty = bars(window, interval)
        hits = self._hits(query, scope, window)
        places = tally([(event.timestamp - window.since) // interval] for event in hits)
        return filled(empty, {int(at): count for at, count in places.items()})

    def terms(
        self, query: str | Condition, scope: Scope, field: str, size: int = 10, window: Window | None = None
    ) -> Terms:
        """Most frequent values of a field."""
        refuse_text(field)
        held = [keys(field, event.fields.get(field)) for event in self._hits(query, scope, window)]
        spelling: dict[Key, Scalar] = {}
        for one in held:
            for at, shown in one.items():
                spelling[at] = min(spelling.get(at, shown), shown)
        top = most_frequent(tally(held), spelling, size)
        named = {at for at, _ in top}
        other = sum(1 for one in held if one and not named.intersection(one))
        return Terms(tuple(term for _, term in top), other, sum(1 for one in held if not one))

    def cardinality(self, query: str | Condition, scope: Scope, field: str, window: Window | None = None) -> int:
        """How many different values a field holds."""
        refuse_text(field)
        hits = self._hits(query, scope, window)
        return len(tally(keys(field, event.fields.get(field)) for event in hits))

    def stats(self, query: str | Condition, scope: Scope, field: str, window: Window | None = None) -> Stats:
        """Count, minimum, maximum and sum of a numeric or date field."""
        refuse_unnumbered(field)
        hits = self._hits(query, scope, window)
        counts = tally(numbers(field, event.fields.get(field)) for event in hits)
        return statistics(field, {at: count for at, count in counts.items() if not isinstance(at, str)})

    def delete_before(self, moment: datetime, query: str | Condition = "") -> int:
        """Drop what matches of the UTC days that ended before `moment`."""
        condition, today = condition_of(query), moment.astimezone(UTC).date()
        with self._lock:
            past = [event for event in self._events.values() if event.timestamp.date() < today]
            gone = [event.id for event in past if matches(condition, event.fields)]
            for event_id in gone:
                del self._events[event_id]
        return len(gone)

    def tend(self) -> None:
        """Nothing to do."""

    def health(self) -> Health:
        """Always well."""
        with self._lock:
            moments = sorted(event.timestamp for event in self._events.values())
        oldest, newest = (moments[0], moments[-1]) if moments else (None, None)
        return Health("memory", True, len(moments), oldest, newest, msg("kho trong bộ nhớ, mất khi dừng"))

    def close(self) -> None:
        """Nothing to release."""

    def _hits(self, query: str | Condition, scope: Scope, window: Window | None) -> list[Event]:
        condition = condition_of(query)
        with self._lock:
            held = list(self._events.values())
        return [event for event in held if _in_question(event, scope, window) and matches(condition, event.fields)]


def _in_question(event: Event, scope: Scope, window: Window | None) -> bool:
    return scope.sees(event.agency, event.exercise) and (window is None or event.timestamp in window)


def _ordered(hits: Sequence[Event], search: Search) -> list[Event]:
    rank = _rank(search)
    return sorted(hits, key=lambda event: rank(place_of(event, search)))


class _Descending:
    """Turns the order of a key around, which text has no minus for."""

    def __init__(self, at: Key) -> None:
        self.at = at

    def __lt__(self, other: _Descending) -> bool:
        return other.at < self.at  # type: ignore[operator]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Descending) and other.at == self.at

    __hash__ = None  # type: ignore[assignment]


def _rank(search: Search) -> Callable[[Place], tuple[bool, object, str]]:
    """Sorts places: by key in the asked direction, those without one last, then by id."""

    def rank(place: Place) -> tuple[bool, object, str]:
        if place.key is None:
            return True, "", place.event_id
        return False, place.key if search.ascending else _Descending(place.key), place.event_id

    return rank
