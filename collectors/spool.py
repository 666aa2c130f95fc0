"""The spool: what was accepted waits here, sealed and synced to disk, until the store has it.

A record and the cursor of its input are written in one transaction. So after kill -9 the input goes on exactly behind the
last record that was kept: none is lost, none is read twice. On the other side the pipeline notes in the same file which
records of a batch are new to the store before it appends them, and clears that with the acknowledgement.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import TypeAlias

import orjson

from collectors.crypto import PayloadCipher, SealBrokenError
from collectors.durable import DurableFile
from collectors.quarantine import Kind, Quarantine
from collectors.record import RawRecord
from collectors.text import UTF8
from soc.core.clock import iso, parse_iso
from soc.core.i18n import Message, msg

State: TypeAlias = Mapping[str, str | int]
"""What an input needs to go on: whatever it likes, as JSON."""

Cursors: TypeAlias = Mapping[str, State | None]
"""Cursor key -> its new state; None forgets the cursor."""

_SCHEMA = (
    """CREATE TABLE IF NOT EXISTS records (
        position INTEGER PRIMARY KEY AUTOINCREMENT, source TEXT NOT NULL, ident TEXT NOT NULL, seq INTEGER NOT NULL,
        received TEXT NOT NULL, place TEXT NOT NULL, charset TEXT NOT NULL, masked INTEGER NOT NULL, payload BLOB NOT NULL)""",
    "CREATE TABLE IF NOT EXISTS cursors (name TEXT PRIMARY KEY, state BLOB NOT NULL) WITHOUT ROWID",
    "CREATE TABLE IF NOT EXISTS inflight (one INTEGER PRIMARY KEY CHECK (one = 1), position INTEGER NOT NULL, created BLOB NOT NULL)",
)
_Row: TypeAlias = tuple[int, str, str, int, str, str, str, int, bytes]


@dataclass(frozen=True, slots=True)
class SpoolItem:
    """A redacted record on its way to the store.

    `ident` is the `event.id`, made from the record before redaction. `data` is UTF-8; `charset` tells what the source had
    written. `masked` counts what redaction took out. `position` is 0 until the spool has given one.
    """

    source: str
    ident: str
    seq: int
    received: datetime
    where: str
    data: bytes
    charset: str = UTF8
    masked: int = 0
    position: int = 0

    @property
    def record(self) -> RawRecord:
        """The record for the normaliser; its `data` is redacted UTF-8."""
        return RawRecord(self.source, self.seq, self.data, self.received, self.where, UTF8)


@dataclass(frozen=True, slots=True)
class Inflight:
    """A batch that was being moved into the store: its last position, and the `event.id`s that were new to the store."""

    position: int
    created: tuple[str, ...]


class Spool:
    """A durable queue in one SQLite file; several processes may append while one reads and acknowledges.

    All methods raise `EngineError` (disk full, file damaged; nothing was kept of the call) and `SetupError` (other key).
    """

    def __init__(self, path: Path, cipher: PayloadCipher, quarantine: Quarantine) -> None:
        self._file = DurableFile(path, _SCHEMA, cipher)
        self._cipher = cipher
        self._quarantine = quarantine

    def append(self, items: Sequence[SpoolItem], cursors: Cursors | None = None) -> int:
        """Keep `items` and move `cursors`, both or neither; on disk when this returns.

        Returns:
            The position of the last item; 0 when there was none.
        """
        rows = [self._row(item) for item in items]
        position = 0
        if not rows and not cursors:
            return position
        with self._file.transaction() as connection:
            if rows:
                connection.executemany(_INSERT, rows)
                position = int(
                    connection.execute("SELECT seq FROM sqlite_sequence WHERE name = 'records'").fetchone()[0]
                )
            for name, state in (cursors or {}).items():
                if state is None:
                    connection.execute("DELETE FROM cursors WHERE name = ?", (name,))
                else:
                    connection.execute("INSERT OR REPLACE INTO cursors VALUES (?, ?)", (name, orjson.dumps(state)))
        return position

    def read(self, after: int = 0, limit: int = 1000) -> list[SpoolItem]:
        """Up to `limit` items behind position `after`, oldest first. A record whose seal is broken goes to quarantine instead."""
        while rows := self._rows(after, limit):
            items = [self._item(row) for row in rows]
            whole = [item for item in items if item is not None]
            self._set_aside([row for row, item in zip(rows, items, strict=True) if item is None])
            if whole:
                return whole
            after = rows[-1][0]  # a page of nothing but broken records must not look like the end of the spool
        return []

    def ack(self, position: int) -> None:
        """Forget every item up to and including `position`, and the batch in flight with it."""
        with self._file.transaction() as connection:
            connection.execute("DELETE FROM records WHERE position <= ?", (position,))
            connection.execute("DELETE FROM inflight WHERE position <= ?", (position,))

    def begin(self, position: int, created: Sequence[str]) -> None:
        """Note, before the store is written, that the batch ending at `position` is under way and which ids are new to the store."""
        with self._file.transaction() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO inflight VALUES (1, ?, ?)", (position, orjson.dumps(list(created)))
            )

    def inflight(self) -> Inflight | None:
        """The batch that was begun and not acknowledged; after kill -9 it must get the same treatment again."""
        with self._file.reading() as connection:
            row = connection.execute("SELECT position, created FROM inflight").fetchone()
        return None if row is None else Inflight(row[0], tuple(orjson.loads(row[1])))

    def depth(self) -> int:
        """Number of items not yet acknowledged."""
        with self._file.reading() as connection:
            return int(connection.execute("SELECT count(*) FROM records").fetchone()[0])

    def span(self) -> int:
        """At most so many items wait: the distance from the oldest position to the newest. Cheap however many they are."""
        with self._file.reading() as connection:
            row = connection.execute(
                "SELECT (SELECT max(position) FROM records) - (SELECT min(position) FROM records) + 1"
            ).fetchone()
        return int(row[0] or 0)

    def oldest(self) -> datetime | None:
        """When the first of them was received; None when nothing waits."""
        with self._file.reading() as connection:
            row = connection.execute("SELECT received FROM records ORDER BY position LIMIT 1").fetchone()
        return None if row is None else _moment(row[0])

    def cursors(self, prefix: str) -> dict[str, State]:
        """The kept cursors whose key begins with `prefix`."""
        with self._file.reading() as connection:
            rows = connection.execute(
                "SELECT name, state FROM cursors WHERE substr(name, 1, ?) = ?", (len(prefix), prefix)
            ).fetchall()
        return {name: orjson.loads(state) for name, state in rows}

    def close(self) -> None:
        """Close the file; nothing has to be saved."""
        self._file.close()

    def _row(self, item: SpoolItem) -> tuple[str, str, int, str, str, str, int, bytes]:
        received = _iso(item.received)
        seal = _binding(item.source, item.ident, item.seq, received, item.where, item.charset, item.masked)
        payload = self._cipher.seal(item.data, seal)
        return item.source, item.ident, item.seq, received, item.where, item.charset, item.masked, payload

    def _item(self, row: _Row) -> SpoolItem | None:
        position, source, ident, seq, received, place, charset, masked, payload = row
        try:
            data = self._cipher.open(payload, _binding(source, ident, seq, received, place, charset, masked))
        except SealBrokenError:
            return None
        return SpoolItem(source, ident, seq, parse_iso(received), place, data, charset, masked, position)

    def _rows(self, after: int, limit: int) -> list[_Row]:
        with self._file.reading() as connection:
            return connection.execute(_SELECT, (after, limit)).fetchall()

    def _set_aside(self, rows: Sequence[_Row]) -> None:
        """Quarantine first, delete after: killed in between, the records are still there and get the same quarantine ids."""
        if not rows:
            return
        self._quarantine.add_all([_broken(row) for row in rows])
        with self._file.transaction() as connection:
            connection.executemany("DELETE FROM records WHERE position = ?", [(row[0],) for row in rows])


_INSERT = """INSERT INTO records (source, ident, seq, received, place, charset, masked, payload) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"""
_SELECT = """SELECT position, source, ident, seq, received, place, charset, masked, payload
             FROM records WHERE position > ? ORDER BY position LIMIT ?"""


# the records of one pass share their time of receipt
_iso = lru_cache(maxsize=16)(iso)


def _binding(*parts: str | int) -> bytes:
    """Everything around the payload: nobody moves it to another source, and so to another agency, without breaking the seal."""
    return "\x1f".join(map(str, parts)).encode("utf-8", "surrogateescape")


def _broken(row: _Row) -> tuple[RawRecord, Message, str, Kind]:
    """The quarantine entry of a record whose seal is broken: what there is of it, still sealed."""
    position, source, ident, seq, received, place, _, _, payload = row
    reason = msg("bản ghi {position} trong hàng đợi bị hỏng: thẻ xác thực không khớp", position=position)
    return RawRecord(source, seq, payload, _moment(received), place), reason, ident, Kind.SPOOL


def _moment(text: str) -> datetime:
    """The time of a row that may be damaged."""
    try:
        return parse_iso(text)
    except ValueError:
        return datetime.fromisoformat("1970-01-01T00:00:00+00:00")
