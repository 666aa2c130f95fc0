"""Names of an incident that a playbook's parameters may use: a fixed table and nothing else is ever looked up.

`{incident.code}` becomes the code. There are no formats, attributes or expressions, and a brace that holds no known name is a
fault of the file, so a value in an incident can never become part of a template.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping

from collectors.definition import Place
from soc.core.clock import LOCAL_ZONE
from soc.incidents.model import Incident

_FIELD = re.compile(r"\{([^{}]*)\}")
LONGEST = 120
"""Characters that a filled-in value may have; the rest is cut."""
_BREAKS = re.compile(r"[\x00-\x1f\x7f\u2028\u2029]+")

FIELDS: Mapping[str, Callable[[Incident], str]] = {
    "incident.code": lambda incident: incident.code,
    "incident.agency": lambda incident: incident.agency,
    "incident.platform": lambda incident: incident.platform,
    "incident.entity": lambda incident: incident.entity[1],
    "incident.entity_field": lambda incident: incident.entity[0],
    "incident.title": lambda incident: incident.title.get("vi", ""),
    "incident.title_en": lambda incident: incident.title.get("en", ""),
    "incident.severity": lambda incident: incident.severity.label.render(),
    "incident.detected": lambda incident: incident.detected.astimezone(LOCAL_ZONE).strftime("%d/%m/%Y %H:%M"),
    "incident.alert_count": lambda incident: str(len(incident.alerts)),
}
"""Name -> how to read it; times are local (GMT+7), words Vietnamese."""


def fill(value: object, incident: Incident) -> object:
    """`value` with the names in its strings replaced, at any depth."""
    if isinstance(value, str):
        return _FIELD.sub(lambda found: _tame(FIELDS[found[1]](incident)), value)
    if isinstance(value, list):
        return [fill(item, incident) for item in value]
    if isinstance(value, dict):
        return {key: fill(item, incident) for key, item in value.items()}
    return value


def _tame(value: str) -> str:
    """One line of sensible length: names and titles may hold what an attacker has chosen."""
    line = _BREAKS.sub(" ", value)
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"


def unknown_names(value: object, place: Place = ()) -> Iterator[tuple[Place, str]]:
    """Where in `value`, at any depth, stands a name that is not in the table."""
    if isinstance(value, str):
        yield from ((place, name) for name in _FIELD.findall(value) if name not in FIELDS)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from unknown_names(item, (*place, key))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from unknown_names(item, (*place, index))
