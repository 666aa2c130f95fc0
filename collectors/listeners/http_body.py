"""The body of a request, unpacked in pieces: never more of it in memory than allowed, however small it was when packed."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from soc.core.i18n import Message, msg

RATIO_FREE_BYTES = 1024 * 1024
"""Unpacked bytes that a body may have whatever it was packed to."""
_GZIP, _ZLIB, _RAW = 31, 15, -15


class RefusedError(Exception):
    """An answer other than success: `status` of HTTP, why, and when to come again where that helps."""

    def __init__(self, status: int, reason: Message, *, retry_after_s: float = 0.0) -> None:
        super().__init__(status, reason)
        self.status, self.reason, self.retry_after_s = status, reason, retry_after_s


@dataclass(frozen=True, slots=True)
class BodyLimits:
    """`max_bytes` counts unpacked; `max_ratio` is unpacked to packed, logs reach 20 to 60."""

    max_bytes: int = 32 * 1024 * 1024
    max_ratio: int = 200


@dataclass
class Memory:
    """What the bodies of all requests under way hold together; beyond it a sender is told to come again."""

    limit_bytes: int
    held_bytes: int = 0

    def hold(self, count: int) -> None:
        """Raises RefusedError 429 when there is no room for it."""
        if self.held_bytes + count > self.limit_bytes:
            raise RefusedError(429, msg("đang nhận quá nhiều yêu cầu lớn cùng lúc"), retry_after_s=1.0)
        self.held_bytes += count

    def release(self, count: int) -> None:
        self.held_bytes -= count


async def read_body(pieces: AsyncIterator[bytes], encoding: str, limits: BodyLimits, memory: Memory) -> bytes:
    """The whole body, unpacked. What it holds of `memory` the caller releases, by its length.

    Args:
        pieces: as they come off the connection.
        encoding: the Content-Encoding header: empty, identity, gzip, x-gzip or deflate.

    Raises:
        RefusedError: 413 too large or a bomb, 415 unknown encoding, 400 broken or cut, 429 no memory; nothing is held then.
    """
    unpacker = Unpacker(encoding, limits)
    body = bytearray()
    try:
        async for piece in pieces:
            for block in unpacker.feed(piece):
                memory.hold(len(block))
                body += block
        unpacker.finish()
    except BaseException:
        memory.release(len(body))
        raise
    return bytes(body)


@dataclass
class Unpacker:
    """Takes packed pieces, gives unpacked blocks. Raises RefusedError as `read_body` says."""

    encoding: str
    limits: BodyLimits
    packed_bytes: int = 0
    unpacked_bytes: int = 0
    _stream: zlib._Decompress | None = field(default=None, init=False)
    _fresh: bool = field(default=True, init=False)

    def __post_init__(self) -> None:
        self.encoding = self.encoding.strip().lower()
        if self.encoding in ("gzip", "x-gzip"):
            self._stream = zlib.decompressobj(_GZIP)
        elif self.encoding == "deflate":
            self._stream = zlib.decompressobj(_ZLIB)
        elif self.encoding not in ("", "identity"):
            found = msg("không đọc được Content-Encoding {name}", name=repr(self.encoding[:40]))
            raise RefusedError(415, msg("{found}; dùng gzip, deflate hoặc không nén", found=found))

    def feed(self, piece: bytes) -> list[bytes]:
        """What `piece` unpacks to."""
        if not piece:
            return []
        self.packed_bytes += len(piece)
        blocks = [piece] if self._stream is None else self._unpack(piece)
        if self._stream is None:
            self._count(len(piece))
        return blocks

    def finish(self) -> None:
        """Raise RefusedError 400 when a packed body was cut."""
        if self._stream is not None and not self._stream.eof and self.packed_bytes:
            raise RefusedError(400, msg("thân yêu cầu nén bị cắt ngang"))

    def _unpack(self, piece: bytes) -> list[bytes]:
        blocks: list[bytes] = []
        while piece:
            block, piece = self._step(piece)
            self._count(len(block))
            blocks.append(block)
        return blocks

    def _step(self, piece: bytes) -> tuple[bytes, bytes]:
        """One block of at most the limit and a byte, and what of `piece` is left: of the next member of a gzip file, too."""
        assert self._stream is not None  # noqa: S101 - the only caller has asked
        if self._stream.eof:
            self._stream, self._fresh = zlib.decompressobj(_GZIP), False
        try:
            block = self._stream.decompress(piece, self.limits.max_bytes - self.unpacked_bytes + 1)
        except zlib.error as problem:
            if self.encoding == "deflate" and self._fresh:
                return self._raw(piece)
            raise RefusedError(
                400, msg("thân yêu cầu không đúng định dạng nén {name}", name=self.encoding)
            ) from problem
        self._fresh = False
        return block, self._stream.unused_data if self._stream.eof else self._stream.unconsumed_tail

    def _raw(self, piece: bytes) -> tuple[bytes, bytes]:
        """Many senders write a deflate stream without its zlib header (RFC 9110, section 8.4.1.2)."""
        self._stream, self._fresh = zlib.decompressobj(_RAW), False
        return self._step(piece)

    def _count(self, size: int) -> None:
        self.unpacked_bytes += size
        if self.unpacked_bytes > self.limits.max_bytes:
            raise RefusedError(
                413, msg("thân yêu cầu lớn hơn {limit} byte sau khi giải nén", limit=self.limits.max_bytes)
            )
        allowed = max(RATIO_FREE_BYTES, self.packed_bytes * self.limits.max_ratio)
        if self._stream is not None and self.unpacked_bytes > allowed:
            raise RefusedError(413, msg("thân yêu cầu phồng hơn {ratio} lần khi giải nén", ratio=self.limits.max_ratio))
