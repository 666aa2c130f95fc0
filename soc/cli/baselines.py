"""`soc baselines`: what the stream has taught, and learning it anew from the store."""

from __future__ import annotations

import typer

from soc.app.application import Application
from soc.app.collecting import PIPELINE_LOCK
from soc.app.home import HomeLock, prepare_home
from soc.cli.context import Json, emit, say, settings
from soc.core.i18n import msg
from soc.core.scope import PROVINCE

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)


@app.command(help=msg("Mỗi bộ nhớ giữ bao nhiêu mục, giới hạn bao nhiêu, đã phải quên bao nhiêu").text)
def show(json: Json = False) -> None:
    with Application(settings()) as application:
        book = application.baselines
        book.restore()
        rows = [
            {"baseline": one.name, "entries": len(one), "bound": one.bound, "evicted": one.evicted}
            for one in book.memories
        ]
    if json:
        emit(rows)
        return
    for row in rows:
        typer.echo("{baseline:20} {entries:>9} / {bound:<9} {evicted:>9}".format(**row))


@app.command(help=msg("Học lại từ kho sự kiện, theo giờ sự kiện; bộ thu phải dừng").text)
def rebuild() -> None:
    chosen = settings()
    with HomeLock(prepare_home(chosen.home), PIPELINE_LOCK), Application(chosen) as application:
        count = application.baselines.rebuild(application.store.scan("", PROVINCE))
    say(msg("đã học lại từ {count} sự kiện", count=count))
