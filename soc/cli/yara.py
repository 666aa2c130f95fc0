"""`soc yara scan`: YARA over files and folders; with --agency the verdicts become incidents."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import orjson
import typer

from detectors.alert import Alert
from detectors.rulepack import own_rules
from detectors.yara.rules import YaraRules, load_yara
from detectors.yara.scanner import ScanLimits, YaraScanner
from detectors.yara.verdict import ScanContext, alerts_of
from soc.access.principal import SYSTEM
from soc.app.application import Application
from soc.cli.context import Json, say, settings
from soc.core.i18n import msg
from soc.incidents.codec import alert_to_json

EXIT_CLEAN, EXIT_MATCHES, EXIT_NOTHING_RAN, EXIT_REFUSED = 0, 1, 2, 3
NO_AGENCY = "-"

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)


@app.callback()
def yara() -> None:
    """Keeps `scan` a command of its own."""


@app.command(help=msg("Quét tệp và thư mục").text)
def scan(
    paths: Annotated[list[Path], typer.Argument(help=msg("Tệp hoặc thư mục cần quét").text)],
    rules: Annotated[
        list[Path] | None, typer.Option(help=msg("Tệp hoặc thư mục luật; mặc định là luật đi kèm").text)
    ] = None,
    agency: Annotated[
        str | None, typer.Option(help=msg("Cơ quan của máy được quét; có thì kết quả được lập thành sự cố").text)
    ] = None,
    host: Annotated[str | None, typer.Option(help=msg("Tên máy được quét; mặc định là máy này").text)] = None,
    timeout: Annotated[int, typer.Option(min=1, max=3600, help=msg("Số giây nhiều nhất cho một tệp").text)] = 30,
    max_mb: Annotated[int, typer.Option(min=1, max=1024, help=msg("Cỡ tệp lớn nhất, MB").text)] = 64,
    json: Json = False,
) -> None:
    found = load_yara(rules or [own_rules() / "yara"])
    for refusal in found.refusals:
        say(refusal.as_message())
    if not found.rules:
        say(msg("không nạp được luật nào"))
        raise typer.Exit(EXIT_NOTHING_RAN)
    if agency is not None:
        _require_agency(agency)
    context = ScanContext(agency or NO_AGENCY, "antivirus", host or socket.gethostname(), datetime.now(UTC))
    limits = ScanLimits(timeout, max_mb << 20, max(1 << 30, max_mb << 23))
    alerts, scanned, problems = _scan(paths, found, limits, context, json)
    say(
        msg(
            "{files} tệp đã quét, {alerts} kết quả, {problems} tệp không quét được",
            files=scanned,
            alerts=len(alerts),
            problems=problems,
        )
    )
    if agency is not None:
        _open_incidents(alerts)
    raise typer.Exit(_exit_code(alerts, scanned, problems + len(found.refusals)))


def _scan(
    paths: Sequence[Path], rules: YaraRules, limits: ScanLimits, context: ScanContext, json: bool
) -> tuple[list[Alert], int, int]:
    alerts: list[Alert] = []
    scanned = problems = 0
    with YaraScanner(rules, limits) as scanner:
        for result in scanner.scan(paths):
            if result.problem is not None:
                problems += 1
                say(msg("{file}: {problem}", file=result.name, problem=result.problem))
                continue
            scanned += 1
            for alert in alerts_of(result, context):
                alerts.append(alert)
                _show(alert, json)
    return alerts, scanned, problems


def _show(alert: Alert, json: bool) -> None:
    if json:
        typer.echo(orjson.dumps(orjson.loads(alert_to_json(alert))).decode())
    else:
        title = alert.title[settings().lang.value]
        typer.echo(f"{alert.severity.value:13} {alert.rule_id:28} {alert.entities['file.path']}  {title}")


def _require_agency(agency: str) -> None:
    """Before hours of scanning, not after."""
    with Application(settings()) as soc:
        soc.agencies.get(SYSTEM, agency)


def _open_incidents(alerts: Sequence[Alert]) -> None:
    with Application(settings()) as soc, soc.database.transaction() as session:
        codes = soc.incidents.take(session, alerts)
    say(msg("sự cố: {codes}", codes=", ".join(codes) or "-"))


def _exit_code(alerts: Sequence[Alert], scanned: int, faults: int) -> int:
    if not scanned:
        return EXIT_NOTHING_RAN
    if faults:
        return EXIT_REFUSED
    return EXIT_MATCHES if alerts else EXIT_CLEAN
