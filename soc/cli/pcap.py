"""`soc pcap`: packet captures as events, and what the rules say of them; nothing is stored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import orjson
import typer

from detectors.alert import Alert
from detectors.detector import SigmaDetector
from detectors.pcap.events import CaptureMarks, as_events, read_capture
from detectors.pcap.packets import CaptureCounts
from detectors.rulepack import own_rules
from detectors.sigma import RuleSet
from soc.cli.context import Json, emit, say, settings
from soc.core.errors import InputError
from soc.core.event import Event
from soc.core.i18n import msg
from soc.incidents.codec import alert_to_json

EXIT_CLEAN, EXIT_MATCHES, EXIT_NOTHING_RAN, EXIT_REFUSED = 0, 1, 2, 3


def pcap(
    paths: Annotated[list[Path], typer.Argument(help=msg("Bản ghi gói tin: pcap, pcapng, có thể nén gz").text)],
    rules: Annotated[
        list[Path] | None, typer.Option(help=msg("Tệp hoặc thư mục luật; mặc định là luật đi kèm").text)
    ] = None,
    platform: Annotated[str, typer.Option(help=msg("Nền tảng có đường mạng được ghi").text)] = "commune_network",
    agency: Annotated[str, typer.Option(help=msg("Cơ quan có đường mạng được ghi").text)] = "-",
    events: Annotated[
        bool, typer.Option("--events", help=msg("In mọi sự kiện đọc được, không so với luật").text)
    ] = False,
    json: Json = False,
) -> None:
    ruleset = RuleSet.load(rules or [own_rules() / "sigma"])
    for refusal in ruleset.refusals:
        say(refusal.as_message())
    if not ruleset.rules and not events:
        say(msg("không nạp được luật nào"))
        raise typer.Exit(EXIT_NOTHING_RAN)
    readable, faults, matches = 0, len(ruleset.refusals), 0
    for path in paths:
        counts = CaptureCounts()
        marks = CaptureMarks(f"pcap.{path.name}", agency, platform, datetime.now(UTC))
        try:
            stream = as_events(read_capture(path, counts), marks)
            matches += _print_events(stream) if events else _print_alerts(ruleset, stream, json)
        except InputError as problem:
            say(problem.as_message())
            faults += 1
            continue
        readable += 1
        faults += counts.fault is not None
        _say_counts(path, counts)
    raise typer.Exit(_exit_code(readable, faults, matches))


def _print_events(stream: Iterator[Event]) -> int:
    emit(event.fields for event in stream)
    return 0


def _print_alerts(ruleset: RuleSet, stream: Iterator[Event], json: bool) -> int:
    detector = SigmaDetector(ruleset, settings().province)
    printed = 0
    for event in stream:
        printed += _show(detector.observe([event]), json)
    return printed + _show(detector.flush(), json)


def _show(alerts: Sequence[Alert], json: bool) -> int:
    for alert in alerts:
        if json:
            emit([orjson.loads(alert_to_json(alert))])
        else:
            about = ", ".join(f"{name}={value}" for name, value in alert.entities.items())
            typer.echo(f"{alert.severity.value:13} {alert.title[settings().lang.value]}  {about}")
    return len(alerts)


def _say_counts(path: Path, counts: CaptureCounts) -> None:
    found = asdict(counts) | {"file": str(path)}
    found.pop("fault")
    say(msg("{file}: {packets} gói, {ip} gói IP, {other} loại khác, {broken} gói hỏng", **found))
    if counts.fault is not None:
        say(msg("{file}: {problem}", file=str(path), problem=counts.fault))


def _exit_code(readable: int, faults: int, matches: int) -> int:
    if not readable:
        return EXIT_NOTHING_RAN
    if faults:
        return EXIT_REFUSED
    return EXIT_MATCHES if matches else EXIT_CLEAN
