"""`soc incident`: the queue and one case, from the terminal."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from soc.app.application import Application
from soc.cli.context import As, Json, console, emit, local, principal_of, settings
from soc.core.i18n import msg
from soc.incidents.model import Verdict
from soc.incidents.reader import OPEN_INCIDENTS, IncidentFilter

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)


@app.command("list", help=msg("Hàng đợi sự cố").text)
def list_(
    all_: Annotated[bool, typer.Option("--all", help=msg("Cả sự cố đã đóng").text)] = False,
    size: Annotated[int, typer.Option(min=1, max=1000, help=msg("Số dòng nhiều nhất").text)] = 50,
    as_: As = None,
    json: Json = False,
) -> None:
    with Application(settings()) as soc:
        page = soc.incident_reader.page(
            principal_of(soc, as_), IncidentFilter() if all_ else OPEN_INCIDENTS, limit=size
        )
    if json:
        emit(asdict(item) for item in page.items)
        return
    lang = settings().lang
    table = Table(box=None, show_header=False)
    for item in page.items:
        severity, status = item.severity.label.render(lang), item.status.label.render(lang)
        table.add_row(item.code, severity, item.title[lang], item.entity[1], item.agency, status, local(item.detected))
    console().print(table)


@app.command(help=msg("Một sự cố với dòng thời gian và thời hạn").text)
def show(code: str, as_: As = None, json: Json = False) -> None:
    with Application(settings()) as soc:
        who = principal_of(soc, as_)
        incident, timeline = soc.incident_reader.get(who, code), soc.incident_reader.timeline(who, code)
        clocks = soc.incident_reader.clocks(who, code)
    if json:
        emit([asdict(incident) | {"timeline": [asdict(e) for e in timeline], "clocks": [asdict(c) for c in clocks]}])
        return
    lang = settings().lang
    typer.echo(f"{incident.code}  {incident.severity.label.render(lang)}  {incident.title[lang]}  {incident.agency}")
    for clock in clocks:
        typer.echo(f"  {clock.name[lang]:40} {local(clock.due):18} {clock.state.label.render(lang)}")
    for entry in timeline:
        text = str(entry.event.data.get("text", ""))
        typer.echo(f"  {local(entry.event.at)}  {entry.event.actor:14} {entry.event.kind.label.render(lang)}  {text}")


@app.command(help=msg("Tiếp nhận").text)
def acknowledge(code: str, as_: As = None) -> None:
    with Application(settings()) as soc:
        soc.incidents.acknowledge(principal_of(soc, as_), code)


@app.command(help=msg("Ghi nhận đã ngăn chặn, bằng cách nào").text)
def contain(code: str, how: str, as_: As = None) -> None:
    with Application(settings()) as soc:
        soc.incidents.contain(principal_of(soc, as_), code, how)


@app.command(help=msg("Đóng với kết luận và nguyên nhân").text)
def close(
    code: str,
    verdict: Verdict,
    cause: str,
    lesson: Annotated[str, typer.Option(help=msg("Bài học").text)] = "",
    as_: As = None,
) -> None:
    with Application(settings()) as soc:
        soc.incidents.close(principal_of(soc, as_), code, verdict, cause, lesson=lesson)
