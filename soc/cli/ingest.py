"""`soc ingest`: files through the real pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from collectors.ingest import Counts
from collectors.input import Input
from collectors.inputs import files_under, open_input
from collectors.platform import platform_of
from soc.app.application import Application
from soc.app.collecting import PIPELINE_LOCK
from soc.app.home import HomeLock
from soc.app.pipeline import Step
from soc.app.sources import import_source
from soc.cli.context import emit, say, settings
from soc.core.errors import InputError
from soc.core.i18n import msg

EXIT_PARTLY = 3


def ingest(
    paths: Annotated[list[Path], typer.Argument(help=msg("Tệp nhật ký, có thể nén gz hoặc xz").text)],
    platform: Annotated[str | None, typer.Option(help=msg("Nền tảng đã ghi các tệp này").text)] = None,
    source: Annotated[str | None, typer.Option(help=msg("Nguồn đã đăng ký, thay cho --platform").text)] = None,
    agency: Annotated[str | None, typer.Option(help=msg("Cơ quan sở hữu; mặc định là tỉnh").text)] = None,
    parser: Annotated[str | None, typer.Option(help=msg("Bộ đọc, nếu khác bộ đọc của nền tảng").text)] = None,
    json: Annotated[bool, typer.Option("--json", help=msg("Kết quả dạng JSON").text)] = False,
) -> None:
    with Application(settings(), writer=True) as app, _progress() as bar:
        ident = source or _import(app, platform, agency, parser)
        app.sources.resolve(ident)
        inlets = [open_input(path) for named in paths for path in files_under(named)]
        counts = _collect(app, ident, inlets, bar)
        step = _move(app, bar)
        for inlet in inlets:
            app.collector.forget(ident, inlet)
    _report(counts, step, json=json)
    if counts.faults:
        raise typer.Exit(EXIT_PARTLY)


def _collect(app: Application, source: str, inlets: list[Input], bar: Progress) -> Counts:
    task = bar.add_task(msg("thu nhận").render(settings().lang), total=None)
    counts = Counts()

    def show(so_far: Counts) -> None:
        bar.update(task, completed=counts.accepted + so_far.accepted)

    for inlet in inlets:
        counts += app.collector.collect(source, inlet, show, forget=False)
    return counts


def _move(app: Application, bar: Progress) -> Step | None:
    """Move what was accepted into the store; None when `soc up` holds the pipeline and will do it."""
    lock = HomeLock(app.home, PIPELINE_LOCK)
    if not lock.acquire():
        return None
    try:
        task = bar.add_task(msg("chuẩn hóa, lưu, phát hiện").render(settings().lang), total=app.spool.depth())
        step = app.pipeline.drain(lambda done: bar.advance(task, done.read))
        app.pipeline.note_runs()
        return step
    finally:
        lock.release()


def _import(app: Application, platform: str | None, agency: str | None, parser: str | None) -> str:
    if platform is None:
        raise InputError(
            msg("chưa biết các tệp này của nền tảng nào"),
            expected=msg("--platform hoặc --source"),
            advice=msg("xem 'soc platforms list'"),
        )
    platform_of(app.platforms, platform)
    return import_source(platform, agency or app.settings.province, parser).id


def _progress() -> Progress:
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        TextColumn("{task.completed}"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )


def _report(counts: Counts, step: Step | None, *, json: bool) -> None:
    lang = settings().lang
    for fault in counts.faults:
        say(fault.as_message())
    if step is None:
        say(msg("đã vào hàng đợi {count} bản ghi; tiến trình đang chạy sẽ xử lý", count=counts.accepted))
        return
    result = {
        "accepted": counts.accepted,
        "created": step.created,
        "duplicate": step.duplicates,
        "quarantined": counts.quarantined + step.quarantined,
        "masked": counts.masked,
        "alerts": step.alerts,
        "incidents": sorted(step.incidents),
    }
    if json:
        emit([result])
        return
    labels = {
        "accepted": msg("đã nhận"),
        "created": msg("mới vào kho"),
        "duplicate": msg("trùng, không lưu lại"),
        "quarantined": msg("bị cách ly"),
        "masked": msg("giá trị đã che"),
        "alerts": msg("cảnh báo"),
    }
    for name, label in labels.items():
        typer.echo(f"{label.render(lang):28} {result[name]:>9}")
