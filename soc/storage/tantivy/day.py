"""The index of one UTC day, and one reading of it: everything asked of a reading sees the same commit."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import tantivy
from tantivy import DocAddress, Order, Query

from soc.core.clock import Window
from soc.core.ecs import TYPES
from soc.core.event import Event, Scalar
from soc.core.ids import digest
from soc.core.scope import Scope
from soc.storage.conditions import Condition
from soc.storage.tantivy.compile import Compiler, all_of, any_of
from soc.storage.tantivy.faults import translated
from soc.storage.tantivy.layout import VERSION, read_term
from soc.storage.terms import NUL, label, read_number
from soc.storage.values import HOT_FIELDS, Key

LAYOUT_FILE = "layout"
_CHUNK = 4096
_MICROS_MAX = 2**62


def layout_id() -> str:
    """Names the layout and the field types that an index was made with."""
    types = (part for name, kind in sorted(TYPES.items()) for part in (name, kind.value))
    return digest(VERSION, *types, *HOT_FIELDS)


class Day:
    """An open index; reopens its view when another process has committed.

    Raises:
        ValueError, OSError, or a panic of the engine: the folder holds no whole index.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._index = tantivy.Index.open(str(folder))
        self._index.config_reader("manual")  # else every open index has a thread that polls its folder
        self._commit = b""

    def reading(self) -> Reading:
        """The day as of its last commit."""
        commit = (self.folder / "meta.json").read_bytes()
        if commit != self._commit:
            self._index.reload()
            self._commit = commit
        return Reading(self.folder.name, self._index.schema, self._index.searcher())


class Reading:
    """One commit of a day. Every method raises EngineError, naming the day, when the index turns out to be damaged."""

    def __init__(self, name: str, schema: tantivy.Schema, searcher: tantivy.Searcher) -> None:
        self.name = name
        self.compile = Compiler(schema, searcher)
        self._searcher = searcher

    def __len__(self) -> int:
        return self._searcher.num_docs

    def question(self, condition: Condition, scope: Scope, window: Window | None) -> Query:
        """See `Compiler.question`."""
        with translated(self.name):
            return self.compile.question(condition, scope, window)

    def question_of_all(self, condition: Condition) -> Query:
        """The condition without scope or window: for the writer's own housekeeping."""
        with translated(self.name):
            return self.compile.condition(condition)

    def any_key(self, field: str, keys: Sequence[Key]) -> Query:
        """Events that hold one of the keys, at least one, in a field."""
        with translated(self.name):
            return any_of(self.compile.equals(field, at) for at in keys)

    def count(self, query: Query) -> int:
        """How many events answer, exactly."""
        with translated(self.name):
            found: int = self._searcher.search(query, limit=1, count=True).count  # type: ignore[attr-defined]
        return found

    def event(self, address: DocAddress) -> Event:
        """The stored event."""
        with translated(self.name):
            return Event.from_json(self._searcher.doc(address).get_first("raw"))  # type: ignore[arg-type]

    def by_id(self, query: Query) -> list[tuple[str, DocAddress]]:
        """All hits by rising id."""
        return self._sorted(query, "id", max(len(self), 1), ascending=True)

    def ids(self) -> list[str]:
        """All ids, rising."""
        return [event_id for event_id, _ in self.by_id(Query.all_query())]

    def everything(self) -> Iterator[Event]:
        """All events, whatever their scope, by time."""
        return self.by_time(Query.all_query(), ascending=True)

    def edge(self, *, newest: bool) -> int | None:
        """Microseconds of the newest or oldest event."""
        hits = self._sorted(Query.all_query(), "ts", 1, ascending=not newest)
        return hits[0][0] if hits else None

    def by_time(self, query: Query, *, ascending: bool, after: tuple[int, str] | None = None) -> Iterator[Event]:
        """Hits by time, ties by rising id, from the place after (microseconds, id) on."""
        edge = None if after is None else after[0]
        if after is not None:
            yield from self._at(query, after[0], after[1])
        while True:
            hits = self._sorted(self._beyond(query, edge, ascending=ascending), "ts", _CHUNK, ascending=ascending)
            cut = hits[-1][0] if len(hits) == _CHUNK else None
            for moment, group in groupby(hits, key=itemgetter(0)):
                if moment != cut:
                    yield from sorted((self.event(address) for _, address in group), key=lambda event: event.id)
            if cut is None:
                return
            yield from self._at(query, cut, "")  # the chunk may end in the middle of one moment
            edge = cut

    def _at(self, query: Query, moment: int, after_id: str) -> Iterator[Event]:
        group = self.by_id(all_of([query, self.compile.moments(moment, moment)]))
        return (self.event(address) for event_id, address in group if event_id > after_id)

    def _beyond(self, query: Query, edge: int | None, *, ascending: bool) -> Query:
        if edge is None:
            return query
        span = (edge + 1, _MICROS_MAX) if ascending else (-_MICROS_MAX, edge - 1)
        return all_of([query, self.compile.moments(*span)])

    def _sorted(self, query: Query, field: str, limit: int, *, ascending: bool) -> list[tuple[Any, DocAddress]]:
        order = Order.Asc if ascending else Order.Desc
        with translated(self.name):
            return self._searcher.search(query, limit=limit, count=False, order_by_field=field, order=order).hits

    def values(self, field: str, query: Query) -> Iterator[tuple[Key, Scalar, int]]:
        """Key, spelling and number of hits of every value of a field among the hits, by rising key."""
        for term, hits in self._terms(f"{label(field)}{NUL}", query):
            at, spelling = read_term(field, term)
            yield at, spelling, hits

    def numbers(self, field: str, query: Query) -> Iterator[tuple[float, int]]:
        """Number and how many hits hold it, of the numeric values of a keyword field."""
        for term, hits in self._terms(f"#{label(field)}{NUL}", query):
            yield read_number(term), hits

    def _terms(self, prefix: str, query: Query) -> list[tuple[str, int]]:
        with translated(self.name):
            return self._searcher.terms_with_prefix("kv", prefix, filter_query=query)

    def histogram(self, query: Query, start: int, interval: int) -> dict[int, int]:
        """Position of the bar -> hits; bars of `interval` microseconds are counted from `start`.

        The engine computes with doubles, which hold microseconds of the epoch exactly until the year 2255.
        """
        shape = {"bars": {"histogram": {"field": "ts", "interval": interval, "offset": start % interval}}}
        with translated(self.name):
            found = self._searcher.aggregate(query, shape)["bars"]["buckets"]
        return {(int(bar["key"]) - start) // interval: bar["doc_count"] for bar in found if bar["doc_count"]}
