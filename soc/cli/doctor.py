"""`soc doctor`: what works, what does not, what to do."""

from __future__ import annotations

import typer

from soc.app.application import Application
from soc.app.doctor import examine
from soc.app.findings import State
from soc.cli.context import Json, emit, settings

SIGNS = {State.OK: "✓", State.WARN: "!", State.BAD: "✕"}


def doctor(json: Json = False) -> None:
    lang = settings().lang
    with Application(settings()) as soc:
        findings = list(examine(soc))
        if json:
            emit({"part": f.part, "state": f.state, "detail": f.detail.render(lang)} for f in findings)
            emit(
                {"quarantine": c.source, "reason": c.reason.render(lang), "count": c.count}
                for c in soc.quarantine.counts()
            )
    if not json:
        for finding in findings:
            typer.echo(f"{SIGNS[finding.state]} {finding.part:12} {finding.detail.render(lang)}")
    if any(finding.state is State.BAD for finding in findings):
        raise typer.Exit(1)
