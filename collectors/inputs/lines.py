"""One visit to one open log file: its lines as chunks of records, with the cursor behind each chunk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from collectors.input import Chunk, Reading, Rejected
from collectors.inputs.joiner import LineJoiner, Multiline
from collectors.inputs.logfile import CutShortError, FileState, LogFile, fingerprint, head_of
from collectors.inputs.rotation import Visit
from collectors.inputs.splitter import Line, LineSplitter
from collectors.quarantine import Kind
from collectors.record import RawRecord
from collectors.text import detect_utf16
from soc.core.errors import InputError
from soc.core.i18n import Message, msg

_BLANK = b"\0 \t\v\f\r"
"""A line of nothing else is no record; NULs are what copytruncate leaves."""


def read_lines(
    log: LogFile, visit: Visit, reading: Reading, multiline: Multiline | None = None, *, idle: bool = False
) -> Iterator[Chunk]:
    """The lines behind the state of `visit`; a file that is not the one of the state is read from its start.

    Args:
        multiline: joins lines to records.
        idle: nothing was written for so long that an unfinished record of several lines is taken as it is.

    Raises:
        OSError: the disk stopped answering; what was yielded before is good.
    """
    state = visit.state if visit.state.fits(log.sample) else FileState(visit.state.path)
    state = replace(state, charset=state.charset or detect_utf16(log.sample))
    splitter = LineSplitter(state.charset, reading.max_record_bytes, state.offset, state.line)
    joiner = None if multiline is None else LineJoiner(multiline, state.charset, reading.max_record_bytes)
    yield from _LineReader(log, visit, reading, state, splitter, joiner, idle).chunks()


@dataclass(frozen=True, slots=True)
class _LineReader:
    log: LogFile
    visit: Visit
    reading: Reading
    state: FileState
    splitter: LineSplitter
    joiner: LineJoiner | None = None
    idle: bool = False

    def chunks(self) -> Iterator[Chunk]:
        faults: list[InputError] = []
        try:
            for block in self.log.blocks(self.state.offset):
                yield self._chunk(self._records(self.splitter.feed(block)), len(block))
        except CutShortError as error:
            faults.append(self._cut_short(error))
        last = self.splitter.finish() if self.visit.finish else None
        lines = self._records([last] if last else [])
        if self.joiner is not None and (self.visit.finish or self.idle):
            lines += self.joiner.flush()
        ending = self._chunk(lines, 0, cut_short=bool(faults))
        cursors = {self.visit.name: None} if self.visit.forget else ending.cursors
        yield replace(ending, faults=faults, cursors=cursors)

    def _records(self, lines: list[Line]) -> list[Line]:
        return lines if self.joiner is None else self.joiner.take(lines)

    def _chunk(self, lines: Sequence[Line], size_bytes: int, *, cut_short: bool = False) -> Chunk:
        records: list[RawRecord] = []
        rejected: list[Rejected] = []
        for line in lines:
            reason, kind = self._objection(line, cut_short=cut_short)
            if reason is not None:
                rejected.append(Rejected(self._record(line), reason, kind))
            elif line.data.strip(_BLANK):
                records.append(self._record(line))
        return Chunk(records, rejected, (), {self.visit.name: self._reached().stored()}, size_bytes)

    def _record(self, line: Line) -> RawRecord:
        where = f"{self.visit.path}:{line.number}"
        return RawRecord(self.reading.source, line.offset, line.data, self.reading.received, where, self.state.charset)

    def _objection(self, line: Line, *, cut_short: bool) -> tuple[Message | None, Kind]:
        limit = self.reading.max_record_bytes
        if line.size > limit:
            return msg(
                "bản ghi dài {size} byte, giới hạn {limit}; chỉ giữ phần đầu", size=line.size, limit=limit
            ), Kind.OVERSIZE
        if cut_short:
            return msg("bản ghi cuối của tệp nén bị cắt ngang"), Kind.CUT
        return None, Kind.PARSE

    def _reached(self) -> FileState:
        offset, number = self.splitter.offset, self.splitter.number
        if self.joiner is not None and self.joiner.offset is not None and self.joiner.number is not None:
            offset, number = self.joiner.offset, self.joiner.number  # of the unfinished record: it is read again
        head = head_of(self.log.sample, offset)
        return replace(
            self.state,
            offset=offset,
            line=number,
            head=fingerprint(head),
            head_bytes=len(head),
        )

    def _cut_short(self, error: CutShortError) -> InputError:
        return InputError(
            msg(
                "tệp nén bị cắt ngắn hoặc hỏng sau byte {offset} đã giải nén ({reason})",
                offset=self.splitter.offset,
                reason=error,
            ),
            expected=msg("tệp nén trọn vẹn"),
            where=str(self.visit.path),
            advice=msg("phần đọc được đã nhận; lấy lại tệp gốc rồi nạp lại, bản ghi trùng không bị nhân đôi"),
        )
