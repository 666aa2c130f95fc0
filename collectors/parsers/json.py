"""JSON: one object a record, nested or flat, as dotted raw names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

import orjson

from collectors.parsing import ParseContext, Record, unreadable
from soc.core.errors import ParseError
from soc.core.i18n import msg

MAX_DEPTH = 32
MAX_FIELDS = 2000
MAX_NAME = 512


class JsonParser:
    """One JSON object of any shape.

    Objects in objects become dotted names; a list of objects becomes one list for each name inside (`messages.details.ruleId`), a list of
    plain values stays one. Null is left out. Of two names that come out equal the first wins. The names are the record's own: the
    field table of the platform maps them.

    Source: RFC 8259. The limits are ours and keep one record from costing more than its length.
    """

    id: ClassVar[str] = "json"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = True

    def parse(self, text: str, context: ParseContext) -> Record:
        return flat_fields(load_object(text))


def load_object(text: str) -> dict[str, object]:
    """The JSON object that `text` is. Raises ParseError, with the column, for anything else."""
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError as problem:
        raise unreadable(msg("một đối tượng JSON"), column=problem.colno) from problem
    if not isinstance(value, dict):
        raise unreadable(msg("một đối tượng JSON"))
    return value


def flat_fields(document: dict[str, object]) -> Record:
    """`document` as dotted names. Raises ParseError beyond 32 levels, 2,000 fields or names of 512 letters."""
    fields: Record = {}
    for name, value, inside_list in _leaves(document):
        if inside_list:
            listed = fields.setdefault(name, [])
            if isinstance(listed, list):
                listed.append(value)
        else:
            fields.setdefault(name, value)
        if len(fields) > MAX_FIELDS:
            raise _too_large()
    return fields


def _leaves(document: dict[str, object]) -> Iterator[tuple[str, object, bool]]:
    """(name, value, whether a list holds it) in the order of the document; iterative, as depth is the sender's choice."""
    stack: list[tuple[str, object, bool, int]] = [("", document, False, 0)]
    while stack:
        name, value, inside_list, depth = stack.pop()
        if depth > MAX_DEPTH or len(name) > MAX_NAME:
            raise _too_large()
        if type(value) is dict:  # a parsed document holds no other mapping; asking for Mapping took a third of the time
            prefix = f"{name}." if name else ""
            stack += [(prefix + key, value[key], inside_list, depth + 1) for key in reversed(value)]
        elif type(value) is list:
            stack += [(name, item, True, depth + 1) for item in reversed(value)]
        elif value is not None:
            yield name, value, inside_list


def _too_large() -> ParseError:
    return unreadable(
        msg(
            "đối tượng JSON không quá {depth} tầng, {count} trường, tên dài {length}",
            depth=MAX_DEPTH,
            count=MAX_FIELDS,
            length=MAX_NAME,
        )
    )
