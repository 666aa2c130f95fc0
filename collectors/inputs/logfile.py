"""A log file as a stream of uncompressed bytes that can be taken up again at an offset, whatever it is packed in."""

from __future__ import annotations

import gzip
import lzma
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Protocol

from collectors.spool import State
from soc.core.ids import sha256

BLOCK_BYTES = 256 * 1024
SAMPLE_BYTES = 4096
_HEAD_BYTES = 256
_GZIP, _XZ = b"\x1f\x8b", b"\xfd7zXZ\0"


class _Unpacking(Protocol):
    """What gzip and lzma open alike."""

    def read1(self, size: int = -1, /) -> bytes: ...


class CutShortError(Exception):
    """The packed file ends or breaks in the middle; all that could be unpacked was given before."""


@dataclass(frozen=True, slots=True)
class FileState:
    """How far a file was read. It is recognised by its inode and by its first bytes, as inodes are used again.

    `offset` and `line` (number of the line there, from 1) count uncompressed; `retired` is when its name was found to belong
    to another file, empty while it is current.
    """

    path: str
    offset: int = 0
    line: int = 1
    charset: str = ""
    head: str = ""
    head_bytes: int = 0
    retired: str = ""

    @classmethod
    def of(cls, state: State) -> FileState:
        """From its stored form."""
        return cls(**state)  # type: ignore[arg-type]

    def stored(self) -> State:
        """As a cursor."""
        return {name: getattr(self, name) for name in self.__slots__}

    def fits(self, sample: bytes) -> bool:
        """Whether a file that begins with `sample` is the one this state was taken from."""
        return len(sample) >= self.head_bytes and fingerprint(sample[: self.head_bytes]) == self.head


def fingerprint(head: bytes) -> str:
    """What a file is recognised by besides its inode; empty for no bytes."""
    return sha256(head)[:32] if head else ""


def head_of(sample: bytes, offset: int) -> bytes:
    """The first bytes that were read already and so cannot change in a log."""
    return sample[: min(_HEAD_BYTES, offset)]


def identity(path: Path) -> str:
    """Device and inode: stays when the file is renamed. Raises OSError."""
    status = path.stat()
    return f"{status.st_dev}:{status.st_ino}"


class LogFile:
    """An open file; `sample` holds its first uncompressed bytes."""

    def __init__(self, raw: BinaryIO, sample: bytes, unpacking: _Unpacking | None = None) -> None:
        self.sample = sample
        self._raw = raw
        self._unpacking = unpacking

    @property
    def packed(self) -> bool:
        return self._unpacking is not None

    def blocks(self, offset: int) -> Iterator[bytes]:
        """The bytes from `offset` on.

        Raises:
            CutShortError: after everything that could be unpacked.
        """
        if self._unpacking is None:
            self._raw.seek(offset)
            while block := self._raw.read(BLOCK_BYTES):
                yield block
            return
        skip = offset
        for block in _unpacked(self._unpacking):
            if skip < len(block):
                yield block[skip:]
            skip = max(0, skip - len(block))


@contextmanager
def open_log(path: Path) -> Iterator[LogFile]:
    """Open a plain, gzip or xz file, recognised by its first bytes.

    Raises:
        OSError: cannot be opened.
    """
    with path.open("rb") as raw:
        magic = raw.read(len(_XZ))
        raw.seek(0)
        if not magic.startswith((_GZIP, _XZ)):
            yield LogFile(raw, raw.read(SAMPLE_BYTES))
            return
        opener = gzip.open if magic.startswith(_GZIP) else lzma.open
        with opener(raw, "rb") as stream:
            sample = _first_bytes(stream)
        raw.seek(0)
        with opener(raw, "rb") as stream:
            yield LogFile(raw, sample, stream)


def _first_bytes(stream: _Unpacking) -> bytes:
    sample = b""
    try:
        for block in _unpacked(stream):
            sample += block
            if len(sample) >= SAMPLE_BYTES:
                break
    except CutShortError:
        pass
    return sample[:SAMPLE_BYTES]


def _unpacked(stream: _Unpacking) -> Iterator[bytes]:
    # read1, not read: a read that meets the broken end would take along what was unpacked before it
    try:
        while block := stream.read1(BLOCK_BYTES):
            yield block
    except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile) as error:
        raise CutShortError(str(error)) from error
