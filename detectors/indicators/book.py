"""All indicators of an installation, with who says so and until when: one SQLite file beside its table of digests.

The table is written anew after each import; a process that matches looks at the file's identity and opens the new one by itself.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Any

from detectors.indicators.model import Entry, Indicator, Kind, Named, Sought, State
from detectors.indicators.reading import Unread
from detectors.indicators.table import write_table
from detectors.indicators.warninglists import WarningLists
from soc.core.clock import Window
from soc.core.errors import EngineError
from soc.core.i18n import msg

BOOK = "indicators.sqlite"
TABLE = "indicators.table"
MAX_UNREAD = 100
"""Of what could not be read, so many are told; all are counted."""
_BATCH = 100_000
_CACHE_KIB = 65_536
_WAIT_S = 30.0
_COLUMNS = "kind, value, source, confidence, valid_from, valid_until, first_seen, last_seen, label, state, reason, imported, hunted"
_SOUGHT = "imported >= ? AND imported < ? AND (hunted IS NULL OR hunted >= ?) AND state <> 'refused'"
_SCHEMA = """
CREATE TABLE IF NOT EXISTS indicator (
  kind TEXT NOT NULL, value TEXT NOT NULL, source TEXT NOT NULL, confidence INTEGER NOT NULL,
  valid_from INTEGER, valid_until INTEGER, first_seen INTEGER, last_seen INTEGER, label TEXT NOT NULL,
  state TEXT NOT NULL, reason TEXT NOT NULL, imported INTEGER NOT NULL, hunted INTEGER,
  PRIMARY KEY (kind, value, source)
) WITHOUT ROWID
"""
_PUT = f"""
INSERT INTO indicator ({_COLUMNS}) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,NULL)
ON CONFLICT (kind, value, source) DO UPDATE SET confidence = excluded.confidence, valid_from = excluded.valid_from,
  valid_until = excluded.valid_until, first_seen = excluded.first_seen, last_seen = excluded.last_seen, label = excluded.label,
  state = excluded.state, reason = excluded.reason
"""  # noqa: S608 - constants only


@dataclass
class Imported:
    """What an import came to.

    Attributes:
        read: indicators in the files; `created` of them are new.
        refused, marked: by the warning list that said so.
        unread: parts that gave none, the first MAX_UNREAD; `unread_total` counts all.
        total: indicators that can match now.
    """

    read: int = 0
    created: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    marked: Counter[str] = field(default_factory=Counter)
    unread: list[Unread] = field(default_factory=list)
    unread_total: int = 0
    total: int = 0


class Book:
    """The indicators in a folder; the folder is made by the first import.

    Args:
        folder: holds the book and its table.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.table_path = folder / TABLE
        self._path = folder / BOOK

    def add(self, found: Iterable[Indicator | Unread], lists: WarningLists, now: datetime) -> Imported:
        """Take indicators in, judged by the warning lists, and write the table anew.

        What is in the book already is renewed. All of it is kept, or, when something fails midway, none.
        """
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        result = Imported()
        with self._open() as connection, connection:
            connection.execute("BEGIN IMMEDIATE")
            before = _count(connection)
            for some in _batches(_indicators(found, result)):
                # in the order of the key, or two million random pages are read and written one by one
                connection.executemany(
                    _PUT, sorted((_row(one, lists, now, result) for one in some), key=itemgetter(0, 1, 2))
                )
            result.created = _count(connection) - before
        result.total = self.write()
        return result

    def judge_again(self, lists: WarningLists) -> None:
        """Ask the warning lists about every indicator anew, after the lists have changed, and write the table anew."""
        with self._open() as connection, connection:
            connection.execute("BEGIN IMMEDIATE")
            for some in _pages(connection):
                verdicts = ((lists.judge(Named(Kind(kind), value)), kind, value) for kind, value in some)
                connection.executemany(
                    "UPDATE indicator SET state = ?, reason = ? WHERE kind = ? AND value = ?",
                    [(verdict.state, verdict.reason, kind, value) for verdict, kind, value in verdicts],
                )
        self.write()

    def write(self) -> int:
        """Write the table of what can match; gives how many entries it was made of."""
        with self._open() as connection:
            usable = "FROM indicator WHERE state <> 'refused'"
            (count,) = connection.execute(f"SELECT count(*) {usable}").fetchone()
            rows = connection.execute(f"SELECT kind, value {usable}")
            write_table(self.table_path, (Named(Kind(kind), value) for kind, value in rows), count)
        return int(count)

    def entries(self, values: Iterable[Named]) -> list[Entry]:
        """Every usable entry of these values."""
        with self._open() as connection:
            query = (
                f"SELECT {_COLUMNS} FROM indicator WHERE kind = ? AND value = ? AND state <> 'refused' ORDER BY source"  # noqa: S608
            )
            return [_entry(row) for value in values for row in connection.execute(query, value)]

    def listing(self, state: State | None = None, source: str | None = None, size: int = 100) -> list[Entry]:
        """Entries in order of kind, value and source, at most `size`."""
        with self._open() as connection:
            query = f"SELECT {_COLUMNS} FROM indicator WHERE (?1 IS NULL OR state = ?1) AND (?2 IS NULL OR source = ?2) LIMIT ?3"  # noqa: S608
            return [_entry(row) for row in connection.execute(query, (state, source, size))]

    def counts(self) -> list[tuple[str, str, str, str, int]]:
        """(source, kind, state, warning list, entries), in that order."""
        with self._open() as connection:
            query = (
                "SELECT source, kind, state, reason, count(*) FROM indicator GROUP BY 1, 2, 3, 4 ORDER BY 1, 2, 3, 4"
            )
            return connection.execute(query).fetchall()

    def unhunted(self) -> tuple[Window | None, int]:
        """When those values came in that the store was not searched for yet, and how many there are."""
        where = "FROM indicator WHERE hunted IS NULL AND state <> 'refused'"
        with self._open() as connection:
            query = f"SELECT min(imported), max(imported), count(DISTINCT kind || value) {where}"
            first, last, total = connection.execute(query).fetchone()
        if not total:
            return None, 0
        return Window(datetime.fromtimestamp(first, UTC), datetime.fromtimestamp(last + 1, UTC)), int(total)

    def sought(self, sought: Sought, size: int) -> tuple[list[Named], int, str]:
        """The values that a hunt looks for, at most `size`; how many there are; and a hash over all with their sources."""
        values: dict[Named, None] = {}
        total, last, state = 0, ("", ""), hashlib.sha256()
        query = f"SELECT kind, value, source FROM indicator WHERE {_SOUGHT} ORDER BY kind, value, source"  # noqa: S608 - constants only
        with self._open() as connection:
            for kind, value, source in connection.execute(query, _bounds(sought)):
                state.update(f"{kind}\0{value}\0{source}\n".encode())
                if (kind, value) != last:
                    last, total = (kind, value), total + 1
                    if len(values) < size:
                        values[Named(Kind(kind), value)] = None
        return list(values), total, state.hexdigest()

    def mark_hunted(self, sought: Sought, now: datetime) -> None:
        """Note that the store was searched for these."""
        with self._open() as connection, connection:
            query = f"UPDATE indicator SET hunted = ? WHERE {_SOUGHT}"  # noqa: S608 - constants only
            connection.execute(query, (_seconds(now), *_bounds(sought)))

    def forget(self, expired_before: datetime) -> int:
        """Drop what expired before then; gives how many entries went."""
        with self._open() as connection, connection:
            gone = connection.execute(
                "DELETE FROM indicator WHERE valid_until < ?", (_seconds(expired_before),)
            ).rowcount
        if gone:
            self.write()
        return gone

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A connection of its own for each question: few are asked, and threads never share one."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            with closing(sqlite3.connect(self._path, timeout=_WAIT_S, isolation_level=None)) as connection:
                connection.execute("PRAGMA journal_mode=WAL")
                connection.execute(f"PRAGMA cache_size=-{_CACHE_KIB}")
                connection.execute(_SCHEMA)
                yield connection
        except sqlite3.Error as problem:
            raise EngineError(
                msg("sổ chỉ dấu không dùng được: {reason}", reason=str(problem)),
                where=str(self._path),
                advice=msg("kiểm tra ổ đĩa và quyền của thư mục; sổ nhập lại được từ các tệp nguồn"),
            ) from problem


def _indicators(found: Iterable[Indicator | Unread], result: Imported) -> Iterator[Indicator]:
    for one in found:
        if isinstance(one, Indicator):
            result.read += 1
            yield one
        else:
            result.unread_total += 1
            if len(result.unread) < MAX_UNREAD:
                result.unread.append(one)


def _batches(found: Iterator[Indicator]) -> Iterator[Sequence[Indicator]]:
    while some := list(islice(found, _BATCH)):
        yield some


def _pages(connection: sqlite3.Connection) -> Iterator[list[tuple[str, str]]]:
    """All values, so many at a time that they fit into memory however many there are."""
    last = ("", "")
    query = "SELECT DISTINCT kind, value FROM indicator WHERE (kind, value) > (?, ?) ORDER BY kind, value LIMIT ?"
    while some := connection.execute(query, (*last, _BATCH)).fetchall():
        yield some
        last = some[-1]


def _row(one: Indicator, lists: WarningLists, now: datetime, result: Imported) -> tuple[Any, ...]:
    verdict = lists.judge(one.named)
    if verdict.state is State.REFUSED:
        result.refused[verdict.reason] += 1
    elif verdict.state is State.MARKED:
        result.marked[verdict.reason] += 1
    times = (one.valid_from, one.valid_until, one.first_seen, one.last_seen)
    return (
        *one.named,
        one.source,
        one.confidence,
        *map(_seconds, times),
        one.label[:500],
        verdict.state,
        verdict.reason,
        _seconds(now),
    )


def _entry(row: Sequence[Any]) -> Entry:
    kind, value, source, confidence, since, until, first, last, label, state, reason, imported, hunted = row
    times = (_moment(since), _moment(until), _moment(first), _moment(last))
    indicator = Indicator(Named(Kind(kind), value), source, confidence, *times, label)
    return Entry(indicator, State(state), reason, datetime.fromtimestamp(imported, UTC), _moment(hunted))


def _count(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM indicator").fetchone()[0])


def _bounds(sought: Sought) -> tuple[int | None, ...]:
    return _seconds(sought.since), _seconds(sought.until), _seconds(sought.asked)


def _seconds(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())


def _moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
