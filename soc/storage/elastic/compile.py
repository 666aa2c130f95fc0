"""A condition as an Elasticsearch query."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from ipaddress import IPv6Address
from typing import Any, TypeAlias

from soc.core.clock import Window
from soc.core.ecs import LONG_MAX, LONG_MIN, FieldType, field_type
from soc.core.scope import Scope
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
from soc.storage.elastic.layout import ALTERED, EXERCISE, FREE, NUMBER, OTHER, TIME, column, prefix, written
from soc.storage.terms import exercise_term, number_term, start
from soc.storage.values import TEXT_FIELDS, Key, micros

Query: TypeAlias = dict[str, Any]
"""A clause of the Query DSL."""

AFTER_NUL = "\x01"
LITERAL = 200
"""Characters of a pattern with wildcards that the engine takes without looking; its limit depends on the pattern."""
TEXT_COLUMNS = (*TEXT_FIELDS, FREE)
_SPECIAL = str.maketrans({"\\": "\\\\", "*": "\\*", "?": "\\?"})
_NUMBERS = {FieldType.IP, FieldType.LONG, FieldType.DATE, FieldType.FLOAT}


def all_of(parts: Iterable[Query]) -> Query:
    """What answers every query."""
    return {"bool": {"filter": list(parts)}}


def any_of(parts: Iterable[Query]) -> Query:
    """What answers at least one query."""
    return {"bool": {"should": list(parts), "minimum_should_match": 1}}


def none_of(part: Query) -> Query:
    """What does not answer the query."""
    return {"bool": {"must_not": [part]}}


NOTHING: Query = {"match_none": {}}


Settle: TypeAlias = Callable[["Like | Words", Query], Query]
"""Given a leaf whose query the engine may refuse as too large, and that query: the one to use."""


def question(condition: Condition, scope: Scope, window: Window | None, settle: Settle) -> Query:
    """The condition within scope and window. Every read of the store goes through here: this is the gate."""
    parts: list[Query] = [{"term": {EXERCISE: exercise_term(scope.exercise)}}]
    if scope.agencies is not None:
        parts.append({"terms": {"soc.agency": sorted(scope.agencies)}})
    if window is not None:
        parts.append({"range": {TIME: {"gte": micros(window.since), "lt": micros(window.until)}}})
    if not isinstance(condition, Everything):
        parts.append(clause(condition, settle))
    return all_of(parts)


def clause(condition: Condition, settle: Settle) -> Query:
    """The condition alone, without the gate."""
    match condition:
        case Everything():
            return {"match_all": {}}
        case Not():
            return none_of(clause(condition.part, settle))
        case AllOf():
            return all_of(clause(part, settle) for part in condition.parts)
        case AnyOf():
            return any_of(clause(part, settle) for part in condition.parts)
        case Like() | Words() if _is_large(condition):
            return settle(condition, _leaf(condition))
        case _:
            return _leaf(condition)


def _is_large(condition: Like | Words) -> bool:
    """Whether the engine may refuse it: wildcards in several words in a row, or about a long text."""
    if isinstance(condition, Words):
        return len(condition.patterns) > 1 and not all(map(_is_exact, condition.patterns))
    return sum(len(part) for part in condition.pattern if isinstance(part, str)) > LITERAL


def weight(condition: Condition) -> int:
    """How many characters stand in patterns with wildcards: what a query costs the memory of a node, some 70 kB for each."""
    match condition:
        case AllOf(parts) | AnyOf(parts):
            return sum(map(weight, parts))
        case Not(part):
            return weight(part)
        case Like(pattern=pattern):
            return _characters(pattern)
        case Words(patterns=patterns):
            return sum(_characters(pattern) for pattern in patterns)
        case _:
            return 0


def _characters(pattern: Pattern) -> int:
    return 0 if _is_exact(pattern) else sum(len(part) if isinstance(part, str) else 1 for part in pattern)


def groups(parts: Sequence[Condition], most: int) -> list[tuple[Condition, ...]]:
    """Parts in groups of at most so much weight; one that is heavier by itself stands alone."""
    made: list[list[Condition]] = [[]]
    held = 0
    for part in parts:
        if made[-1] and held + weight(part) > most:
            made.append([])
            held = 0
        made[-1].append(part)
        held += weight(part)
    return [tuple(group) for group in made]


def loose(condition: Like | Words) -> Query:
    """A query that the engine does not refuse, and that every event which answers the condition answers too."""
    if isinstance(condition, Words):
        names = TEXT_COLUMNS if condition.field is None else (condition.field,)
        return any_of(all_of(_word(name, pattern) for pattern in condition.patterns) for name in names)
    parts = [part[:LITERAL] for part in condition.pattern if isinstance(part, str)]
    return all_of(_like(Like(condition.field, (Wild.ANY, part, Wild.ANY))) for part in parts)


def _leaf(condition: Altered | Words | Exists | Equals | Like | Between) -> Query:
    match condition:
        case Altered(field):
            return {"exists": {"field": ALTERED}} if field is None else {"term": {ALTERED: field}}
        case Words():
            return _words(condition)
        case Exists():
            return exists(condition.field)
        case Equals():
            return equals(condition.field, condition.key)
        case Like():
            return _like(condition)
        case Between():
            return _between(condition)


def exists(field: str) -> Query:
    """Events that hold a value in a field."""
    if field in TEXT_FIELDS:
        return {"exists": {"field": field}}
    at = column(field)
    return {"prefix": {OTHER: start(field)}} if at is None else {"exists": {"field": at}}


def equals(field: str, at: Key) -> Query:
    """Events with the key in a field that is not text."""
    return {"term": {column(field) or OTHER: f"{start(field)}{at}" if column(field) is None else _value(field, at)}}


def _value(field: str, at: Key) -> object:
    return written(field_type(field), at)


def _like(condition: Like) -> Query:
    if field_type(condition.field) is FieldType.KEYWORD:
        at, before = column(condition.field) or OTHER, prefix(condition.field)
    else:
        at, before = f"{condition.field}.text", ""
    return {"wildcard": {at: {"value": _escaped(before) + wildcard(condition.pattern)}}}


def wildcard(pattern: Pattern) -> str:
    """A pattern in the spelling of Elasticsearch."""
    return "".join(part.value if isinstance(part, Wild) else _escaped(part) for part in pattern)


def _escaped(text: str) -> str:
    return text.translate(_SPECIAL)


def _between(span: Between) -> Query:
    kind = field_type(span.field)
    if span.numeric:
        return _numeric(span)
    if kind in _NUMBERS:
        return _range(column(span.field) or span.field, *_number_ends(span, kind))
    return _text_between(span)


def _range(at: str, low: object, high: object, *, include_low: bool = True, include_high: bool = True) -> Query:
    ends = {"gte" if include_low else "gt": low, "lte" if include_high else "lt": high}
    return {"range": {at: {name: end for name, end in ends.items() if end is not None}}}


def _number_ends(span: Between, kind: FieldType) -> tuple[object, object]:
    """First and last value of a range, both included; the engine refuses ends that its type cannot hold."""
    if kind is FieldType.FLOAT:
        low = None if span.low is None else _next(float(span.low), math.inf, moved=not span.include_low)
        return low, None if span.high is None else _next(float(span.high), -math.inf, moved=not span.include_high)
    least, most = (0, 2**128 - 1) if kind is FieldType.IP else (LONG_MIN, LONG_MAX)
    first = least if span.low is None else int(span.low) + (not span.include_low)
    last = most if span.high is None else int(span.high) - (not span.include_high)
    if first > most or last < least or first > last:
        first, last = 1, 0
    else:
        first, last = max(first, least), min(last, most)
    return (str(IPv6Address(first)), str(IPv6Address(last))) if kind is FieldType.IP else (first, last)


def _next(value: float, towards: float, *, moved: bool) -> float:
    return math.nextafter(value, towards) if moved else value


def _numeric(span: Between) -> Query:
    """A range over the numbers of a keyword field: texts whose order is that of the numbers."""
    low = f"#{start(span.field)}" if span.low is None else number_term(span.field, float(span.low))
    high = f"#{start(span.field)[:-1]}{AFTER_NUL}" if span.high is None else number_term(span.field, float(span.high))
    return _range(NUMBER, low, high, include_low=span.include_low, include_high=span.include_high)


def _text_between(span: Between) -> Query:
    before = prefix(span.field)
    open_high = f"{before[:-1]}{AFTER_NUL}" if before else None
    low = before or None if span.low is None else f"{before}{span.low}"
    high = open_high if span.high is None else f"{before}{span.high}"
    if low is None and high is None:
        return exists(span.field)
    return _range(
        column(span.field) or OTHER,
        low,
        high,
        include_low=span.include_low or span.low is None,
        include_high=span.include_high and span.high is not None,
    )


def _words(condition: Words) -> Query:
    if condition.field is not None:
        return _in_a_row(condition.field, condition.patterns)
    return any_of(_in_a_row(name, condition.patterns) for name in TEXT_COLUMNS)


def _in_a_row(at: str, patterns: Sequence[Pattern]) -> Query:
    if len(patterns) == 1:
        return _word(at, patterns[0])
    if all(_is_exact(pattern) for pattern in patterns):
        phrase = " ".join(str(pattern[0]) for pattern in patterns)
        return {"match_phrase": {at: {"query": phrase, "analyzer": "whitespace"}}}
    clauses = [_span(at, pattern) for pattern in patterns]
    return {"span_near": {"clauses": clauses, "slop": 0, "in_order": True}}


def _is_exact(pattern: Pattern) -> bool:
    return len(pattern) == 1 and isinstance(pattern[0], str)


def _word(at: str, pattern: Pattern) -> Query:
    return {"term": {at: pattern[0]}} if _is_exact(pattern) else {"wildcard": {at: {"value": wildcard(pattern)}}}


def _span(at: str, pattern: Pattern) -> Query:
    if _is_exact(pattern):
        return {"span_term": {at: pattern[0]}}
    return {"span_multi": {"match": {"wildcard": {at: {"value": wildcard(pattern)}}}}}
