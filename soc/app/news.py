"""What is news among alerts that were made again from the past: those that no alert kept before has told."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Protocol

from sqlalchemy import select
from sqlalchemy.orm import Session

from detectors.alert import Alert
from soc.core.clock import Window
from soc.incidents.codec import alert_from_json
from soc.incidents.tables import AlertRow
from soc.storage.sql import Database


class AlertTaker(Protocol):
    """What is needed of the incidents."""

    def take(self, session: Session, alerts: Sequence[Alert]) -> list[str]: ...


class News:
    """Compares alerts with those that the incidents hold.

    Alerts have the same ids whenever they are made from the same events in the same order; from other surroundings, such as a period
    that begins later, they may differ and yet tell nothing new.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, alerts: Sequence[Alert], correlations: Collection[str]) -> list[Alert]:
        """Those that no alert kept before has told.

        Args:
            correlations: ids of the rules among theirs that are correlations.
        """
        if not alerts:
            return []
        span = Window(min(alert.first for alert in alerts), max(alert.last for alert in alerts))
        kept = {rule: self._kept(rule, span) for rule in {alert.rule_id for alert in alerts}}
        return [
            alert
            for alert in alerts
            if not _is_told(alert, kept[alert.rule_id], is_correlation=alert.rule_id in correlations)
        ]

    def _kept(self, rule: str, span: Window) -> list[Alert]:
        query = select(AlertRow.body).where(AlertRow.rule_id == rule)
        query = query.where(AlertRow.last >= span.since, AlertRow.first <= span.until)
        with self._database.reading() as session:
            return [alert_from_json(body) for body in session.scalars(query)]


def _is_told(alert: Alert, kept: Sequence[Alert], *, is_correlation: bool) -> bool:
    """Whether the kept alerts of the rule tell it: every event, or for a correlation the same case at the same time."""
    same = [one for one in kept if (one.agency, one.exercise) == (alert.agency, alert.exercise)]
    if {ident for one in same for ident in one.event_ids}.issuperset(alert.event_ids):
        return True
    return is_correlation and any(_is_same_case(alert, one) for one in same)


def _is_same_case(alert: Alert, kept: Alert) -> bool:
    """Whether both tell of the same entities at the same time."""
    common = alert.entities.keys() & kept.entities.keys()
    overlap = alert.first <= kept.last and kept.first <= alert.last
    return overlap and bool(common) and all(alert.entities[name] == kept.entities[name] for name in common)
