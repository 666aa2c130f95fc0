"""Makers of readers for secrets that stand in a form of their own; see `collectors.secret_forms` and the modules beside it.

As in `collectors.secret_masks`: the automaton has found a telling word, the reader looks at what follows within a bound and says which
spans to replace. A digit in a telling word is written `0` and stands for any.
"""

from __future__ import annotations

import re

from collectors.secret_masks import MASK, NO_VALUE, Reader, Span

REACH = 400
"""Characters behind a telling word in which a reader looks for a value that does not follow at once."""

_PLACEHOLDERS = frozenset(("<password>", "<hidden>", "(hidden)", "<none>", "<not logged>", "enc"))
_ARGUMENT = re.compile(r"""["']?([^\s"']+)""")


def hides_nothing(value: str) -> bool:
    """Whether a value is empty, or what a program itself wrote in place of a secret."""
    return value.lower() in NO_VALUE or not value.strip("*") or value.lower() in _PLACEHOLDERS


def spans_of(found: re.Match[str] | None, offset: int = 0) -> list[Span]:
    """Every group that took part as a span, less those with nothing to hide. `offset`: of the searched text in the record."""
    if found is None:
        return []
    places = (found.span(group) for group in range(1, found.re.groups + 1) if found.start(group) >= 0)
    return [
        (start + offset, stop + offset, MASK) for start, stop in places if not hides_nothing(found.string[start:stop])
    ]


def line_from(text: str, start: int, reach: int = REACH) -> str:
    """What follows `start` within reach and within the line."""
    return text[start : start + reach].split("\n", 1)[0]


def after(pattern: str) -> Reader:
    """The groups of `pattern`, sought from the word on within reach and within the line."""
    compiled = re.compile(pattern, re.IGNORECASE)

    def read(text: str, _start: int, end: int) -> list[Span]:
        return spans_of(compiled.search(line_from(text, end)), end)

    return read


def each_after(pattern: str) -> Reader:
    """As `after`, for each place where `pattern` matches."""
    compiled = re.compile(pattern, re.IGNORECASE)

    def read(text: str, _start: int, end: int) -> list[Span]:
        return [span for found in compiled.finditer(line_from(text, end)) for span in spans_of(found, end)]

    return read


def argument(text: str, _start: int, end: int) -> list[Span]:
    """What follows the word at once: `sshpass -p hush`."""
    return spans_of(_ARGUMENT.match(text, end))


def shaped(pattern: str) -> Reader:
    """A key that shows by its own form what it is, standing alone."""
    compiled = re.compile(pattern, re.ASCII)

    def read(text: str, start: int, _end: int) -> list[Span]:
        if start and (text[start - 1].isalnum() or text[start - 1] in "_-"):
            return []
        found = compiled.match(text, start)
        return [(found.start(), found.end(), MASK)] if found else []

    return read


def listed(reader: Reader, *words: str) -> dict[str, Reader]:
    """One reader for several words."""
    return dict.fromkeys(words, reader)
