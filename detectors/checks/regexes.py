"""Regular expressions that hold for every value, or that may take time without end.

Python's engine backtracks: a repetition inside a repetition over the same characters tries every way to share them out. Looked for in
the parsed expression; an expression that is told may still be harmless on short values.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from types import MappingProxyType
from typing import Any

from detectors.checks.detections import items_of
from detectors.checks.issue import Issue, IssueSeverity, RuleDocument
from soc.core.i18n import msg

_PROBES = ("", "a", "Z", "0", " ", "-", "\\", "/", "\u0111", "a b.c")
_ALPHABET = (*map(chr, range(9, 127)), "\u0111")
_MANY = 16
"""A repetition of up to so many does not count as one without end."""


def check_regexes(rule: RuleDocument) -> Iterator[Issue]:
    """Issues of every expression of a rule that compiles."""
    for item in items_of(rule):
        for index, value in enumerate(item.values if "re" in item.modifiers else ()):
            try:
                compiled = re.compile(str(value))
                nested = repeats_nest(str(value))
            except (re.error, OverflowError, RecursionError):
                continue
            path = item.path_of(index)
            if all(compiled.search(probe) for probe in _PROBES):
                yield rule.issue(
                    "regex",
                    IssueSeverity.ERROR,
                    msg("biểu thức chính quy đúng với mọi giá trị: {regex}", regex=str(value)),
                    path,
                    advice=msg("muốn hỏi trường có mặt thì dùng exists"),
                )
            if nested:
                yield rule.issue(
                    "regex",
                    IssueSeverity.WARNING,
                    msg("biểu thức chính quy có thể chạy rất lâu: {regex}", regex=str(value)),
                    path,
                    advice=msg("bỏ phép lặp lồng trong phép lặp trên cùng ký tự"),
                )


def repeats_nest(regex: str) -> bool:
    """Whether some repetition without end holds another one that can share its characters in many ways.

    Raises:
        ValueError: (re.error) not a regular expression.
    """
    return _nests(_parser.parse(regex))


def _nests(parsed: Any) -> bool:
    return any(_is_risky(op, argument) or any(map(_nests, _inside(op, argument))) for op, argument in parsed)


def _inside(op: Any, argument: Any) -> list[Any]:
    if op in (sre.MAX_REPEAT, sre.MIN_REPEAT):
        return [argument[2]]
    if op is sre.SUBPATTERN:
        return [argument[3]]
    if op is sre.BRANCH:
        return list(argument[1])
    return [argument[1]] if op in (sre.ASSERT, sre.ASSERT_NOT) else []


def _is_risky(op: Any, argument: Any) -> bool:
    if op not in (sre.MAX_REPEAT, sre.MIN_REPEAT) or argument[1] <= _MANY:
        return False
    body = _unwrapped(argument[2])
    if len(body) == 1 and body[0][0] is sre.BRANCH:
        return _branches_overlap(body[0][1][1])
    inner = [(o, a) for o, a in body if o in (sre.MAX_REPEAT, sre.MIN_REPEAT) and a[1] > _MANY]
    return any(_is_unfenced(one, body) for one in inner)


def _unwrapped(parsed: Any) -> list[Any]:
    """The elements of a body, plain groups opened."""
    found: list[Any] = []
    for op, argument in parsed:
        if op is sre.SUBPATTERN and not argument[1] and not argument[2]:
            found += _unwrapped(argument[3])
        else:
            found.append((op, argument))
    return found


def _is_unfenced(repeat: Any, body: list[Any]) -> bool:
    """Whether nothing in the body must stand between two rounds that the inner repetition could not take itself."""
    taken = _characters(repeat[1][2])
    for op, argument in body:
        if (op, argument) is repeat or (op in (sre.MAX_REPEAT, sre.MIN_REPEAT) and argument[0] == 0):
            continue
        if op in (sre.MAX_REPEAT, sre.MIN_REPEAT) and argument == repeat[1]:
            continue
        single = argument[2] if op in (sre.MAX_REPEAT, sre.MIN_REPEAT) else [(op, argument)]
        if op is not sre.AT and not (_characters(single) & taken):
            return False
    return True


def _branches_overlap(branches: list[Any]) -> bool:
    """Branches of one character each that share one: `(\\w|\\d)+`."""
    singles = [_characters(branch) for branch in branches if len(branch) == 1]
    return any(one & other for index, one in enumerate(singles) for other in singles[:index])


def _characters(parsed: Any) -> frozenset[str]:
    """The characters a body of one element may take; none for anything longer, which is then no fence to be sure of."""
    elements = _unwrapped(parsed)
    if len(elements) != 1:
        return frozenset()
    op, argument = elements[0]
    if op is sre.LITERAL:
        return frozenset(chr(argument))
    if op is sre.NOT_LITERAL:
        return frozenset(_ALPHABET) - {chr(argument)}
    if op is sre.ANY:
        return frozenset(_ALPHABET) - {"\n"}
    return frozenset(char for char in _ALPHABET if _in_class(char, argument)) if op is sre.IN else frozenset()


_CATEGORIES: Mapping[Any, Callable[[str], bool]] = MappingProxyType(
    {
        sre.CATEGORY_DIGIT: str.isdigit,
        sre.CATEGORY_SPACE: str.isspace,
        sre.CATEGORY_WORD: lambda char: char.isalnum() or char == "_",
        sre.CATEGORY_NOT_DIGIT: lambda char: not char.isdigit(),
        sre.CATEGORY_NOT_SPACE: lambda char: not char.isspace(),
        sre.CATEGORY_NOT_WORD: lambda char: not (char.isalnum() or char == "_"),
    }
)


def _in_class(char: str, members: Any) -> bool:
    negated: bool = bool(members) and members[0][0] is sre.NEGATE
    held: bool = any(_is_member(char, op, argument) for op, argument in members if op is not sre.NEGATE)
    return not held if negated else held


def _is_member(char: str, op: Any, argument: Any) -> bool:
    if op is sre.LITERAL:
        return bool(ord(char) == argument)
    if op is sre.RANGE:
        return bool(argument[0] <= ord(char) <= argument[1])
    return bool(_CATEGORIES[argument](char)) if op is sre.CATEGORY else False
