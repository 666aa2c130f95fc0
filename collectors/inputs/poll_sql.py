"""A table that an application writes its log into: read by its key, never by a time, as rows of one second come in any order.

Each look begins at the oldest of the last rows that were seen. So a row is found whose transaction took a lower key and was
committed later; and a row that is gone is noticed: somebody has deleted from the log, which is told. Where the keys have begun
anew, the table is read from its start.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import orjson
from sqlalchemy import (
    ColumnClause,
    Connection,
    Engine,
    FromClause,
    Row,
    String,
    column,
    create_engine,
    literal_column,
    select,
    table,
)
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import NullPool
from sqlalchemy.sql.selectable import Select

from collectors.input import Chunk, Reading
from collectors.inputs.poll_beside import CURSOR, Looked, LookError, with_fault
from collectors.inputs.poll_paging import oversize
from collectors.inputs.poll_spec import SqlSpec
from collectors.record import RawRecord
from collectors.spool import State
from soc.core.i18n import msg
from soc.core.ids import digest

Key: TypeAlias = str | int

RECENT = 64
"""Rows that are looked at again each time."""


@dataclass(frozen=True)
class TableLooker:
    """Reads the next rows of a table.

    Args:
        home: the file of the URL is meant from here, where its path is relative.
    """

    spec: SqlSpec
    home: Path

    @property
    def key(self) -> str:
        spec = self.spec
        return f"sql:{spec.url_file}:{spec.schema_name + '.' if spec.schema_name else ''}{spec.table}"

    @property
    def interval_s(self) -> float:
        return self.spec.interval_s

    @property
    def limit_s(self) -> float:
        return self.spec.timeout_s

    def look(self, reading: Reading) -> Looked:
        """One page of rows. Raises LookError."""
        engine = self._engine()
        try:
            with engine.connect() as connection:
                return self._page(connection, reading)
        except SQLAlchemyError as problem:
            # the text of a driver's error may hold the address and the statement, but no password
            raise LookError(
                msg("không đọc được bảng ({reason})", reason=type(getattr(problem, "orig", problem)).__name__),
                advice=msg("kiểm tra địa chỉ, quyền đọc của tài khoản, tên bảng và cột; con trỏ giữ nguyên"),
            ) from problem
        finally:
            engine.dispose()

    def _page(self, connection: Connection, reading: Reading) -> Looked:
        recent = _recent(reading.cursors.get(CURSOR, {}))
        rows = self._rows(connection, recent)
        missing = set(recent) - {row[0] for row in rows}
        deleted = bool(missing) and not self._is_purged(connection, recent, missing)
        if recent and len(missing) == len(recent):
            recent, rows = [], self._rows(connection, [])
        fresh = [row for row in rows if row[0] not in set(recent)]
        looked = Looked(self._chunk(rows, fresh, reading), len(fresh) >= self.spec.page_size)
        return with_fault(looked, self._deletion(missing), self.key) if deleted else looked

    def _is_purged(self, connection: Connection, recent: Sequence[Key], missing: Collection[Key]) -> bool:
        """Whether only the oldest rows of all are gone, as when an application drops what is past its time."""
        oldest = list(recent[: len(missing)])
        if len(missing) == len(recent) or set(oldest) != missing:
            return False
        older: Select[Any] = (
            select(literal_column("1")).select_from(self._table).where(self._column(recent) < recent[0]).limit(1)
        )
        return connection.execute(older).first() is None

    def _rows(self, connection: Connection, recent: Sequence[Key]) -> Sequence[Row[Any]]:
        """(key, the columns...) from the first of the recent rows on, with a page of new ones behind them."""
        key = self._column(recent)
        columns: list[Any] = [column(name) for name in self.spec.columns] or [literal_column("soc_rows.*")]
        wanted: Select[Any] = select(key.label("soc_cursor_key"), *columns).select_from(self._table)
        wanted = wanted.where(key >= recent[0]) if recent else wanted
        return connection.execute(wanted.order_by(key).limit(self.spec.page_size + len(recent))).all()

    def _column(self, recent: Sequence[Key]) -> ColumnClause[Any]:
        return column(self.spec.key, String() if recent and isinstance(recent[0], str) else None)

    @property
    def _table(self) -> FromClause:
        # by another name, as not every database takes a bare * behind a column
        return table(self.spec.table, schema=self.spec.schema_name).alias("soc_rows")

    def _chunk(self, rows: Sequence[Row[Any]], fresh: Sequence[Row[Any]], reading: Reading) -> Chunk:
        made = [self._record(row, reading) for row in fresh]
        rejected = [cut for one in made if (cut := oversize(one, reading.max_record_bytes)) is not None]
        kept = [one for one in made if len(one.data) <= reading.max_record_bytes]
        state: State = {"recent": orjson.dumps([_key(row[0]) for row in rows[-RECENT:]]).decode()}
        return Chunk(kept, rejected, (), {CURSOR: state}, sum(len(one.data) for one in made))

    def _record(self, row: Row[Any], reading: Reading) -> RawRecord:
        key, fields = row[0], dict(zip(list(row._fields)[1:], list(row)[1:], strict=True))
        data = orjson.dumps(fields, default=_plain)
        seq = key if isinstance(key, int) and 0 <= key < 2**63 else 0
        name = digest("row", self.spec.table, str(key), data)
        return RawRecord(reading.source, seq, data, reading.received, f"{self.key}#{key}", "utf-8", name)

    def _deletion(self, missing: Collection[Key]) -> LookError:
        found = msg(
            "{count} dòng đã đọc của bảng {table} nay không còn, đầu tiên là {key}: nhật ký bị xóa hoặc quay lui",
            count=len(missing),
            table=self.spec.table,
            key=min(missing, key=str),
        )
        return LookError(found, advice=msg("hỏi đơn vị quản lý nguồn ai đã xóa, và đối chiếu với sự kiện đã lưu"))

    def _engine(self) -> Engine:
        try:
            url = (self.home / self.spec.url_file).read_text().strip()
            return create_engine(url, poolclass=NullPool, hide_parameters=True)
        except (OSError, UnicodeError, ArgumentError, ImportError) as problem:
            raise LookError(
                msg("tệp {file} không có địa chỉ cơ sở dữ liệu dùng được", file=str(self.spec.url_file)),
                expected=msg(
                    "một dòng như postgresql+psycopg://TÀI-KHOẢN:MẬT-KHẨU@MÁY/CSDL, tài khoản chỉ có quyền đọc"
                ),
            ) from problem


def _recent(state: State) -> list[Key]:
    return list(orjson.loads(str(state.get("recent", "[]"))))


def _key(key: object) -> Key:
    if isinstance(key, str | int):
        return key
    raise LookError(
        msg("khóa của bảng không phải số nguyên hay chữ"), advice=msg("chọn key là cột khóa chính tăng dần")
    )


def _plain(value: object) -> str:
    """What JSON has no form for: decimals, intervals and bytes as text."""
    return value.hex() if isinstance(value, bytes | bytearray | memoryview) else str(value)
