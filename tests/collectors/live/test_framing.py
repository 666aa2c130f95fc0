"""Frames of syslog on a stream, whatever the sizes in which it comes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.listeners.framing import LostFramingError, SyslogFramer

MESSAGES = [b"<134>one", b"<13>1 - - - - - - two\nlines", b"<0>" + b"x" * 300]


def counted(message: bytes) -> bytes:
    return b"%d %s" % (len(message), message)


@given(st.lists(st.tuples(st.sampled_from(MESSAGES), st.booleans())), st.integers(1, 70))
def test_both_framings_on_one_connection_in_pieces_of_any_size(sent: list[tuple[bytes, bool]], size: int) -> None:
    """RFC 6587: a frame that begins with a count is counted, any other is a line; a line holds no line end."""
    sent = [(message if count else message.replace(b"\n", b" "), count) for message, count in sent]
    stream = b"".join(counted(message) if count else message + b"\r\n" for message, count in sent)
    framer = SyslogFramer(1000)
    frames = [frame for at in range(0, len(stream), size) for frame in framer.feed(stream[at : at + size])]
    assert [frame.data for frame in frames] == [message for message, _ in sent]
    assert framer.finish() is None


@given(st.binary(max_size=300), st.integers(1, 40))
def test_any_bytes_are_framed_or_refused(data: bytes, size: int) -> None:
    framer = SyslogFramer(64)
    try:
        for at in range(0, len(data), size):
            assert all(len(frame.data) <= 64 for frame in framer.feed(data[at : at + size]))
    except LostFramingError:
        return
    framer.finish()


def test_a_count_that_is_too_small_is_found_at_the_next_frame() -> None:
    framer = SyslogFramer(1000)
    with pytest.raises(LostFramingError) as lost:
        framer.feed(b"8 <13>good 5 <13>long\n9 <13>after")
    assert [frame.data for frame in lost.value.frames] == [b"<13>good", b"<13>l"]
    assert lost.value.rest.startswith(b"ong\n")


def test_a_count_that_is_too_large_shows_at_the_end() -> None:
    framer = SyslogFramer(1000)
    assert framer.feed(b"500 <13>short") == []
    assert framer.is_cut
    last = framer.finish()
    assert last is not None
    assert last.data == b"<13>short"


def test_a_line_that_begins_with_a_number_is_a_line() -> None:
    assert [frame.data for frame in SyslogFramer(100).feed(b"12 monkeys\n2026-11-17 x\n")] == [
        b"12 monkeys",
        b"2026-11-17 x",
    ]


def test_a_long_frame_is_cut_and_its_length_told() -> None:
    (line, frame) = SyslogFramer(10).feed(b"x" * 50 + b"\n" + b"40 <" + b"y" * 39)
    assert (line.data, line.size) == (b"x" * 10, 50)
    assert (frame.data, frame.size) == (b"<" + b"y" * 9, 40)
