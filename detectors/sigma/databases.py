"""Hyperscan databases, compiled once and kept on disk.

A file is named by the hash of everything that goes into it - expressions, flags, version of Hyperscan, kind of processor - and
holds a hash of its own content. One that is damaged, of another make, or that somebody else could have written is not
read: the database is compiled anew and takes its place.
"""

from __future__ import annotations

import platform
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from pathlib import Path

import hyperscan
import orjson

from detectors.sigma.kept import Kept
from detectors.sigma.predicates import Pattern
from soc.core.ids import sha256

_NOT_PCRE = re.compile(r"\{,|\[\[?[:.=]|\\N|\(\?[a-zA-Z]*x|\(\?#")
"""Spellings that Hyperscan takes for something else than Python does; patterns with them are left out."""
_INLINE_MULTILINE = re.compile(r"\(\?[a-zA-Z]*m")
_BEGIN_OF_LINE = r"(?:^|\z)"
"""To Python a line begins behind the last line break of a text as well."""
_ESCAPES = {
    r"\Z": r"\z",
    r"\v": r"\x0b",  # to PCRE any vertical space
    r"\s": r"\s\x1c-\x1f",
    r"\S": r"\x00-\x08\x0e-\x1b\x21-\x7f",
}
"""What Python means by an escape, over ASCII; others mean the same to PCRE."""
_CLASSES = frozenset({r"\s", r"\S"})
LITERAL = int(hyperscan.HS_FLAG_CASELESS | hyperscan.HS_FLAG_SINGLEMATCH | hyperscan.HS_FLAG_DOTALL)
_FORMAT = 2
_VERSION = version("hyperscan")

Expression = tuple[bytes, int]
"""A regular expression in the spelling of PCRE, and its Hyperscan flags."""


@dataclass(frozen=True, slots=True)
class Compiled:
    """A database for ASCII texts: first the literals, in any case of letters, then the patterns that Hyperscan takes.

    Attributes:
        database: None where there is nothing to look for.
        refused: places of the patterns that are not in it.
    """

    database: hyperscan.Database | None
    refused: frozenset[int]

    def hits(self, data: bytes | memoryview) -> list[int]:
        """Places of what stands in `data`, each once: literals first, then the patterns that were not refused."""
        found: list[int] = []
        if self.database is not None:
            add = found.append
            self.database.scan(data, match_event_handler=lambda ident, start, stop, flags, context: add(ident))  # type: ignore[type-var]
        return found


@dataclass(frozen=True, slots=True)
class Databases:
    """Compiles databases, or takes them from a folder.

    Args:
        kept: files of earlier runs; None keeps nothing.
    """

    kept: Kept | None = None

    def of(self, literals: Sequence[str], patterns: Sequence[Pattern]) -> Compiled:
        """The database of ASCII literals and of patterns, as a filter: a pattern's hit must be confirmed."""
        listed = [[pattern.regex, pattern.flags, pattern.folded] for pattern in patterns]
        return self._kept_or([literals, listed], lambda: _compiled(literals, patterns))

    def of_expressions(self, expressions: Sequence[Expression]) -> Compiled:
        """The database of expressions in the spelling of Hyperscan."""
        listed = [[expression.decode("latin-1"), flags] for expression, flags in expressions]
        return self._kept_or([listed], lambda: Compiled(_database(expressions), frozenset()))

    def _kept_or(self, content: object, make: Callable[[], Compiled]) -> Compiled:
        if self.kept is None:
            return make()
        name = _name(content)
        data = self.kept.read(name)
        found = None if data is None else _unpacked(data)
        if found is None:
            found = make()
            self.kept.write(name, _packed(found))
        return found


def _name(content: object) -> str:
    make = (_FORMAT, version("hyperscan"), platform.machine(), _processor())
    return f"{sha256(orjson.dumps([make, content]))}.hsdb"


@cache
def _processor() -> str:
    """What this processor can do, since a database is made for it."""
    try:
        lines = Path("/proc/cpuinfo").read_text("utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line for line in lines if line.startswith(("flags", "Features"))), "")


def _compiled(literals: Sequence[str], patterns: Sequence[Pattern]) -> Compiled:
    flags = [_flags(pattern) for pattern in patterns]
    expressions = [(as_expression(literal), LITERAL) for literal in literals]
    expressions += [
        (_for_hyperscan(pattern), taken) for pattern, taken in zip(patterns, flags, strict=True) if taken is not None
    ]
    refused = frozenset(place for place, taken in enumerate(flags) if taken is None)
    return Compiled(_database(expressions) if expressions else None, refused)


def database_of(expressions: Sequence[Expression]) -> hyperscan.Database:
    """A database for block mode; a hit tells the place of its expression."""
    database = hyperscan.Database()
    database.compile(
        expressions=[expression for expression, _ in expressions],
        ids=list(range(len(expressions))),
        flags=[flags for _, flags in expressions],
    )
    return database


def _database(expressions: Sequence[Expression]) -> hyperscan.Database:
    database = hyperscan.Database()
    database.compile(
        expressions=[expression for expression, _ in expressions],
        ids=list(range(len(expressions))),
        flags=[flags for _, flags in expressions],
    )
    return database


def _packed(made: Compiled) -> bytes:
    data = b"" if made.database is None else hyperscan.dumpb(made.database)
    return orjson.dumps(sorted(made.refused)) + b"\n" + data


def _unpacked(content: bytes) -> Compiled | None:
    """The database; None for one made for another processor, whatever its name says, and for what is none."""
    head, _, data = content.partition(b"\n")
    try:
        return Compiled(_loaded(data) if data else None, frozenset(orjson.loads(head)))
    except (hyperscan.error, ValueError, TypeError):
        return None


def _loaded(data: bytes) -> hyperscan.Database:
    database = hyperscan.loadb(data, hyperscan.HS_MODE_BLOCK)
    database.scratch = hyperscan.Scratch(database)  # loading makes none, and scanning needs one
    return database


def as_expression(literal: str) -> bytes:
    """A literal ASCII text as an expression; every sign that could mean something, by its number."""
    return "".join(char if char.isalnum() else f"\\x{ord(char):02x}" for char in literal).encode()


def _for_hyperscan(pattern: Pattern) -> bytes:
    """The expression in the spelling of PCRE; over ASCII it finds at least what Python does."""
    regex = pattern.regex
    begin = _BEGIN_OF_LINE if pattern.flags & re.M or _INLINE_MULTILINE.search(regex) else "^"
    parts, in_class, index = [], False, 0
    while index < len(regex):
        char = regex[index]
        if char == "\\" and index + 1 < len(regex):
            escaped = regex[index : index + 2]
            index += 2
            same = _ESCAPES.get(escaped, escaped)
            parts.append(f"[{same}]" if escaped in _CLASSES and not in_class else same)
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
        parts.append(begin if char == "^" and not in_class else char)
        index += 1
    return "".join(parts).encode()


def _flags(pattern: Pattern) -> int | None:
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
    expression = _for_hyperscan(pattern)
    for extra in (0, hyperscan.HS_FLAG_PREFILTER):
        try:
            hyperscan.Database().compile(expressions=[expression], ids=[0], flags=[flags | extra])
        except hyperscan.error:
            continue
        return flags | extra
    return None
