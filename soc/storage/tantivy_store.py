"""The embedded event store: a tantivy index per UTC day, one writer process, readers in other processes.

An append is durable and visible when it returns; a process killed in the middle leaves every event whole or absent. Every read passes
`Compiler.question`, where the scope is applied. How events lie in an index: `soc.storage.tantivy.layout`.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from tantivy import DocAddress, Query

from soc.core.clock import Window
from soc.core.ecs import FieldType, field_type
from soc.core.errors import SetupError
from soc.core.event import Event, Scalar
from soc.core.i18n import Message, msg
from soc.core.scope import Scope
from soc.storage.admission import Admitted, sort_out
from soc.storage.conditions import Condition, Everything, Exists, Not
from soc.storage.events import AppendResult, AppendStatus, Bucket, Health, Page, Search, Stats, Terms
from soc.storage.figures import bars, filled, most_frequent, statistics
from soc.storage.paging import TIME, Place, check, cursor, page, place_of, refuse_text, refuse_unnumbered
from soc.storage.query import condition_of
from soc.storage.tantivy.compile import all_of
from soc.storage.tantivy.day import Reading
from soc.storage.tantivy.days import Days, day_name
from soc.storage.tantivy.faults import translated
from soc.storage.tantivy.lock import WriterLock
from soc.storage.tantivy.register import Register
from soc.storage.tantivy.writing import DayWriters
from soc.storage.values import Key, from_micros, micros

LOCK_FILE = "writer.lock"


class TantivyEventStore:
    """An `EventStore` in a folder; safe to share between threads.

    Args:
        root: folder of the store; the writer makes it. A reader may start first and sees nothing yet.
        writable: whether this process is the writer. The lock is taken by `acquire`, or else by the first append.
        open_days: most days held open for reading; a question over more days opens and closes them as it goes.
        open_writers: most days held open for writing.
    """

    def __init__(self, root: Path, writable: bool, *, open_days: int = 128, open_writers: int = 8) -> None:
        self._root = root
        self._writable = writable
        self._days = Days(root, open_days)
        self._register = Register(root)
        self._writers = DayWriters(self._days, self._register, open_writers)
        self._lock = WriterLock(root / LOCK_FILE)
        self._recovered = False
        self._writing = threading.RLock()

    def acquire(self) -> None:
        """Become the writer and repair what a killed one left; harmless when called again.

        Raises:
            SetupError: opened for reading only, the folder cannot be written, or another writer is at work.
        """
        if not self._writable:
            raise SetupError(
                msg("kho sự kiện được mở chỉ để đọc"),
                where=str(self._root),
                advice=msg("ghi qua tiến trình thu nhận, nơi mở kho để ghi"),
            )
        with self._writing:
            self._lock.take()
            if not self._recovered:
                self._writers.recover()
                self._recovered = True

    def append(self, events: Sequence[Event]) -> list[AppendResult]:
        """Keep new events. See `EventStore.append`; besides, raises SetupError as `acquire` does."""
        with self._writing:
            self.acquire()
            results, admitted = sort_out(events)
            known = self.existing([event.id for event in admitted.values()])
            self._writers.write(_by_day(event for event in admitted.values() if event.id not in known))
        for position, event in admitted.items():
            status = AppendStatus.DUPLICATE if event.id in known else AppendStatus.CREATED
            results[position] = AppendResult(event.id, status)
        return [result for result in results if result is not None]

    def rewrite(self, events: Sequence[Event]) -> set[str]:
        """Put events in the place of those kept under their ids. See `EventStore.rewrite`; raises SetupError as `acquire` does."""
        with self._writing:
            self.acquire()
            _, admitted = sort_out(events)
            known = self._day_of([event.id for event in admitted.values()])
            self._writers.rewrite(_by_day(event for event in admitted.values() if event.id in known), known)
        return set(known)

    def existing(self, ids: Sequence[str]) -> set[str]:
        """Those of the event ids that are kept, in whatever day."""
        return set(self._day_of(ids))

    def _day_of(self, ids: Sequence[str]) -> dict[str, str]:
        """Id -> its day, of those that are kept."""
        if not ids:
            return {}
        with translated(str(self._root)):
            days = self._register.days(ids)
        return {
            event_id: reading.name
            for reading in self._days.readings(days)
            for event_id, _ in reading.by_id(reading.compile.ids(ids))
        }

    def search(self, search: Search) -> Page:
        """A page of events. Raises QueryError."""
        check(search)
        after = cursor(search)
        asked = self._asked(search.query, search.scope, search.window)
        if search.sort == TIME:
            return page(search, self._by_time(search, after), sum(reading.count(query) for reading, query in asked))
        days = list(asked)
        return page(search, _by_field(days, search, after), sum(reading.count(query) for reading, query in days))

    def scan(self, query: str | Condition, scope: Scope, window: Window | None = None) -> Iterator[Event]:
        """All hits, oldest first; holds the addresses of one day and the events of one moment in memory."""
        condition_of(query)  # the caller learns of a bad query here, not at the first event
        return self._by_time(Search(query, scope, window, ascending=True), None)

    def get(self, event_id: str, scope: Scope) -> Event | None:
        """One event, None when absent or outside the scope."""
        with translated(str(self._root)):
            days = self._register.days([event_id])
        for reading in self._days.readings(days):
            gate = reading.question(Everything(), scope, None)
            for _, address in reading.by_id(all_of([gate, reading.compile.ids([event_id])])):
                return reading.event(address)
        return None

    def count(self, query: str | Condition, scope: Scope, window: Window | None = None) -> int:
        """How many events match, exactly."""
        return sum(reading.count(asked) for reading, asked in self._asked(query, scope, window))

    def histogram(self, query: str | Condition, scope: Scope, window: Window, interval: timedelta) -> list[Bucket]:
        """Counts per interval over the whole window."""
        empty = bars(window, interval)
        start, width = micros(window.since), interval // timedelta(microseconds=1)
        counts: dict[int, int] = {}
        for reading, asked in self._asked(query, scope, window):
            for position, hits in reading.histogram(asked, start, width).items():
                counts[position] = counts.get(position, 0) + hits
        return filled(empty, counts)

    def terms(
        self, query: str | Condition, scope: Scope, field: str, size: int = 10, window: Window | None = None
    ) -> Terms:
        """Most frequent values of a field, counted exactly."""
        refuse_text(field)
        counts: dict[Key, int] = {}
        spelling: dict[Key, Scalar] = {}
        for reading, asked in self._asked(query, scope, window):
            for at, shown, hits in reading.values(field, asked):
                counts[at] = counts.get(at, 0) + hits
                spelling[at] = min(spelling.get(at, shown), shown)
        top = most_frequent(counts, spelling, size)
        named = [at for at, _ in top]
        other = missing = 0
        for reading, asked in self._asked(query, scope, window):
            held = all_of([asked, reading.compile.condition(Exists(field))])
            with_field = reading.count(held)
            missing += reading.count(asked) - with_field
            other += with_field - (reading.count(all_of([held, reading.any_key(field, named)])) if named else 0)
        return Terms(tuple(term for _, term in top), other, missing)

    def cardinality(self, query: str | Condition, scope: Scope, field: str, window: Window | None = None) -> int:
        """How many different values a field holds, exactly."""
        refuse_text(field)
        asked = self._asked(query, scope, window)
        return len({at for reading, query_ in asked for at, _, _ in reading.values(field, query_)})

    def stats(self, query: str | Condition, scope: Scope, field: str, window: Window | None = None) -> Stats:
        """Count, minimum, maximum and sum of a numeric or date field."""
        refuse_unnumbered(field)
        counts: dict[int | float, int] = {}
        for reading, asked in self._asked(query, scope, window):
            for at, hits in _numbers(reading, field, asked):
                counts[at] = counts.get(at, 0) + hits
        return statistics(field, counts)

    def delete_before(self, moment: datetime, query: str | Condition = "") -> int:
        """Drop what matches of the UTC days that ended before `moment`; besides, raises SetupError as `acquire` does.

        A day that loses everything goes as a folder. Another is written anew with what stays, in one commit: a kill leaves it as it
        was, readers see it before or after, and nothing of what was dropped stays on the disk. A damaged day only goes as a whole.
        """
        condition = condition_of(query)
        with self._writing:
            self.acquire()
            past = [name for name in self._days.names() if name < day_name(moment)]
            if not isinstance(condition, Everything):
                return sum(self._writers.delete_from(day, condition) for day in past)
            gone = sum(len(reading) for reading in self._days.readings(past))
            if past:
                self._writers.delete(past)
        return gone

    def tend(self) -> None:
        """Nothing to do: merges run by themselves."""

    def health(self) -> Health:
        """What the store holds; not well when a day is damaged, or waits to be laid out anew by the writer."""
        names = self._days.names()
        readings = list(self._days.readings(names))
        edges = [edge for one in readings for newest in (False, True) if (edge := one.edge(newest=newest)) is not None]
        damaged = self._days.damaged()
        oldest, newest = (from_micros(min(edges)), from_micros(max(edges))) if edges else (None, None)
        held = sum(len(reading) for reading in readings)
        return Health("tantivy", not damaged, held, oldest, newest, _detail(len(readings), damaged))

    def close(self) -> None:
        """Wait for merges, release files and the lock; safe to call twice."""
        with self._writing:
            self._writers.close()
            self._days.close()
            self._lock.release()
            self._recovered = False

    def _asked(
        self, query: str | Condition, scope: Scope, window: Window | None, names: list[str] | None = None
    ) -> Iterator[tuple[Reading, Query]]:
        """Each day, oldest first where `names` gives no other order, with the question within the scope."""
        condition = condition_of(query)
        for reading in self._days.readings(self._days.names(window) if names is None else names):
            yield reading, reading.question(condition, scope, window)

    def _by_time(self, search: Search, after: Place | None) -> Iterator[Event]:
        names = self._days.names(search.window)
        place = None
        if after is not None and after.key is not None:
            place = (int(after.key), after.event_id)
            edge = day_name(from_micros(place[0]))
            names = [name for name in names if (name >= edge if search.ascending else name <= edge)]
        names = names if search.ascending else names[::-1]
        for reading, asked in self._asked(search.query, search.scope, search.window, names):
            yield from reading.by_time(asked, ascending=search.ascending, after=place)


def _by_day(events: Iterable[Admitted]) -> dict[str, list[Admitted]]:
    found: dict[str, list[Admitted]] = {}
    for event in events:
        found.setdefault(day_name(from_micros(event.micros)), []).append(event)
    return found


def _numbers(reading: Reading, field: str, asked: Query) -> Iterator[tuple[float, int]]:
    if field_type(field) is FieldType.KEYWORD:
        return reading.numbers(field, asked)
    return ((at, hits) for at, _, hits in reading.values(field, asked) if not isinstance(at, str))


def _by_field(asked: list[tuple[Reading, Query]], search: Search, after: Place | None) -> Iterator[Event]:
    """Hits by the keys of a field, then those without it; goes from key to key, so a page reads few events."""
    found = {at for reading, query in asked for at, _, _ in reading.values(search.sort, query)}
    for at in sorted(found, reverse=not search.ascending):
        if after is not None and (after.key is None or _is_past(at, after.key, search)):
            continue
        groups = [
            (reading, reading.by_id(all_of([query, reading.any_key(search.sort, [at])]))) for reading, query in asked
        ]
        yield from _with_key(groups, at, search, after)
    without = Not(Exists(search.sort))
    rest = [(reading, reading.by_id(all_of([query, reading.compile.condition(without)]))) for reading, query in asked]
    yield from _with_key(rest, None, search, after)


def _is_past(at: Key, edge: Key, search: Search) -> bool:
    return at < edge if search.ascending else at > edge  # type: ignore[operator]


def _with_key(
    groups: list[tuple[Reading, list[tuple[str, DocAddress]]]], at: Key | None, search: Search, after: Place | None
) -> Iterator[Event]:
    """The hits of several days by id; an event with several values stands only at the one it is sorted by."""
    first = after.event_id if after is not None and after.key == at else ""
    streams = [[(event_id, n, address) for event_id, address in hits] for n, (_, hits) in enumerate(groups)]
    for event_id, n, address in heapq.merge(*streams, key=lambda hit: hit[:2]):
        if event_id > first:
            event = groups[n][0].event(address)
            if place_of(event, search).key == at:
                yield event


def _detail(days: int, damaged: dict[str, str]) -> Message:
    if not damaged:
        return msg("{days} ngày, đọc được tất cả", days=days)
    listed = ", ".join(f"{name} ({reason[:80]})" for name, reason in damaged.items())
    return msg("{days} ngày đọc được; ngày hỏng hoặc chờ lập chỉ mục lại: {damaged}", days=days, damaged=listed)
