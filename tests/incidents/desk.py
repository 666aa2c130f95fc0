"""A case database with its incident service, and alerts to feed it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from detectors.alert import Alert, Explanation
from soc.access.principal import Principal, Role
from soc.audit.trail import AuditTrail
from soc.core.clock import FixedClock
from soc.core.scope import PROVINCE, Scope
from soc.core.severity import Severity
from soc.incidents.duties import load_duties
from soc.incidents.reader import IncidentReader
from soc.incidents.service import IncidentService
from soc.storage.sql import Database

T0 = datetime(2026, 11, 17, 1, 0, tzinfo=UTC)
ANALYST = Principal("ts.01", Role.ANALYST, "so-mau", PROVINCE)
OFFICER_A = Principal("cb.a", Role.OFFICER, "xa-mau-01", Scope(frozenset({"xa-mau-01"})))


_numbers = count(1)


def make_alert(**changes: Any) -> Alert:
    """An alert about host web-01 of the first sample commune; every call gives another id."""
    number = next(_numbers)
    plain: dict[str, Any] = {
        "id": f"alert-{number}",
        "detector": "sigma",
        "rule_id": "web_shell",
        "rule_version": "1",
        "title": {"vi": "Có tệp lạ được gọi", "en": "An unknown file was called"},
        "severity": Severity.HIGH,
        "agency": "xa-mau-01",
        "platform": "public_service_portal",
        "first": T0 - timedelta(minutes=10),
        "last": T0 - timedelta(minutes=5),
        "entities": {"host.name": "web-01", "source.ip": "203.0.113.9"},
        "event_ids": (f"event-{number}",),
        "matched": {"url.path": "/upload/a.jsp", "http.response.status_code": 200},
        "explanation": Explanation(
            "and",
            True,
            children=(Explanation("test", True, "url.path", "endswith", ".jsp", "/upload/a.jsp"),),
            text={"vi": "tất cả", "en": "all"},
        ),
        "attack": ("T1505.003",),
    }
    return Alert(**plain | changes)


@dataclass
class Desk:
    """What a test works with."""

    database: Database
    clock: FixedClock
    audit: AuditTrail
    service: IncidentService
    reader: IncidentReader

    def take(self, *alerts: Alert) -> list[str]:
        with self.database.transaction() as session:
            return self.service.take(session, alerts)


def make_desk(database: Database) -> Desk:
    """A desk over a database with the newest schema."""
    clock, book = FixedClock(T0), load_duties()
    audit = AuditTrail(clock)
    service = IncidentService(database, clock, audit, book)
    return Desk(database, clock, audit, service, IncidentReader(database, clock, book))
