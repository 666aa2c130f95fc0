"""Exact counts by value: what terms, cardinality and statistics are made of.

Elasticsearch's own `terms` over several shards, and `cardinality` always, are estimates on many values. Figures of reports must recompute,
so an answer is used only where the cluster itself says that it is exact; else the values are walked one after the other.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from soc.core.ecs import FieldType, field_type
from soc.core.event import Scalar
from soc.storage.elastic.compile import Query
from soc.storage.elastic.layout import NUMBER, OTHER, column, plain_address, prefix, read_key, spelled
from soc.storage.events import TermCount
from soc.storage.terms import NUL, read_number, start
from soc.storage.values import Key, plain, shown

Ask: TypeAlias = Callable[[Query, dict[str, Any]], dict[str, Any]]
"""Gives the aggregations over the events that answer a query."""

MOST = 65_535
"""Buckets that one answer may hold (search.max_buckets)."""
WALK = 20_000
_LONGEST_PATTERN = 500
"""Characters; the engine takes no pattern of more than about twice that."""
_REGEXP = re.compile(r'[.?+*|{}\[\]()"\\#@&<>~]')


@dataclass(frozen=True, slots=True)
class Column:
    """Where the keys of a field lie.

    Attributes:
        path: name in the index.
        begin: how the terms of the field begin there, "" when the column is its own.
        read: makes a key of a term, without `begin`.
    """

    path: str
    begin: str
    read: Callable[[Scalar], Key]


def keys_of(field: str) -> Column:
    """The column of the keys of a field that is not text."""
    kind = field_type(field)
    return Column(column(field) or OTHER, prefix(field), lambda found: read_key(kind, found))


def numbers_of(field: str) -> Column:
    """The column of the numbers that a field holds."""
    if field_type(field) is not FieldType.KEYWORD:
        return keys_of(field)
    begin = f"#{start(field)}"
    return Column(NUMBER, begin, lambda found: read_number(f"{begin}{found}"))


def most_frequent(ask: Ask, query: Query, at: Column, size: int) -> list[tuple[Key, int]]:
    """The `size` most frequent keys with their counts, ties by key."""
    order: list[dict[str, str]] = [{"_count": "desc"}, {"_key": "asc"}]
    for wide in (max(1000, 10 * size), MOST):
        terms = _terms(at, min(size, MOST)) | {"order": order, "shard_size": wide}
        found = ask(query, {"a": {"terms": terms}})["a"]
        if found["doc_count_error_upper_bound"] == 0:
            return [(_key(at, bucket["key"]), bucket["doc_count"]) for bucket in found["buckets"]]
    ranked = sorted(_walk(ask, query, at), key=lambda item: item[0])
    return sorted(ranked, key=lambda item: -item[1])[:size]


def every(ask: Ask, query: Query, at: Column) -> Iterator[tuple[Key, int]]:
    """Each key with how many events hold it, in no order."""
    found = ask(query, {"a": {"terms": _terms(at, MOST)}})["a"]
    if found["sum_other_doc_count"] == 0 and found["doc_count_error_upper_bound"] == 0:
        return ((_key(at, bucket["key"]), bucket["doc_count"]) for bucket in found["buckets"])
    return _walk(ask, query, at)


def _terms(at: Column, size: int) -> dict[str, Any]:
    within = {"include": f"{_literal(at.begin)}.*"} if at.begin else {}
    return {"field": at.path, "size": size, **within}


def _literal(text: str) -> str:
    return _REGEXP.sub(lambda found: f"\\{found[0]}", text)


def _walk(ask: Ask, query: Query, at: Column) -> Iterator[tuple[Key, int]]:
    """Every key in order, some thousands an answer; in a shared column from the first term of the field to its last."""
    after: dict[str, Any] = {"after": {"k": at.begin}} if at.begin else {}
    while True:
        source = {"size": WALK, "sources": [{"k": {"terms": {"field": at.path}}}], **after}
        found = ask(query, {"a": {"composite": source}})["a"]
        for bucket in found["buckets"]:
            term = bucket["key"]["k"]
            if at.begin and not str(term).startswith(at.begin):
                return
            yield _key(at, term), bucket["doc_count"]
        if "after_key" not in found:
            return
        after = {"after": found["after_key"]}


def _key(at: Column, term: Scalar) -> Key:
    return at.read(str(term)[len(at.begin) :] if at.begin else term)


def spellings(ask: Ask, query: Query, field: str, counts: Sequence[tuple[Key, int]]) -> dict[Key, Scalar]:
    """How aggregations show keys: the smallest spelling that an event holds."""
    kind = field_type(field)
    if kind not in {FieldType.KEYWORD, FieldType.IP}:
        return {at: plain(kind, at) for at, _ in counts}
    if not counts:
        return {}
    names = [prefix(field) + _name(kind, at) + NUL for at, _ in counts]
    short = {str(n): name for n, name in enumerate(names) if len(name) <= _LONGEST_PATTERN}
    asked = {n: {"terms": _spelled_so(field, name)} for n, name in short.items()}
    found = ask(query, asked) if asked else {}
    for n, name in enumerate(names):
        if str(n) not in found:
            found[str(n)] = _walked(ask, query, Column(spelled(field), name, str), name)
    return {at: _smallest(kind, at, count, found[str(n)]) for n, (at, count) in enumerate(counts)}


def _spelled_so(field: str, begin: str) -> dict[str, Any]:
    """The first of the spellings that begin so."""
    return {"field": spelled(field), "size": 1, "order": {"_key": "asc"}, "include": f"{_literal(begin)}.*"}


def _walked(ask: Ask, query: Query, at: Column, begin: str) -> dict[str, Any]:
    """All spellings that begin so, in the shape of an answer: of a key that is too long for a pattern."""
    buckets = [{"key": f"{begin}{spelling}", "doc_count": count} for spelling, count in _walk(ask, query, at)]
    return {"buckets": buckets, "sum_other_doc_count": 0}


def _name(kind: FieldType, at: Key) -> str:
    return plain_address(int(at)) if kind is FieldType.IP else str(at)


def _smallest(kind: FieldType, at: Key, count: int, found: dict[str, Any]) -> Scalar:
    """Of the spellings that are not the key, and of the key itself when some event spells it so."""
    name = _name(kind, at)
    other = [bucket["key"].rpartition(NUL)[2] for bucket in found["buckets"]]
    spelled_otherwise = sum(bucket["doc_count"] for bucket in found["buckets"]) + found["sum_other_doc_count"]
    names = [*other, name] if spelled_otherwise < count or not other else other
    return shown(kind, at, min(names))


def term_counts(counts: Sequence[tuple[Key, int]], shown: Mapping[Key, Scalar]) -> tuple[TermCount, ...]:
    """Counts with the spelling of their keys."""
    return tuple(TermCount(shown[at], count) for at, count in counts)
