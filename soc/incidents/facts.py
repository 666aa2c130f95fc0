"""Times of detection and response for the 4-layer criteria, as raw pairs from which every figure can be recomputed.

L1-11: alert to first act of a person. L2-07 (MTTD): first malicious event to alert. L2-08 (MTTR): alert to containment.
Source of the three: criteria L1-11, L2-07, L2-08 of the catalogue, after letter 1552/BTTTT-CATTT (2020); status "proposed".

The answers depend on the stream up to `as_of` only, so the same question gives the same pairs for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from soc.access.principal import SYSTEM
from soc.core.clock import Window
from soc.core.scope import Scope
from soc.core.severity import Severity
from soc.incidents.model import AlertFact, Incident, IncidentEvent, Kind
from soc.incidents.projection import effective, project
from soc.incidents.reader import in_scope
from soc.incidents.stream import chunks, read_streams
from soc.incidents.tables import AlertRow, IncidentEventRow


@dataclass(frozen=True, slots=True)
class TimePair:
    """One measurement.

    Attributes:
        alert: id of the alert that it is measured on.
        incident: code of the incident that holds the alert.
        severity: of the incident.
        end: None when it has not happened by `as_of`: a gap, never a zero.
    """

    alert: str
    incident: str
    agency: str
    severity: Severity
    start: datetime
    end: datetime | None

    @property
    def seconds(self) -> float | None:
        """How long it took; None while it has not happened."""
        return None if self.end is None else (self.end - self.start).total_seconds()


@dataclass(frozen=True, slots=True)
class _Case:
    """An incident whose first alert was raised in the window, with the part of its stream that counts."""

    incident: Incident
    events: list[IncidentEvent]

    @property
    def first_alert(self) -> AlertFact:
        return min(self.incident.alerts, key=lambda alert: (alert.raised, alert.id))


def first_action_times(session: Session, window: Window, scope: Scope, as_of: datetime) -> list[TimePair]:
    """L1-11: from the alert that opened an incident to the first act of a person on it.

    One pair for each incident whose first alert was raised within the window, in order of that time. Acts that were undone,
    and those of the suite itself, do not count.
    """
    return _pairs(session, window, scope, as_of, _first_act)


def containment_times(session: Session, window: Window, scope: Scope, as_of: datetime) -> list[TimePair]:
    """L2-08: from the alert that opened an incident to its containment; harmless incidents have nothing to contain."""
    return _pairs(session, window, scope, as_of, lambda case: case.incident.contained, harmful_only=True)


def detection_times(session: Session, window: Window, scope: Scope, as_of: datetime) -> list[TimePair]:
    """L2-07: from the first event of an alert to the alert, one pair for each alert raised within the window.

    Alerts of incidents judged harmless are left out: there was no malicious event.
    """
    pairs = [
        TimePair(alert.id, incident.code, incident.agency, incident.severity, alert.first, alert.raised)
        for incident in (case.incident for case in _cases(session, window, scope, as_of))
        if not _harmless(incident)
        for alert in incident.alerts
        if alert.raised in window
    ]
    return sorted(pairs, key=lambda pair: (pair.end or pair.start, pair.alert))


def _pairs(
    session: Session,
    window: Window,
    scope: Scope,
    as_of: datetime,
    end: Callable[[_Case], datetime | None],
    *,
    harmful_only: bool = False,
) -> list[TimePair]:
    pairs = [
        TimePair(
            case.first_alert.id,
            case.incident.code,
            case.incident.agency,
            case.incident.severity,
            case.first_alert.raised,
            end(case),
        )
        for case in _cases(session, window, scope, as_of)
        if case.first_alert.raised in window and not (harmful_only and _harmless(case.incident))
    ]
    return sorted(pairs, key=lambda pair: (pair.start, pair.alert))


def _cases(session: Session, window: Window, scope: Scope, as_of: datetime) -> Iterator[_Case]:
    """Incidents that held, as of then, an alert raised in the window. A few hundred streams at a time are in memory."""
    raised = (AlertRow.raised >= window.since, AlertRow.raised < window.until, AlertRow.raised <= as_of)
    holding = set(session.scalars(select(AlertRow.incident).where(*in_scope(scope, AlertRow), *raised).distinct()))
    for some in chunks(_with_exchanges(session, holding)):
        for stream in read_streams(session, some, as_of).values():
            incident = project(stream)
            if incident.alerts and scope.sees(incident.agency, incident.exercise):
                yield _Case(incident, effective(stream))


def _with_exchanges(session: Session, codes: set[str]) -> set[str]:
    """The incidents, and all those that they exchanged alerts with: an alert need not have been then where it is today."""
    reached, fresh = set(codes), set(codes)
    while fresh:
        partners = {partner for some in chunks(fresh) for partner in _partners(session, some)}
        fresh = partners - reached
        reached |= fresh
    return reached


def _partners(session: Session, codes: list[str]) -> Iterator[str]:
    """The incidents of the merges and splits in which one of `codes` took part, themselves included."""
    exchanged = select(IncidentEventRow.op).where(
        IncidentEventRow.incident.in_(codes), IncidentEventRow.kind.in_((Kind.MERGED.value, Kind.SPLIT.value))
    )
    yield from session.scalars(select(IncidentEventRow.incident).where(IncidentEventRow.op.in_(exchanged)).distinct())


def _first_act(case: _Case) -> datetime | None:
    return next((event.at for event in case.events if event.actor != SYSTEM.id), None)


def _harmless(incident: Incident) -> bool:
    return incident.verdict is not None and incident.verdict.harmless
