"""Syslog on a stream of bytes: octet counting and lines, told apart frame by frame.

A frame that begins `LENGTH SP <` is counted; every other one ends with its line. Once a connection has counted, what follows a frame
must begin another: anything else means that the count was wrong, and nobody can say where the next record begins.

Source: RFC 6587 sections 3.4.1 (octet counting) and 3.4.2 (non-transparent framing), RFC 5425 section 4.3.
"""

from __future__ import annotations

import re
from typing import NamedTuple, Protocol

MOST_DIGITS = 7
_COUNT = re.compile(rb"([1-9]\d{0,6}) <")
_PART_OF_COUNT = re.compile(rb"[1-9]\d{0,6} ?\Z")
_BLANK = b"\r\n\0 "


class Frame(NamedTuple):
    """One record; `size` is its length, more than that of `data` when it was cut."""

    data: bytes
    size: int


class LostFramingError(Exception):
    """The count of the frame before was wrong. `rest` is what cannot be told apart; `frames` were whole."""

    def __init__(self, frames: list[Frame], rest: bytes) -> None:
        super().__init__()
        self.frames, self.rest = frames, rest


class SyslogFramer:
    """Takes blocks, gives frames; holds at most one frame of `limit` bytes and one block.

    Args:
        limit: longest frame in bytes; more of it is counted, not kept.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._buffer = b""
        self._counted = False
        self._kept: list[bytes] = []
        self._kept_size = 0
        self._size = 0
        self._missing = 0

    def feed(self, block: bytes) -> list[Frame]:
        """The frames that `block` completes. Raises LostFramingError; then the connection is of no more use."""
        data = self._buffer + block
        self._buffer = b""
        frames: list[Frame] = []
        at = 0
        while at < len(data):
            if self._missing:
                at = self._count_on(data, at, frames)
                continue
            if self._size or self._kept:  # in the middle of a long line
                at = self._line_on(data, at, frames)
                continue
            at = _skip_blank(data, at)
            if at >= len(data):
                break
            head = _COUNT.match(data, at)
            if head is not None:
                self._counted, self._missing, at = True, int(head[1]), head.end() - 1
            elif _PART_OF_COUNT.match(data, at):
                self._buffer = data[at:]
                break
            elif self._counted and data[at : at + 1] != b"<":
                raise LostFramingError(frames, data[at : at + self._limit])
            else:
                at = self._line_on(data, at, frames)
        return frames

    def finish(self) -> Frame | None:
        """What was begun when the connection ended. A line is whole then, a counted frame is not: see `is_cut`."""
        if self._buffer:
            self._keep(self._buffer)
            self._buffer = b""
        return self._take() if self._size else None

    @property
    def is_cut(self) -> bool:
        """Whether a counted frame is still owed bytes."""
        return self._missing > 0

    def _count_on(self, data: bytes, at: int, frames: list[Frame]) -> int:
        end = min(len(data), at + self._missing)
        self._keep(data[at:end])
        self._missing -= end - at
        if not self._missing:
            frames.append(self._take())
        return end

    def _line_on(self, data: bytes, at: int, frames: list[Frame]) -> int:
        end = data.find(b"\n", at)
        if end < 0:
            self._keep(data[at:])
            return len(data)
        self._keep(data[at:end])
        frames.append(self._take())
        return end + 1

    def _keep(self, piece: bytes) -> None:
        room = self._limit - self._kept_size
        if room > 0:
            self._kept.append(piece[:room])
            self._kept_size += len(self._kept[-1])
        self._size += len(piece)

    def _take(self) -> Frame:
        frame = Frame(b"".join(self._kept), self._size)
        self._kept, self._kept_size, self._size = [], 0, 0
        trimmed = frame.data.rstrip(b"\r\n\0")
        return Frame(trimmed, frame.size - (len(frame.data) - len(trimmed)))


class NulFramer:
    """Messages that end with a NUL byte, as GELF has them on a stream; `limit` as for syslog."""

    is_cut = False

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._kept = bytearray()
        self._size = 0

    def feed(self, block: bytes) -> list[Frame]:
        """The messages that `block` completes."""
        *ends, rest = block.split(b"\0")
        frames = []
        for piece in ends:
            self._keep(piece)
            if self._size:
                frames.append(self._take())
        self._keep(rest)
        return frames

    def finish(self) -> Frame | None:
        """A last message without its end."""
        return self._take() if self._size else None

    def _keep(self, piece: bytes) -> None:
        self._kept += piece[: max(0, self._limit - len(self._kept))]
        self._size += len(piece)

    def _take(self) -> Frame:
        frame = Frame(bytes(self._kept).strip(), self._size)
        self._kept.clear()
        self._size = 0
        return frame


class Framer(Protocol):
    """What tells the records of a stream apart."""

    @property
    def is_cut(self) -> bool: ...

    def feed(self, block: bytes) -> list[Frame]: ...

    def finish(self) -> Frame | None: ...


def _skip_blank(data: bytes, at: int) -> int:
    """Line ends and NULs between frames belong to neither."""
    while at < len(data) and data[at] in _BLANK:
        at += 1
    return at
