"""From the cursor to the question, and from the answer to records and the next cursor. No network here.

A page that is broken moves nothing. A record is called by its key and its content, or by its content alone: asked for twice it is
one event, and a key that is used again for something else is another event.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import orjson

from collectors.input import Chunk, Reading, Rejected
from collectors.inputs.poll_beside import CURSOR, Looked, LookError
from collectors.inputs.poll_spec import CursorSpec, PollSpec
from collectors.listeners.http_records import value_at
from collectors.quarantine import Kind
from collectors.record import RawRecord
from collectors.spool import State
from soc.core.i18n import msg
from soc.core.ids import digest

Order: TypeAlias = tuple[int, int | str]


@dataclass(frozen=True, slots=True)
class Question:
    """What to ask: the address, and the parameters besides those of the specification. `etag` of the same question's last answer."""

    url: str
    params: Mapping[str, str]
    etag: str = ""

    @property
    def ident(self) -> str:
        return digest(self.url, orjson.dumps(dict(self.params)))


def question(spec: PollSpec, state: State) -> Question:
    """What is to be asked next."""
    params = dict(spec.params)
    if spec.page_param:
        params[spec.page_param] = str(spec.page_size)
    cursor, url = spec.cursor, spec.url
    if cursor is not None and cursor.by == "link" and state.get("next"):
        url, params = str(state["next"]), {}
    elif cursor is not None and cursor.by == "page":
        params[cursor.param] = str(state.get("page", cursor.start or 1))
    elif cursor is not None and cursor.by != "link":
        params |= _since(cursor, str(state.get("value", cursor.start)))
    asked = Question(url, params)
    return Question(url, params, str(state["etag"])) if state.get("etag_of") == asked.ident else asked


def _since(cursor: CursorSpec, value: str) -> dict[str, str]:
    if cursor.overlap and value.isdigit():
        value = str(max(0, int(value) - 1))
    return {cursor.param: value} if value else {}


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer; `next` is that of the Link header."""

    body: bytes
    etag: str = ""
    next: str = ""


def taken(spec: PollSpec, asked: Question, answer: Answer, reading: Reading) -> Looked:
    """The records of an answer with the cursor behind them. Raises LookError for a page that is broken."""
    state = reading.cursors.get(CURSOR, {})
    try:
        document = orjson.loads(answer.body)
    except orjson.JSONDecodeError as problem:
        raise LookError(msg("câu trả lời không phải JSON ({reason})", reason=problem.msg)) from problem
    records = value_at(document, spec.records)
    if not isinstance(records, list):
        found = msg("câu trả lời không có danh sách tại '{path}'", path=spec.records or ".")
        raise LookError(found, advice=msg("sửa records trong sources.yaml"))
    moved, fresh, more = _moved(spec, state, records, document, answer)
    unchanged = digest(answer.body)
    if state.get("page_digest") == unchanged and not more:
        fresh = []
    tags: State = {"etag": answer.etag, "etag_of": asked.ident} if answer.etag else {}
    kept = {**moved, **tags, "page_digest": unchanged}
    try:
        chunk = _chunk(spec, fresh, reading)
    except orjson.JSONEncodeError as problem:
        raise LookError(msg("JSON lồng quá sâu")) from problem
    return Looked(Chunk(chunk.records, chunk.rejected, (), {CURSOR: kept}, len(answer.body)), more)


def _moved(
    spec: PollSpec, state: State, records: list[object], document: object, answer: Answer
) -> tuple[State, list[object], bool]:
    """(next cursor, records to take, whether there is more at once)."""
    cursor = spec.cursor
    full = len(records) >= spec.page_size
    if cursor is None:
        return {}, records, False
    if cursor.by == "link":
        following = value_at(document, cursor.next) if cursor.next else answer.next
        if following is not None and not isinstance(following, str):
            raise LookError(msg("'{path}' không phải địa chỉ trang kế tiếp", path=cursor.next))
        return {"next": following or str(state.get("next", ""))}, records, bool(following)
    if cursor.by == "page":
        page, seen = int(state.get("page", cursor.start or 1)), int(state.get("seen", 0))
        ahead = {"page": page + 1, "seen": 0} if full else {"page": page, "seen": len(records)}
        return ahead, records[seen if len(records) >= seen else 0 :], full
    return _moved_by_value(cursor, str(state.get("value", cursor.start)), records, full)


def _moved_by_value(
    cursor: CursorSpec, before: str, records: list[object], full: bool
) -> tuple[State, list[object], bool]:
    values = [value for value in map(partial(_value, cursor), records) if value]
    if records and not values:
        raise LookError(
            msg("không bản ghi nào có trường '{field}'", field=cursor.field),
            advice=msg("sửa cursor.field trong sources.yaml"),
        )
    newest = max([*values, before], key=order) if before else max(values, key=order, default="")
    if full and newest == before:
        found = msg("trang đầy mà con trỏ không tiến qua {value}", value=before)
        raise LookError(found, advice=msg("tăng page_size, hoặc dùng cursor theo id"))
    if before and cursor.by == "id":  # of a moment several records may come at different times; a key comes once
        records = [one for one in records if not (value := _value(cursor, one)) or order(value) > order(before)]
    return {"value": newest}, records, full


def check_continuity(spec: PollSpec, records: Sequence[object], state: State) -> LookError | None:
    """Whether the record that was the last one is still there; None where it is, or where that cannot be told."""
    cursor, before = spec.cursor, str(state.get("value", ""))
    if cursor is None or not cursor.overlap or not before.isdigit():
        return None
    if any(_value(cursor, one) == before for one in records):
        return None
    return LookError(
        msg(
            "bản ghi {field}={value} đã nhận nay không còn: dữ liệu ở nguồn bị xóa hoặc quay lui",
            field=cursor.field,
            value=before,
        ),
        advice=msg("hỏi đơn vị quản lý nguồn ai đã xóa, và đối chiếu với sự kiện đã lưu"),
    )


def records_of(spec: PollSpec, body: bytes) -> list[object]:
    """The list of an answer that `taken` has accepted."""
    records = value_at(orjson.loads(body), spec.records)
    return records if isinstance(records, list) else []


def _value(cursor: CursorSpec, record: object) -> str:
    value = value_at(record, cursor.field)
    return str(value) if isinstance(value, str | int | float) and not isinstance(value, bool) else ""


def order(value: str) -> Order:
    """Whole numbers by their size, before all text; text by its letters, as ISO 8601 wants it."""
    return (0, int(value)) if value.isdigit() and value.isascii() and len(value) < 40 else (1, value)


def _chunk(spec: PollSpec, fresh: Sequence[object], reading: Reading) -> Chunk:
    records: list[RawRecord] = []
    rejected: list[Rejected] = []
    seen: Counter[str] = Counter()
    for index, one in enumerate(fresh):
        data = orjson.dumps(one)
        value = _value(spec.cursor, one) if spec.cursor is not None and spec.cursor.field else ""
        content = digest("poll", value, orjson.dumps(one, option=orjson.OPT_SORT_KEYS))
        seen[content] += 1
        name = content if value else f"{content}.{seen[content]}"
        where = f"{spec.url.partition('?')[0]}#{value or index}"
        seq = int(value) if value.isdigit() and len(value) < 19 else index
        record = RawRecord(reading.source, seq, data, reading.received, where, "utf-8", name)
        fault = _fault(one, record, reading.max_record_bytes)
        if fault is None:
            records.append(record)
        else:
            rejected.append(fault)
    return Chunk(records, rejected)


def _fault(one: object, record: RawRecord, limit: int) -> Rejected | None:
    if not isinstance(one, dict):
        return Rejected(record, msg("không phải một đối tượng JSON"), Kind.PARSE)
    return oversize(record, limit)


def oversize(record: RawRecord, limit: int) -> Rejected | None:
    """The record cut, when it is too long."""
    if len(record.data) <= limit:
        return None
    reason = msg("bản ghi dài {size} byte, giới hạn {limit}; chỉ giữ phần đầu", size=len(record.data), limit=limit)
    cut = RawRecord(
        record.source, record.seq, record.data[:limit], record.received, record.where, record.charset, record.name
    )
    return Rejected(cut, reason, Kind.OVERSIZE)
