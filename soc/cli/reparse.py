"""`soc reparse`: what the parsers of today make of the records that are kept; written only when asked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated

import typer
from rich.table import Table

from soc.app.application import Application
from soc.app.collecting import PIPELINE_LOCK
from soc.app.home import HomeLock
from soc.app.reparse import Difference
from soc.cli.context import As, Json, console, emit, moment_of, principal_of, say, settings
from soc.core.clock import ALL_TIME, Window
from soc.core.event import Value
from soc.core.i18n import msg
from soc.storage.conditions import AllOf, Condition, Equals
from soc.storage.query import condition_of
from soc.storage.values import fold

SHOWN_CHARS = 60


def reparse(
    query: Annotated[str, typer.Argument(help=msg("Chỉ các sự kiện khớp truy vấn Lucene này").text)] = "",
    source: Annotated[str | None, typer.Option(help=msg("Chỉ nguồn này").text)] = None,
    since: Annotated[str | None, typer.Option(help=msg("Từ lúc, ISO 8601 có múi giờ").text)] = None,
    until: Annotated[str | None, typer.Option(help=msg("Đến lúc, ISO 8601 có múi giờ").text)] = None,
    all_: Annotated[
        bool, typer.Option("--all", help=msg("Cả sự kiện do chính phiên bản bộ đọc hiện nay đã đọc").text)
    ] = False,
    write: Annotated[bool, typer.Option("--write", help=msg("Ghi vào kho sau khi xem khác biệt").text)] = False,
    yes: Annotated[bool, typer.Option("--yes", help=msg("Với --write: không hỏi lại").text)] = False,
    as_: As = None,
    json: Json = False,
) -> None:
    window = Window(moment_of(since) if since else ALL_TIME.since, moment_of(until) if until else ALL_TIME.until)
    asked = _asked(query, source)
    with Application(settings(), writer=write) as app:
        again = app.reparse
        found = again.difference(again.readings(asked, window, all_=all_))
        _show(found, json=json)
        ready = sum(one.read - one.refused for one in found)
        if not write or not ready:
            say(
                msg("chưa ghi gì; thêm --write để ghi {count} sự kiện", count=ready)
                if ready
                else msg("không có gì để ghi")
            )
            return
        question = msg("Ghi {count} sự kiện vào kho, thay bản đang lưu?", count=ready).render(settings().lang)
        if not yes and not typer.confirm(question, err=True):
            raise typer.Exit(1)
        actor = principal_of(app, as_).id
        with HomeLock(app.home, PIPELINE_LOCK):
            written = again.write(again.readings(asked, window, all_=all_), actor)
    say(msg("đã ghi {count} sự kiện; luật chưa chạy trên bản đọc mới, dùng 'soc hunt --rule' nếu cần", count=written))


def _asked(query: str, source: str | None) -> Condition:
    condition = condition_of(query)
    return condition if source is None else AllOf((condition, Equals("soc.source", fold(source))))


def _show(found: Iterable[Difference], *, json: bool) -> None:
    if json:
        emit(_row(one) for one in found)
        return
    for one in found:
        _show_source(one)


def _row(one: Difference) -> dict[str, object]:
    lang = settings().lang
    return {
        "source": one.source,
        "read": one.read,
        "changed": one.changed,
        "refused": one.refused,
        "refusals": [reason.render(lang) for reason in one.refusals.values()],
        "parsers": [{"before": old, "now": new, "records": count} for (old, new), count in one.readers.items()],
        "fields": {
            name: {**counts, "examples": [{"before": a, "after": b} for a, b in one.examples[name]]}
            for name, counts in sorted(one.fields.items())
        },
    }


def _show_source(one: Difference) -> None:
    lang = settings().lang
    head = msg(
        "{source}: {read} bản ghi đọc lại, {changed} khác đi, {refused} không đọc được",
        source=one.source,
        read=one.read,
        changed=one.changed,
        refused=one.refused,
    )
    out = console()
    out.print(head.render(lang), markup=False, highlight=False)
    for (old, new), count in one.readers.items():
        out.print(f"  {old} → {new}: {count}", markup=False, highlight=False)
    for reason in one.refusals.values():
        out.print(f"  {reason.render(lang)}", markup=False, highlight=False)
    if one.fields:
        out.print(_table(one))


def _table(one: Difference) -> Table:
    lang = settings().lang
    titles = msg("trường"), msg("thêm"), msg("bớt"), msg("đổi"), msg("ví dụ: trước → sau")
    table = Table(*(title.render(lang) for title in titles), box=None)
    for name, counts in sorted(one.fields.items()):
        before, after = one.examples[name][0]
        example = f"{_short(before)} → {_short(after)}".replace("[", "\\[")
        table.add_row(name, *(str(counts[kind] or "") for kind in ("added", "removed", "changed")), example)
    return table


def _short(value: Value | None) -> str:
    text = "∅" if value is None else str(value)
    return text if len(text) <= SHOWN_CHARS else f"{text[:SHOWN_CHARS]}…"
