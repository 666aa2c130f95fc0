"""Windows event log files (EVTX), as JSON documents in the shape of the XML schema.

Source: the `evtx` package; [MS-EVEN6] for the records and their numbers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import BinaryIO, ClassVar

import orjson
from evtx import PyEvtxParser

from collectors.input import Chunk, Reading
from collectors.inputs.logfile import CutShortError, open_log
from collectors.record import RawRecord
from soc.core.errors import InputError
from soc.core.i18n import msg

MAGIC = b"ElfFile\0"
_CHUNK = 1000


@dataclass(frozen=True, slots=True)
class EvtxInput:
    """The records of one EVTX file, in the order of the file; `seq` is the number the record had where it was
    made (`EventRecordID`), the number behind `#` in `where` the one it has in this file.

    A broken part of the file is counted as a fault; the records of the other parts are given.

    Args:
        path: the file, packed or not.
    """

    id: ClassVar[str] = "evtx"

    path: Path
    follow: bool = False

    @property
    def key(self) -> str:
        return str(self.path.absolute())

    def read(self, reading: Reading) -> Iterator[Chunk]:
        """What is behind the last pass, in chunks."""
        done = int(reading.cursors.get(self.path.name, {}).get("outcomes", 0))
        try:
            with open_log(self.path) as log:
                # only a packed file has to be held in memory
                outcomes = _outcomes(BytesIO(b"".join(log.blocks(0))) if log.packed else str(self.path))
                next(islice(outcomes, done, done), None)
                yield from self._chunks(outcomes, done, reading)
        except (OSError, RuntimeError, CutShortError) as error:
            yield Chunk(faults=[self._fault(str(getattr(error, "strerror", None) or error))])

    def _chunks(self, outcomes: Iterator[Outcome], done: int, reading: Reading) -> Iterator[Chunk]:
        while batch := list(islice(outcomes, _CHUNK)):
            done += len(batch)
            records = [self._record(*outcome, reading) for outcome in batch if not isinstance(outcome, Exception)]
            faults = [self._fault(str(outcome)) for outcome in batch if isinstance(outcome, Exception)]
            size = sum(len(record.data) for record in records)
            yield Chunk(records, (), faults, {self.path.name: {"outcomes": done}}, size)

    def _record(self, number: int, document: str, reading: Reading) -> RawRecord:
        parsed = orjson.loads(document)
        seq = _number_at_origin(parsed)
        where = f"{self.path}#{number}"
        return RawRecord(reading.source, number if seq is None else seq, orjson.dumps(parsed), reading.received, where)

    def _fault(self, reason: str) -> InputError:
        return InputError(
            msg("không đọc được một phần tệp EVTX ({reason})", reason=reason),
            expected=msg("tệp EVTX trọn vẹn do Windows xuất"),
            where=str(self.path),
            advice=msg("xuất lại từ máy nguồn (wevtutil epl); các bản ghi đọc được đã nhận"),
        )


def _number_at_origin(document: Mapping[str, object]) -> int | None:
    """`System/EventRecordID`: an export counts its records anew, this number stays, so exporting twice doubles nothing."""
    event = document.get("Event")
    system = event.get("System") if isinstance(event, dict) else None
    number = system.get("EventRecordID") if isinstance(system, dict) else None
    return number if isinstance(number, int) else None


Outcome = tuple[int, str] | Exception


def _outcomes(file: BinaryIO | str) -> Iterator[Outcome]:
    """Number and JSON text of each record, or what kept it from being read."""
    records = PyEvtxParser(file, number_of_threads=1).records_json()
    while True:
        try:
            record = next(records)
        except StopIteration:
            return
        except RuntimeError as error:
            yield error
            continue
        if record is not None:
            yield record["event_record_id"], record["data"]
