"""`soc hunt`: search the store."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table

from soc.app.application import Application
from soc.cli.context import console, emit, moment_of, say, settings
from soc.core.clock import LOCAL_ZONE, Window
from soc.core.event import Event
from soc.core.i18n import msg
from soc.core.scope import PROVINCE
from soc.storage.events import Search

COLUMNS = ("soc.platform", "soc.agency", "user.name", "source.ip", "event.action", "url.path")


def hunt(
    query: Annotated[
        str, typer.Argument(help=msg("Truy vấn Lucene, ví dụ source.ip:203.0.113.0/24 AND event.outcome:failure").text)
    ],
    since: Annotated[str | None, typer.Option(help=msg("Từ lúc, ISO 8601 có múi giờ").text)] = None,
    until: Annotated[str | None, typer.Option(help=msg("Đến lúc, ISO 8601 có múi giờ").text)] = None,
    size: Annotated[int, typer.Option(min=1, max=10_000, help=msg("Số sự kiện nhiều nhất").text)] = 50,
    exercise: Annotated[str | None, typer.Option(help=msg("Chỉ tìm trong đợt diễn tập này").text)] = None,
    json: Annotated[bool, typer.Option("--json", help=msg("Mỗi sự kiện một dòng JSON").text)] = False,
) -> None:
    scope = PROVINCE.during(exercise) if exercise else PROVINCE
    with Application(settings()) as app:
        page = app.store.search(Search(query, scope, _window(since, until), size=size))
    if json:
        emit(event.fields for event in page.events)
    else:
        _show(page.events)
    say(msg("{shown} / {total} sự kiện", shown=len(page.events), total=page.total))


def _window(since: str | None, until: str | None) -> Window | None:
    if since is None and until is None:
        return None
    first = moment_of(since) if since else datetime(1970, 1, 1, tzinfo=UTC)
    return Window(first, moment_of(until) if until else datetime(9999, 1, 1, tzinfo=UTC))


def _show(events: tuple[Event, ...]) -> None:
    table = Table("@timestamp", *COLUMNS, box=None)
    for event in events:
        moment = event.timestamp.astimezone(LOCAL_ZONE).strftime("%d/%m/%Y %H:%M:%S")
        table.add_row(moment, *(str(event.fields.get(name, "")) for name in COLUMNS))
    console().print(table)
