"""The raw record: one thing a source said, before anybody has read it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from soc.core.ids import digest, event_id


@dataclass(frozen=True, slots=True)
class RawRecord:
    """One line, document or EVTX record as an input delivered it.

    `source` is the id of the registered source; `seq` the position the source gives the record (byte offset in the
    uncompressed file, EVTX record number, index in a JSON array); `data` the bytes without their line end; `received` aware
    UTC; `where` a place a person can look up, `path:line` or `path#record`. `charset` names the charset of `data` where the
    input knows it (a UTF-16 file cannot be recognised from one of its lines); empty means: find out (`collectors.text`).
    `name` is what the sender calls the record, where it does: under it alone the record is known again, however often it is
    delivered and whatever position it then has; it is not needed behind the spool.
    """

    source: str
    seq: int
    data: bytes
    received: datetime
    where: str
    charset: str = ""
    name: str = ""

    @property
    def ident(self) -> str:
        """The future `event.id`. Only right before redaction: masked data would give another one."""
        if self.name:
            return digest(self.source, "name", self.name)
        return event_id(self.source, self.seq, self.data)
