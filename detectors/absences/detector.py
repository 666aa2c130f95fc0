"""Tells what was due and did not come, as one part of the ensemble.

The time that counts is that of the newest event (never later than its receipt), and goes on with the clock while none comes. A stream
that jumps by more than a day had a hole: what was due in it is a gap of collecting, which others tell, and no absence. Exercises are not
looked at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson

from detectors.absences.daily import DailyDue
from detectors.absences.missing import DayKinds, Maintenance, Missing
from detectors.absences.silence import Silence
from detectors.absences.spec import DAY, Dues
from detectors.alert import Alert
from detectors.coverage import Coverage, RuleRun
from detectors.detector import advice_of, title_of
from detectors.finding import listed, sentence
from detectors.selectors import moment_of
from detectors.sigma.engine import Engine
from detectors.sigma.rule import Rule
from soc.core.clock import LOCAL_ZONE, iso, parse_iso
from soc.core.event import Event
from soc.core.i18n import msg
from soc.core.ids import digest

_FORMAT = 1
_CACHE = 16 << 20


class AbsenceDetector:
    """Observes events in their order of arrival.

    Args:
        definitions: see `load_absences`.
        days: what a local date is.
        maintenance: what is announced; nothing is missed then.
    """

    def __init__(self, definitions: Dues, days: DayKinds, maintenance: Maintenance) -> None:
        self._dues = definitions.dues
        self._engine = Engine(definitions.ruleset, _CACHE)
        self._coverage = Coverage(definitions.ruleset)
        self._daily = {i: DailyDue(due, days, maintenance) for i, due in self._dues.items() if due.spec.by is not None}
        self._silences = {i: Silence(due, maintenance) for i, due in self._dues.items() if due.spec.after is not None}
        self._users = {rule.id: list(self._using(rule)) for rule in definitions.ruleset.rules}
        self._latest: datetime | None = None

    def observe(self, events: Sequence[Event]) -> list[Alert]:
        """The alerts whose time was over before one of these events."""
        if not self._dues:
            return []
        return [alert for event in events if event.exercise is None for alert in self._observe(event)]

    def tick(self, silence: timedelta) -> list[Alert]:
        """The alerts whose time is over, now that no event came for `silence`."""
        if self._latest is None:
            return []
        now = self._latest + silence
        return [_alert(missing) for missing in self._missing(now, seen_all=True)]

    def ran(self) -> list[RuleRun]:
        """Per definition and platform the due events it looked at; matches are alerts."""
        return [run for run in self._coverage.runs() if run.rule_id in self._dues]

    def snapshot(self) -> bytes:
        """All that is remembered, for `restore` of a detector over the same or changed definitions."""
        return orjson.dumps(
            {
                "format": _FORMAT,
                "latest": None if self._latest is None else iso(self._latest),
                "daily": {ident: one.state() for ident, one in self._daily.items()},
                "silences": {ident: one.state() for ident, one in self._silences.items()},
                "coverage": self._coverage.state(),
            }
        )

    def restore(self, data: bytes) -> None:
        """Go on from a snapshot; a definition it does not hold begins anew. Raises ValueError when `data` is none of this format."""
        state: Any = orjson.loads(data)
        if not isinstance(state, dict) or state.get("format") != _FORMAT:
            raise ValueError("unknown snapshot format")
        self._latest = parse_iso(state["latest"]) if state["latest"] else None
        for ident, daily in self._daily.items():
            daily.restore(state["daily"].get(ident, {"judged": None, "senders": []}))
        for ident, silence in self._silences.items():
            silence.restore(state["silences"].get(ident, {"waiting": [], "heard": []}))
        self._coverage.restore(state["coverage"])

    def _using(self, rule: Rule) -> Iterator[str]:
        for ident, due in self._dues.items():
            if any(rule is one for one in (due.rule, due.after, due.alive)):
                yield ident

    def _observe(self, event: Event) -> Iterator[Alert]:
        self._coverage.saw(event)
        moment = moment_of(event)
        if self._latest is None or moment > self._latest:
            is_whole = self._latest is not None and moment - self._latest <= DAY
            self._latest = moment
            for missing in self._missing(moment, seen_all=is_whole):
                yield _alert(missing)
        for match in self._engine.match(event.fields):
            self._feed(match.rule, event, moment)

    def _feed(self, rule: Rule, event: Event, moment: datetime) -> None:
        for ident in self._users.get(rule.id, ()):
            if ident in self._daily:
                self._daily[ident].feed(event, moment)
            else:
                self._silences[ident].feed(rule, event, moment)

    def _missing(self, now: datetime, *, seen_all: bool) -> Iterator[Missing]:
        parts: list[DailyDue | Silence] = [*self._daily.values(), *self._silences.values()]
        for one in parts:
            for missing in one.advance(now, seen_all=seen_all):
                self._coverage.matched(missing.due.rule.id, missing.owner.platform)
                yield missing


def _alert(missing: Missing) -> Alert:
    due, owner = missing.due, missing.owner
    rule = due.rule
    span = {"since": _local(missing.since), "until": _local(missing.until)}
    text = msg("{who}: từ {since} đến {until} không có sự kiện phải có", who=listed(owner.entity), **span)
    return Alert(
        id=digest("absence", rule.id, owner.key, iso(missing.until)),
        detector="absence",
        rule_id=rule.id,
        rule_version=rule.version,
        title=title_of(rule),
        severity=rule.level,
        agency=owner.agency,
        platform=owner.platform,
        first=missing.since,
        last=missing.until,
        entities=dict(missing.shown) | dict(owner.entity),
        event_ids=missing.events,
        matched={"soc.absence.since": span["since"], "soc.absence.until": span["until"]},
        explanation=sentence(text),
        attack=rule.attack,
        advice=advice_of(rule),
    )


def _local(moment: datetime) -> str:
    return f"{moment.astimezone(LOCAL_ZONE):%Y-%m-%d %H:%M}"
