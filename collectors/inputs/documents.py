"""JSON files: one object per line, one array of objects, or one object."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import orjson

from collectors.input import Chunk, Reading, Rejected
from collectors.inputs.file import FileInput
from collectors.inputs.logfile import CutShortError, open_log
from collectors.quarantine import Kind
from collectors.record import RawRecord
from collectors.text import decode
from soc.core.errors import InputError
from soc.core.i18n import msg

MAX_DOCUMENT_BYTES = 256 * 1024 * 1024
"""A larger JSON array does not fit a small machine; as one object per line any size does."""


@dataclass
class NdjsonInput(FileInput):
    """One JSON object per line; a line is judged by its parser, so a broken one stops nothing."""

    id: ClassVar[str] = "ndjson"


@dataclass(frozen=True, slots=True)
class JsonInput:
    """The elements of an array, or the one object of a file; `seq` is the index, from 0.

    Args:
        path: the file, packed or not.
    """

    id: ClassVar[str] = "json"

    path: Path
    follow: bool = False

    @property
    def key(self) -> str:
        return str(self.path.absolute())

    def read(self, reading: Reading) -> Iterator[Chunk]:
        """All records at once: they are in memory anyway."""
        if reading.cursors:  # an interrupted pass had kept them all
            return
        try:
            data = _whole(self.path)
        except (OSError, CutShortError) as error:
            yield Chunk(faults=[_fault(self.path, str(error))])
            return
        try:
            yield self._chunk(data, reading)
        except orjson.JSONDecodeError as error:
            yield self._broken(data, error, reading)

    def _chunk(self, data: bytes, reading: Reading) -> Chunk:
        document = orjson.loads(decode(data).text)
        elements = document if isinstance(document, list) else [document]
        records = [self._record(index, orjson.dumps(element), reading) for index, element in enumerate(elements)]
        limit = reading.max_record_bytes
        fit = [record for record in records if len(record.data) <= limit]
        long = [self._oversize(record, limit) for record in records if len(record.data) > limit]
        return Chunk(fit, long, (), {self.path.name: {"records": len(records)}}, len(data))

    def _record(self, index: int, data: bytes, reading: Reading) -> RawRecord:
        return RawRecord(reading.source, index, data, reading.received, f"{self.path}#{index}")

    def _oversize(self, record: RawRecord, limit: int) -> Rejected:
        reason = msg("bản ghi dài {size} byte, giới hạn {limit}; chỉ giữ phần đầu", size=len(record.data), limit=limit)
        cut = RawRecord(record.source, record.seq, record.data[:limit], record.received, record.where)
        return Rejected(cut, reason, Kind.OVERSIZE)

    def _broken(self, data: bytes, error: orjson.JSONDecodeError, reading: Reading) -> Chunk:
        """The beginning of the file is kept, and the fault names line and column."""
        reason = msg("không phải JSON ({reason})", reason=error.msg)
        where = f"{self.path}:{error.lineno}:{error.colno}"
        record = RawRecord(reading.source, 0, data[: reading.max_record_bytes], reading.received, where)
        return Chunk((), [Rejected(record, reason, Kind.PARSE)], (), {self.path.name: {"records": 0}}, len(data))


def _whole(path: Path) -> bytes:
    with open_log(path) as log:
        pieces: list[bytes] = []
        size = 0
        for block in log.blocks(0):
            size += len(block)
            if size > MAX_DOCUMENT_BYTES:
                raise CutShortError(f"> {MAX_DOCUMENT_BYTES} byte")
            pieces.append(block)
    return b"".join(pieces)


def _fault(path: Path, reason: str) -> InputError:
    return InputError(
        msg("không đọc được tệp JSON ({reason})", reason=reason),
        expected=msg("một mảng hoặc một đối tượng JSON trọn vẹn, tối đa {limit} MB", limit=MAX_DOCUMENT_BYTES >> 20),
        where=str(path),
        advice=msg("với tệp lớn, xuất mỗi đối tượng một dòng (NDJSON)"),
    )
