"""From an input into the spool: decode, name, redact, keep. The only way in; what passed here is accepted."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from collectors.input import Chunk, Input, Reading, Rejected
from collectors.quarantine import Kind, Quarantine
from collectors.record import RawRecord
from collectors.redact import Redactor
from collectors.spool import Cursors, Spool, SpoolItem
from collectors.text import UTF8, decode
from soc.core.clock import Clock
from soc.core.errors import InputError
from soc.core.i18n import Message
from soc.core.ids import digest

BATCH = 1000
"""Records of one commit at least, where the input has as many: one sync of the disk costs about 4 ms."""


@dataclass(frozen=True, slots=True)
class Counts:
    """What one pass over an input came to.

    `accepted` are in the spool, `quarantined` records are in quarantine, `masked` values were taken out of both; `faults`
    are files or parts of files that could not be read. Duplicates show only at the store (`event.id`).
    """

    accepted: int = 0
    quarantined: int = 0
    masked: int = 0
    size_bytes: int = 0
    faults: tuple[InputError, ...] = ()

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            self.accepted + other.accepted,
            self.quarantined + other.quarantined,
            self.masked + other.masked,
            self.size_bytes + other.size_bytes,
            self.faults + other.faults,
        )


Progress = Callable[[Counts], None]
"""Called after each commit with the counts of the pass so far."""


@dataclass(frozen=True, slots=True)
class Collector:
    """Moves the records of inputs into the spool.

    `max_record_bytes`: a longer record is cut and goes to quarantine. `charset_of`: the charset that a source declares, by its id; asked
    where the input does not know.
    """

    spool: Spool
    redactor: Redactor
    quarantine: Quarantine
    clock: Clock
    max_record_bytes: int = 1_048_576
    charset_of: Callable[[str], str] = lambda _: ""

    def collect(
        self,
        source: str,
        inlet: Input,
        progress: Progress = lambda _: None,
        *,
        forget: bool = True,
        max_record_bytes: int = 0,
    ) -> Counts:
        """Take in what `inlet` has now, for the registered source `source`.

        Killed at any moment, the next call goes on behind the last record that was kept. At the end of an input that is not
        followed its cursors are forgotten: taking it in again delivers it again, and the store counts duplicates.

        Args:
            forget: False to keep the cursors at the end, until `forget` is called: then a process that is killed before the
                records are in the store does not take the whole input in once more.
            max_record_bytes: of this source; 0 = as of all.

        Raises:
            EngineError: the spool cannot keep anything (disk full); what was counted so far is kept, nothing else is.
        """
        prefix = _prefix(source, inlet)
        kept = {name.removeprefix(prefix): state for name, state in self.spool.cursors(prefix).items()}
        reading = Reading(source, self.clock.now(), max_record_bytes or self.max_record_bytes, kept)
        total, touched = Counts(), set(kept)
        for batch in _batches(inlet.read(reading)):
            total += self._keep(batch, reading, prefix)
            touched |= batch.cursors.keys()
            progress(total)
        if forget and not inlet.follow:
            self.spool.append((), {prefix + name: None for name in touched})
        return total

    def forget(self, source: str, inlet: Input) -> None:
        """Forget how far an input was taken in: the next time it is delivered anew."""
        self.spool.append((), dict.fromkeys(self.spool.cursors(_prefix(source, inlet))))

    def _keep(self, batch: Chunk, reading: Reading, prefix: str) -> Counts:
        self.quarantine.add_all([_of_fault(fault, reading.source, reading.received) for fault in batch.faults])
        counts = self.keep(
            batch.records, batch.rejected, {prefix + name: state for name, state in batch.cursors.items()}
        )
        return replace(counts, size_bytes=batch.size_bytes, faults=tuple(batch.faults))

    def keep(
        self, records: Sequence[RawRecord], rejected: Sequence[Rejected] = (), cursors: Cursors | None = None
    ) -> Counts:
        """Redact and keep records, of one source or of many; on disk when this returns. What listens ends here, as what is read does.

        Quarantine first: it takes the same record twice without harm, so a kill before the spool's commit repeats all of it.

        Raises:
            EngineError: nothing of `records` and `cursors` was kept.
        """
        items = [self._item(record) for record in records]
        refused = [self._refused(one) for one in rejected]
        self.quarantine.add_all([entry for entry, _ in refused])
        self.spool.append(items, cursors)
        masked = sum(item.masked for item in items) + sum(count for _, count in refused)
        return Counts(len(items), len(refused), masked, sum(len(record.data) for record in records))

    def _item(self, record: RawRecord) -> SpoolItem:
        data, charset, masked = self._masked(record)
        return SpoolItem(record.source, record.ident, record.seq, record.received, record.where, data, charset, masked)

    def _refused(self, rejected: Rejected) -> tuple[tuple[RawRecord, Message, str, Kind], int]:
        record = rejected.record
        data, _, masked = self._masked(record)
        return (replace(record, data=data, charset=UTF8), rejected.reason, record.ident, rejected.kind), masked

    def _masked(self, record: RawRecord) -> tuple[bytes, str, int]:
        decoded = decode(record.data, record.charset or self.charset_of(record.source))
        redacted = self.redactor.redact(decoded.text)
        return redacted.text.encode("utf-8", "surrogatepass"), decoded.charset, redacted.count


def _prefix(source: str, inlet: Input) -> str:
    """Of the cursors of one input of one source."""
    return f"{source}\x1f{inlet.key}\x1f"


def _of_fault(fault: InputError, source: str, received: datetime) -> tuple[RawRecord, Message, str, Kind]:
    """A quarantine entry without data, so that a file nobody could read is seen later and counted."""
    record = RawRecord(source, 0, b"", received, fault.where)
    return record, fault.as_message(), digest(source, fault.where, fault.found.render()), Kind.FILE


def _batches(chunks: Iterator[Chunk]) -> Iterator[Chunk]:
    """The same chunks, small ones put together."""
    waiting: list[Chunk] = []
    size = 0
    for chunk in chunks:
        waiting.append(chunk)
        size += len(chunk.records) + len(chunk.rejected)
        if size >= BATCH:
            yield _merged(waiting)
            waiting, size = [], 0
    if waiting:
        yield _merged(waiting)


def _merged(chunks: Sequence[Chunk]) -> Chunk:
    return Chunk(
        [record for chunk in chunks for record in chunk.records],
        [rejected for chunk in chunks for rejected in chunk.rejected],
        [fault for chunk in chunks for fault in chunk.faults],
        {name: state for chunk in chunks for name, state in chunk.cursors.items()},
        sum(chunk.size_bytes for chunk in chunks),
    )
