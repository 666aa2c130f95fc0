"""Lists of pairs: the way that remembers shapes reads what the way without memory reads."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.parsers import pairs
from collectors.parsers.pairs import read_pairs

NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_.\-]{0,6}", fullmatch=True)
VALUES = st.text(alphabet="ab=1,\\ \t\u00a0đ.-", max_size=6)
BARE = st.text(alphabet="ab1.-:/đ", max_size=6)
PAIRS = st.lists(st.tuples(NAMES, st.booleans(), st.tuples(BARE, VALUES)), max_size=6)
GAPS = st.sampled_from([" ", " ", " ", "  ", ", ", ","])


def written(listed: list[tuple[str, bool, tuple[str, str]]], gap: str) -> str:
    return gap.join(f'{name}="{inner}"' if quoted else f"{name}={bare}" for name, quoted, (bare, inner) in listed)


@given(listed=PAIRS, others=st.lists(st.tuples(BARE, VALUES), max_size=4), gap=GAPS)
def test_lists_of_a_known_shape_are_read_as_those_of_a_new_one(
    listed: list[tuple[str, bool, tuple[str, str]]], others: list[tuple[str, str]], gap: str
) -> None:
    """The same names with other values, often enough to be learned; each as the way without memory reads it."""
    for values in [*others, ("x", "y z"), ("1", "2"), ("", ""), ("a", "b"), ("c", "d")]:
        text = written([(name, quoted, values) for name, quoted, _ in listed], gap)
        assert read_pairs(text) == pairs._read_pairs(text)
    text = written(listed, gap)
    assert read_pairs(text) == pairs._read_pairs(text)


def test_a_plain_shape_is_learned_and_the_number_of_shapes_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lists of ever new names end in no more memory, and are read all the same."""
    shapes = pairs._Shapes()
    monkeypatch.setattr(pairs, "_MOST_SHAPES", 3)
    for number in range(20):
        text = f'name{number}=1 other="2 3"'
        for _ in range(pairs._SEEN_BEFORE):
            shapes.read(text)
        expected = {f"name{number}": "1", "other": "2 3"}
        assert shapes.read(text) == (expected if number < 3 else None)
