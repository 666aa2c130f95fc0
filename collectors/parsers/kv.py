"""Lists of key and value in any usual dress: logfmt, `a=1, b="x y"`, `a: 1 | b: 2`."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import ClassVar

from pydantic import Field

from collectors.parsers.pairs import read_pairs
from collectors.parsing import ParseContext, ParserOptions, Record, unreadable
from soc.core.i18n import msg

MAX_PAIRS = 2000
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


class KvOptions(ParserOptions):
    """How pairs are written.

    Attributes:
        between: what parts two pairs, one character; left out, blanks or commas are told apart.
        assign: what stands between key and value, one character.
    """

    between: str | None = Field(default=None, min_length=1, max_length=1)
    assign: str = Field(default="=", min_length=1, max_length=1)


class KvParser:
    """One list of pairs a record, values bare or in double quotes; words that are no pair are passed over, the first of a name wins.

    The names are the record's own; the field table of the platform maps them.

    Source: the form itself; logfmt as Go programs write it (brandur.org/logfmt).
    """

    id: ClassVar[str] = "kv"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = True
    Options: ClassVar[type[KvOptions]] = KvOptions

    def __init__(self, options: KvOptions) -> None:
        self._options = options

    def parse(self, text: str, context: ParseContext) -> Record:
        between, assign = self._options.between, self._options.assign
        usual = between is None and assign == "="
        pairs = read_pairs(text) if usual else _parted(text, between or " ", assign)
        if not pairs or len(pairs) > MAX_PAIRS:
            raise unreadable(msg("danh sách khóa và giá trị, không quá {count}", count=MAX_PAIRS))
        return {**pairs}


def _parted(text: str, between: str, assign: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for found in _pair(between, assign).finditer(text):
        name, quoted, bare = found.groups()
        value = bare.strip() if quoted is None else _ESCAPED.sub(r"\1", quoted)
        pairs.setdefault(name.strip(), value)
    return pairs


@lru_cache(maxsize=64)
def _pair(between: str, assign: str) -> re.Pattern[str]:
    end, equals = re.escape(between), re.escape(assign)
    # Anchored behind a separator and possessive: a stretch without the sign of assignment is passed over once.
    name = rf"(?:\A|(?<={end}))[^{end}{equals}\"]{{1,256}}+"
    quoted = r"\"([^\"\\]*+(?:\\.[^\"\\]*+)*+)\""
    return re.compile(rf"({name}){equals}\s{{0,8}}+(?:{quoted}(?={end}|\s|\Z)|([^{end}]*+))", re.DOTALL)
