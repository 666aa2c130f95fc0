"""`soc assess`: judge a period by facts."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from soc.app.application import Application
from soc.cli.context import As, Json, console, emit, principal_of, settings
from soc.compliance.assessment import Assessment, Basis
from soc.core.i18n import Lang, msg


def assess(
    period: Annotated[str, typer.Option(help=msg("Kỳ, ví dụ 2026-Q4, 2026-11 hoặc 2026").text)],
    agency: Annotated[str | None, typer.Option(help=msg("Cơ quan; mặc định là toàn tỉnh").text)] = None,
    as_: As = None,
    json: Json = False,
) -> None:
    with Application(settings()) as soc:
        made = soc.assessor.assess(principal_of(soc, as_), period, agency)
    if json:
        emit([asdict(made)])
        return
    show_assessment(made, settings().lang)


def show_assessment(made: Assessment, lang: Lang, *, judged_only: bool = False) -> None:
    """The assessment as a table: a line for each criterion with its status and reason, or only for those that could be judged."""
    table = Table(box=None, show_header=False)
    for layer in made.results:
        score = msg("chưa đo") if layer.score is None else msg("{score} %", score=f"{layer.score:.1f}")
        judged = msg("{judged}/{total} tiêu chí xét được", judged=layer.judged, total=layer.total)
        table.add_row(f"[bold]{layer.layer}[/bold]", layer.title[lang], score.render(lang), judged.render(lang))
        for result in layer.criteria:
            if judged_only and result.basis is Basis.NOTHING:
                continue
            table.add_row(
                result.criterion, result.title[lang], result.status.label.render(lang), result.reason.render(lang)
            )
    console().print(table)
    typer.echo(f"{made.id}  sha256 {made.hash}")
