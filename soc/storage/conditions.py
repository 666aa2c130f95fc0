"""The typed tree of a search: what `soc.storage.query` makes of Lucene text, or a program builds itself, and every store evaluates."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from typing import TypeAlias

from soc.storage.values import Key


class Wild(Enum):
    """A wildcard in a pattern."""

    ANY = "*"
    ONE = "?"


Pattern: TypeAlias = tuple[str | Wild, ...]
"""Folded text and wildcards in order; a pattern always covers a whole keyword or a whole word."""


@dataclass(frozen=True, slots=True)
class Everything:
    """Every event."""


@dataclass(frozen=True, slots=True)
class Exists:
    """Events that hold a value in `field`."""

    field: str


@dataclass(frozen=True, slots=True)
class Equals:
    """Events with a value of `field`, not a text field, whose key is `key`."""

    field: str
    key: Key


@dataclass(frozen=True, slots=True)
class Like:
    """Events with a value of `field` (keyword, long or ip) whose text matches `pattern`, letter case folded."""

    field: str
    pattern: Pattern


@dataclass(frozen=True, slots=True)
class Between:
    """Events with a value of `field` in a range.

    Attributes:
        low, high: keys, None for an open end.
        numeric: compare a keyword field by its values that are numbers, instead of by text.
    """

    field: str
    low: Key | None
    high: Key | None
    include_low: bool = True
    include_high: bool = True
    numeric: bool = False


@dataclass(frozen=True, slots=True)
class Words:
    """Events in which the patterns match words in a row.

    Attributes:
        field: a text field; None = within any one value of the text fields and the hot keyword fields.
        patterns: one for each word, at least one.
    """

    field: str | None
    patterns: tuple[Pattern, ...]


@dataclass(frozen=True, slots=True)
class Altered:
    """Events with a value that searches do not see letter for letter (`soc.storage.values.altered_fields`).

    Who looks for what a text holds, and must not miss any, asks for these besides and looks at them himself.

    Attributes:
        field: where the value stands; None = in any field.
    """

    field: str | None = None


@dataclass(frozen=True, slots=True)
class Not:
    """Events that do not match `part`."""

    part: Condition


@dataclass(frozen=True, slots=True)
class AllOf:
    """Events that match every part."""

    parts: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Events that match at least one part."""

    parts: tuple[Condition, ...]


Condition: TypeAlias = Everything | Exists | Equals | Like | Between | Words | Altered | Not | AllOf | AnyOf

EVERYTHING = Everything()
NOTHING = Not(EVERYTHING)


def all_of(parts: Iterable[Condition]) -> Condition:
    """What answers every part, as plain as it can be said: no needless level, no part twice."""
    found: dict[Condition, None] = {}
    for part in parts:
        found.update(dict.fromkeys(part.parts if isinstance(part, AllOf) else (part,)))
    found.pop(EVERYTHING, None)
    if NOTHING in found:
        return NOTHING
    return next(iter(found)) if len(found) == 1 else AllOf(tuple(found)) if found else EVERYTHING


def any_of(parts: Iterable[Condition]) -> Condition:
    """What answers at least one part, as plain as it can be said."""
    found: dict[Condition, None] = {}
    for part in parts:
        found.update(dict.fromkeys(part.parts if isinstance(part, AnyOf) else (part,)))
    found.pop(NOTHING, None)
    if EVERYTHING in found:
        return EVERYTHING
    return next(iter(found)) if len(found) == 1 else AnyOf(tuple(found)) if found else NOTHING


def none_of(part: Condition) -> Condition:
    """What does not answer the part."""
    return part.part if isinstance(part, Not) else Not(part)
