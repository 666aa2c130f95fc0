"""`soc verify`: a report, or the audit trail of this home."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from reports.verify import Outcome, all_same, verify_report
from soc.app.application import Application
from soc.cli.context import Json, emit, settings
from soc.core.errors import InputError
from soc.core.i18n import msg

AUDIT = "audit"
SIGNS = {Outcome.SAME: "✓", Outcome.UNKNOWN: "?", Outcome.DIFFERENT: "✕"}


def verify(
    file: Annotated[
        str, typer.Argument(help=msg("Tệp báo cáo PDF, hoặc chữ audit cho nhật ký kiểm toán của máy này").text)
    ],
    offline: Annotated[bool, typer.Option(help=msg("Chỉ xét tệp, không hỏi dữ liệu của máy này").text)] = False,
    json: Json = False,
) -> None:
    good = _audit(json) if file == AUDIT else _report(Path(file), offline, json)
    if not good:
        raise typer.Exit(1)


def _report(path: Path, offline: bool, json: bool) -> bool:
    if not path.is_file():
        raise InputError(msg("không có tệp này"), where=str(path), expected=msg("một báo cáo PDF của Vọng Gác"))
    if offline:
        checks = verify_report(path)
    else:
        with Application(settings()) as soc:
            checks = verify_report(path, soc.assessor, issued=soc.reports.issued)
    lang = settings().lang
    if json:
        emit({"subject": c.subject, "outcome": c.outcome, "detail": c.detail.render(lang)} for c in checks)
    else:
        for check in checks:
            typer.echo(f"{SIGNS[check.outcome]} {check.subject:32} {check.detail.render(lang)}")
    return all_same(checks)


def _audit(json: bool) -> bool:
    with Application(settings()) as soc, soc.database.reading() as session:
        report = soc.audit.verify(session)
    lang = settings().lang
    if json:
        emit([{"first": report.first, "last": report.last, "holds_to": report.holds_to, "ok": report.ok}])
    else:
        typer.echo(
            msg(
                "mục {first}–{last}, liền mạch đến {holds}", first=report.first, last=report.last, holds=report.holds_to
            ).render(lang)
        )
        for fault in report.faults:
            typer.echo(f"✕ {fault.number}: {fault.detail.render(lang)}")
    return report.ok
