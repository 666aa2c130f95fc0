"""`soc search`: the searches that were saved; list them, run one, save one, delete one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated

import typer
from rich.table import Table

from soc.app.application import Application
from soc.app.saved_searches import Question, SavedSearch
from soc.cli.context import As, Json, console, emit, local, moment_of, principal_of, say, settings
from soc.core.clock import LOCAL_ZONE, Window
from soc.core.errors import InputError
from soc.core.event import Event
from soc.core.i18n import msg

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)
COLUMNS = ("soc.platform", "soc.agency", "user.name", "source.ip", "event.action", "url.path")
Name = Annotated[str, typer.Argument(help=msg("Tên hoặc mã của phép tìm đã lưu").text)]


@app.command("list", help=msg("Liệt kê các phép tìm đã lưu").text)
def list_(as_: As = None, json: Json = False) -> None:
    with Application(settings()) as soc:
        found = soc.saved_searches.all(principal_of(soc, as_))
    if json:
        emit(_row(one) for one in found)
        return
    for one in found:
        who = msg("chia sẻ").render(settings().lang) if one.shared else one.owner
        typer.echo(f"{one.id}  {one.name:32} {who:16} {_span(one.question):44} {one.question.query}")


@app.command(help=msg("Chạy một phép tìm đã lưu").text)
def run(
    name: Name,
    size: Annotated[int, typer.Option(min=1, max=10_000, help=msg("Số sự kiện nhiều nhất").text)] = 50,
    as_: As = None,
    json: Json = False,
) -> None:
    with Application(settings()) as soc:
        who = principal_of(soc, as_)
        saved = soc.saved_searches.named(who, name)
        page = soc.store.search(saved.question.search(who, soc.clock.now(), size=size))
    if json:
        emit(event.fields for event in page.events)
    else:
        _show(page.events, saved.question.columns or COLUMNS)
    say(msg("{shown} / {total} sự kiện", shown=len(page.events), total=page.total))


@app.command(help=msg("Lưu một phép tìm").text)
def save(
    name: str,
    query: str,
    as_: As = None,
    span: Annotated[str, typer.Option(help=msg("Nhìn lại bao lâu tính từ lúc chạy: 24h, 7d, 30d, 365d").text)] = "7d",
    since: Annotated[str | None, typer.Option(help=msg("Từ lúc, ISO 8601 có múi giờ").text)] = None,
    until: Annotated[str | None, typer.Option(help=msg("Đến lúc, ISO 8601 có múi giờ").text)] = None,
    columns: Annotated[str, typer.Option(help=msg("Các cột, cách nhau bằng dấu phẩy").text)] = "",
    sort: Annotated[
        str, typer.Option(help=msg("Xếp theo trường này, dấu - đứng trước: giảm dần").text)
    ] = "-@timestamp",
    shared: Annotated[bool, typer.Option(help=msg("Chia sẻ trong cơ quan").text)] = False,
    replace: Annotated[bool, typer.Option(help=msg("Ghi đè phép tìm của tôi cùng tên").text)] = False,
) -> None:
    if until and not since:
        raise InputError(msg("--until mà không có --since"), advice=msg("ghi cả hai, hoặc dùng --span"))
    window = Window(moment_of(since), moment_of(until or "now")) if since else None
    shown = tuple(part.strip() for part in columns.split(",") if part.strip())
    order, rising = sort.removeprefix("-"), not sort.startswith("-")
    question = Question(query, "" if window else span, window, shown, order, ascending=rising)
    with Application(settings()) as soc:
        made = soc.saved_searches.save(principal_of(soc, as_), name, question, shared=shared, replace=replace)
    emit([_row(made)])


@app.command(help=msg("Xóa một phép tìm đã lưu").text)
def delete(name: Name, as_: As = None) -> None:
    with Application(settings()) as soc:
        who = principal_of(soc, as_)
        soc.saved_searches.delete(who, soc.saved_searches.named(who, name).id)


def _row(one: SavedSearch) -> dict[str, object]:
    asked, window = one.question, one.question.window
    return {
        "id": one.id,
        "name": one.name,
        "owner": one.owner,
        "agency": one.agency,
        "shared": one.shared,
        "query": asked.query,
        "span": asked.span,
        "since": None if window is None else window.since,
        "until": None if window is None else window.until,
        "columns": asked.columns,
        "sort": asked.sort if asked.ascending else f"-{asked.sort}",
        "changed": one.changed,
    }


def _span(question: Question) -> str:
    window = question.window
    return question.span if window is None else f"{local(window.since)} – {local(window.until)}"


def _show(events: Sequence[Event], columns: Sequence[str]) -> None:
    table = Table("@timestamp", *columns, box=None)
    for event in events:
        moment = event.timestamp.astimezone(LOCAL_ZONE).strftime("%d/%m/%Y %H:%M:%S")
        table.add_row(moment, *(str(event.fields.get(name, "")) for name in columns))
    console().print(table)
