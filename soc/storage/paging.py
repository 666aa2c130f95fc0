"""Order and cursors of a search: sorted by one field, events without it last, ties by `event.id` upwards."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from soc.core.ecs import FieldType, field_type
from soc.core.errors import QueryError
from soc.core.event import Event
from soc.core.i18n import msg
from soc.storage.events import Page, Search
from soc.storage.values import Key, sort_key

MAX_SIZE = 10_000
TIME = "@timestamp"


@dataclass(frozen=True, slots=True)
class Place:
    """Where an event stands in the order; `key` is None for an event without the sort field."""

    key: Key | None
    event_id: str


def place_of(event: Event, search: Search) -> Place:
    """Where `event` stands among the hits of `search`."""
    return Place(sort_key(search.sort, event.fields.get(search.sort), ascending=search.ascending), event.id)


def check(search: Search) -> None:
    """Raises QueryError for a size or a sort field that no store can serve."""
    if not 1 <= search.size <= MAX_SIZE:
        raise QueryError(
            msg("trang có {size} sự kiện", size=search.size),
            expected=msg("từ 1 đến {limit}", limit=MAX_SIZE),
            where="size",
            advice=msg("đọc từng trang, hoặc xuất toàn bộ kết quả"),
        )
    refuse_text(search.sort)


def refuse_text(field: str) -> None:
    """Raises QueryError for a text field: it has words, but no value to sort or count by."""
    if field_type(field) is FieldType.TEXT:
        raise QueryError(
            msg("trường văn bản {field} không sắp xếp hay thống kê được", field=field),
            expected=msg("trường từ khoá, số, địa chỉ hoặc thời gian"),
            where=field,
            advice=msg("tìm theo chữ trong trường đó, rồi thống kê theo trường khác"),
        )


def refuse_unnumbered(field: str) -> None:
    """Raises QueryError for a field whose type has no numbers."""
    refuse_text(field)
    if field_type(field) in {FieldType.IP, FieldType.BOOLEAN}:
        raise QueryError(
            msg("trường {field} kiểu {kind} không tính tổng được", field=field, kind=field_type(field).value),
            expected=msg("trường số hoặc thời gian"),
            where=field,
            advice=msg("đếm số giá trị của trường đó thay vì tính tổng"),
        )


def page(search: Search, ordered: Iterator[Event], total: int) -> Page:
    """The page that begins the `ordered` events, which start after the cursor."""
    events = tuple(islice(ordered, search.size + 1))
    shown = events[: search.size]
    more = len(events) > search.size
    return Page(shown, total, _write(search, place_of(shown[-1], search)) if more else None)


def cursor(search: Search) -> Place | None:
    """The place after which the page starts.

    Raises:
        QueryError: `after` is not a cursor of a search with the same order.
    """
    if search.after is None:
        return None
    try:
        sort, ascending, key, event_id = json.loads(base64.urlsafe_b64decode(search.after.encode()))
    except (ValueError, TypeError) as problem:
        raise _foreign_cursor() from problem
    known = isinstance(key, (str, int, float, type(None))) and isinstance(event_id, str)
    text_keys = field_type(search.sort) in {FieldType.KEYWORD, FieldType.BOOLEAN}
    fits = key is None or isinstance(key, str) == text_keys
    if not known or not fits or (sort, ascending) != (search.sort, search.ascending):
        raise _foreign_cursor()
    return Place(key, event_id)


def _write(search: Search, place: Place) -> str:
    written = json.dumps([search.sort, search.ascending, place.key, place.event_id])
    return base64.urlsafe_b64encode(written.encode()).decode()


def _foreign_cursor() -> QueryError:
    return QueryError(
        msg("con trỏ trang không thuộc phép tìm này"),
        expected=msg("giá trị next của trang trước, cùng cách sắp xếp"),
        where="after",
        advice=msg("bắt đầu lại từ trang đầu"),
    )
