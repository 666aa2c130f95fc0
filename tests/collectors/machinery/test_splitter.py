"""Blocks become the same lines wherever they were cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.inputs.splitter import Line, LineSplitter


def split(data: bytes, sizes: list[int], charset: str = "", limit: int = 1000) -> list[Line]:
    splitter, lines, begin = LineSplitter(charset, limit), [], 0
    for size in [*sizes, len(data)]:
        lines += splitter.feed(data[begin : begin + size])
        begin += size
    last = splitter.finish()
    return lines if last is None else [*lines, last]


def test_lines_carry_offset_number_and_size() -> None:
    assert split(b"one\r\n\ntwo\nlast", [2]) == [
        Line(b"one", 0, 1, 4),
        Line(b"", 5, 2, 0),
        Line(b"two", 6, 3, 3),
        Line(b"last", 10, 4, 4),
    ]


def test_a_long_line_is_cut_counted_and_followed_by_the_next() -> None:
    assert split(b"a" * 5000 + b"\nnext\n", [700] * 6, limit=10) == [
        Line(b"a" * 10, 0, 1, 5000),
        Line(b"next", 5001, 2, 4),
    ]


def test_the_place_to_begin_again_is_that_of_the_unfinished_line() -> None:
    splitter = LineSplitter("", 100, offset=40, number=5)
    splitter.feed(b"done\nnot yet")
    assert (splitter.offset, splitter.number) == (45, 6)


@pytest.mark.parametrize("charset", ["utf-16-le", "utf-16-be"])
def test_utf16_line_ends_stand_on_even_places_only(charset: str) -> None:
    # U+0A00 and U+000A side by side hold the bytes of a line end on an odd place
    text = "a\u0a00\u0a0ab\r\nsecond\u010a\nthird"
    data = text.encode(charset)
    for size in (1, 3, 4, 7):
        lines = split(data, [size] * 40, charset)
        assert [line.data.decode(charset) for line in lines] == ["a\u0a00\u0a0ab", "second\u010a", "third"]
        assert [line.offset for line in lines] == [0, 12, 28]


@given(
    st.lists(st.binary(max_size=12).filter(lambda b: b"\n" not in b and b"\r" not in b), max_size=12),
    st.lists(st.integers(1, 9)),
)
def test_every_byte_is_in_one_line_whatever_the_blocks(pieces: list[bytes], sizes: list[int]) -> None:
    data = b"\n".join(pieces)
    lines = split(data, sizes)
    expected = pieces if pieces and pieces[-1] else pieces[:-1]
    assert [line.data for line in lines] == expected
    assert all(data[line.offset : line.offset + line.size] == line.data for line in lines)
