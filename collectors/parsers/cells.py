"""Rows of comma-separated values: RFC 4180 with any delimiter and quote, in time linear in the row."""

from __future__ import annotations

import re
from functools import lru_cache


def split_cells(text: str, delimiter: str = ",", quote: str = '"') -> list[str]:
    """The cells of one row; a doubled quote inside quotes is one, and a quote that nothing closes is a letter like any other.

    Line ends inside quotes belong to the cell: PostgreSQL writes statements of several lines into one row.
    """
    if quote not in text:
        return text.split(delimiter)
    cells: list[str] = []
    quoted, bare = _patterns(delimiter, quote)
    at = 0
    while True:
        cell = quoted.match(text, at)
        if cell is not None:
            cells.append(cell[1].replace(quote * 2, quote))
        else:
            cell = bare.match(text, at)
            cells.append("" if cell is None else cell[0])
        at = len(text) if cell is None else cell.end()
        if at >= len(text):
            return cells
        at += 1


@lru_cache(maxsize=64)
def _patterns(delimiter: str, quote: str) -> tuple[re.Pattern[str], re.Pattern[str]]:
    sign, end = re.escape(quote), re.escape(delimiter)
    # Possessive: what was taken for the content is not given back, so a row without a closing quote is read once.
    quoted = rf" ?{sign}((?:[^{sign}]++|{sign}{sign})*+){sign}(?={end}|\Z)"
    return re.compile(quoted), re.compile(rf"[^{end}]*+")
