"""A search in time linear in the text, for expressions on which Python's `re` may take exponential time.

Hyperscan runs them as automata. The expression is written anew from its syntax tree, as the two differ in spelling: `\\Z`
means `\\z`, and `\\s` takes in the separators U+001C to U+001F. Letters are those of Unicode, as in Python.
"""

from __future__ import annotations

import re
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from threading import Lock
from typing import Any

import hyperscan

_PLACES = {
    sre.AT_BEGINNING: "^",
    sre.AT_BEGINNING_STRING: r"\A",
    sre.AT_END: "$",
    sre.AT_END_STRING: r"\z",
    sre.AT_BOUNDARY: r"\b",
    sre.AT_NON_BOUNDARY: r"\B",
}
_BEGIN = re.compile(r"(?<!\[)\^")
"""In an expression written anew: there a sign that means itself is written by its number."""
_CATEGORIES = {
    sre.CATEGORY_DIGIT: r"\d",
    sre.CATEGORY_NOT_DIGIT: r"\D",
    sre.CATEGORY_WORD: r"\w",
    sre.CATEGORY_NOT_WORD: r"\W",
    sre.CATEGORY_SPACE: r"\s\x1c-\x1f",
}
_FLAGS = {
    sre.SRE_FLAG_IGNORECASE: hyperscan.HS_FLAG_CASELESS,
    sre.SRE_FLAG_MULTILINE: hyperscan.HS_FLAG_MULTILINE,
    sre.SRE_FLAG_DOTALL: hyperscan.HS_FLAG_DOTALL,
}


class NotLinearError(ValueError):
    """The expression has a part that no automaton has, such as a look-around or a back reference."""


class LinearSearch:
    """Stands in for a compiled expression where only `search` is asked, and only whether it finds anything."""

    def __init__(self, database: hyperscan.Database) -> None:
        self._database, self._lock = database, Lock()

    @classmethod
    def compile(cls, regex: str, flags: int = 0) -> LinearSearch:
        """The search for an expression.

        Raises:
            NotLinearError: Hyperscan cannot run it exactly.
        """
        parsed = _parser.parse(regex, flags)
        found = int(hyperscan.HS_FLAG_SINGLEMATCH | hyperscan.HS_FLAG_ALLOWEMPTY)
        found |= int(hyperscan.HS_FLAG_UTF8 | hyperscan.HS_FLAG_UCP)
        for flag, same in _FLAGS.items():
            found |= int(same) if parsed.state.flags & flag else 0
        expression = _sequence(parsed)
        if parsed.state.flags & sre.SRE_FLAG_MULTILINE and not _begins_before_the_end(parsed, expression):
            raise NotLinearError("at_beginning")
        database = hyperscan.Database()
        try:
            database.compile(expressions=[expression.encode()], ids=[0], flags=[found])
        except hyperscan.error as error:
            raise NotLinearError(str(error)) from error
        return cls(database)

    def search(self, text: str) -> bool | None:
        """True where `re.search` would find something, else None."""
        hits: list[int] = []
        with self._lock:
            self._database.scan(text.encode(errors="replace"), match_event_handler=lambda ident, *_: hits.append(ident))
        return True if hits else None


def _begins_before_the_end(parsed: Any, expression: str) -> bool:
    """Whether no `^` can match at the very end of a text: behind a last line break a line begins to Python, not to Hyperscan."""
    begins = len(_BEGIN.findall(expression))
    return not begins or (begins == 1 and expression.startswith("^") and parsed.getwidth()[0] > 0)


def _sequence(parsed: Any) -> str:
    return "".join(_element(op, argument) for op, argument in parsed)


def _element(op: Any, argument: Any) -> str:  # noqa: PLR0911 - one line for each kind of element
    if op is sre.LITERAL:
        return _letter(argument)
    if op is sre.NOT_LITERAL:
        return f"[^{_letter(argument)}]"
    if op is sre.ANY:
        return "."
    if op is sre.AT:
        return _PLACES[argument]
    if op is sre.IN:
        return f"[{''.join(_member(inner, what) for inner, what in argument)}]"
    if op is sre.BRANCH:
        return f"(?:{'|'.join(map(_sequence, argument[1]))})"
    if op is sre.SUBPATTERN and not argument[1] and not argument[2]:
        return f"(?:{_sequence(argument[3])})"
    if op in (sre.MAX_REPEAT, sre.MIN_REPEAT):
        return f"(?:{_sequence(argument[2])}){_times(argument[0], argument[1])}"
    raise NotLinearError(str(op).lower())


def _member(op: Any, argument: Any) -> str:
    if op is sre.NEGATE:
        return "^"
    if op is sre.RANGE:
        return f"{_letter(argument[0])}-{_letter(argument[1])}"
    if op is sre.CATEGORY and argument in _CATEGORIES:
        return _CATEGORIES[argument]
    if op is sre.LITERAL:
        return _letter(argument)
    raise NotLinearError(str(op).lower())


def _letter(code: int) -> str:
    return rf"\x{{{code:x}}}"


def _times(least: int, most: int) -> str:
    return f"{{{least},}}" if most is sre.MAXREPEAT else f"{{{least},{most}}}"
