"""Documents out of files: EVTX, NDJSON and JSON, plain or packed with gzip or xz.

A file is read in parts that stand for themselves - lines of NDJSON, chunks of EVTX - so that several processes can read one
file. Raw lines of a platform become documents in the collectors; here every record is a JSON document already.
"""

from __future__ import annotations

import gzip
import lzma
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from io import BufferedReader, BytesIO
from pathlib import Path
from typing import IO, Protocol, TypeAlias, cast

import orjson
from evtx import PyEvtxParser

from detectors.sigma.keywords import Screened, Text
from detectors.sigma.values import Document
from soc.core.errors import InputError, ParseError
from soc.core.i18n import Message, msg

OnFault = Callable[[InputError], None]
Record: TypeAlias = tuple[int, Document, Text | None, Screened | None]
"""Index of the record in its part, from 0; the document; its JSON text where there is one, good until the next record, and what
a pass over the block around it has shown."""
Screen = Callable[[Text], Screened]

SUFFIXES = frozenset({".evtx", ".json", ".ndjson", ".jsonl"})
MAX_FAULTS = 20
"""Faults of a part that are told; the rest is counted."""
_PACKED = frozenset({".gz", ".xz"})
_CUT = (EOFError, lzma.LZMAError, zlib.error)
_EVTX = b"ElfFile\0"
_PART = 8 << 20
_BLOCK = 256 << 10
"""What is read at once fits the cache of a processor beside the documents made of it."""
_LONGEST_LINE = 64 << 20
_LARGEST_WHOLE = 2 << 30
"""A document that must be held whole (JSON array, packed EVTX) may unpack to so many bytes."""
_EVTX_HEADER = 4096
_EVTX_PART = 64 * 65536
"""Chunks are of 64 KiB, and never use what stands in another."""


@dataclass(frozen=True, slots=True)
class Fault:
    """What could not be read in a part.

    Attributes:
        line, record: where, counted from the beginning of the part; of both the one that is not None.
        column: in the line, from 1; 0 when unknown.
    """

    found: Message
    expected: Message | None = None
    advice: Message | None = None
    line: int | None = None
    column: int = 0
    record: int | None = None

    def error(self, path: Path, lines_before: int, records_before: int) -> InputError:
        """The fault with its place in the file."""
        where = str(path)
        if self.record is not None:
            where += f"#{records_before + self.record}"
        if self.line is not None:
            where += f":{lines_before + self.line}" + (f":{self.column}" if self.column else "")
        kind = InputError if self.advice is not None else ParseError
        return kind(self.found, expected=self.expected, where=where, advice=self.advice)


@dataclass
class Tally:
    """What reading a part came to; complete once it was read to its end."""

    lines: int = 0
    records: int = 0
    faults: list[Fault | InputError] = field(default_factory=list)
    fault_count: int = 0

    def fault(self, fault: Fault | InputError) -> None:
        """Count a fault, and keep it if it is among the first."""
        self.fault_count += 1
        if len(self.faults) < MAX_FAULTS:
            self.faults.append(fault)


class Part(Protocol):
    """A piece of a file that can be read by itself."""

    @property
    def path(self) -> Path: ...

    def read(self, tally: Tally, screen: Screen | None = None) -> Iterator[Record]:
        """The records, in order; what cannot be read goes into the tally, what `screen` says of a text to its records."""


Parts = Callable[[Path], Iterator[Part]]
"""How a file is cut into parts."""


def document_files(path: Path) -> list[Path]:
    """The file itself, or every file of documents under a folder, in the order of their names."""
    if not path.is_dir():
        return [path]
    return sorted(file for file in path.rglob("*") if _kind(file) in SUFFIXES and file.is_file())


def documents(path: Path, on_fault: OnFault, parts_of: Parts | None = None) -> Iterator[tuple[int, Document]]:
    """The documents of one file, in order, with their index.

    Args:
        path: the file; told by its content, not by its name.
        on_fault: gets what cannot be read, with file:line or file#record; reading goes on behind it.
        parts_of: how the file is cut, when its records are not JSON.
    """
    lines = records = 0
    for part in (parts_of or parts)(path):
        tally = Tally()
        yield from ((records + index, document) for index, document, _, _ in part.read(tally))
        for fault in tally.faults:
            on_fault(fault.error(path, lines, records) if isinstance(fault, Fault) else fault)
        lines, records = lines + tally.lines, records + tally.records


def parts(path: Path) -> Iterator[Part]:
    """The parts of a file, in order; one that cannot be read at all is a part that says so."""
    try:
        with _opened(path) as stream:
            head = stream.read(_BLOCK)
            if head.startswith(_EVTX):
                yield from _evtx_parts(path, head, stream)
            elif _is_one_json(path, head):
                yield JsonPart(path, _whole(path, head, stream))
            else:
                yield from _line_parts(path, head, stream)
    except OSError as error:
        yield Unreadable(path, _unreadable(error.strerror or str(error)))
    except _CUT as error:
        yield Unreadable(path, Fault(msg("tệp nén bị cắt cụt hoặc hỏng: {reason}", reason=str(error))))


@dataclass(frozen=True, slots=True)
class Unreadable:
    """What could not be read of a file."""

    path: Path
    fault: Fault

    def read(self, tally: Tally, screen: Screen | None = None) -> Iterator[Record]:
        """Nothing but the fault."""
        tally.fault(self.fault)
        yield from ()


@dataclass(frozen=True, slots=True)
class LinePart:
    """Lines of NDJSON: a stretch of a plain file, or what was unpacked of another.

    Attributes:
        offset, size: the stretch, in bytes; without meaning where there is `data`.
    """

    path: Path
    offset: int = 0
    size: int = 0
    data: bytes | None = None

    def read(self, tally: Tally, screen: Screen | None = None) -> Iterator[Record]:
        """A record a line; blank lines are none."""
        try:
            with self._opened() as stream:
                size = self.size if self.data is None else len(self.data)
                for block in _blocks(stream, size):
                    yield from _records(block, tally, None if screen is None else screen(block))
        except OSError as error:
            tally.fault(_unreadable(error.strerror or str(error)))

    def _opened(self) -> IO[bytes]:
        if self.data is not None:
            return BytesIO(self.data)
        stream = self.path.open("rb", buffering=0)
        stream.seek(self.offset)
        return cast(IO[bytes], stream)


def _blocks(stream: IO[bytes], size: int) -> Iterator[memoryview]:
    """Whole lines out of one buffer that is filled again and again: nothing is copied but what a document is made of."""
    buffer, held = bytearray(_BLOCK), 0
    while size > 0:
        if held == len(buffer):  # a line longer than the buffer
            buffer = buffer + bytes(len(buffer))
        view = memoryview(buffer)
        count = stream.readinto(view[held : held + size])  # type: ignore[attr-defined]
        size = size - count if count else 0
        end = held + count
        cut = buffer.rfind(b"\n", held, end) + 1
        if cut:
            yield view[:cut]
            view[: end - cut] = bytes(view[cut:end])
        held = end - cut
    if held:
        yield memoryview(buffer)[:held]


def _records(block: memoryview, tally: Tally, screened: Screened | None) -> Iterator[Record]:
    """The records of a block of whole lines. Every event passes this loop, so it counts in local names."""
    whole: bytearray = block.obj  # type: ignore[assignment]
    find, loads, record, lines = whole.find, orjson.loads, tally.records, tally.lines
    start, end = 0, len(block)
    while start < end:
        stop = find(b"\n", start, end)
        if stop < 0:
            stop = end
        line = block[start:stop]
        start = stop + 1
        lines += 1
        try:
            document = loads(line)
        except orjson.JSONDecodeError as error:
            if not line.tobytes().strip():
                continue
            tally.fault(_not_json(error, lines))
        else:
            if type(document) is dict:
                yield record, document, line, screened
            else:
                tally.fault(Fault(_no_object(), _an_object(), line=lines))
        record += 1
    tally.records, tally.lines = record, lines


def _not_json(error: orjson.JSONDecodeError, line: int) -> Fault:
    return Fault(msg("JSON sai: {reason}", reason=error.msg), _an_object(), line=line)


def _line_parts(path: Path, head: bytes, stream: IO[bytes]) -> Iterator[Part]:
    start = 3 if head.startswith(b"\xef\xbb\xbf") else 0
    if not isinstance(stream, BufferedReader):
        yield from _unpacked_parts(path, head[start:], stream)
        return
    size = stream.seek(0, 2)
    if not size:
        yield LinePart(path)
    while start < size:
        first = _PART // 8  # every process but one waits for the first part
        stop = start + (_PART if start >= first else first)
        if stop < size:
            stream.seek(stop)
            rest = stream.readline(_LONGEST_LINE)
            if len(rest) == _LONGEST_LINE:
                yield Unreadable(path, _too_long())
                return
            stop += len(rest)
        yield LinePart(path, start, min(stop, size) - start)
        start = stop


def _unpacked_parts(path: Path, data: bytes, stream: IO[bytes]) -> Iterator[Part]:
    """Parts of a packed file; what could be unpacked before a cut is used, then the cut is raised."""
    blocks = [data]
    try:
        while block := stream.read(_BLOCK):
            blocks.append(block)
            if len(blocks) * _BLOCK >= _PART:
                rest = stream.readline(_LONGEST_LINE)
                if len(rest) == _LONGEST_LINE:
                    yield Unreadable(path, _too_long())
                    return
                yield LinePart(path, data=b"".join((*blocks, rest)))
                blocks.clear()
    except _CUT:
        yield LinePart(path, data=b"".join(blocks))
        raise
    if blocks:
        yield LinePart(path, data=b"".join(blocks))


@dataclass(frozen=True, slots=True)
class JsonPart:
    """A whole file of JSON: one document, or an array of them."""

    path: Path
    data: bytes

    def read(self, tally: Tally, screen: Screen | None = None) -> Iterator[Record]:
        """The elements of the array, or the one document."""
        try:
            found = orjson.loads(self.data.removeprefix(b"\xef\xbb\xbf"))
        except orjson.JSONDecodeError as error:
            reason = msg("JSON sai: {reason}", reason=error.msg)
            tally.fault(Fault(reason, line=error.lineno, column=error.colno))
            return
        for document in found if isinstance(found, list) else [found]:
            if isinstance(document, dict):
                yield tally.records, document, None, None
            else:
                tally.fault(Fault(_no_object(), _an_object(), record=tally.records))
            tally.records += 1


@dataclass(frozen=True, slots=True)
class EvtxPart:
    """Chunks of an EVTX file; each has the names and templates that its records use.

    Attributes:
        offset, size: the stretch of the file behind its header.
        data: the same out of a packed file, with the header.
    """

    path: Path
    offset: int = 0
    size: int = 0
    data: bytes | None = None

    def read(self, tally: Tally, screen: Screen | None = None) -> Iterator[Record]:
        """The records, in order of the file."""
        try:
            for record in PyEvtxParser(BytesIO(self._content()), number_of_threads=1).records_json():
                if isinstance(record, RuntimeError):
                    reason = msg("bản ghi EVTX hỏng: {reason}", reason=str(record))
                    tally.fault(Fault(reason, record=tally.records))
                else:
                    yield tally.records, orjson.loads(cast(dict[str, str], record)["data"]), None, None
                tally.records += 1
        except RuntimeError as error:
            tally.fault(Fault(msg("tệp EVTX hỏng: {reason}", reason=str(error))))
        except OSError as error:
            tally.fault(_unreadable(error.strerror or str(error)))

    def _content(self) -> bytes:
        if self.data is not None:
            return self.data
        with self.path.open("rb") as stream:
            header = stream.read(_EVTX_HEADER)
            stream.seek(self.offset)
            return header + stream.read(self.size)


def _evtx_parts(path: Path, head: bytes, stream: IO[bytes]) -> Iterator[EvtxPart]:
    if isinstance(stream, BufferedReader):
        size = stream.seek(0, 2)
        for offset in range(_EVTX_HEADER, max(size, _EVTX_HEADER + 1), _EVTX_PART):
            yield EvtxPart(path, offset, min(_EVTX_PART, size - offset))
        return
    data = _whole(path, head, stream)
    for offset in range(_EVTX_HEADER, max(len(data), _EVTX_HEADER + 1), _EVTX_PART):
        yield EvtxPart(path, data=data[:_EVTX_HEADER] + data[offset : offset + _EVTX_PART])


def _kind(path: Path) -> str:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    while suffixes and suffixes[-1] in _PACKED:
        suffixes.pop()
    return suffixes[-1] if suffixes else ""


def _opened(path: Path) -> IO[bytes]:
    with path.open("rb") as stream:
        magic = stream.read(6)
    if magic.startswith(b"\x1f\x8b"):
        return cast(IO[bytes], gzip.open(path, "rb"))
    return lzma.open(path, "rb") if magic == b"\xfd7zXZ\0" else path.open("rb")


def _unreadable(reason: str) -> Fault:
    return Fault(msg("không đọc được tệp: {reason}", reason=reason), advice=msg("kiểm tra đường dẫn và quyền đọc"))


def _whole(path: Path, head: bytes, stream: IO[bytes]) -> bytes:
    data = head + stream.read(_LARGEST_WHOLE - len(head) + 1)
    if len(data) > _LARGEST_WHOLE:
        raise OSError(f"{path.name} > {_LARGEST_WHOLE >> 20} MiB")
    return data


def _is_one_json(path: Path, head: bytes) -> bool:
    """An array, or one object over several lines; one object a line is NDJSON whatever the name."""
    begin = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if begin.startswith(b"["):
        return True
    first_line = begin.partition(b"\n")[0]
    return (
        _kind(path) == ".json" and begin.startswith(b"{") and len(first_line) < len(begin) and not _is_json(first_line)
    )


def _is_json(line: bytes) -> bool:
    try:
        return orjson.loads(line) is not None
    except orjson.JSONDecodeError:
        return False


def _too_long() -> Fault:
    return Fault(msg("dòng dài hơn {limit} MiB", limit=_LONGEST_LINE >> 20))


def _no_object() -> Message:
    return msg("bản ghi không phải là một đối tượng")


def _an_object() -> Message:
    return msg("một đối tượng JSON")
