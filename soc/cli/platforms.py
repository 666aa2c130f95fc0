"""`soc platforms`: what we can read, and where it comes from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from collectors.platform import FOLDER, load_platforms, platform_of
from collectors.sources import load_sources
from soc.cli.context import Json, emit, say, settings
from soc.core.errors import FaultsError
from soc.core.i18n import msg

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)


Health = Annotated[bool, typer.Option("--health", help=msg("Sức khỏe của từng nguồn, theo nền tảng").text)]


@app.command("list", help=msg("Liệt kê nền tảng").text)
def list_(health: Health = False, json: Json = False) -> None:
    if health:
        from soc.cli.platform_health import list_health  # noqa: PLC0415 - the plain list needs no database

        list_health(json=json)
        return
    lang = settings().lang
    platforms = load_platforms()
    if json:
        emit(platform.model_dump(mode="json") for platform in platforms.values())
        return
    for platform in platforms.values():
        formats = ", ".join(one.id for one in platform.formats)
        typer.echo(f"{platform.id:24} {platform.name(lang):56} {formats}")


@app.command(help=msg("Xem một nền tảng").text)
def show(ident: str) -> None:
    emit([platform_of(load_platforms(), ident).model_dump(mode="json")])


@app.command(help=msg("Kiểm tra mọi tệp nền tảng và sources.yaml; nêu mọi lỗi một lần").text)
def check(folder: Annotated[Path, typer.Argument(help=msg("Thư mục chứa các tệp nền tảng").text)] = FOLDER) -> None:
    platforms, faults = load_platforms(folder, strict=False)
    found = list(faults)
    try:
        sources = load_sources(settings().home / "sources.yaml", platforms)
    except FaultsError as problem:
        sources = {}
        found += problem.faults
    for fault in found:
        say(fault.as_message())
    say(
        msg(
            "{platforms} nền tảng, {sources} nguồn, {faults} lỗi",
            platforms=len(platforms),
            sources=len(sources),
            faults=len(found),
        )
    )
    if found:
        raise typer.Exit(1)
