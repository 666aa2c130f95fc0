"""The analysis of text fields: words as `soc.storage.values` reads them, made by Elasticsearch itself.

Every letter that folding changes is a rule of a character filter: capitals, Vietnamese marks, đ, and what other scripts fold; so a search
for `tran bien` finds "Trấn Biên" here as in every other store. Not covered: letters that are composed out of several characters other
than a letter and its combining marks (Hangul written as jamo, kana with a separate voicing mark).
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from functools import cache

from soc.storage.values import WORD_CHARS, fold_words

ANALYZER = "vonggac_words"
"""Name of the analyser of text fields."""

_MARKS = range(0x300, 0x370)
_SURROGATES = range(0xD800, 0xE000)


def analysis() -> dict[str, object]:
    """The `analysis` settings of an index."""
    return {
        "char_filter": {"vonggac_fold": {"type": "mapping", "mappings": list(_all_rules())}},
        "tokenizer": {
            "vonggac_word": {"type": "pattern", "pattern": rf"[\p{{L}}\p{{N}}_]{{1,{WORD_CHARS}}}", "group": 0}
        },
        "analyzer": {ANALYZER: {"type": "custom", "char_filter": ["vonggac_fold"], "tokenizer": "vonggac_word"}},
        "normalizer": {"vonggac_lowercase": {"type": "custom", "filter": ["lowercase"]}},
    }


@cache
def _all_rules() -> tuple[str, ...]:
    """Made once: it takes a second to go through all of Unicode."""
    return tuple(_rules())


def _rules() -> Iterator[str]:
    """A rule for each letter that `fold_words` changes."""
    for code in range(sys.maxunicode + 1):
        if code in _SURROGATES:
            continue
        folded = "" if code in _MARKS else fold_words(chr(code))
        if folded != chr(code):
            yield f"{_written(chr(code))} => {''.join(map(_written, folded))}"


def _written(char: str) -> str:
    """A character in a rule: escaped, as the reader of rules would trim a space and take a backslash for its own."""
    return f"\\u{ord(char):04x}" if ord(char) <= 0xFFFF else char
