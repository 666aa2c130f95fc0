"""`soc agency`: the tree of agencies."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
import yaml
from pydantic import TypeAdapter, ValidationError

from soc.access.agencies import Agency, AgencyKind
from soc.access.principal import SYSTEM
from soc.app.application import Application
from soc.cli.context import Json, emit, say, settings
from soc.core.errors import InputError
from soc.core.i18n import msg

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)


@app.command(help=msg("Thêm một cơ quan").text)
def add(
    ident: str,
    name_vi: Annotated[str, typer.Option(help=msg("Tên tiếng Việt").text)],
    kind: Annotated[AgencyKind, typer.Option(help=msg("Loại cơ quan").text)],
    name_en: Annotated[str, typer.Option(help=msg("Tên tiếng Anh").text)] = "",
    parent: Annotated[str | None, typer.Option(help=msg("Cơ quan cấp trên").text)] = None,
) -> None:
    with Application(settings()) as soc:
        soc.agencies.add(SYSTEM, [Agency(ident, name_vi, name_en or name_vi, kind, parent)])


@app.command(
    "import", help=msg("Thêm nhiều cơ quan từ một tệp YAML: danh sách id, name_vi, name_en, kind, parent").text
)
def import_(file: Path) -> None:
    agencies = read_agencies(yaml.load(file.read_bytes(), yaml.CSafeLoader), str(file))
    with Application(settings()) as soc:
        soc.agencies.add(SYSTEM, agencies)
    say(msg("đã thêm {count} cơ quan", count=len(agencies)))


@app.command("list", help=msg("Liệt kê cơ quan").text)
def list_(json: Json = False) -> None:
    with Application(settings()) as soc:
        agencies = soc.agencies.all(SYSTEM)
    if json:
        emit(
            {"id": a.id, "name_vi": a.name_vi, "name_en": a.name_en, "kind": a.kind, "parent": a.parent}
            for a in agencies
        )
        return
    for agency in agencies:
        typer.echo(f"{agency.id:24} {agency.kind.value:12} {agency.name(settings().lang)}")


def read_agencies(listed: object, where: str) -> list[Agency]:
    """Agencies of a parsed YAML list. Raises InputError with the first fault's path."""
    try:
        return TypeAdapter(list[Agency]).validate_python(listed)
    except ValidationError as problem:
        fault = problem.errors()[0]
        raise InputError(
            msg("danh sách cơ quan sai: {reason}", reason=fault["msg"]),
            where=f"{where}:{'.'.join(map(str, fault['loc']))}",
        ) from problem
