"""All the tests on one field at once: the atoms that hold for a value, without trying them one by one.

Exact texts by dictionary, literals by one Aho-Corasick automaton, patterns by one Hyperscan pass whose hits Python's `re`
confirms. Hyperscan counts bytes, so values beyond ASCII skip it and results stay exact.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import Any

import ahocorasick_rs
import hyperscan

from detectors.sigma.folding import fold
from detectors.sigma.predicates import (
    Anything,
    Compare,
    Literal,
    Network,
    Null,
    Numeral,
    Pattern,
    Place,
    Test,
    TimePart,
    compiled,
    network,
)
from detectors.sigma.values import leaves, text

_FEW = 4
"""So many literals or patterns are tried one after another: building an automaton would cost more."""
_INLINE_CASELESS = re.compile(r"\(\?[a-zA-Z]*i")
_NOT_PCRE = re.compile(r"\{,|\[\[?[:.=]|\\N|\(\?[a-zA-Z]*x|\(\?#")
"""Spellings that Hyperscan takes for something else than Python does; patterns with them are tried one by one."""

Normal = Callable[[str], str]


class Scanner:
    """Tests on one field; `scan` gives the numbers of those that hold for a value."""

    def __init__(self, tests: Iterable[tuple[int, Test]], normal: Normal) -> None:
        self._normal = normal
        self._null: list[int] = []
        self._any: list[int] = []
        self._exact: dict[str, list[int]] = {}
        self._numbers: dict[float, list[int]] = {}
        self._others: list[tuple[int, Compare | TimePart]] = []
        self._networks: list[tuple[int, Any]] = []
        literals: dict[str, list[tuple[Place, int]]] = {}
        patterns: list[tuple[int, Pattern]] = []
        for atom, test in tests:
            self._add(atom, test, literals, patterns)
        self._literals = _Literals(literals) if literals else None
        self._patterns = _Patterns(patterns) if patterns else None

    def _add(
        self,
        atom: int,
        test: Test,
        literals: dict[str, list[tuple[Place, int]]],
        patterns: list[tuple[int, Pattern]],
    ) -> None:
        match test:
            case Literal(Place.EQUALS, needle):
                self._exact.setdefault(needle, []).append(atom)
            case Literal(_, ""):
                self._any.append(atom)
            case Literal(place, needle):
                literals.setdefault(needle, []).append((place, atom))
            case Pattern():
                patterns.append((atom, test))
            case Anything():
                self._any.append(atom)
            case Null():
                self._null.append(atom)
            case Numeral(value):
                self._numbers.setdefault(value, []).append(atom)
                self._exact.setdefault(str(value), []).append(atom)
            case Network(cidr):
                self._networks.append((atom, network(cidr)))
            case Compare() | TimePart():
                self._others.append((atom, test))
            case _:
                raise TypeError(f"{test} needs the document")

    def scan(self, value: object) -> frozenset[int]:
        """Atoms that hold for a value, or for any element of a list."""
        found: set[int] = set()
        if type(value) is str or value is None:
            self._scan(value, found)
        else:
            for leaf in leaves(value):
                self._scan(leaf, found)
        return frozenset(found)

    def _scan(self, scalar: object, found: set[int]) -> None:
        if scalar is None:
            found.update(self._null)
            return
        found.update(self._any)
        if isinstance(scalar, (int, float)) and not isinstance(scalar, bool):
            found.update(self._numbers.get(scalar, ()))
        written = self._normal(text(scalar))
        folded = fold(written)
        found.update(self._exact.get(folded, ()))
        if self._literals is not None:
            self._literals.find(folded, found)
        if self._patterns is not None:
            self._patterns.find(written, folded, found)
        for atom, test in self._others:
            if test.holds(scalar):
                found.add(atom)
        if self._networks:
            self._in_networks(written, found)

    def _in_networks(self, written: str, found: set[int]) -> None:
        try:
            address = ipaddress.ip_address(written)
        except ValueError:
            return
        found.update(atom for atom, net in self._networks if net.version == address.version and address in net)


class _Literals:
    """Texts to be found in, or at an end of, the folded value."""

    def __init__(self, literals: dict[str, list[tuple[Place, int]]]) -> None:
        self._few = list(literals.items()) if len(literals) <= _FEW else None
        self._uses = list(literals.values())
        self._automaton = None if self._few else ahocorasick_rs.AhoCorasick(list(literals), store_patterns=False)

    def find(self, folded: str, found: set[int]) -> None:
        if self._automaton is None:
            for needle, uses in self._few or ():
                if needle in folded:
                    _place(uses, folded.startswith(needle), folded.endswith(needle), found)
            return
        end = len(folded)
        for index, start, stop in self._automaton.find_matches_as_indexes(folded, overlapping=True):
            _place(self._uses[index], start == 0, stop == end, found)


def _place(uses: Iterable[tuple[Place, int]], at_start: bool, at_end: bool, found: set[int]) -> None:
    for place, atom in uses:
        if place is Place.CONTAINS or (at_start if place is Place.STARTSWITH else at_end):
            found.add(atom)


class LiteralFilter:
    """Whether any of some folded texts stands in an ASCII text, without folding it: Hyperscan looks past case."""

    def __init__(self, needles: Iterable[str]) -> None:
        wanted = [needle for needle in needles if needle.isascii()]
        self._database: hyperscan.Database | None = None
        if wanted:
            self._database = hyperscan.Database()
            self._database.compile(
                expressions=[re.escape(needle).encode() for needle in wanted],
                ids=list(range(len(wanted))),
                flags=int(hyperscan.HS_FLAG_CASELESS | hyperscan.HS_FLAG_SINGLEMATCH | hyperscan.HS_FLAG_DOTALL),
            )

    def any_in(self, written: str) -> bool:
        """`written` must be ASCII."""
        if self._database is None:
            return False
        hits: list[int] = []
        self._database.scan(written.encode(), match_event_handler=lambda ident, *_: hits.append(ident))
        return bool(hits)


class _Patterns:
    """Regular expressions and wildcard patterns."""

    def __init__(self, patterns: list[tuple[int, Pattern]]) -> None:
        self._all = patterns
        self._slow = patterns
        self._fast: list[tuple[int, Pattern]] = []
        self._database: hyperscan.Database | None = None
        if len(patterns) > _FEW:
            self._build()

    def _build(self) -> None:
        fast, slow = [], []
        for atom, pattern in self._all:
            flags = _hyperscan_flags(pattern)
            if flags is None:
                slow.append((atom, pattern))
            else:
                fast.append((atom, pattern, flags))
        if not fast:
            return
        self._database = hyperscan.Database()
        self._database.compile(
            expressions=[_for_hyperscan(pattern.regex).encode() for _, pattern, _ in fast],
            ids=list(range(len(fast))),
            flags=[flags for _, _, flags in fast],
        )
        self._fast = [(atom, pattern) for atom, pattern, _ in fast]
        self._slow = slow

    def find(self, written: str, folded: str, found: set[int]) -> None:
        if self._database is None or not written.isascii():
            self._try(self._all, written, folded, found)
            return
        hits: list[int] = []
        self._database.scan(written.encode(), match_event_handler=lambda ident, *_: hits.append(ident))
        if hits:
            self._try([self._fast[ident] for ident in hits], written, folded, found)
        self._try(self._slow, written, folded, found)

    @staticmethod
    def _try(patterns: Iterable[tuple[int, Pattern]], written: str, folded: str, found: set[int]) -> None:
        for atom, pattern in patterns:
            if pattern.needed and pattern.needed not in folded and _needed_is_sure(pattern, written):
                continue
            if compiled(pattern.regex, pattern.flags).search(folded if pattern.folded else written):
                found.add(atom)


def _needed_is_sure(pattern: Pattern, written: str) -> bool:
    """Under re.IGNORECASE `i` matches `İ` and `ı`, which do not fold to it: then only an ASCII value is sure."""
    return pattern.folded or written.isascii() or not (pattern.flags & re.I or _INLINE_CASELESS.search(pattern.regex))


def _for_hyperscan(regex: str) -> str:
    r"""Python's spelling in PCRE's: `\Z` is `\z`; `\s` takes in the four separators U+001C to U+001F."""
    parts, in_class, index = [], False, 0
    while index < len(regex):
        char = regex[index]
        if char == "\\" and index + 1 < len(regex):
            escaped = regex[index : index + 2]
            index += 2
            if escaped == r"\Z":
                escaped = r"\z"
            elif escaped == r"\s":
                escaped = r"\s\x1c-\x1f" if in_class else r"[\s\x1c-\x1f]"
            parts.append(escaped)
            continue
        if char == "[" and not in_class:
            in_class = True
            parts.append(char)
            index += 1
            # a bracket right after the opening one (or its ^) is a plain character
            for plain in ("^", "]"):
                if regex[index : index + 1] == plain:
                    parts.append(plain)
                    index += 1
            continue
        if char == "]":
            in_class = False
        parts.append(char)
        index += 1
    return "".join(parts)


@cache
def _hyperscan_flags(pattern: Pattern) -> int | None:
    """Flags under which Hyperscan takes the pattern, at least as a filter that lets too much through; None if it doesn't."""
    if not pattern.regex.isascii() or _NOT_PCRE.search(pattern.regex):
        return None
    flags = int(hyperscan.HS_FLAG_SINGLEMATCH | hyperscan.HS_FLAG_ALLOWEMPTY)
    if pattern.folded or pattern.flags & re.I:
        flags |= hyperscan.HS_FLAG_CASELESS
    if pattern.flags & re.S:
        flags |= hyperscan.HS_FLAG_DOTALL
    if pattern.flags & re.M:
        flags |= hyperscan.HS_FLAG_MULTILINE
    expression = _for_hyperscan(pattern.regex).encode()
    for extra in (0, hyperscan.HS_FLAG_PREFILTER):
        try:
            hyperscan.Database().compile(expressions=[expression], ids=[0], flags=[flags | extra])
        except hyperscan.error:
            continue
        return flags | extra
    return None
