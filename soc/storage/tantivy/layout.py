"""How an event lies in the index of its day.

    id        event.id                       look-up, and the order of ties
    ts        @timestamp in microseconds     window, order, histogram (tantivy's date type keeps whole seconds only)
    agency    soc.agency as written          the gate
    exercise  "real" or "run " + id          the gate
    raw       the flat JSON                  stored, not indexed
    has       a word for each field held     exists; and which are ALTERED
    kv        a term for each field value    everything else about fields that are not text
    tx        words, each under its field    text search

A `kv` term is `label NUL key NUL spelling`. Keys of numbers, instants and addresses are hexadecimal of one width, so that the order of
terms is the order of values; the spelling is kept where the key does not give it back. One field of terms serves equality, wildcards,
ranges, and exact counts by value for every ECS field, known or not: the binding (0.27) has neither wildcards nor ranges on
JSON sub-fields, and its column aggregations are approximate on many values and stop at 65,000, while figures must recompute.
The numbers of keyword fields have a second term under `#label`.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from functools import lru_cache

import tantivy

from soc.core.ecs import LONG_MIN, FieldType, field_type
from soc.core.event import Scalar, Value
from soc.storage.admission import Admitted
from soc.storage.terms import NUL, exercise_term, label, number_term, ordered_float, read_float, start
from soc.storage.values import (
    KEYWORD_CHARS,
    TEXT_FIELDS,
    Key,
    altered_fields,
    hot_texts,
    key,
    keys,
    number,
    plain,
    text_form,
    values,
    words_of,
)

VERSION = 3
"""Raised with every change of the layout or of the meaning of values; an index of another version is laid out anew."""

FREE = "*free"
ALTERED = "*altered"
"""Stands among the fields held, alone and before the label of each field that is altered: a star is in the label of none."""
_MAY_BE_NUMBER = frozenset("-0123456789")
_REMEMBERED_CHARS = 192
"""Longer values seldom come again, and would take memory."""


def schema() -> tantivy.Schema:
    """The schema of a day."""
    build = tantivy.SchemaBuilder()
    build.add_text_field("id", fast=True, tokenizer_name="raw", index_option="basic")
    build.add_integer_field("ts", indexed=True, fast=True)
    build.add_text_field("agency", tokenizer_name="raw", index_option="basic")
    build.add_text_field("exercise", tokenizer_name="raw", index_option="basic")
    build.add_bytes_field("raw", stored=True)
    build.add_text_field("has", tokenizer_name="whitespace", index_option="basic")
    build.add_text_field("kv", tokenizer_name="raw", index_option="basic")
    build.add_text_field("tx", tokenizer_name="whitespace", index_option="position")
    return build.build()


def key_text(kind: FieldType, at: Key) -> str:
    """A key as the second part of a term; the order of texts is the order of keys."""
    if isinstance(at, str):
        return at
    if kind is FieldType.IP:
        return f"{at:032x}"
    if kind is FieldType.FLOAT:
        return ordered_float(float(at))
    return f"{int(at) - LONG_MIN:016x}"


def read_key(kind: FieldType, text: str) -> Key:
    """The inverse of `key_text`."""
    if kind in {FieldType.KEYWORD, FieldType.BOOLEAN}:
        return text
    if kind is FieldType.IP:
        return int(text, 16)
    return read_float(text) if kind is FieldType.FLOAT else int(text, 16) + LONG_MIN


def read_term(name: str, term: str) -> tuple[Key, Scalar]:
    """Key and spelling of a `kv` term of field `name`."""
    kind = field_type(name)
    _, written, spelling = term.split(NUL, 2)
    at = read_key(kind, written)
    if kind in {FieldType.KEYWORD, FieldType.IP}:
        return at, spelling or written
    return at, plain(kind, at)


def document(event: Admitted) -> tantivy.Document:
    """The indexed form of an event."""
    fields = event.fields
    made = tantivy.Document(kv=_all_terms(fields))
    add = made.add_text
    add("id", event.id)
    made.add_integer("ts", event.micros)
    add("agency", event.agency)
    add("exercise", exercise_term(event.exercise))
    made.add_bytes("raw", event.raw)
    add("has", _held(tuple(fields) if [] not in fields.values() else tuple([n for n, v in fields.items() if v != []])))
    if strange := altered_fields(fields, event.raw):
        add("has", " ".join([ALTERED, *map(altered_term, strange)]))
    add("tx", _running_text(event))
    return made


def _all_terms(fields: Mapping[str, Value]) -> list[str]:
    """The `kv` terms of an event."""
    found: list[str] = []
    for name, value in fields.items():
        # Most values are short texts that came a moment ago: the look-up stands here and saves a call.
        if type(value) is str and len(value) <= _REMEMBERED_CHARS:
            found += _known_terms(name, value)
        else:
            found += _terms(name, value)
    return found


def altered_term(name: str | None) -> str:
    """The `has` word of events with a value of this field, or any, that searches do not see as it is."""
    return ALTERED if name is None else ALTERED + label(name)


@lru_cache(maxsize=4096)
def _held(names: tuple[str, ...]) -> str:
    """The `has` words; events of one source mostly hold the same fields."""
    return " ".join([label(name) for name in names])


def _terms(name: str, value: Value) -> Collection[str]:
    """The `kv` terms of a field."""
    if type(value) is str:
        return _known_terms(name, value) if len(value) <= _REMEMBERED_CHARS else _scalar_terms(name, value)
    if not isinstance(value, list):
        return _known_typed_terms(name, value)
    if len(value) == 1:
        return _terms(name, value[0])
    texts = all(type(one) is str and len(one) <= _REMEMBERED_CHARS for one in value)
    return _known_list_terms(name, tuple(value)) if texts else _list_terms(name, value)


def _scalar_terms(name: str, value: Scalar) -> tuple[str, ...]:
    kind = field_type(name)
    if kind is FieldType.TEXT:
        return ()
    if kind is FieldType.LONG and type(value) is int:  # this and plain keywords: all that is new in most events
        return (f"{start(name)}{value - LONG_MIN:016x}{NUL}{value}",)
    if kind is FieldType.KEYWORD and type(value) is str and value.isascii() and NUL not in value:
        return _plain_terms(name, value[:KEYWORD_CHARS])
    term = _term(name, kind, key(kind, value), text_form(value)[:KEYWORD_CHARS])
    if kind is FieldType.KEYWORD and (found := number(value)) is not None:
        return term, number_term(name, found)
    return (term,)


def _plain_terms(name: str, value: str) -> tuple[str, ...]:
    folded = value.lower()
    term = f"{start(name)}{folded}{NUL}" if folded == value else f"{start(name)}{folded}{NUL}{value}"
    if value[:1] in _MAY_BE_NUMBER and (found := number(value)) is not None:
        return term, number_term(name, found)
    return (term,)


def _list_terms(name: str, value: Sequence[Scalar]) -> frozenset[str]:
    """Of values that fold alike one term only, or the event would count twice."""
    kind = field_type(name)
    if kind is FieldType.TEXT:
        return frozenset()
    terms = {_term(name, kind, at, text_form(spelling)) for at, spelling in keys(name, list(value)).items()}
    if kind is FieldType.KEYWORD:
        terms |= {number_term(name, found) for one in value if (found := number(one)) is not None}
    return frozenset(terms)


# Nine values in ten came a moment ago. Texts are remembered apart from other values: to a dictionary 1, 1.0 and True are one key though
# they have different terms, and telling types apart costs more. Lists are remembered of texts only, for the same reason.
_known_terms = lru_cache(maxsize=32_768)(_scalar_terms)
_known_typed_terms = lru_cache(maxsize=4096, typed=True)(_scalar_terms)
_known_list_terms = lru_cache(maxsize=1024)(_list_terms)


def _term(name: str, kind: FieldType, at: Key, spelling: str) -> str:
    written = key_text(kind, at)
    spelled = kind is FieldType.KEYWORD or kind is FieldType.IP or kind is FieldType.LONG
    kept = spelling.replace(NUL, "\ufffd") if spelled and spelling != written else ""
    return f"{start(name)}{written}{NUL}{kept}"


def _running_text(event: Admitted) -> str:
    """All words for `tx`, each under the label of its field."""
    fields = event.fields
    parts = [
        _labelled(start(name), [text_form(one) for one in values(fields[name])])
        for name in TEXT_FIELDS
        if name in fields
    ]
    parts.append(_labelled(FREE + NUL, list(hot_texts(fields))))
    return " ".join(parts)


def _labelled(mark: str, texts: list[str]) -> str:
    """The words of texts under a mark. The break between two texts keeps phrases from reaching over; no pattern matches it."""
    held = words_of(texts)
    return mark + f" {mark}".join(held) if held else ""
