"""What an input is: something that gives the raw records of a source, in chunks that may each be kept on their own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar, Protocol

from collectors.quarantine import Kind
from collectors.record import RawRecord
from collectors.spool import Cursors, State
from soc.core.errors import InputError
from soc.core.i18n import Message


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that must not go on: cut because it was too long, or the last piece of a file that was cut short."""

    record: RawRecord
    reason: Message
    kind: Kind


@dataclass(frozen=True, slots=True)
class Chunk:
    """A step of an input. Records and cursors belong together: who keeps the records must move the cursors with them.

    `faults` are files or parts of files that could not be read; the rest goes on. `size_bytes` counts what was read for it,
    uncompressed.
    """

    records: Sequence[RawRecord] = ()
    rejected: Sequence[Rejected] = ()
    faults: Sequence[InputError] = ()
    cursors: Cursors = field(default_factory=dict)
    size_bytes: int = 0


@dataclass(frozen=True, slots=True)
class Reading:
    """What an input is told for one pass: whose records they are, the time of receipt, and where it stopped last time."""

    source: str
    received: datetime
    max_record_bytes: int
    cursors: Mapping[str, State] = field(default_factory=dict)


class Input(Protocol):
    """Gives what there is to read now and returns. It keeps nothing that matters between two passes: cursors do that.

    `key` names the input among those of its source, the same after a restart. `follow`: more may come later, cursors stay;
    otherwise the end is the end, and the cursors only serve a pass that was interrupted.
    """

    id: ClassVar[str]

    @property
    def key(self) -> str: ...

    @property
    def follow(self) -> bool: ...

    def read(self, reading: Reading) -> Iterator[Chunk]: ...
