"""How an event lies in Elasticsearch.

`_source` is the event, flat, under its ECS names; the fields we know are mapped with their ECS types, for whoever looks with other tools.
What our own questions read lies beside it under `vonggac.`, and is kept out of `_source`:

    vonggac.key.F      what values of F are compared, counted and sorted by (`soc.storage.values.key`): folded text, instants in
                       microseconds, addresses, numbers; for the fields we know
    vonggac.spelled.F  "key NUL spelling" of a keyword whose spelling is not its key
    vonggac.other      "label NUL key" of every value of every other field
    vonggac.spelling   "label NUL key NUL spelling" of those whose spelling is not their key
    vonggac.number     the numbers of keyword fields, as texts in the order of the numbers
    vonggac.free       texts that words without a field look into, besides the text fields
    vonggac.exercise   "real", or "run " and the id
    vonggac.altered    the fields with a value that searches see otherwise than letter for letter

The mapping is closed (`dynamic: false`) and knows no objects (`subobjects: false`): neither a name that a log makes up nor a value
where another event has an object can make it grow or refuse a document. What Elasticsearch refuses as a name goes into `REST`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from hashlib import sha256
from ipaddress import IPv6Address
from typing import NamedTuple

import orjson

from soc.core.ecs import TYPES, FieldType, field_type
from soc.core.event import Event, Scalar, Value
from soc.storage.admission import Admitted
from soc.storage.elastic.analysis import ANALYZER, analysis
from soc.storage.elastic.fields import KEYWORDS
from soc.storage.terms import NUL, exercise_term, number_term, start
from soc.storage.values import (
    KEYWORD_CHARS,
    TEXT_FIELDS,
    Key,
    altered_fields,
    hot_texts,
    key,
    keys,
    number,
    text_form,
    values,
)

VERSION = 1
"""Raised with every change of the layout; written into the template and each index."""

OWN = "vonggac."
OTHER, SPELLING, NUMBER, FREE = "vonggac.other", "vonggac.spelling", "vonggac.number", "vonggac.free"
EXERCISE, ALTERED = "vonggac.exercise", "vonggac.altered"
TIME = "vonggac.key.@timestamp"
REST = "vonggac_rest"
"""In `_source` only: JSON text of the fields whose names Elasticsearch refuses."""

MAX_TERM_BYTES = 32_766
"""Of Lucene."""

_SPELLED = {FieldType.KEYWORD, FieldType.IP}
_REMEMBERED_CHARS = 64
"""Longer values seldom come again, and would take memory."""
_ID = re.compile(r"[\x21-\x7e]{1,512}")
_REFUSED = re.compile(r"_|vonggac|\s*\Z|\.|.*\.\.|.*\.\Z|(.*\.)?\s+(\.|\Z)", re.DOTALL)
_COUNT_TYPES = {
    FieldType.KEYWORD: "keyword",
    FieldType.BOOLEAN: "keyword",
    FieldType.IP: "ip",
    FieldType.DATE: "long",
    FieldType.FLOAT: "double",
}


@lru_cache(maxsize=16_384)
def column(field: str) -> str | None:
    """The name under which the keys of a field that is not text are indexed; None when it shares `OTHER`."""
    if field_type(field) is FieldType.LONG:
        return field
    return f"vonggac.key.{field}" if field in TYPES or field in KEYWORDS else None


def spelled(field: str) -> str:
    """The name under which spellings of a keyword field lie."""
    return SPELLING if column(field) is None else f"vonggac.spelled.{field}"


def prefix(field: str) -> str:
    """How terms of a field begin in the column that it shares, "" for one with a column of its own."""
    return start(field) if column(field) is None else ""


def mapping() -> dict[str, object]:
    """The mapping of an index."""
    own: dict[str, object] = {name: {"type": "keyword"} for name in (OTHER, SPELLING, NUMBER, EXERCISE)}
    own |= {FREE: _text(), ALTERED: {"type": "keyword"}}
    for name in sorted(KEYWORDS | TYPES.keys() - set(TEXT_FIELDS)):
        own |= _own_columns(name)
    typed = {name: _typed(name) for name in sorted(KEYWORDS | TYPES.keys())}
    return {
        "dynamic": False,
        "subobjects": False,
        "_meta": {"vonggac": {"version": VERSION}},
        "_source": {"excludes": [f"{OWN}*"]},
        "properties": typed | own,
    }


def _own_columns(name: str) -> dict[str, object]:
    kind = field_type(name)
    if kind is FieldType.LONG:
        return {}
    made: dict[str, object] = {f"vonggac.key.{name}": {"type": _COUNT_TYPES[kind]}}
    if kind in {FieldType.KEYWORD, FieldType.IP}:
        made[f"vonggac.spelled.{name}"] = {"type": "keyword", "index": False}
    return made


def _typed(name: str) -> dict[str, object]:
    """The ECS type of a field; a value that does not fit is left out of the index rather than its document refused."""
    kind = field_type(name)
    if kind is FieldType.TEXT:
        return _text()
    if kind is FieldType.KEYWORD:
        return {"type": "keyword", "ignore_above": KEYWORD_CHARS}
    if kind is FieldType.BOOLEAN:
        return {"type": "boolean"}
    written = {"type": "double" if kind is FieldType.FLOAT else kind.value, "ignore_malformed": True}
    if kind in {FieldType.IP, FieldType.LONG}:
        written["fields"] = {"text": {"type": "keyword", "normalizer": "vonggac_lowercase"}}
    return written


def _text() -> dict[str, object]:
    return {"type": "text", "analyzer": ANALYZER, "norms": False}


def index_settings(replicas: str = "0-1") -> dict[str, object]:
    """The settings of an index; `replicas` is a range, so that one node and many work alike."""
    return {
        "number_of_shards": 1,
        "auto_expand_replicas": replicas,
        "mapping.total_fields.limit": 3000,
        "analysis": analysis(),
    }


def document_id(event_id: str) -> str:
    """`_id` of an event: its own id where Elasticsearch takes it, else a hash."""
    return event_id if _ID.fullmatch(event_id) else f"sha256 {sha256(event_id.encode()).hexdigest()}"


def document(event: Admitted) -> bytes:
    """The JSON of a document."""
    shown = event.raw if not any(map(_is_refused, event.fields)) else _without_refused(event.fields)
    return b",".join([shown[:-1], *_own(event)]) + b"}"


@lru_cache(maxsize=16_384)
def _is_refused(name: str) -> bool:
    return _REFUSED.match(name) is not None


def _without_refused(fields: Mapping[str, Value]) -> bytes:
    kept = {name: value for name, value in fields.items() if not _is_refused(name)}
    rest = {name: value for name, value in fields.items() if _is_refused(name)}
    return orjson.dumps({**kept, REST: orjson.dumps(rest).decode()})


def read(source: Mapping[str, Value]) -> Event:
    """The event of a `_source`: the inverse of `document`."""
    if REST not in source:
        return Event(source)
    kept = {name: value for name, value in source.items() if name != REST}
    return Event({**kept, **orjson.loads(str(source[REST]))})


class Part(NamedTuple):
    """What a field adds to a document: members of its own as JSON, and terms of the columns that it shares."""

    members: tuple[bytes, ...] = ()
    other: tuple[str, ...] = ()
    spelling: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()


def _own(event: Admitted) -> list[bytes]:
    """The members of a document that only our questions read."""
    members = [_member(EXERCISE, exercise_term(event.exercise))]
    other: list[str] = []
    spelling: list[str] = []
    numbers: list[str] = []
    for name, value in event.fields.items():
        if type(value) is str:  # most values: the look-up stands here and saves a call
            part = _known_part(name, value) if len(value) <= _REMEMBERED_CHARS else _part(name, value)
        else:
            part = _part(name, value) if isinstance(value, list) else _known_typed_part(name, value)
        members += part.members
        if part.other:
            other += part.other
            spelling += part.spelling
        if part.numbers:
            numbers += part.numbers
    members += [_member(at, held) for at, held in ((OTHER, other), (SPELLING, spelling), (NUMBER, numbers)) if held]
    if free := list(hot_texts(event.fields)):
        members.append(_member(FREE, free))
    if strange := altered_fields(event.fields, event.raw):
        members.append(_member(ALTERED, strange))
    return members


def _member(name: str, value: object) -> bytes:
    return orjson.dumps({name: value})[1:-1]


def _part(name: str, value: Value) -> Part:
    if name in TEXT_FIELDS:
        return Part()
    at, kind, held = column(name), field_type(name), keys(name, value)
    numbers: tuple[str, ...] = ()
    if kind is FieldType.KEYWORD:
        numbers = tuple([number_term(name, found) for one in values(value) if (found := number(one)) is not None])
    if at is None:
        return Part((), *_shared_terms(name, held), numbers)
    if at == name:
        return Part()
    members = [_member(at, [written(kind, one) for one in held])]
    spellings = [f"{_plain(kind, one)}{NUL}{shown}" for one, shown in held.items() if _plain(kind, one) != shown]
    if kind in _SPELLED and (fit := [term for term in spellings if _fits(term)]):
        members.append(_member(f"vonggac.spelled.{name}", fit))
    return Part(tuple(members), (), (), numbers)


# Nine values in ten came a moment ago. Texts are remembered apart: to a dictionary 1, 1.0 and True are one key though they differ.
_known_part = lru_cache(maxsize=32_768)(_part)
_known_typed_part = lru_cache(maxsize=4096, typed=True)(_part)


def _shared_terms(name: str, held: Mapping[Key, Scalar]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Terms of keys, and of spellings that are not their key."""
    mark = start(name)
    spellings = [f"{mark}{at}{NUL}{shown}" for at, shown in held.items() if at != shown]
    return tuple([f"{mark}{at}" for at in held]), tuple(filter(_fits, spellings))


def _fits(term: str) -> bool:
    """Of a spelling that is longer than a term may be, aggregations show the folded key instead."""
    return len(term) * 4 <= MAX_TERM_BYTES or len(term.encode()) <= MAX_TERM_BYTES


def written(kind: FieldType, at: Key) -> Scalar:
    """A key as its column takes it."""
    return str(IPv6Address(int(at))) if kind is FieldType.IP else at


def _plain(kind: FieldType, at: Key) -> str:
    """How an aggregation names a key."""
    return plain_address(int(at)) if kind is FieldType.IP else str(at)


def plain_address(at: int) -> str:
    """An address as Elasticsearch writes it: IPv4-mapped ones as IPv4."""
    address = IPv6Address(at)
    return str(address.ipv4_mapped or address)


def read_key(kind: FieldType, found: Scalar) -> Key:
    """The key that an aggregation or a sort gave: the inverse of `written`."""
    if kind is FieldType.IP:
        return key(kind, found)
    if kind in {FieldType.LONG, FieldType.DATE}:
        return int(found)
    return float(found) if kind is FieldType.FLOAT else text_form(found)
