"""Many texts and patterns looked for in a value at once.

Two ways, with the same result. An Aho-Corasick automaton is built in milliseconds and suits short values. Where a field turns out
to hold much text, a Hyperscan database takes over: it tells a text once however often it occurs, and looks past case. It
takes seconds to build, so it is kept on disk. It counts bytes, so values beyond ASCII always go to the automaton.
Hyperscan only says where to look in the case of patterns: Python's `re` has the last word.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

import ahocorasick_rs

from detectors.sigma.databases import Databases
from detectors.sigma.predicates import Pattern, Place, compiled

MUCH_TEXT = 256 << 10
"""Characters looked through before Hyperscan pays for its building."""
_FEW = 4
"""So many texts are tried one after another: an automaton would not be faster."""
_INLINE_CASELESS = re.compile(r"\(\?[a-zA-Z]*i")

Uses = Mapping[str, Sequence[tuple[Place, int]]]
"""Folded text -> where it must stand, and the atom that wants it there."""
Patterns = Sequence[tuple[int, Pattern]]


class Texts:
    """Literals and patterns of one field."""

    def __init__(self, literals: Uses, patterns: Patterns, databases: Databases) -> None:
        self._automaton = _Automaton(literals, patterns)
        self._hyperscan: _Hyperscan | None = None
        self._inputs = (literals, patterns, databases)
        self._left = MUCH_TEXT

    def find(self, written: str, folded: str, found: set[int]) -> None:
        """Add the atoms that hold for a value, given as written and folded."""
        if not written.isascii():
            self._automaton.find(written, folded, found)
        elif self._hyperscan is not None:
            self._hyperscan.find(written, folded, found)
        else:
            self._automaton.find(written, folded, found)
            self._left -= len(written)
            if self._left < 0:
                self._hyperscan = _Hyperscan(*self._inputs)


def is_sure(pattern: Pattern) -> bool:
    """Whether what a pattern matches always holds its `needed`, folded; not only in an ASCII value.

    Under re.IGNORECASE `i` matches `İ` and `ı`, which do not fold to it.
    """
    return pattern.folded or not (pattern.flags & re.I or _INLINE_CASELESS.search(pattern.regex))


class _Automaton:
    """Literals, and the texts without which a pattern cannot match, in one Aho-Corasick automaton."""

    def __init__(self, literals: Uses, patterns: Patterns) -> None:
        called: dict[str, dict[int, Pattern]] = defaultdict(dict)
        for atom, pattern in patterns:
            called[pattern.needed][atom] = pattern
        self._always = called.pop("", {})
        self._unsure = {atom: pattern for atom, pattern in patterns if not is_sure(pattern)}
        self._needles = list(dict.fromkeys((*literals, *called)))
        self._uses = [literals.get(needle, ()) for needle in self._needles]
        self._called = [called.get(needle) for needle in self._needles]
        self._automaton = (
            ahocorasick_rs.AhoCorasick(self._needles, store_patterns=False) if len(self._needles) > _FEW else None
        )

    def find(self, written: str, folded: str, found: set[int]) -> None:
        called = dict(self._always)
        end = len(folded)
        for index, start, stop in self._hits(folded):
            for place, atom in self._uses[index]:
                if place is Place.CONTAINS or (start == 0 if place is Place.STARTSWITH else stop == end):
                    found.add(atom)
            if (more := self._called[index]) is not None:
                called.update(more)
        if not written.isascii():
            called.update(self._unsure)
        _confirm(called, written, folded, found)

    def _hits(self, folded: str) -> Iterable[tuple[int, int, int]]:
        if self._automaton is not None:
            return self._automaton.find_matches_as_indexes(folded, overlapping=True)
        return [hit for index, needle in enumerate(self._needles) for hit in _ends_and_first(index, needle, folded)]


def _ends_and_first(index: int, needle: str, folded: str) -> Iterable[tuple[int, int, int]]:
    """Where a text stands: its first place, and its last if that is the end; others make no difference."""
    start = folded.find(needle)
    if start >= 0:
        yield index, start, start + len(needle)
        if folded.endswith(needle):
            yield index, len(folded) - len(needle), len(folded)


class _Hyperscan:
    """Literals anywhere and patterns in one Hyperscan database; literals at an end by their length. For ASCII values."""

    def __init__(self, literals: Uses, patterns: Patterns, databases: Databases) -> None:
        self._starts, self._ends = _Edge(literals, Place.STARTSWITH), _Edge(literals, Place.ENDSWITH)
        anywhere = {
            needle: tuple(atom for place, atom in uses if place is Place.CONTAINS)
            for needle, uses in literals.items()
            if needle.isascii() and any(place is Place.CONTAINS for place, _ in uses)
        }
        self._database = databases.of(tuple(anywhere), [pattern for _, pattern in patterns])
        self._atoms = list(anywhere.values())
        self._fast = [item for place, item in enumerate(patterns) if place not in self._database.refused]
        self._slow = [item for place, item in enumerate(patterns) if place in self._database.refused]

    def find(self, written: str, folded: str, found: set[int]) -> None:
        called = {atom: pattern for atom, pattern in self._slow if pattern.needed in folded}
        for index in self._database.hits(written.encode()):
            if index < len(self._atoms):
                found.update(self._atoms[index])
            else:
                atom, pattern = self._fast[index - len(self._atoms)]
                called[atom] = pattern
        self._starts.find(folded, found)
        self._ends.find(folded, found)
        _confirm(called, written, folded, found)


def _confirm(called: Mapping[int, Pattern], written: str, folded: str, found: set[int]) -> None:
    """Try patterns one by one."""
    for atom, pattern in called.items():
        if compiled(pattern.regex, pattern.flags).search(folded if pattern.folded else written):
            found.add(atom)


_KEY = 8


class _Edge:
    """Literals at one end of the value: short ones by their length, long ones by the signs next to that end."""

    def __init__(self, literals: Uses, place: Place) -> None:
        self._at_start = place is Place.STARTSWITH
        self._short: dict[int, dict[str, list[int]]] = defaultdict(lambda: defaultdict(list))
        self._long: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for needle, uses in literals.items():
            for atom in [atom for wanted, atom in uses if wanted is place]:
                if len(needle) < _KEY:
                    self._short[len(needle)][needle].append(atom)
                else:
                    self._long[self._cut(needle, _KEY)].append((needle, atom))

    def _cut(self, text: str, length: int) -> str:
        return text[:length] if self._at_start else text[-length:]

    def find(self, folded: str, found: set[int]) -> None:
        """Add the atoms whose text stands at this end."""
        for length, texts in self._short.items():
            if (key := self._cut(folded, length)) in texts:
                found.update(texts[key])
        stands = folded.startswith if self._at_start else folded.endswith
        for needle, atom in self._long.get(self._cut(folded, _KEY), ()):
            if stands(needle):
                found.add(atom)
