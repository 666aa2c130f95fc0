"""Match and alert: what a detector says, before anyone opens an incident."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from soc.core.severity import Severity

Names = Mapping[str, str]
"""Language -> text, `{"vi": ..., "en": ...}`."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """A node of the condition tree with what held, ready to be shown in both languages.

    Attributes:
        kind: and | or | not | test | count | sequence | exception.
        held: whether this node was true.
        subject, operator, wanted, found: of a test: field, operator, rule value, value of the event (None when null or absent).
        text: sentence of a count, sequence or exception node, by language; empty for the others.
        missing: of a test: the event does not have the field.
        role, name: of a part that has a name: "search" and its name in the rule, or "filter" and the title of the Sigma filter.
    """

    kind: str
    held: bool
    subject: str = ""
    operator: str = ""
    wanted: str = ""
    found: object = None
    text: Names = field(default_factory=dict)
    children: tuple[Explanation, ...] = ()
    missing: bool = False
    role: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True)
class Alert:
    """A detection about one agency, with everything an analyst needs to judge it.

    Attributes:
        id: deterministic over rule, agency, group and the events, so that a repeated run makes no second alert.
        detector: sigma | yara | newterms | baseline | absence | indicator.
        rule_id, rule_version, title, severity, attack: of the rule; `attack` holds technique ids ("T1110.003").
        first, last: times of the earliest and the latest event that made it.
        entities: what it is about, ECS field -> value ("user.name", "host.name", "source.ip"); never empty of all keys.
        event_ids: the events, in order; a correlation lists all of its window.
        matched: field -> value that satisfied the rule.
        explanation: condition tree; None where the detector has none (YARA says it in `matched`).
        agency, platform, exercise: from the events' own marks.
    """

    id: str
    detector: str
    rule_id: str
    rule_version: str
    title: Names
    severity: Severity
    agency: str
    platform: str
    first: datetime
    last: datetime
    entities: Mapping[str, str]
    event_ids: tuple[str, ...]
    matched: Mapping[str, object]
    explanation: Explanation | None = None
    attack: tuple[str, ...] = ()
    advice: Names = field(default_factory=dict)
    exercise: str | None = None
