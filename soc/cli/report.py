"""`soc report`: build and list."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from soc.app.application import Application
from soc.cli.context import As, Json, emit, local, principal_of, settings
from soc.core.i18n import msg

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)


@app.command(help=msg("Đánh giá một kỳ và lập báo cáo bằng tiếng Việt và tiếng Anh").text)
def build(
    kind: str,
    period: Annotated[str, typer.Option(help=msg("Kỳ, ví dụ 2026-Q4, 2026-11 hoặc 2026").text)],
    out: Annotated[Path, typer.Option(help=msg("Thư mục nhận tệp").text)],
    agency: Annotated[str | None, typer.Option(help=msg("Cơ quan; mặc định là toàn tỉnh").text)] = None,
    formats: Annotated[
        str, typer.Option("--format", help=msg("Các dạng, cách nhau bằng dấu phẩy: pdf, html").text)
    ] = "pdf,html",
    as_: As = None,
) -> None:
    with Application(settings()) as soc:
        who = principal_of(soc, as_)
        made = soc.assessor.assess(who, period, agency)
        report = soc.reports.build(who, kind, made.id, forms=[word.strip() for word in formats.split(",")])
        paths = soc.reports.export(who, report.id, out)
    for path in paths:
        typer.echo(str(path))


@app.command("list", help=msg("Liệt kê báo cáo đã lập").text)
def list_(as_: As = None, json: Json = False) -> None:
    with Application(settings()) as soc:
        found = soc.reports.all(principal_of(soc, as_))
    if json:
        emit(asdict(report) for report in found)
        return
    for report in found:
        typer.echo(
            f"{report.id}  {report.title[settings().lang]}  {report.period}  {report.agency or ''}  {local(report.made)}"
        )
