"""Alerts in, incidents out: the grouping of `soc.incidents.grouping`, done once for each alert however often it comes."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from detectors.alert import Alert
from soc.core.clock import iso
from soc.incidents.codec import alert_to_json, fact_of
from soc.incidents.codes import counter_of, next_code
from soc.incidents.grouping import entity_key, group_key, primary_entity, within_reach
from soc.incidents.model import OPEN, Kind
from soc.incidents.stream import Draft, chunks
from soc.incidents.tables import AlertEntityRow, AlertRow, CodeCounterRow, IncidentRow


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


class _Codes:
    """Codes for one call."""

    def __init__(self, session: Session, now: datetime) -> None:
        self.session, self.now = session, now
        self.counters: dict[bool, CodeCounterRow] = {}

    def next(self, exercise: str | None) -> str:
        drill = exercise is not None
        if drill not in self.counters:
            self.counters[drill] = counter_of(self.session, exercise, self.now)
        return next_code(self.counters[drill])


def place(session: Session, alerts: Sequence[Alert], now: datetime) -> list[Draft]:
    """Store the alerts that are new, and say what happens to which incident because of them.

    Alerts are taken in the order of their events, so the result does not depend on the order of delivery within the call.
    """
    codes = _Codes(session, now)
    fresh = _unknown(session, alerts)
    open_by_key = _candidates(session, {_key(alert) for alert in fresh})
    drafts = [_place_one(alert, now, open_by_key.setdefault(_key(alert), []), codes) for alert in fresh]
    session.add_all(_row(alert, draft.incident, now) for alert, draft in zip(fresh, drafts, strict=True))
    session.flush()
    session.add_all(row for alert in fresh for row in _entity_rows(alert))
    return drafts


def _unknown(session: Session, alerts: Iterable[Alert]) -> list[Alert]:
    by_id = {alert.id: alert for alert in alerts}
    known = {
        ident for some in chunks(by_id) for ident in session.scalars(select(AlertRow.id).where(AlertRow.id.in_(some)))
    }
    return sorted((alert for ident, alert in by_id.items() if ident not in known), key=lambda a: (a.first, a.id))


def _key(alert: Alert) -> str:
    return group_key(alert.agency, alert.exercise, primary_entity(alert.entities, alert.rule_id))


def _candidates(session: Session, keys: set[str]) -> dict[str, list[_Candidate]]:
    """Open incidents by key, the one with the latest event first."""
    columns = (IncidentRow.group_key, IncidentRow.code, IncidentRow.first, IncidentRow.last)
    newest_first = (IncidentRow.last.desc(), IncidentRow.code.desc())
    found: dict[str, list[_Candidate]] = {}
    for some in chunks(keys):
        query = select(*columns).where(IncidentRow.group_key.in_(some), IncidentRow.status.in_(OPEN))
        for key, code, first, last in session.execute(query.order_by(*newest_first)):
            found.setdefault(key, []).append(_Candidate(code, first, last))
    return found


def _place_one(alert: Alert, now: datetime, candidates: list[_Candidate], codes: _Codes) -> Draft:
    facts = [fact_of(alert, iso(now))]
    joined = next((candidate for candidate in candidates if candidate.takes(alert)), None)
    if joined is not None:
        joined.widen(alert)
        return Draft(joined.code, Kind.ALERT_ADDED, {"alerts": facts})
    code = codes.next(alert.exercise)
    candidates.insert(0, _Candidate(code, alert.first, alert.last))
    return Draft(code, Kind.OPENED, {**_opening(alert), "alerts": facts})


def _opening(alert: Alert) -> dict[str, object]:
    return {
        "agency": alert.agency,
        "exercise": alert.exercise,
        "platform": alert.platform,
        "entity": list(primary_entity(alert.entities, alert.rule_id)),
    }


def _row(alert: Alert, code: str, now: datetime) -> AlertRow:
    return AlertRow(
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


def _entity_rows(alert: Alert) -> Iterator[AlertEntityRow]:
    for field, value in alert.entities.items():
        if value:
            yield AlertEntityRow(alert=alert.id, field=field, key=entity_key(field, str(value)))
