"""Alerts and events as JSON and back: the one place that knows their stored form."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from detectors.alert import Alert, Explanation
from soc.core.clock import iso, parse_iso
from soc.core.severity import Severity
from soc.incidents.model import AlertFact


def alert_to_json(alert: Alert) -> str:
    """The whole alert, explanation included, keys sorted."""
    return orjson.dumps(alert, option=orjson.OPT_SORT_KEYS, default=_plain).decode()


def alert_from_json(text: str) -> Alert:
    """The inverse of `alert_to_json`."""
    body: dict[str, Any] = orjson.loads(text)
    return Alert(
        **body
        | {
            "severity": Severity(body["severity"]),
            "first": parse_iso(body["first"]),
            "last": parse_iso(body["last"]),
            "event_ids": tuple(body["event_ids"]),
            "attack": tuple(body["attack"]),
            "explanation": None if body["explanation"] is None else _explanation(body["explanation"]),
        }
    )


def fact_of(alert: Alert, raised: str) -> dict[str, object]:
    """What the stream keeps of an alert; `raised` is an ISO time."""
    return {
        "id": alert.id,
        "rule": alert.rule_id,
        "severity": alert.severity.value,
        "title": dict(alert.title),
        "raised": raised,
        "first": iso(alert.first),
        "last": iso(alert.last),
    }


def fact_to_json(fact: AlertFact) -> dict[str, object]:
    """A fact as the stream keeps it."""
    return {
        "id": fact.id,
        "rule": fact.rule,
        "severity": fact.severity.value,
        "title": dict(fact.title),
        "raised": iso(fact.raised),
        "first": iso(fact.first),
        "last": iso(fact.last),
    }


def fact_from_json(data: Mapping[str, Any]) -> AlertFact:
    """The inverse of `fact_to_json`."""
    return AlertFact(
        id=data["id"],
        rule=data["rule"],
        severity=Severity(data["severity"]),
        title=data["title"],
        raised=parse_iso(data["raised"]),
        first=parse_iso(data["first"]),
        last=parse_iso(data["last"]),
    )


def _explanation(data: Mapping[str, Any]) -> Explanation:
    return Explanation(**dict(data) | {"children": tuple(_explanation(child) for child in data["children"])})


def _plain(value: object) -> object:
    """Mappings and tuples of other kinds than orjson's own; anything else is shown as text rather than lost."""
    if isinstance(value, Mapping):
        return dict(value)
    if isinstance(value, (set, frozenset)):
        return sorted(value, key=str)
    return str(value)
