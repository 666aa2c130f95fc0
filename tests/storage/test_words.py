"""Words of a text: the way that remembers chunks finds what one expression over the whole text finds."""

from __future__ import annotations

from hypothesis import example, given
from hypothesis import strategies as st

from soc.storage.values import _WORD, fold_words, words

LETTERS = "aBđĐ ếễ\u0301\u0065\u0302ßİ1_.-/\u00a0\u2003\n\x1f𐐀"


@given(text=st.text(alphabet=LETTERS, max_size=80))
@example("Trần " * 70 + "Thị")
@example("x" * 300 + " ế" * 3)
def test_words_are_those_of_the_whole_text_folded_at_once(text: str) -> None:
    """Nothing in a chunk folds with what stands beyond a blank."""
    assert words(text) == _WORD.findall(fold_words(text))
