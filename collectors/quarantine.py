"""The quarantine: what could not go on is kept here, sealed, with the reason, and stops nothing else.

What is added has passed the pattern masks already (`collectors.redact`). Adding the same record for a second time changes
nothing, so a batch may be repeated after kill -9.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from pathlib import Path

import orjson

from collectors.crypto import PayloadCipher, SealBrokenError
from collectors.durable import DurableFile
from collectors.record import RawRecord
from soc.core.clock import iso, parse_iso
from soc.core.errors import NotFoundError
from soc.core.i18n import Message, msg
from soc.core.ids import digest


class Kind(StrEnum):
    """Why something is here: could not be parsed, longer than allowed, cut off, its file was unreadable, damaged in the spool,
    sent by somebody who is no registered source, or not in the form of its protocol.
    """

    PARSE = "parse"
    OVERSIZE = "oversize"
    CUT = "cut"
    FILE = "file"
    SPOOL = "spool"
    SENDER = "sender"
    FRAME = "frame"


@dataclass(frozen=True, slots=True)
class Quarantined:
    """An entry without its payload. `ident` is what `event.id` would have been; `size_bytes` is that of the kept payload."""

    id: str
    ident: str
    kind: Kind
    reason: Message
    source: str
    seq: int
    where: str
    received: datetime
    size_bytes: int


@dataclass(frozen=True, slots=True)
class QuarantineCount:
    """How many entries of one source share one reason; `reason` is that of the newest, with its own values."""

    source: str
    kind: Kind
    reason: Message
    count: int
    newest: datetime


_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS entries (
        number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT NOT NULL UNIQUE, ident TEXT NOT NULL, kind TEXT NOT NULL,
        sentence TEXT NOT NULL, reason BLOB NOT NULL, source TEXT NOT NULL, seq INTEGER NOT NULL, place TEXT NOT NULL,
        received TEXT NOT NULL, size_bytes INTEGER NOT NULL, payload BLOB NOT NULL)""",
    "CREATE INDEX IF NOT EXISTS entries_by_reason ON entries (source, kind, sentence)",
)
_COLUMNS = "id, ident, kind, reason, source, seq, place, received, size_bytes"


class Quarantine:
    """Entries in one SQLite file. All methods raise `EngineError` (disk full, file damaged) and `SetupError` (other key)."""

    def __init__(self, path: Path, cipher: PayloadCipher) -> None:
        self._file = DurableFile(path, _SCHEMA, cipher)
        self._cipher = cipher

    def add(self, record: RawRecord, reason: Message, *, ident: str = "", kind: Kind = Kind.PARSE) -> str:
        """Keep `record` with its reason, on disk when this returns.

        Args:
            record: what was given to us, already masked.
            reason: one sentence; it is stored with its parts, so that it can be shown in both languages.
            ident: the `event.id`, made before masking; empty = made from `record` as it is.

        Returns:
            The id of the entry; the same for the same record and kind.
        """
        return self.add_all([(record, reason, ident or record.ident, kind)])[0]

    def add_all(self, entries: Sequence[tuple[RawRecord, Message, str, Kind]]) -> list[str]:
        """`add` for many (record, reason, ident, kind), in one transaction."""
        rows = [self._row(record, reason, ident, kind) for record, reason, ident, kind in entries]
        if rows:
            with self._file.transaction() as connection:
                connection.executemany(_INSERT, rows)
        return [str(row[0]) for row in rows]

    def count(self, source: str | None = None) -> int:
        """Number of entries, of all sources or of one."""
        with self._file.reading() as connection:
            row = connection.execute(
                "SELECT count(*) FROM entries WHERE ?1 IS NULL OR source = ?1", (source,)
            ).fetchone()
        return int(row[0])

    def counts(self) -> list[QuarantineCount]:
        """Entries by source and reason (values of the reason apart), the most frequent first."""
        with self._file.reading() as connection:
            # SQLite takes bare columns from the row that holds the max()
            rows = connection.execute(
                "SELECT source, kind, reason, count(*) AS amount, max(received) FROM entries"
                " GROUP BY source, kind, sentence ORDER BY amount DESC, source, kind, sentence"
            ).fetchall()
        return [QuarantineCount(s, Kind(k), load_message(r), n, parse_iso(t)) for s, k, r, n, t in rows]

    def list(self, *, source: str | None = None, limit: int = 100, offset: int = 0) -> list[Quarantined]:
        """Entries without payload, the newest first."""
        with self._file.reading() as connection:
            rows = connection.execute(
                f"SELECT {_COLUMNS} FROM entries WHERE ?1 IS NULL OR source = ?1"  # noqa: S608 - a constant
                " ORDER BY number DESC LIMIT ?2 OFFSET ?3",
                (source, limit, offset),
            ).fetchall()
        return [_entry(row) for row in rows]

    def payload(self, entry_id: str) -> bytes:
        """What was kept of the record.

        Raises:
            NotFoundError: no such entry, or its payload does not open any more.
        """
        with self._file.reading() as connection:
            row = connection.execute("SELECT payload, source FROM entries WHERE id = ?", (entry_id,)).fetchone()
        if row is None:
            raise NotFoundError(msg("không có mục cách ly {entry}", entry=entry_id))
        try:
            return self._cipher.open(row[0], _binding(entry_id, row[1]))
        except SealBrokenError as error:
            raise NotFoundError(msg("nội dung mục cách ly {entry} bị hỏng", entry=entry_id)) from error

    def remove(self, entry_ids: Sequence[str]) -> int:
        """Drop entries, for instance after they were parsed anew; gives how many there were."""
        with self._file.transaction() as connection:
            return connection.executemany("DELETE FROM entries WHERE id = ?", [(i,) for i in entry_ids]).rowcount

    def remove_before(self, moment: datetime) -> int:
        """Drop entries received before `moment` (retention); gives how many there were."""
        with self._file.transaction() as connection:
            return connection.execute("DELETE FROM entries WHERE received < ?", (iso(moment),)).rowcount

    def close(self) -> None:
        """Close the file; nothing has to be saved."""
        self._file.close()

    def _row(self, record: RawRecord, reason: Message, ident: str, kind: Kind) -> tuple[str | int | bytes, ...]:
        entry_id = digest(ident, kind)
        payload = self._cipher.seal(record.data, _binding(entry_id, record.source))
        told = (
            entry_id,
            ident,
            str(kind),
            _shape(reason),
            dump_message(reason),
            record.source,
            record.seq,
            record.where,
        )
        return *told, iso(record.received), len(record.data), payload


_INSERT = f"INSERT OR IGNORE INTO entries (id, ident, kind, sentence, reason, source, seq, place, received, size_bytes, payload) VALUES ({', '.join('?' * 11)})"  # noqa: S608, E501


def _binding(entry_id: str, source: str) -> bytes:
    return f"{entry_id}\x1f{source}".encode()


def _entry(row: tuple[str, str, str, bytes, str, int, str, str, int]) -> Quarantined:
    entry_id, ident, kind, reason, source, seq, place, received, size_bytes = row
    return Quarantined(
        entry_id, ident, Kind(kind), load_message(reason), source, seq, place, parse_iso(received), size_bytes
    )


def _shape(message: Message) -> str:
    """The sentences of a message without their values: what entries with the same reason have in common."""
    inner = (_shape(part) for part in message.values.values() if isinstance(part, Message))
    return "\n".join((message.text, *inner))


def dump_message(message: Message) -> bytes:
    """A message as JSON: sentence and parts, so that it can be rendered in any language later."""
    return orjson.dumps(_plain(message))


def load_message(data: bytes) -> Message:
    """The inverse of `dump_message`; parts that were neither text, number nor message come back as text."""
    return _message(orjson.loads(data))


def _plain(message: Message) -> dict[str, object]:
    parts = {
        name: _plain(value) if isinstance(value, Message) else _scalar(value) for name, value in message.values.items()
    }
    return {"text": message.text, "values": parts}


def _scalar(value: object) -> object:
    return value if isinstance(value, (str, int, float)) else str(value)


def _message(plain: Mapping[str, object]) -> Message:
    values = plain["values"]
    assert isinstance(values, dict)  # noqa: S101 - written by _plain alone
    return Message(str(plain["text"]), {k: _message(v) if isinstance(v, dict) else v for k, v in values.items()})
