"""Simple case folding: letter for letter, whatever the neighbours."""

from __future__ import annotations

import sys

from detectors.sigma.folding import fold


def test_every_letter_folds_to_one_letter_alone_and_among_others() -> None:
    """The fast way for a whole text and the table for single letters agree over all of Unicode."""
    letters = [chr(code) for code in range(sys.maxunicode + 1) if not 0xD800 <= code < 0xE000]
    alone = [fold(letter) for letter in letters]
    assert all(len(folded) == 1 for folded in alone)
    assert fold("".join(letters)) == "".join(alone)


def test_the_letters_that_make_trouble() -> None:
    """Đ folds; İ and ß have no simple folding; the capital ẞ folds to ß, all three sigmas to one."""
    assert fold("ĐĂNG NHẬP") == "đăng nhập"
    assert fold("İß\u1e9e") == "İßß"
    assert fold("Σσς") == "σσσ"
