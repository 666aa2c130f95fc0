"""From a YARA match to an alert."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from detectors.alert import Alert
from detectors.yara.scanner import ScannedFile, YaraMatch
from soc.core.ids import digest


@dataclass(frozen=True, slots=True)
class ScanContext:
    """Whose machine was scanned, and when.

    Attributes:
        agency, platform: as the marks of an event would say.
        host: name of the machine.
        moment: start of the scan, aware UTC.
        exercise: run id, or None for a real scan.
    """

    agency: str
    platform: str
    host: str
    moment: datetime
    exercise: str | None = None


def alerts_of(scanned: ScannedFile, context: ScanContext) -> list[Alert]:
    """An alert for every rule that holds for the file.

    The id is made of rule, version, agency, host, path, content and exercise, not of the moment: a second scan of the same file makes no
    second alert, and a changed file or rule does.
    """
    return [_alert(scanned, match, context) for match in scanned.matches]


def _alert(scanned: ScannedFile, match: YaraMatch, context: ScanContext) -> Alert:
    rule, path = match.rule, scanned.name
    parts = (rule.id, rule.version, context.agency, context.host, path, scanned.sha256, context.exercise or "")
    return Alert(
        id=digest("yara", *parts),
        detector="yara",
        rule_id=rule.id,
        rule_version=rule.version,
        title=rule.title,
        severity=rule.severity,
        agency=context.agency,
        platform=context.platform,
        first=context.moment,
        last=context.moment,
        entities={"host.name": context.host, "file.path": path, "file.hash.sha256": scanned.sha256},
        event_ids=(),
        matched={f"{name}@{offset}": shown for name, offset, shown in match.strings} | {"file.size": scanned.size},
        attack=rule.attack,
        exercise=context.exercise,
    )
