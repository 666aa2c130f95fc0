"""Windows events as XML files: `wevtutil qe /f:xml`, `Get-WinEvent | ToXml`, or what an event collector writes; one record an `<Event>`.

Source: [MS-EVEN6] for the element; wevtutil writes UTF-16 or UTF-8, with or without one element around all.
"""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from collectors.input import Chunk, Reading, Rejected
from collectors.inputs.logfile import CutShortError, open_log
from collectors.quarantine import Kind
from collectors.record import RawRecord
from collectors.text import UTF8, detect_utf16
from soc.core.errors import InputError
from soc.core.i18n import msg

_CHUNK = 500
_BEGIN, _END = "<Event", "</Event>"


@dataclass(frozen=True, slots=True)
class EventsXmlInput:
    """The events of one XML file; `seq` counts them from 0. What stands between them is no record.

    Args:
        path: the file, packed or not.
    """

    id: ClassVar[str] = "events_xml"

    path: Path
    follow: bool = False

    @property
    def key(self) -> str:
        return str(self.path.absolute())

    def read(self, reading: Reading) -> Iterator[Chunk]:
        """What is behind the last pass, in chunks."""
        done = int(reading.cursors.get(self.path.name, {}).get("events", 0))
        records: list[RawRecord] = []
        rejected: list[Rejected] = []
        number = size = 0
        try:
            for number, text in enumerate(self._events(reading.max_record_bytes), 1):
                if number <= done:
                    continue
                self._sort(number - 1, text.encode(), reading, records, rejected)
                size += len(text)
                if number % _CHUNK == 0:
                    yield Chunk(records, rejected, (), {self.path.name: {"events": number}}, size)
                    records, rejected, size = [], [], 0
        except (OSError, CutShortError) as problem:
            yield Chunk(faults=[self._fault(str(getattr(problem, "strerror", None) or problem))])
        if number == 0:
            yield Chunk(faults=[self._fault("<Event>")])
        yield Chunk(records, rejected, (), {self.path.name: {"events": number}}, size)

    def _sort(
        self, seq: int, data: bytes, reading: Reading, records: list[RawRecord], rejected: list[Rejected]
    ) -> None:
        limit = reading.max_record_bytes
        record = RawRecord(reading.source, seq, data[:limit], reading.received, f"{self.path}#{seq + 1}", UTF8)
        if len(data) <= limit and data.endswith(_END.encode()):
            records.append(record)
            return
        reason = msg("bản ghi dài {size} byte, giới hạn {limit}; chỉ giữ phần đầu", size=len(data), limit=limit)
        rejected.append(Rejected(record, reason, Kind.OVERSIZE))

    def _events(self, limit: int) -> Iterator[str]:
        """Each event from its beginning to its end; of one that has no end within `limit` characters, that much."""
        waiting = ""
        for piece in self._text():
            waiting += piece
            while True:
                begin = _begin_of(waiting)
                if begin < 0:
                    waiting = waiting[-len(_BEGIN) :]
                    break
                end = waiting.find(_END, begin)
                if end < 0 and len(waiting) - begin <= limit:
                    waiting = waiting[begin:]
                    break
                cut = begin + limit + 1 if end < 0 else end + len(_END)
                yield waiting[begin:cut]
                waiting = waiting[cut:]
        if _begin_of(waiting) >= 0:
            yield waiting[_begin_of(waiting) :]

    def _text(self) -> Iterator[str]:
        with open_log(self.path) as log:
            charset = detect_utf16(log.sample) or UTF8
            decoder = codecs.getincrementaldecoder(charset)("replace")
            for block in log.blocks(0):
                yield decoder.decode(block).replace("\ufeff", "")

    def _fault(self, reason: str) -> InputError:
        return InputError(
            msg("không đọc được sự kiện Windows trong tệp XML ({reason})", reason=reason),
            expected=msg("các phần tử <Event> như wevtutil qe /f:xml xuất ra"),
            where=str(self.path),
            advice=msg("xuất lại từ máy thu gom sự kiện; các sự kiện đọc được đã nhận"),
        )


def _begin_of(text: str) -> int:
    """Where the next event begins; `<Events>` and `<EventData>` are none."""
    at = text.find(_BEGIN)
    while at >= 0:
        behind = text[at + len(_BEGIN) : at + len(_BEGIN) + 1]
        if behind in (" ", ">", "\n", "\r", "\t"):
            return at
        if not behind:
            return -1
        at = text.find(_BEGIN, at + 1)
    return -1
