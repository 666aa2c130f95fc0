"""Reading documents: fields by dotted name, values as text and as numbers.

A document is what a log source gives: flat (`{"a.b": 1}`) or nested (`{"a": {"b": 1}}`), values being JSON values. Missing and
null differ only for `exists`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final, TypeAlias

Document: TypeAlias = Mapping[str, object]

_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)


class _Missing:
    """The value of a field that a document does not have."""

    def __repr__(self) -> str:
        return "MISSING"


MISSING: Final = _Missing()


def read(document: Document, field: str) -> object:
    """The value of `field`, the exact key before the dotted path; MISSING where there is none."""
    found = document.get(field, MISSING)
    if found is not MISSING or "." not in field:
        return found
    return _descend(document, field)


def _descend(node: object, path: str) -> object:
    if isinstance(node, list):
        inside = [value for value in (_descend(item, path) for item in node) if value is not MISSING]
        return inside or MISSING
    if not isinstance(node, Mapping):
        return MISSING
    if path in node:
        return node[path]
    cut = path.find(".")
    while cut > 0:
        child = node.get(path[:cut], MISSING)
        found = MISSING if child is MISSING else _descend(child, path[cut + 1 :])
        if found is not MISSING:
            return found
        cut = path.find(".", cut + 1)
    return MISSING


def leaves(value: object) -> Iterator[object]:
    """The scalars that a field test looks at: the value, or each element of a list; objects are no values."""
    if isinstance(value, (list, tuple)):
        for item in value:
            yield from leaves(item)
    elif not isinstance(value, Mapping):
        yield value


def all_leaves(value: object) -> Iterator[object]:
    """Every scalar inside, objects too: what a keyword search looks at."""
    if isinstance(value, Mapping):
        for item in value.values():
            yield from all_leaves(item)
    elif isinstance(value, (list, tuple)):
        for item in value:
            yield from all_leaves(item)
    else:
        yield value


def text(scalar: object) -> str:
    """A scalar as Sigma sees it: all values are text; booleans in the words of JSON, null as the empty text."""
    if type(scalar) is str:
        return scalar
    if scalar is True:
        return "true"
    if scalar is False:
        return "false"
    return "" if scalar is None else str(scalar)


def number(scalar: object) -> int | float | None:
    """The number that a scalar is or spells; None for booleans and everything else. Whole numbers stay exact."""
    if isinstance(scalar, bool):
        return None
    if isinstance(scalar, (int, float)):
        return scalar
    if isinstance(scalar, str) and len(scalar) < 400 and _NUMBER.fullmatch(scalar):
        return int(scalar) if scalar.lstrip("+-").isdigit() else float(scalar)
    return None
