"""`soc evidence`: hand in, review, list."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from pathlib import Path
from typing import Annotated

import typer

from soc.app.application import Application
from soc.cli.context import As, Json, emit, local, principal_of, settings
from soc.compliance.catalogue import EvidenceKind
from soc.compliance.evidence import Declaration
from soc.core.errors import InputError
from soc.core.i18n import msg

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)


def day(text: str) -> date:
    """A day as `2026-11-22`. Raises InputError."""
    try:
        return date.fromisoformat(text)
    except ValueError as problem:
        raise InputError(
            msg("không hiểu ngày {text}", text=repr(text)), expected=msg("năm-tháng-ngày, ví dụ 2026-11-22")
        ) from problem


@app.command(help=msg("Nộp một tệp làm bằng chứng cho một tiêu chí; in ra biên nhận").text)
def submit(
    criterion: str,
    file: Path,
    observed_since: Annotated[str, typer.Option(help=msg("Kỳ quan sát từ ngày").text)],
    observed_until: Annotated[str, typer.Option(help=msg("Kỳ quan sát đến ngày").text)],
    made: Annotated[str, typer.Option(help=msg("Ngày lập").text)],
    as_: As,
    valid_until: Annotated[str | None, typer.Option(help=msg("Hiệu lực đến ngày").text)] = None,
    kind: Annotated[EvidenceKind, typer.Option(help=msg("Loại bằng chứng").text)] = EvidenceKind.DOCUMENT,
) -> None:
    with Application(settings()) as soc:
        who = principal_of(soc, as_)
        until = day(valid_until) if valid_until else None
        declared = Declaration(criterion, who.agency, kind, day(observed_since), day(observed_until), day(made), until)
        draft = soc.evidence.draft(who, declared, file.name, file.read_bytes())
        done = soc.evidence.submit(who, draft.id)
    emit([{"receipt": done.receipt, "id": done.id, "received": done.received, "sha256": done.sha256}])


@app.command(help=msg("Chấp nhận, hoặc trả lại với --reason").text)
def review(
    ident: str,
    as_: As,
    reason: Annotated[str | None, typer.Option(help=msg("Lý do trả lại; không có là chấp nhận").text)] = None,
) -> None:
    with Application(settings()) as soc:
        who = principal_of(soc, as_)
        if reason is None:
            soc.evidence.accept(who, ident)
        else:
            soc.evidence.send_back(who, ident, reason)


@app.command("list", help=msg("Liệt kê bằng chứng").text)
def list_(as_: As = None, json: Json = False) -> None:
    with Application(settings()) as soc:
        found, now = soc.evidence.find(principal_of(soc, as_)), soc.clock.now()
    if json:
        emit(asdict(item) for item in found)
        return
    for item in found:
        state = item.state_at(now).label.render(settings().lang)
        typer.echo(
            f"{item.receipt or '':16} {item.id}  {item.criterion:7} {item.agency:14} {state:16} {local(item.received)}  {item.file_name}"
        )
