"""A condition as a tantivy query over one day."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from itertools import repeat

import orjson
from tantivy import FieldType as EngineType
from tantivy import Occur, Query, Schema, Searcher

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
    Words,
)
from soc.storage.memory import matches
from soc.storage.tantivy import regex
from soc.storage.tantivy.layout import FREE, altered_term, key_text, schema
from soc.storage.terms import NUL, exercise_term, label
from soc.storage.values import TEXT_FIELDS, Key, micros

_MICROS_MAX = 2**62
_LIMITS: dict[FieldType, tuple[float, float]] = {
    FieldType.IP: (0, 2**128 - 1),
    FieldType.LONG: (LONG_MIN, LONG_MAX),
    FieldType.DATE: (LONG_MIN, LONG_MAX),
    FieldType.FLOAT: (-math.inf, math.inf),
}


def all_of(queries: Iterable[Query]) -> Query:
    """What answers every query."""
    return Query.boolean_query([(Occur.Must, query) for query in queries])


def any_of(queries: Iterable[Query]) -> Query:
    """What answers at least one query."""
    return Query.boolean_query([(Occur.Should, query) for query in queries])


def none_of(query: Query) -> Query:
    """What does not answer the query."""
    return Query.boolean_query([(Occur.Must, Query.all_query()), (Occur.MustNot, query)])


class Compiler:
    """Makes queries for one reading of a day; some need its dictionary of terms."""

    def __init__(self, schema: Schema, searcher: Searcher) -> None:
        self._schema = schema
        self._searcher = searcher

    def question(self, condition: Condition, scope: Scope, window: Window | None) -> Query:
        """The condition within scope and window. Every read of the store goes through here: this is the gate."""
        parts = [self._gate(scope)]
        if window is not None:
            parts.append(self.moments(micros(window.since), micros(window.until) - 1))
        if not isinstance(condition, Everything):
            parts.append(self.condition(condition))
        return all_of(parts)

    def _gate(self, scope: Scope) -> Query:
        exercise = self._term("exercise", exercise_term(scope.exercise))
        if scope.agencies is None:
            return exercise
        return all_of([exercise, Query.term_set_query(self._schema, "agency", sorted(scope.agencies))])

    def moments(self, first: int, last: int) -> Query:
        """Events from `first` to `last` in microseconds of the epoch, both included."""
        if first > last:
            return Query.empty_query()
        return Query.range_query(self._schema, "ts", EngineType.Integer, first, last)

    def ids(self, ids: Iterable[str]) -> Query:
        """Events with one of the ids, whatever their scope."""
        return Query.term_set_query(self._schema, "id", list(ids))

    def condition(self, condition: Condition) -> Query:
        """The condition alone, without the gate."""
        match condition:
            case Everything():
                return Query.all_query()
            case Not():
                return none_of(self.condition(condition.part))
            case AllOf() | AnyOf():
                join = all_of if isinstance(condition, AllOf) else any_of
                return join(self.condition(part) for part in condition.parts)
            case Words():
                return self._words(condition)
            case Exists() | Altered():
                return self._term("has", _has(condition))
            case _:
                return self._field(condition)

    def _field(self, condition: Equals | Like | Between) -> Query:
        match condition:
            case Equals():
                return self.equals(condition.field, condition.key)
            case Like():
                return self._like(condition)
            case Between(field="@timestamp"):
                return self._time(condition)
            case Between():
                return self._between(condition)

    def equals(self, field: str, at: Key) -> Query:
        """Events with the key in a field that is not text, in whatever spelling."""
        prefix = f"{label(field)}{NUL}{key_text(field_type(field), at)}{NUL}"
        terms = [term for term, _ in self._searcher.terms_with_prefix("kv", prefix)]
        return self._one_of("kv", terms)

    def _like(self, condition: Like) -> Query:
        pattern = regex.wildcards(condition.pattern)
        if field_type(condition.field) is FieldType.KEYWORD:
            tail = f"{pattern}\\x00{regex.REST}"
            prefix = f"{label(condition.field)}{NUL}{_head(condition.pattern)}"
        else:
            tail = f"{regex.REST}\\x00{pattern}"
            prefix = f"{label(condition.field)}{NUL}"
        expression = regex.literal(f"{label(condition.field)}{NUL}") + tail
        return self._matching("kv", expression, prefix)

    def _time(self, span: Between) -> Query:
        low = -_MICROS_MAX if span.low is None else int(span.low) + (not span.include_low)
        high = _MICROS_MAX if span.high is None else int(span.high) - (not span.include_high)
        return self.moments(low, high)

    def _between(self, span: Between) -> Query:
        kind = FieldType.FLOAT if span.numeric else field_type(span.field)
        mark = f"{'#' if span.numeric else ''}{label(span.field)}{NUL}"
        if kind in {FieldType.KEYWORD, FieldType.BOOLEAN}:
            return self._text_between(span, mark)
        ends = _whole_ends(span, kind)
        if ends is None:
            return Query.empty_query()
        expression = f"{regex.literal(mark)}{regex.digits_between(*ends)}\\x00{regex.REST}"
        return self._matching("kv", expression, mark)

    def _text_between(self, span: Between, mark: str) -> Query:
        def within(term: str) -> bool:
            at = term.split(NUL, 2)[1]
            low, high = str(span.low or ""), span.high
            above = at > low or (at == low and span.include_low) or span.low is None
            return above and (high is None or at < str(high) or (at == high and span.include_high))

        return self._walk("kv", mark, within)

    def _words(self, condition: Words) -> Query:
        marks = [*(label(name) for name in TEXT_FIELDS), FREE] if condition.field is None else [label(condition.field)]
        return any_of(self._in_a_row(mark, condition) for mark in marks)

    def _in_a_row(self, mark: str, condition: Words) -> Query:
        patterns = condition.patterns
        exact = [f"{mark}{NUL}{part}" for (part, *more) in patterns if not more and isinstance(part, str)]
        if len(exact) < len(patterns):
            return self._pattern_phrase(mark, condition)
        if len(exact) == 1:
            return self._term("tx", exact[0])
        return Query.phrase_query(self._schema, "tx", list(exact))

    def _pattern_phrase(self, mark: str, condition: Words) -> Query:
        start = f"{mark}{NUL}"
        expressions = [regex.literal(start) + regex.wildcards(pattern) for pattern in condition.patterns]
        if len(expressions) == 1:
            return self._matching("tx", expressions[0], start + _head(condition.patterns[0]))
        phrase = Query.regex_phrase_query(self._schema, "tx", list(expressions))
        try:
            self._searcher.search(phrase, limit=1)  # only running it tells whether the engine's limits allow it
        except ValueError:
            heads = [start + _head(pattern) for pattern in condition.patterns]
            return self._checked(condition, all_of(map(self._matching, repeat("tx"), expressions, heads)))
        return phrase

    def _checked(self, condition: Words, candidates: Query) -> Query:
        """The candidates that the reference evaluator accepts, each read and looked at: slow, but never a wrong answer."""
        limit = max(self._searcher.num_docs, 1)
        hits = self._searcher.search(candidates, limit=limit, order_by_field="id").hits
        stored = ((event_id, self._searcher.doc(address).get_first("raw")) for event_id, address in hits)
        return self.ids(event_id for event_id, raw in stored if matches(condition, orjson.loads(raw)))  # type: ignore[arg-type]

    def _matching(self, name: str, expression: str, prefix: str) -> Query:
        """Events with a term that matches; an expression too large for the engine's automaton is tried on each term instead."""
        try:
            return _expression_query(name, expression)
        except ValueError:
            compiled = re.compile(expression, re.DOTALL)
            return self._walk(name, prefix, lambda term: compiled.fullmatch(term) is not None)

    def _walk(self, name: str, prefix: str, wanted: Callable[[str], bool]) -> Query:
        found = self._searcher.terms_with_prefix(name, prefix)
        return self._one_of(name, [term for term, _ in found if wanted(term)])

    def _one_of(self, name: str, terms: list[str]) -> Query:
        return self._term(name, terms[0]) if len(terms) == 1 else Query.term_set_query(self._schema, name, terms)

    def _term(self, name: str, text: str) -> Query:
        return Query.term_query(self._schema, name, text, "basic")


@lru_cache(maxsize=512)
def _expression_query(name: str, expression: str) -> Query:
    """Making the automaton takes some 8 ms, whatever the index: it serves all days and pages of a question."""
    return Query.regex_query(schema(), name, expression)


def _has(condition: Exists | Altered) -> str:
    return label(condition.field) if isinstance(condition, Exists) else altered_term(condition.field)


def _head(pattern: Pattern) -> str:
    """The literal text that a match begins with."""
    return pattern[0] if isinstance(pattern[0], str) else ""


def _whole_ends(span: Between, kind: FieldType) -> tuple[str, str] | None:
    """First and last key text of a range over numbers, None when it is empty."""
    least, most = _LIMITS[kind]
    low = least if span.low is None else float(span.low) if kind is FieldType.FLOAT else int(span.low)
    high = most if span.high is None else float(span.high) if kind is FieldType.FLOAT else int(span.high)
    if kind is not FieldType.FLOAT:
        low, high = int(low) + (not span.include_low), int(high) - (not span.include_high)
        if low > high or low > most or high < least:
            return None
        return key_text(kind, max(low, least)), key_text(kind, min(high, most))
    first = int(key_text(kind, low), 16) + (not span.include_low)
    last = int(key_text(kind, high), 16) - (not span.include_high)
    return (f"{first:016x}", f"{last:016x}") if first <= last else None
