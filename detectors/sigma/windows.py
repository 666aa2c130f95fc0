"""The window of one group of one correlation: its entries in order of time, and at which moments the correlation holds.

A correlation holds *at a moment* when its condition is true for the entries of the span that ends there, both ends included. For an
entry that comes in order this costs the same however full the window is; a late one costs as many steps as it is late.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain

from detectors.sigma.measure import Entry, Gauge

Key = tuple[object, ...]
"""Values that keep groups apart: marks first, then those of `group-by`."""
_SMALL = 64
"""Entries below which old ones are not worth a look."""


class Window:
    """Entries of one group.

    Attributes:
        key: of the group.
        entries: in order of time, those of one instant in order of arrival.
        group: name in `group-by` -> value, once asked for.
        held: moments at which the correlation holds, with the entry that stands for the moment.
        latest: time of the last arrival.
        reported: moment of the last firing that was news.
        turn, now, received: of the stream at the last arrival.
        trim_at: number of entries at which old ones are worth a look.
    """

    __slots__ = (
        "_end", "_gauge", "_make", "_span", "_start",
        "entries", "group", "held", "key", "latest", "now", "received", "reported", "trim_at", "turn",
    )  # fmt: skip

    def __init__(self, key: Key, span_us: int, make: Callable[[], Gauge]) -> None:
        self.key, self._span, self._make = key, span_us, make
        self.group: Mapping[str, object] | None = None
        self.entries: list[Entry] = []
        self.held: dict[int, Entry] = {}
        self.latest: int | None = None
        self.reported: int | None = None
        self.turn = self.now = 0
        self.received = ""
        self._gauge = make()
        self._start = self._end = 0
        self.trim_at = _SMALL

    def push(self, entry: Entry) -> bool | None:
        """Put in an entry that is no older than the others; whether the correlation holds at its moment, or None for one that is older."""
        entries, time = self.entries, entry[0]
        if entries and time < entries[-1][0]:
            return None
        if self._end != len(entries):
            self._seek(self._begin(entries[-1].time), len(entries))
        gauge, since = self._gauge, time - self._span
        entries.append(entry)
        gauge.add(entry)
        self._end += 1
        while entries[self._start][0] < since:
            gauge.drop(entries[self._start])
            self._start += 1
        return gauge.holds(since)

    def insert(self, entry: Entry) -> None:
        """Put in an entry where it belongs; `judge` tells what follows from it."""
        index = bisect_left(self.entries, (entry.time + 1,))
        self.entries.insert(index, entry)
        if index >= self._end:
            return
        self._end += 1
        if index < self._start:
            self._start += 1
        elif self._gauge.reversible:
            self._gauge.add(entry)
        else:
            self._reset()

    def remove(self, entry: Entry) -> bool:
        """Take out an entry like this one; whether there was one."""
        first = bisect_left(self.entries, (entry.time,))
        last = bisect_left(self.entries, (entry.time + 1,))
        index = next((at for at in range(first, last) if self.entries[at] == entry), None)
        if index is None:
            return False
        del self.entries[index]
        if index < self._end:
            self._end -= 1
            if index < self._start:
                self._start -= 1
            elif self._gauge.reversible:
                self._gauge.drop(entry)
            else:
                self._reset()
        return True

    def judge(self, low: int, high: int) -> Iterator[tuple[Entry, bool]]:
        """The moments from `low` to `high` (first entry of each) and whether the correlation holds there."""
        index = bisect_left(self.entries, (low,))
        while index < len(self.entries) and self.entries[index].time <= high:
            first = self.entries[index]
            index = bisect_left(self.entries, (first.time + 1,), index)
            self._seek(self._begin(first.time), index)
            yield first, self._gauge.holds(first.time - self._span)

    def measured_at(self, moment: int) -> float:
        """The number that the condition is about."""
        entries, end = self.entries, self._end
        if end != len(entries) or entries[-1].time != moment:
            self._seek(self._begin(moment), bisect_left(entries, (moment + 1,)))
        return self._gauge.measured(moment - self._span)

    def span_at(self, moment: int) -> Sequence[Entry]:
        """The entries of the span that ends at `moment`."""
        return self.entries[self._begin(moment) : bisect_left(self.entries, (moment + 1,))]

    def first_at(self, moment: int) -> Entry:
        """The first entry of an instant."""
        return self.entries[bisect_left(self.entries, (moment,))]

    def trim(self, horizon: int, most: int) -> tuple[int, int]:
        """Forget what is older than `horizon`, and beyond `most` the oldest; how many were old, and how many too many.

        To be called when there are `trim_at` entries: they double from call to call, so that it costs nothing per entry.
        """
        count = len(self.entries)
        old = bisect_left(self.entries, (horizon,))
        # an eighth at once; an instant goes as a whole
        cut = max(old, count - most + most // 8 if count > most else 0)
        if cut > old:
            whole = bisect_left(self.entries, (self.entries[cut - 1].time + 1,))
            cut = whole if whole < count else cut
        self._forget(cut)
        self.trim_at = max(_SMALL, min(2 * len(self.entries), most + 1))
        return min(old, cut), max(0, cut - old)

    def _forget(self, cut: int) -> None:
        if not cut:
            return
        if self._gauge.reversible or cut <= self._start:
            for entry in self.entries[self._start : min(cut, self._end)]:
                self._gauge.drop(entry)
            self._start, self._end = max(0, self._start - cut), max(0, self._end - cut)
        else:
            self._reset()
        del self.entries[:cut]
        first = self.entries[0].time
        self.held = {moment: entry for moment, entry in self.held.items() if moment >= first}

    def _begin(self, moment: int) -> int:
        return bisect_left(self.entries, (moment - self._span,))

    def _seek(self, start: int, end: int) -> None:
        """Let the gauge measure the entries from `start` to `end`."""
        forwards = start >= self._start and end >= self._end
        if start >= self._end or end <= self._start or not (forwards or self._gauge.reversible):
            self._reset()
            self._start = self._end = start
        entries, gauge = self.entries, self._gauge
        for entry in chain(entries[start : self._start], entries[self._end : end]):
            gauge.add(entry)
        for entry in chain(entries[self._start : start], entries[end : self._end]):
            gauge.drop(entry)
        self._start, self._end = start, end

    def _reset(self) -> None:
        self._gauge = self._make()
        self._start = self._end = 0
