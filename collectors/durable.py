"""The SQLite file under the spool and the quarantine: what is committed stays, and the key that sealed it is checked.

WAL with `synchronous=FULL` syncs the log at each commit, so a commit survives a power cut; see SQLite, "Write-Ahead Logging"
and "PRAGMA synchronous". Errors of SQLite are translated here once.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from collectors.crypto import PayloadCipher, SealBrokenError
from soc.core.errors import SetupError, SpoolError
from soc.core.i18n import Message, msg

_WAIT_S = 30.0
_PROOF = b"this key opens this file"
_META = "CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value BLOB NOT NULL) WITHOUT ROWID"


class DurableFile:
    """One SQLite file, opened at first use; one connection, one statement at a time, many processes.

    Args:
        path: the file; its folder is made at first use.
        schema: `CREATE ... IF NOT EXISTS` statements.
        cipher: the cipher of the payloads; a file written under another key is refused.
    """

    def __init__(self, path: Path, schema: tuple[str, ...], cipher: PayloadCipher) -> None:
        self.path = path
        self._schema = schema
        self._cipher = cipher
        self._lock = threading.RLock()
        self._connection: sqlite3.Connection | None = None

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """A write transaction: committed and on disk when the block ends, undone when it raises.

        Raises:
            SpoolError: disk full, file damaged or not writable; nothing of the block was kept.
            SetupError: the file belongs to another key.
        """
        with self._lock, self._translated():
            connection = self._open()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                # SQLite has rolled back by itself after a full disk; then there is nothing left to undo
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The connection for statements that only read. Raises as `transaction` does."""
        with self._lock, self._translated():
            yield self._open()

    def close(self) -> None:
        """Close the file; the next use opens it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def _open(self) -> sqlite3.Connection:
        if self._connection is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            connection = sqlite3.connect(self.path, timeout=_WAIT_S, isolation_level=None, check_same_thread=False)
            try:
                self._prepare(connection)
            except BaseException:
                connection.close()
                raise
            self._connection = connection
        return self._connection

    def _prepare(self, connection: sqlite3.Connection) -> None:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("BEGIN IMMEDIATE")
        for statement in (_META, *self._schema):
            connection.execute(statement)
        row = connection.execute("SELECT value FROM meta WHERE name = 'proof'").fetchone()
        if row is None:
            connection.execute("INSERT INTO meta VALUES ('proof', ?)", (self._cipher.seal(_PROOF, b"proof"),))
        else:
            self._check_key(row[0])
        connection.execute("COMMIT")

    def _check_key(self, sealed: bytes) -> None:
        """Refuse a wrong key at once: read with it, every record would look damaged and go to quarantine."""
        try:
            self._cipher.open(sealed, b"proof")
        except SealBrokenError as error:
            raise SetupError(
                msg("tệp này được mã hóa bằng khóa khác"),
                expected=msg("khóa đã dùng khi tạo tệp"),
                where=str(self.path),
                advice=msg("khôi phục spool.key hoặc SOC_SPOOL_KEY cũ; không xóa tệp, bản ghi trong đó chưa vào kho"),
            ) from error

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise self._engine_error(error) from error
        except OSError as error:
            raise SpoolError(
                msg("không mở được tệp ({reason})", reason=error.strerror), where=str(self.path), advice=_ADVICE_ACCESS
            ) from error

    def _engine_error(self, error: sqlite3.Error) -> SpoolError:
        # the low byte is the primary code; the rest tells apart kinds that need the same advice
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        found, advice = _FAULTS.get(code, (msg("SQLite từ chối ({reason})", reason=error), _ADVICE_ACCESS))
        problem = SpoolError(found, where=str(self.path), advice=advice)
        problem.kind = "disk" if code == sqlite3.SQLITE_FULL else problem.kind
        return problem


_ADVICE_ACCESS = msg(
    "kiểm tra đường dẫn, quyền ghi và dung lượng của thư mục, rồi chạy lại; nguồn sẽ được đọc tiếp từ chỗ dừng"
)
_ADVICE_DAMAGED = msg("giữ lại tệp này, khôi phục bản sao lưu hoặc chuyển tệp đi rồi đọc lại nguồn")
_FAULTS: dict[int, tuple[Message, Message]] = {
    sqlite3.SQLITE_FULL: (
        msg("đĩa đầy, chưa nhận bản ghi nào của lô này"),
        msg("giải phóng dung lượng rồi chạy lại; nguồn sẽ được đọc tiếp từ chỗ dừng"),
    ),
    sqlite3.SQLITE_CORRUPT: (msg("tệp SQLite bị hỏng"), _ADVICE_DAMAGED),
    sqlite3.SQLITE_NOTADB: (msg("tệp không phải SQLite"), _ADVICE_DAMAGED),
    sqlite3.SQLITE_BUSY: (
        msg("tệp bị tiến trình khác khóa quá 30 giây"),
        msg("kiểm tra xem có hai tiến trình thu thập trên cùng một SOC_HOME không"),
    ),
}
