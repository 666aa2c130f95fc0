"""How near a test came that did not hold: what would have to differ in the value, or what the field is called instead."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from ipaddress import ip_address
from types import MappingProxyType

from detectors.sigma.folding import fold
from detectors.sigma.predicates import Compare, Exists, Literal, Network, Null, Pattern, Place, SameAs, Test
from detectors.sigma.tree import Atom
from detectors.sigma.values import MISSING, Document, leaves, number, read, text

_CLOSE = 0.85
_LONGEST_COMPARED = 300


class NearKind(StrEnum):
    """In what way a test nearly held."""

    OTHER_NAME = "other_name"
    CASE = "case"
    SPACE = "space"
    BACKSLASH = "backslash"
    QUOTES = "quotes"
    NORMAL_FORM = "normal_form"
    ELSEWHERE = "elsewhere"
    SPELLING = "spelling"
    NO_NUMBER = "no_number"
    NO_ADDRESS = "no_address"


@dataclass(frozen=True, slots=True)
class Near:
    """One way; `detail` is the other name, or the value that is so near."""

    kind: NearKind
    detail: str


Change = Callable[[str], str]
_CHANGES: Mapping[NearKind, Change] = MappingProxyType(
    {
        NearKind.SPACE: lambda value: " ".join(value.split()),
        NearKind.BACKSLASH: lambda value: value.replace("\\\\", "\\").replace("/", "\\"),
        NearKind.QUOTES: lambda value: value.strip("\"'"),
        NearKind.NORMAL_FORM: lambda value: unicodedata.normalize("NFKC", value),
    }
)


def near_misses(atom: Atom, document: Document) -> tuple[Near, ...]:
    """Why a test that fails nearly held, the most telling first; empty when it wasn't near.

    Args:
        atom: a test that does not hold, with the name of its field in the document.
        document: as its rules read it.
    """
    if atom.field is None or isinstance(atom.test, (Null, SameAs)):
        return ()
    value = read(document, atom.field)
    if value is MISSING:
        return tuple(_other_names(atom.field, document))
    if isinstance(atom.test, Exists):
        return ()
    found = (near for leaf in leaves(value) if leaf is not None for near in _of_value(atom.test, text(leaf)))
    return tuple(dict.fromkeys(found))


def _other_names(field: str, document: Document) -> Iterator[Near]:
    """Names the document has instead: the same without regard to case, else a similar one."""
    folded = {fold(name): name for name in document}
    if fold(field) in folded:
        yield Near(NearKind.OTHER_NAME, folded[fold(field)])
        return
    for name in difflib.get_close_matches(fold(field), folded, 1, _CLOSE):
        yield Near(NearKind.OTHER_NAME, folded[name])


def _of_value(test: Test, value: str) -> Iterator[Near]:
    found = list(_of_kind(test, value)) or [
        Near(kind, value) for kind, change in _CHANGES.items() if change(value) != value and test.holds(change(value))
    ]
    yield from found or (_of_literal(test, value) if isinstance(test, Literal) else ())


def _of_kind(test: Test, value: str) -> Iterator[Near]:
    if isinstance(test, Compare) and number(value) is None:
        yield Near(NearKind.NO_NUMBER, value)
    if isinstance(test, Network) and not _is_address(value):
        yield Near(NearKind.NO_ADDRESS, value)
    if isinstance(test, Pattern) and not test.folded and replace(test, flags=test.flags | re.IGNORECASE).holds(value):
        yield Near(NearKind.CASE, value)


def _of_literal(test: Literal, value: str) -> Iterator[Near]:
    if test.place is not Place.CONTAINS and test.needle and replace(test, place=Place.CONTAINS).holds(value):
        yield Near(NearKind.ELSEWHERE, value)
    elif _is_similar(test.needle, fold(value)):
        yield Near(NearKind.SPELLING, value)


def _is_similar(needle: str, value: str) -> bool:
    if not 4 <= len(needle) <= _LONGEST_COMPARED or len(value) > _LONGEST_COMPARED:
        return False
    matcher = difflib.SequenceMatcher(None, needle, value)
    return matcher.real_quick_ratio() >= _CLOSE and matcher.quick_ratio() >= _CLOSE and matcher.ratio() >= _CLOSE


def _is_address(value: str) -> bool:
    try:
        ip_address(value)
    except ValueError:
        return False
    return True
