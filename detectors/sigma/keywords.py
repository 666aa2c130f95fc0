"""Keyword tests, which look at every value of a document: found without looking at every value.

Most documents hold none of the keywords, so a pass over all of a document together says whether to look closer. Where the
JSON text of the document is at hand the pass reads that, and a whole block of lines may be passed over at once.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import ahocorasick_rs
import hyperscan
import orjson

from detectors.sigma.databases import LITERAL, Databases, Expression, as_expression
from detectors.sigma.folding import fold
from detectors.sigma.normal import Normal
from detectors.sigma.predicates import Literal, Pattern, Test
from detectors.sigma.scanner import Scanner
from detectors.sigma.texts import is_sure
from detectors.sigma.values import Document, all_leaves, text

Text: TypeAlias = bytes | memoryview
"""JSON as it was read."""
_NUMBER_LIKE = re.compile(r"[0-9.e+-]*")
"""What may stand in a number: the same number may be written otherwise in JSON."""
_STRANGE_FLAGS = int(hyperscan.HS_FLAG_SINGLEMATCH)
_STRANGE: Sequence[Expression] = (
    (rb"\\u[0-9a-fA-F]{4}", _STRANGE_FLAGS),
    # Signs that fold or compose to an ASCII one: Kelvin, long s, Greek question mark, varia.
    (rb"\xe2\x84\xaa", _STRANGE_FLAGS),
    (rb"\xc5\xbf", _STRANGE_FLAGS),
    (rb"\xcd\xbe", _STRANGE_FLAGS),
    (rb"\xe1\xbf\xaf", _STRANGE_FLAGS),
)
"""Spellings under which an ASCII keyword can hide in a JSON text."""


@dataclass(frozen=True, slots=True)
class Screened:
    """What a pass over a JSON text has shown.

    Attributes:
        present: the texts looked for that stand in it.
        sure: whether a text that is not among them cannot stand in any of its values.
    """

    present: frozenset[str]
    sure: bool


class JsonScreen:
    """Tells from the text alone which keywords may stand in the values of JSON documents.

    Args:
        needed: folded texts.
    """

    def __init__(self, needed: Iterable[str], databases: Databases) -> None:
        self._needed = [needle for needle in needed if not can_hide(needle)]
        self._database = databases.of_expressions([*map(_expression, self._needed), *_STRANGE])

    def screen(self, raw: Text) -> Screened:
        """Which of the texts may stand in the values of the documents in `raw`; those that can hide are not told."""
        found = self._database.hits(raw)
        texts = len(self._needed)
        present = frozenset(self._needed[index] for index in found if index < texts)
        return Screened(present, len(found) == len(present))


class Keywords:
    """The keyword atoms of a group of rules.

    No pass can miss a keyword, and each may find too much: one that runs over two values is thrown out when each is looked at.
    """

    def __init__(self, tests: Sequence[Test], scanner: Scanner, normal: Normal, databases: Databases) -> None:
        self._scanner, self._normal = scanner, normal
        needed = needed_texts(tests)
        self._first = ahocorasick_rs.AhoCorasick(needed, store_patterns=False) if needed else None
        self._needed = frozenset(needed)
        self._can_be_screened = bool(needed) and not any(map(can_hide, needed))
        self._screen = JsonScreen(needed, databases) if self._can_be_screened else None

    def are_excluded_by(self, screened: Screened) -> bool:
        """Whether what a pass has shown of a text leaves no room for any of the keywords."""
        return self._screen is not None and screened.sure and self._needed.isdisjoint(screened.present)

    def find(self, document: Document, raw: Text | None) -> frozenset[int]:
        """Keyword atoms that hold for some value of the document; `raw` is its JSON text, where that is known."""
        if self._screen is not None and raw is not None and self.are_excluded_by(self._screen.screen(raw)):
            return frozenset()
        written = _texts(document)
        if self._first and not self._first.find_matches_as_indexes(fold(self._normal("\n".join(written)))):
            return frozenset()
        return frozenset().union(*[self._scanner.scan(value) for value in written])


def can_hide(needle: str) -> bool:
    """Whether a text may stand in a value without standing in its JSON text as it is."""
    return not needle.isascii() or _NUMBER_LIKE.fullmatch(needle) is not None


def _expression(needle: str) -> Expression:
    escaped = orjson.dumps(needle)[1:-1].decode()
    # a slash may be escaped or not; every other sign has one short form
    return as_expression(escaped).replace(rb"\x2f", rb"\x5c?\x2f"), LITERAL


def needed_texts(tests: Iterable[Test]) -> list[str]:
    """Folded texts of which one must stand in a value for any of the tests to hold; empty when that is not known."""
    needed = {needed_text(test) for test in tests}
    return sorted(needed) if all(needed) else []


def needed_text(test: Test) -> str:
    """A folded text that must stand in a value for the test to hold; "" when there is none such."""
    if isinstance(test, Literal):
        return test.needle
    return test.needed if isinstance(test, Pattern) and is_sure(test) else ""


def _texts(document: Document) -> list[str]:
    """Every value as text; null is none."""
    values = document.values()
    found = [value for value in values if type(value) is str]
    for value in [value for value in values if type(value) is not str]:
        if isinstance(value, (list, dict)):
            found.extend(text(leaf) for leaf in all_leaves(value) if leaf is not None)
        elif value is not None:
            found.append(text(value))
    return found
