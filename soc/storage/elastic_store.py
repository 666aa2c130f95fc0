"""The event store over an Elasticsearch cluster.

Create-only: an event has one `_id` over all indices, whatever day it belongs to and however often it is delivered. An append is in the
translog of the cluster when it returns; each question refreshes first, which costs next to nothing where nothing is new, so that it sees
everything appended before. Every read passes `compile.question`, where the scope is applied. How a document looks:
`soc.storage.elastic.layout`.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, time, timedelta
from itertools import islice
from typing import Any

from elasticsearch import BadRequestError, Elasticsearch, NotFoundError

from soc.core.clock import Window
from soc.core.ecs import FieldType, field_type
from soc.core.event import Event
from soc.core.i18n import Message, msg
from soc.core.scope import Scope
from soc.storage.admission import Admitted, sort_out
from soc.storage.conditions import EVERYTHING, AllOf, AnyOf, Condition, Like, Not, Words
from soc.storage.elastic import counting
from soc.storage.elastic.compile import (
    Query,
    all_of,
    any_of,
    clause,
    equals,
    exists,
    groups,
    loose,
    none_of,
    question,
    weight,
)
from soc.storage.elastic.faults import answering
from soc.storage.elastic.indices import Indices
from soc.storage.elastic.layout import TIME, column, document, document_id, plain_address, prefix, read
from soc.storage.elastic.names import Names
from soc.storage.elastic.writing import BulkWriter, Item
from soc.storage.events import AppendResult, AppendStatus, Bucket, Health, Page, Search, Stats, Terms
from soc.storage.figures import bars, filled, statistics
from soc.storage.memory import matches
from soc.storage.paging import TIME as TIME_FIELD
from soc.storage.paging import Place, check, cursor, page, refuse_text, refuse_unnumbered
from soc.storage.query import parse
from soc.storage.values import from_micros, micros

PAGE = 2000
"""Events of one answer of a scan."""
KEEP_ALIVE = "5m"
"""How long the cluster keeps a scan's view of the data while nobody asks for the next page."""
MOST_WEIGHT = 2000
"""Characters of patterns with wildcards in one request: more of them have brought a node of 1 GB down."""
TOO_LARGE = ("too_complex", "Determinizing automaton", "too_many", "maxClauseCount")
"""What is in the answer when a pattern is larger than the engine's limits."""
NO_INDEX: dict[str, Any] = {
    "buckets": [],
    "doc_count": 0,
    "sum_other_doc_count": 0,
    "doc_count_error_upper_bound": 0,
}
"""What every aggregation comes to before there is an index."""
UNSEEN = 50_000
"""Ids kept in memory between two refreshes."""
LOOK_UP = 10_000


class ElasticEventStore:
    """An `EventStore` in a cluster; safe to share between threads.

    Args:
        client: from `soc.storage.elastic.client.connect`; closed with the store.
        where: address of the cluster for messages.
        level_of: security level (1-5) of the system that an event comes from, which decides the index and how long it is kept.
        wait: see `BulkWriter`.
        retried: see `BulkWriter`.
    """

    def __init__(
        self,
        client: Elasticsearch,
        names: Names,
        *,
        where: str,
        level_of: Callable[[Event], int],
        wait: Callable[[float], bool],
        retried: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._client, self._names, self._where, self._level_of = client, names, where, level_of
        self._indices = Indices(client, names)
        self._bulk = BulkWriter(client, where, wait, retried)
        self._unseen: set[str] = set()  # ids sent since the last refresh
        self._refreshed = False
        self._noting = threading.Lock()
        self._absent: set[str] = set()
        self._writing = threading.RLock()

    # writing

    def acquire(self) -> None:
        """Nothing to take: ids keep two writers from doubling an event."""

    def append(self, events: Sequence[Event]) -> list[AppendResult]:
        """Keep new events. See `EventStore.append`."""
        results, admitted = sort_out(events)
        with self._writing, answering(self._where):
            ids = [event.id for event in admitted.values()]
            known = self._known([event_id for event_id in ids if event_id not in self._absent])
            new = {position: event for position, event in admitted.items() if event.id not in known}
            refused = self._create(new, events)
        for position, event in admitted.items():
            reason = refused.get(position)
            status = AppendStatus.DUPLICATE if event.id in known else AppendStatus.CREATED
            results[position] = AppendResult(event.id, AppendStatus.REJECTED if reason else status, reason)
        return [result for result in results if result is not None]

    def _create(self, new: Mapping[int, Admitted], events: Sequence[Event]) -> dict[int, Message]:
        """Write what is not there yet; gives position -> reason of what was refused. A conflict is our own earlier try."""
        items = (
            Item(position, document_id(event.id), self._alias(events[position]), document(event))
            for position, event in new.items()
        )
        try:
            verdicts = self._bulk.create(items) if new else []
        except BaseException:
            self._indices.forget()
            raise
        finally:
            self._absent.clear()
            self._note_sent(event.id for event in new.values())
        return {verdict.position: verdict.reason for verdict in verdicts if verdict.reason is not None}

    def rewrite(self, events: Sequence[Event]) -> set[str]:
        """Put events in the place of those kept under their ids, each in the index where it stands. See `EventStore.rewrite`."""
        _, admitted = sort_out(events)
        with self._writing, answering(self._where):
            self._refresh()
            where = self._index_of([event.id for event in admitted.values()])
            kept = {position: event for position, event in admitted.items() if event.id in where}
            items = [
                Item(position, document_id(event.id), where[event.id], document(event), anew=True)
                for position, event in kept.items()
            ]
            refused = {one.position for one in self._bulk.create(items) if one.reason is not None}
            self._note_sent(event.id for event in kept.values())
        return {event.id for position, event in kept.items() if position not in refused}

    def _index_of(self, ids: Sequence[str]) -> dict[str, str]:
        """Id -> the index it stands in, of those that are kept."""
        by_document = {document_id(event_id): event_id for event_id in ids}
        listed = list(by_document)
        found: dict[str, str] = {}
        for first in range(0, len(listed), LOOK_UP):
            part = listed[first : first + LOOK_UP]
            answer = self._search({"ids": {"values": part}}, size=len(part), _source=False, track_total_hits=False)
            found.update((by_document[hit["_id"]], hit["_index"]) for hit in answer["hits"]["hits"])
        return found

    def _alias(self, event: Event) -> str:
        level = self._level_of(event)
        self._indices.ensure(level)
        return self._names.writing(level)

    def _note_sent(self, ids: Iterable[str]) -> None:
        """Remember what a search may not see yet."""
        with self._noting:
            self._unseen.update(ids)

    def existing(self, ids: Sequence[str]) -> set[str]:
        """Those of the event ids that are kept, in whatever index."""
        with self._writing, answering(self._where):
            found = self._known(ids)
            self._absent = set(ids) - found
        return found

    def _known(self, ids: Sequence[str]) -> set[str]:
        if not self._refreshed or len(self._unseen) > UNSEEN or not self._unseen.isdisjoint(ids):
            self._refresh()  # what was sent a moment ago, or by the process before this one, a search may not see yet
        return set(self._index_of(ids))

    def _refresh(self) -> None:
        """Make everything visible that was sent until now; what another thread sends meanwhile stays noted."""
        with self._noting:
            sent = frozenset(self._unseen)
        self._client.indices.refresh(index=self._names.reading, ignore_unavailable=True, allow_no_indices=True)
        with self._noting:
            self._unseen -= sent
            self._refreshed = True

    # reading

    def search(self, search: Search) -> Page:
        """A page of events. Raises QueryError."""
        check(search)
        after = cursor(search)
        with self._asking(search.query, search.scope, search.window) as query:
            found = islice(self._sorted(query, search, after), search.size + 1)
            return page(search, found, self._count(query))

    def _sorted(self, query: Query, search: Search, after: Place | None) -> Iterator[Event]:
        """Hits in order: those with the sort field by its keys, then those without by id."""
        held = exists(search.sort)
        if after is None or after.key is not None:
            begin = None if after is None else [sort_value(search.sort, after), after.event_id]
            order = [sort_order(search.sort, ascending=search.ascending), {"event.id": "asc"}]
            yield from self._paged(all_of([query, held]), order, begin, search.size + 1)
        if search.sort == TIME_FIELD:
            return  # no event is without it
        start = [after.event_id] if after is not None and after.key is None else None
        yield from self._paged(all_of([query, none_of(held)]), [{"event.id": "asc"}], start, search.size + 1)

    def _paged(
        self, query: Query, order: list[dict[str, str]], after: list[Any] | None, size: int, **more: Any
    ) -> Iterator[Event]:
        """Hits page by page, each page asked for when the one before is used up."""
        size = min(size, 10_000)
        while True:
            places = {} if after is None else {"search_after": after}
            answer = self._search(query, size=size, sort=order, track_total_hits=False, **places, **more)
            hits = answer["hits"]["hits"]
            yield from (read(hit["_source"]) for hit in hits)
            if len(hits) < size:
                return
            after = hits[-1]["sort"]

    def scan(self, query: str | Condition, scope: Scope, window: Window | None = None) -> Iterator[Event]:
        """All hits, oldest first, as of the moment of asking; holds one page in memory."""
        asked = self._question(query, scope, window)  # the caller learns of a bad query here, not at the first event
        return self._scan(asked)

    def _scan(self, query: Query, **more: Any) -> Iterator[Event]:
        with answering(self._where):
            try:
                opened = self._client.open_point_in_time(index=self._names.reading, keep_alive=KEEP_ALIVE)
            except NotFoundError:
                return
            pit = {"id": opened["id"], "keep_alive": KEEP_ALIVE}
            try:
                yield from self._paged(query, [{TIME: "asc"}, {"event.id": "asc"}], None, PAGE, pit=pit, **more)
            finally:
                self._client.options(ignore_status=404).close_point_in_time(id=pit["id"])

    def get(self, event_id: str, scope: Scope) -> Event | None:
        """One event, None when absent or outside the scope."""
        with self._asking("", scope, None) as query:
            asked = all_of([query, {"ids": {"values": [document_id(event_id)]}}])
            hits = self._search(asked, size=1)["hits"]["hits"]
        return read(hits[0]["_source"]) if hits else None

    def count(self, query: str | Condition, scope: Scope, window: Window | None = None) -> int:
        """How many events match, exactly."""
        with self._asking(query, scope, window) as asked:
            return self._count(asked)

    def histogram(self, query: str | Condition, scope: Scope, window: Window, interval: timedelta) -> list[Bucket]:
        """Counts per interval over the whole window."""
        empty = bars(window, interval)
        if not empty:
            return []
        start, width = micros(window.since), interval // timedelta(microseconds=1)
        bar = {"field": TIME, "interval": width, "offset": start % width, "min_doc_count": 1}
        with self._asking(query, scope, window) as asked:
            found = self._aggregations(asked, {"a": {"histogram": bar}})["a"]["buckets"]
        return filled(empty, {round((one["key"] - start) / width): one["doc_count"] for one in found})

    def terms(
        self, query: str | Condition, scope: Scope, field: str, size: int = 10, window: Window | None = None
    ) -> Terms:
        """Most frequent values of a field, counted exactly."""
        refuse_text(field)
        with self._asking(query, scope, window) as asked:
            top = counting.most_frequent(self._aggregations, asked, counting.keys_of(field), size)
            shown = counting.spellings(self._aggregations, asked, field, top)
            named = [equals(field, at) for at, _ in top]
            rest = self._aggregations(
                asked,
                {
                    "other": {"filter": {"bool": {"filter": [exists(field)], "must_not": named}}},
                    "missing": {"filter": none_of(exists(field))},
                },
            )
        values = counting.term_counts(top, shown)
        return Terms(values, rest["other"]["doc_count"], rest["missing"]["doc_count"])

    def cardinality(self, query: str | Condition, scope: Scope, field: str, window: Window | None = None) -> int:
        """How many different values a field holds, exactly."""
        refuse_text(field)
        with self._asking(query, scope, window) as asked:
            return sum(1 for _ in counting.every(self._aggregations, asked, counting.keys_of(field)))

    def stats(self, query: str | Condition, scope: Scope, field: str, window: Window | None = None) -> Stats:
        """Count, minimum, maximum and sum of a numeric or date field."""
        refuse_unnumbered(field)
        with self._asking(query, scope, window) as asked:
            found = dict(counting.every(self._aggregations, asked, counting.numbers_of(field)))
        return statistics(field, {at: count for at, count in found.items() if not isinstance(at, str)})

    # keeping house

    def delete_before(self, moment: datetime, query: str | Condition = "") -> int:
        """Drop whole UTC days that ended before `moment`: indices that hold nothing else as a whole, the rest event by event."""
        edge = micros(datetime.combine(moment.astimezone(UTC).date(), time(), UTC))
        gone = 0
        with self._writing, answering(self._where):
            self._refresh()
            if query == "":
                for index, events in self._indices.ended_before(edge):
                    self._indices.drop(index)
                    gone += events
            old = all_of([{"range": {TIME: {"lt": edge}}}, clause(_parsed(query), self._settle)])
            done = self._client.options(request_timeout=3600).delete_by_query(
                index=self._names.reading, query=old, conflicts="proceed", refresh=True, ignore_unavailable=True
            )
        return gone + int(done["deleted"])

    def tend(self) -> None:
        """Begin new indices where those written into are full."""
        with self._writing, answering(self._where):
            self._refresh()
            self._indices.roll_over()

    def health(self) -> Health:
        """What the store holds, and whether the cluster says that all of it can be read and written."""
        with answering(self._where):
            self._refresh()
            edges = {"oldest": {"min": {"field": TIME}}, "newest": {"max": {"field": TIME}}}
            answer = self._search({"match_all": {}}, size=0, aggs=edges, track_total_hits=True)
            status = str(self._client.cluster.health(index=self._names.pattern)["status"])
        held = int(answer["hits"]["total"]["value"])
        found = answer.get("aggregations", {}) if held else {}
        oldest, newest = (
            (from_micros(int(found[edge]["value"])) if edge in found else None) for edge in ("oldest", "newest")
        )
        return Health("elasticsearch", status != "red", held, oldest, newest, _detail(status, self._where))

    def close(self) -> None:
        """Wait for what is under way and close the connections; safe to call twice."""
        self._bulk.close()
        self._client.close()

    # asking

    def _question(self, query: str | Condition, scope: Scope, window: Window | None) -> Query:
        condition = _parsed(query)
        with answering(self._where):
            self._refresh()
            if weight(condition) <= MOST_WEIGHT:
                return question(condition, scope, window, self._settle)
            gate = question(EVERYTHING, scope, window, self._settle)
            return all_of([gate, self._light(condition, gate)])

    def _light(self, condition: Condition, gate: Query) -> Query:
        """A query that no node breaks under: what weighs too much together is looked up in parts, and their events asked for by id."""
        match condition:
            case AllOf() | AnyOf() if weight(condition) > MOST_WEIGHT:
                join = all_of if isinstance(condition, AllOf) else any_of
                found = groups(condition.parts, MOST_WEIGHT)
                return join([self._looked_up(type(condition)(group), gate) for group in found])
            case Not(part) if weight(part) > MOST_WEIGHT:
                return none_of(self._light(part, gate))
            case _:
                return clause(condition, self._settle)

    def _looked_up(self, group: AllOf | AnyOf, gate: Query) -> Query:
        if weight(group) > MOST_WEIGHT:  # of one part, which is heavy by itself
            return self._light(group.parts[0], gate)
        query = clause(group, self._settle)
        if weight(group) == 0:
            return query
        events = self._scan(all_of([gate, query]), _source=["event.id"])
        return {"ids": {"values": [document_id(event.id) for event in events]}}

    def _settle(self, leaf: Like | Words, query: Query) -> Query:
        """The query where the engine takes it (only running it tells), else the events that the reference evaluator accepts."""
        try:
            self._search(query, size=0, track_total_hits=False)
        except BadRequestError as problem:
            if not any(sign in str(problem.body) for sign in TOO_LARGE):
                raise
        else:
            return query
        order = [{TIME: "asc"}, {"event.id": "asc"}]
        candidates = self._paged(loose(leaf), order, None, PAGE)
        return {"ids": {"values": [document_id(event.id) for event in candidates if matches(leaf, event.fields)]}}

    @contextmanager
    def _asking(self, query: str | Condition, scope: Scope, window: Window | None) -> Iterator[Query]:
        asked = self._question(query, scope, window)
        with answering(self._where):
            yield asked

    def _count(self, query: Query) -> int:
        return int(self._search(query, size=0, track_total_hits=True)["hits"]["total"]["value"])

    def _aggregations(self, query: Query, asked: dict[str, Any]) -> dict[str, Any]:
        answer = self._search(query, size=0, aggs=asked, track_total_hits=False)
        found: dict[str, Any] = answer.get("aggregations") or dict.fromkeys(asked, NO_INDEX)
        return found

    def _search(self, query: Query, **more: Any) -> Any:
        where: dict[str, Any] = {} if "pit" in more else {"index": self._names.reading, "ignore_unavailable": True}
        return self._client.search(query=query, **where, **more)


def _parsed(query: str | Condition) -> Condition:
    return parse(query) if isinstance(query, str) else query


def sort_order(field: str, *, ascending: bool) -> dict[str, Any]:
    """How hits that hold a field are put in order; of several values the smallest counts, or the largest when descending."""
    order = "asc" if ascending else "desc"
    at = column(field)
    if at is not None:
        return {at: {"order": order, "unmapped_type": "keyword"}}
    script = {"source": _SHARED_KEY, "params": {"begin": prefix(field), "ascending": ascending}}
    return {"_script": {"type": "string", "order": order, "script": script}}


_SHARED_KEY = """
String found = null;
for (String term : doc['vonggac.other']) {
  if (term.startsWith(params.begin)) {
    String key = term.substring(params.begin.length());
    if (found == null || (params.ascending ? key.compareTo(found) < 0 : key.compareTo(found) > 0)) { found = key; }
  }
}
return found == null ? '' : found;
"""


def sort_value(field: str, place: Place) -> object:
    """The key of a place as a sort takes it."""
    at = "" if place.key is None else place.key
    return plain_address(int(at)) if field_type(field) is FieldType.IP else at


def _detail(status: str, where: str) -> Message:
    return msg("cụm {where}, trạng thái {status}", where=where, status=status)
