"""Alerts in, incidents out: the grouping of `soc.incidents.grouping`, done once for each alert however often it comes."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from detectors.alert import Alert
from soc.core.clock import iso
from soc.incidents.codec import alert_to_json, fact_of
from soc.incidents.codes import lock_series, next_code
from soc.incidents.grouping import entity_key, group_key, primary_entity, within_reach
from soc.incidents.model import OPEN, Kind
from soc.incidents.stream import Draft
from soc.incidents.tables import AlertEntityRow, AlertRow, IncidentRow


@dataclass
class _Candidate:
    """An open incident that alerts may still join; its span grows as they do."""

    code: str
    first: datetime
    last: datetime

    def takes(self, alert: Alert) -> bool:
        return within_reach(alert.first, alert.last, self.first, self.last)

    def widen(self, alert: Alert) -> None:
        self.first, self.last = min(self.first, alert.first), max(self.last, alert.last)


def place(session: Session, alerts: Sequence[Alert], now: datetime) -> list[Draft]:
    """Store the alerts that are new, and say what happens to which incident because of them.

    Alerts are taken in the order of their events, so the result does not depend on the order of delivery within the call.
    """
    lock_series(session, None, now)  # one taker at a time: two would open two incidents for one host
    fresh = _unknown(session, alerts)
    open_by_key = _candidates(session, {_key(alert) for alert in fresh})
    return [_place_one(session, alert, now, open_by_key.setdefault(_key(alert), [])) for alert in fresh]


def _unknown(session: Session, alerts: Iterable[Alert]) -> list[Alert]:
    by_id = {alert.id: alert for alert in alerts}
    known = set(session.scalars(select(AlertRow.id).where(AlertRow.id.in_(by_id))))
    return sorted((alert for ident, alert in by_id.items() if ident not in known), key=lambda a: (a.first, a.id))


def _key(alert: Alert) -> str:
    return group_key(alert.agency, alert.exercise, primary_entity(alert.entities, alert.rule_id))


def _candidates(session: Session, keys: set[str]) -> dict[str, list[_Candidate]]:
    """Open incidents by key, the one with the latest event first."""
    query = (
        select(IncidentRow.group_key, IncidentRow.code, IncidentRow.first, IncidentRow.last)
        .where(IncidentRow.group_key.in_(keys), IncidentRow.status.in_(OPEN))
        .order_by(IncidentRow.last.desc(), IncidentRow.code.desc())
    )
    found: dict[str, list[_Candidate]] = {}
    for key, code, first, last in session.execute(query):
        found.setdefault(key, []).append(_Candidate(code, first, last))
    return found


def _place_one(session: Session, alert: Alert, now: datetime, candidates: list[_Candidate]) -> Draft:
    facts = [fact_of(alert, iso(now))]
    joined = next((candidate for candidate in candidates if candidate.takes(alert)), None)
    if joined is not None:
        joined.widen(alert)
        _store(session, alert, joined.code, now)
        return Draft(joined.code, Kind.ALERT_ADDED, {"alerts": facts})
    code = next_code(lock_series(session, alert.exercise, now))
    candidates.insert(0, _Candidate(code, alert.first, alert.last))
    _store(session, alert, code, now)
    return Draft(code, Kind.OPENED, {**_opening(alert), "alerts": facts})


def _opening(alert: Alert) -> dict[str, object]:
    return {
        "agency": alert.agency,
        "exercise": alert.exercise,
        "platform": alert.platform,
        "entity": list(primary_entity(alert.entities, alert.rule_id)),
    }


def _store(session: Session, alert: Alert, code: str, now: datetime) -> None:
    session.add(
        AlertRow(
            id=alert.id,
            incident=code,
            rule_id=alert.rule_id,
            severity=alert.severity.value,
            agency=alert.agency,
            platform=alert.platform,
            exercise=alert.exercise,
            raised=now,
            first=alert.first,
            last=alert.last,
            body=alert_to_json(alert),
        )
    )
    session.flush()
    session.add_all(
        AlertEntityRow(alert=alert.id, field=field, key=entity_key(field, str(value)))
        for field, value in alert.entities.items()
        if value
    )
