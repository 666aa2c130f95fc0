"""Which incident an alert belongs to.

The key always holds the agency, the entity and whether it is an exercise (laws 5 and 10): a noisy host never swallows the
alert of another host, no agency ever sees another's alert, and exercise alerts stand apart.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from soc.core.ids import digest

WINDOW = timedelta(hours=24)
"""An alert joins an open incident of its key when their event times lie no further apart than this."""

ENTITY_ORDER = ("host.name", "user.name", "source.ip", "user.id", "file.hash.sha256", "destination.ip", "url.domain")
"""The entity an incident is about, most telling first: a host before the accounts on it, an account before its addresses."""


def primary_entity(entities: Mapping[str, str], rule_id: str) -> tuple[str, str]:
    """Field and value of the entity an alert is about; the first by name where none is in the order, the rule where none at all."""
    present = {name: value for name, value in entities.items() if value}
    for name in (*ENTITY_ORDER, *sorted(present)):
        if name in present:
            return name, str(present[name])
    return "rule.id", rule_id


def group_key(agency: str, exercise: str | None, entity: tuple[str, str]) -> str:
    """One hash over agency, exercise and entity; the real world and a run named "" differ."""
    return digest(agency, "real" if exercise is None else f"exercise:{exercise}", *entity)


def entity_key(field: str, value: str) -> str:
    """A hash of one entity, however long its value."""
    return digest(field, value)


def within_reach(first: datetime, last: datetime, since: datetime, until: datetime, window: timedelta = WINDOW) -> bool:
    """Whether the span first..last lies no further than `window` from the span since..until."""
    return first <= until + window and last >= since - window
