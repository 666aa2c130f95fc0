"""Comparing texts without regard to case, one character at a time.

Sigma values are case-insensitive. `str.lower` and `str.casefold` may change the length of a text (`İ`, `ß`), which would
shift wildcards; simple case folding never does. Source: Unicode Standard 15, section 5.18, CaseFolding.txt status C and S.
"""

from __future__ import annotations

from functools import cache

_SPANS = ((0x41, 0x3000), (0xA640, 0xAC00), (0xFB00, 0x10000), (0x10400, 0x1EA00))
"""Where the cased letters of Unicode 15 live; the long blocks without any are skipped."""


def fold(text: str) -> str:
    """`text` in simple case folding: as long as the original, `Đ` as `đ`, `İ` and `ß` as they are."""
    if text.isascii():
        return text.lower()
    # Full folding only ever lengthens a letter: a text that stays as long was folded letter for letter, and far faster.
    folded = text.casefold()
    return folded if len(folded) == len(text) else text.translate(_folds())


@cache
def _folds() -> dict[int, int]:
    table: dict[int, int] = {}
    for start, stop in _SPANS:
        for code in range(start, stop):
            folded = _simple(chr(code))
            if folded != code:
                table[code] = folded
    return table


def _simple(char: str) -> int:
    """The common folding; where only a longer, full one exists, the simple one, which is the lower-case letter if there is one."""
    common = char.casefold()
    if len(common) == 1:
        return ord(common)
    lower = char.lower()
    return ord(lower) if len(lower) == 1 else ord(char)
