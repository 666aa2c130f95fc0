"""Blocks of bytes as lines: with their place, never longer than a limit, and never waiting for more than one block."""

from __future__ import annotations

from typing import NamedTuple

from collectors.text import UTF16_BE, UTF16_LE

_ENDS = {UTF16_LE: (b"\n\0", b"\r\0"), UTF16_BE: (b"\0\n", b"\0\r")}


class Line(NamedTuple):
    """A line without its end; `offset` and `number` (from 1) are its place, `size` its length; longer than `data` = cut."""

    data: bytes
    offset: int
    number: int
    size: int


class LineSplitter:
    """Takes blocks, gives the lines that are complete; the unfinished one is kept up to `limit` bytes, its rest only counted.

    `offset` and `number` are the place of the unfinished line: reading may begin there again.

    Args:
        charset: UTF-16 has line ends of two bytes on even offsets; every other charset ends lines with LF or CR LF.
        limit: longest line in bytes.
        offset: where the first block begins.
        number: number of the line there.
    """

    def __init__(self, charset: str, limit: int, offset: int = 0, number: int = 1) -> None:
        self.offset, self.number = offset, number
        self._limit = limit
        self._end, self._return = _ENDS.get(charset, (b"\n", b"\r"))
        self._pending = bytearray()
        self._pending_size = 0
        self._half = b""

    def feed(self, block: bytes) -> list[Line]:
        """The lines that `block` completes."""
        pieces = block.split(self._end) if len(self._end) == 1 else self._split_wide(block)
        self._grow(pieces[0])
        if len(pieces) == 1:
            return []
        lines = [self._take(len(self._end))]
        for piece in pieces[1:-1]:
            lines.append(self._line(piece, len(piece)))
            self._advance(len(piece) + len(self._end))
        self._grow(pieces[-1])
        return lines

    def finish(self) -> Line | None:
        """The last line when the file ends without a line end."""
        self._grow(self._half)
        self._half = b""
        return self._take(0) if self._pending_size else None

    def _grow(self, piece: bytes) -> None:
        self._pending += piece[: max(0, self._limit - len(self._pending))]
        self._pending_size += len(piece)

    def _take(self, end_bytes: int) -> Line:
        line = self._line(bytes(self._pending), self._pending_size)
        self._advance(self._pending_size + end_bytes)
        self._pending.clear()
        self._pending_size = 0
        return line

    def _line(self, data: bytes, size: int) -> Line:
        return Line(data[: self._limit].removesuffix(self._return), self.offset, self.number, size)

    def _advance(self, count: int) -> None:
        self.offset += count
        self.number += 1

    def _split_wide(self, block: bytes) -> list[bytes]:
        """Split at line ends on even places only; an odd last byte waits for its other half."""
        block = self._half + block
        whole = len(block) & ~1
        block, self._half = block[:whole], block[whole:]
        pieces, begin, at = [], 0, block.find(self._end)
        while at >= 0:
            if at % 2 == 0:
                pieces.append(block[begin:at])
                begin = at + 2
            at = block.find(self._end, at + 1)
        return [*pieces, block[begin:]]
