"""Facts about incidents as tables, each as it stood at `as_of`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from soc.compliance.figures import Table, Value
from soc.core.clock import Window, iso
from soc.core.scope import Scope
from soc.incidents.facts import TimePair
from soc.incidents.model import Grade, Incident, Status
from soc.incidents.projection import project
from soc.incidents.reader import in_scope
from soc.incidents.stream import read_streams
from soc.incidents.tables import IncidentRow

_SERIOUS = frozenset({Grade.M1, Grade.M2})
_GONE = frozenset({Status.MERGED, Status.VOID})


def time_pairs(pairs: Sequence[TimePair]) -> Table:
    """Measured pairs; `end` None = it has not happened yet."""
    rows = sorted(
        (pair.alert, pair.incident, pair.agency, pair.severity.value, iso(pair.start), _iso(pair.end)) for pair in pairs
    )
    return Table(("alert", "incident", "agency", "severity", "start", "end"), tuple(rows))


def notices(session: Session, window: Window, scope: Scope, as_of: datetime) -> Table:
    """Incidents detected in the window: grade, and when the 24-hour notice and the 72-hour report went out.

    `serious` is None while nobody has graded the incident.
    """
    rows: list[tuple[Value, ...]] = []
    for incident in _incidents(session, window, scope, as_of):
        sent = {notice.duty: notice.sent for notice in reversed(incident.notices) if notice.sent <= as_of}
        rows.append(
            (
                incident.code,
                incident.agency,
                incident.severity.value,
                iso(incident.detected),
                None if incident.grade is None else incident.grade in _SERIOUS,
                incident.verdict is not None and incident.verdict.harmless,
                _iso(sent.get("incident_24h")),
                _iso(sent.get("incident_72h")),
            )
        )
    columns = ("incident", "agency", "severity", "detected", "serious", "harmless", "notice_24", "notice_72")
    return Table(columns, tuple(rows))


def alert_counts(session: Session, window: Window, scope: Scope, as_of: datetime) -> Table:
    """Incidents detected in the window and the alerts they hold, by agency and severity."""
    incidents: Counter[tuple[str, str]] = Counter()
    alerts: Counter[tuple[str, str]] = Counter()
    for incident in _incidents(session, window, scope, as_of):
        key = (incident.agency, incident.severity.value)
        incidents[key] += 1
        alerts[key] += len(incident.alerts)
    rows = [(*key, incidents[key], alerts[key]) for key in sorted(incidents)]
    return Table(("agency", "severity", "incidents", "alerts"), tuple(rows))


def _incidents(session: Session, window: Window, scope: Scope, as_of: datetime) -> Iterator[Incident]:
    """Incidents that stood at `as_of` and were detected in the window, by code."""
    query = select(IncidentRow.code).where(*in_scope(scope, IncidentRow), IncidentRow.updated >= window.since)
    streams = read_streams(session, session.scalars(query), as_of)
    for code in sorted(streams):
        incident = project(streams[code])
        if incident.status not in _GONE and incident.detected in window:
            yield incident


def _iso(moment: datetime | None) -> str | None:
    return None if moment is None else iso(moment)
