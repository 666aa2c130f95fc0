"""Retro-hunts as values: what is asked, how far a hunt came, and its state."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

import orjson

from collectors.quarantine import load_message
from detectors.indicators.model import Sought
from soc.app.hunt_tables import HuntRow
from soc.core.clock import Window, parse_iso
from soc.core.i18n import Message, msg
from soc.core.ids import sha256
from soc.core.scope import Scope

ADVANCE = "hunt.advance"
"""Name of the task that moves a hunt."""
SHORT = 8
"""Characters of an id that are shown, and enough to name a hunt."""


class HuntState(StrEnum):
    """Where a hunt stands; only a queued and a running one is moved."""

    QUEUED = "queued"
    RUNNING = "running"
    PAUSED = "paused"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"

    @property
    def label(self) -> Message:
        """The word shown to a person."""
        return _STATES[self]


class HuntKind(StrEnum):
    """What is looked for."""

    RULES = "rules"
    INDICATORS = "indicators"

    @property
    def label(self) -> Message:
        """The words shown to a person."""
        return _KINDS[self]


class Origin(StrEnum):
    """Why a hunt was filed."""

    PERSON = "person"
    ACTIVATION = "activation"
    IMPORT = "import"

    @property
    def label(self) -> Message:
        """The words shown to a person."""
        return _ORIGINS[self]


_STATES = {
    HuntState.QUEUED: msg("đang chờ"),
    HuntState.RUNNING: msg("đang chạy"),
    HuntState.PAUSED: msg("tạm dừng"),
    HuntState.DONE: msg("đã xong"),
    HuntState.FAILED: msg("thất bại"),
    HuntState.CANCELLED: msg("đã hủy"),
}
_KINDS = {HuntKind.RULES: msg("luật"), HuntKind.INDICATORS: msg("chỉ dấu")}
_ORIGINS = {
    Origin.PERSON: msg("có người yêu cầu"),
    Origin.ACTIVATION: msg("luật mới có hiệu lực"),
    Origin.IMPORT: msg("chỉ dấu mới nhập"),
}
MOVING = (HuntState.QUEUED, HuntState.RUNNING)


@dataclass(frozen=True, slots=True)
class RuleRef:
    """A rule that reports in a hunt.

    Attributes:
        digest: of the rule as compiled, so that another text is never taken for it.
        correlates: whether it is a correlation.
    """

    id: str
    version: str
    digest: str
    correlates: bool


@dataclass(frozen=True, slots=True)
class FrozenRules:
    """Rules as they were when the hunt was filed.

    Attributes:
        content, archive: of the files, as `detectors.rulesets.library` keeps them.
        refs: the rules that report; whatever else the files hold is read for correlations and filters only.
        in_force: they are rules of this installation: exceptions apply, and a done look-back makes good what they missed.
    """

    content: str
    archive: str
    refs: tuple[RuleRef, ...]
    in_force: bool


@dataclass(frozen=True, slots=True)
class FrozenIndicators:
    """Indicators as a part of the book; `digest` is a hash over their kinds, values and sources, `count` how many values."""

    sought: Sought
    count: int
    digest: str


@dataclass(frozen=True, slots=True)
class Question:
    """What a hunt looks for; exactly one of the two."""

    rules: FrozenRules | None = None
    indicators: FrozenIndicators | None = None

    @property
    def kind(self) -> HuntKind:
        return HuntKind.RULES if self.rules is not None else HuntKind.INDICATORS


@dataclass(frozen=True, slots=True)
class Request:
    """A question with all that frames it.

    Attributes:
        window: over `@timestamp`.
        scope: whose events are read, real ones or those of one exercise.
        raises: whether what is found goes into incidents; else it is only listed.
        throttle: share of the time that the hunt may take, over 0 up to 1.
    """

    question: Question
    window: Window
    scope: Scope
    reason: str = ""
    raises: bool = False
    throttle: float = 0.5
    origin: Origin = Origin.PERSON


@dataclass(frozen=True, slots=True)
class Hunt:
    """A hunt as it stands.

    Attributes:
        content: hash of the question.
        planned: events of the window when it was cut into slices; 0 before.
        covered: events of the slices that are done; `read` of them were shown to the detector, the others cannot match.
        matches, alerts: found so far; an alert may tell many matches.
        hidden: matches that exceptions hid; `broken`: events that the detector broke on.
        problem: why it stands still or failed.
    """

    id: str
    kind: HuntKind
    origin: Origin
    content: str
    reason: str
    by: str
    window: Window
    scope: Scope
    raises: bool
    throttle: float
    state: HuntState
    filed: datetime
    started: datetime | None
    finished: datetime | None
    slices: int
    slices_done: int
    planned: int
    covered: int
    read: int
    matches: int
    alerts: int
    hidden: int
    broken: int
    problem: Message | None

    @property
    def short(self) -> str:
        return self.id[:SHORT]

    @property
    def share(self) -> float:
        """How much of the work is done, 0 to 1."""
        if self.state is HuntState.DONE:
            return 1.0
        return self.slices_done / self.slices if self.slices else 0.0


def hunt_of(row: HuntRow) -> Hunt:
    """A hunt out of its row."""
    return Hunt(
        id=row.id,
        kind=HuntKind(row.kind),
        origin=Origin(row.origin),
        content=row.content,
        reason=row.reason,
        by=row.by,
        window=Window(row.since, row.until),
        scope=scope_of(row),
        raises=row.raises,
        throttle=row.throttle,
        state=HuntState(row.state),
        filed=row.filed,
        started=row.started,
        finished=row.finished,
        slices=row.slices,
        slices_done=row.slices_done,
        planned=row.planned,
        covered=row.covered,
        read=row.read,
        matches=row.matches,
        alerts=row.alerts,
        hidden=row.hidden,
        broken=row.broken,
        problem=load_message(row.problem.encode()) if row.problem else None,
    )


def scope_of(row: HuntRow) -> Scope:
    """Whose events a hunt reads."""
    agencies = orjson.loads(row.agencies)
    return Scope(None if agencies is None else frozenset(agencies), row.exercise)


def agencies_json(scope: Scope) -> str:
    """The agencies of a scope as they stand in SQL."""
    return orjson.dumps(None if scope.agencies is None else sorted(scope.agencies)).decode()


def question_json(question: Question) -> str:
    """A question as it stands in SQL; the same question always gives the same text."""
    return orjson.dumps(asdict(question), option=orjson.OPT_SORT_KEYS).decode()


def question_hash(text: str) -> str:
    """The hash by which a statement names the question it answers."""
    return sha256(text.encode())


def question_from(text: str) -> Question:
    """The inverse of `question_json`."""
    found: Mapping[str, Any] = orjson.loads(text)
    rules, indicators = found["rules"], found["indicators"]
    if rules is not None:
        refs = tuple(RuleRef(**ref) for ref in rules["refs"])
        return Question(rules=FrozenRules(**{**rules, "refs": refs}))
    times = {name: parse_iso(moment) for name, moment in indicators["sought"].items()}
    return Question(indicators=FrozenIndicators(**{**indicators, "sought": Sought(**times)}))
