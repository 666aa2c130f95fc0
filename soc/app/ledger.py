"""The honesty ledger: which set of rules was run over which events of which source, and when they were received.

Written in the transaction that moves the detector's checkpoint, so that a process killed at any moment neither loses nor doubles a
count. A window of the ledger is one local hour of receipt. What it means for a single rule is worked out on reading
(`soc.app.ledger_view`). Exercises are not counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

import orjson
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from detectors.coverage import Kind, Sightings
from detectors.sigma import CorrelationRule, Rule, RuleSet
from detectors.sigma.correlate import Limits
from soc.app.gaps import GapBook, GapKind, gap_of, received_of
from soc.app.tables import LedgerDay, LedgerKind, LedgerRules
from soc.core.clock import LOCAL_ZONE
from soc.core.event import Event
from soc.core.i18n import Message, msg
from soc.core.ids import digest

HOURS = 24
LATENESS = Limits().lateness
"""An event this far behind the newest of its agency may find the windows around it gone."""


class Place(NamedTuple):
    """A source with what it is registered for."""

    source: str
    agency: str
    platform: str


@dataclass
class _Day:
    """What was seen of one source on one day of receipt."""

    place: Place
    newest: datetime
    hours: Counter[int] = field(default_factory=Counter)
    kinds: Counter[Kind[Place]] = field(default_factory=Counter)


class Tally:
    """Counts of events by local day and hour of receipt, source and kind, not yet put down; small however many events it counted."""

    def __init__(self, sightings: Sightings[Place]) -> None:
        self._sightings = sightings
        self.days: dict[tuple[str, str], _Day] = {}

    def add(self, events: Sequence[Event]) -> None:
        """Count real events; those of exercises are left out."""
        for event in events:
            if event.exercise is None:
                self._add(event)

    def _add(self, event: Event) -> None:
        kind = self._sightings.kind_of(event)
        received = received_of(event)
        local = received.astimezone(LOCAL_ZONE)
        newest = min(event.timestamp, received)
        key = (f"{local:%Y-%m-%d}", event.source)
        day = self.days.get(key)
        if day is None:
            day = self.days[key] = _Day(kind.place, newest)
        day.newest = max(day.newest, newest)
        day.hours[local.hour] += 1
        day.kinds[kind] += 1


def version_of(ruleset: RuleSet) -> str:
    """A hash over the rules with their versions: sets with the same hash ran the same."""
    return digest(*(part for pair in sorted(rules_of(ruleset).items()) for part in pair))


def rules_of(ruleset: RuleSet) -> dict[str, str]:
    """Rule id -> version of the rule, "" where it has none."""
    every: list[Rule | CorrelationRule] = [*ruleset.rules, *ruleset.correlations]
    return {rule.id: rule.version for rule in every}


class Ledger:
    """Keeps the account of one writer.

    Args:
        gaps: where late and failed events are listed.
        rules: gives the rules in force.
    """

    def __init__(self, gaps: GapBook, rules: Callable[[], RuleSet]) -> None:
        self._gaps, self._rules = gaps, rules
        self._sightings: Sightings[Place] = Sightings(lambda e: Place(e.source, e.agency, e.platform))
        self._kept: dict[Kind[Place], tuple[int, int]] = {}  # number of its row, how many fields the row holds
        self._newest: dict[str, datetime] | None = None
        self._told: tuple[RuleSet, str] | None = None

    def forget(self) -> None:
        """Forget what is remembered of the tables: after a transaction that did not commit."""
        self._kept.clear()
        self._newest = self._told = None

    def ran(self, session: Session, events: Sequence[Event], now: datetime) -> None:
        """Put down, in the caller's transaction, that the rules in force were run over these events."""
        late = self._late(session, events) if self._rules().correlations else []
        tally = self.tally()
        tally.add(events)
        self.put(session, tally, now)
        hours = f"{LATENESS.total_seconds() / 3600:g}"
        told = msg("muộn hơn sự kiện mới nhất của cơ quan quá {hours} giờ; chỉ luật tương quan", hours=hours)
        self._list(session, GapKind.LATE, late, told, now)

    def tally(self) -> Tally:
        """Counts to be put down later, all at once."""
        return Tally(self._sightings)

    def put(self, session: Session, tally: Tally, now: datetime) -> None:
        """Put counts down, in the caller's transaction."""
        version = self._tell_rules(session, now) if tally.days else ""
        for (day, source), seen in tally.days.items():
            self._add(session, (day, source, version), seen, now)

    def failed(self, session: Session, events: Sequence[Event], reason: str, now: datetime) -> None:
        """List events on which the detector broke, in the caller's transaction."""
        told = msg("bộ phát hiện lỗi trên sự kiện này: {reason}", reason=reason[:300])
        self._list(session, GapKind.FAILED, events, told, now)

    def _tell_rules(self, session: Session, now: datetime) -> str:
        """The version of the rules in force, which is in its table afterwards."""
        ruleset = self._rules()
        if self._told is None or self._told[0] is not ruleset:
            version = version_of(ruleset)
            if session.get(LedgerRules, version) is None:
                session.add(LedgerRules(version=version, since=now, rules=_json(rules_of(ruleset))))
            self._told = (ruleset, version)
        return self._told[1]

    def _add(self, session: Session, key: tuple[str, str, str], seen: _Day, now: datetime) -> None:
        numbers = {str(self._number(session, kind, now)): count for kind, count in seen.kinds.items()}
        row = session.get(LedgerDay, key)
        if row is None:
            row = LedgerDay(**dict(zip(("day", "source", "version"), key, strict=True)), agency=seen.place.agency)
            row.events, row.hours, row.kinds, row.newest = 0, "[]", "{}", seen.newest
            session.add(row)
        before = orjson.loads(row.hours) or [0] * HOURS
        row.hours = _json([count + seen.hours[hour] for hour, count in enumerate(before)])
        row.kinds = _json(Counter(orjson.loads(row.kinds)) + Counter(numbers))
        row.events += seen.hours.total()
        row.newest = max(row.newest, seen.newest)

    def _number(self, session: Session, kind: Kind[Place], now: datetime) -> int:
        """Number of the row of a kind, which holds all its fields."""
        fields = self._sightings.fields[kind]
        known = self._kept.get(kind)
        if known is not None and known[1] == len(fields):
            return known[0]
        row = self._row_of(session, kind, now)
        fields.update(orjson.loads(row.fields))
        row.fields = _json(sorted(fields))
        session.flush()
        self._kept[kind] = (row.number, len(fields))
        return row.number

    def _row_of(self, session: Session, kind: Kind[Place], now: datetime) -> LedgerKind:
        origin = _json(kind.origin._asdict())
        key = digest(*kind.place, origin)
        row = session.scalars(select(LedgerKind).where(LedgerKind.key == key)).first()
        if row is None:
            place = kind.place._asdict()
            row = LedgerKind(key=key, origin=origin, fields="[]", since=now, **place)
            session.add(row)
        return row

    def _late(self, session: Session, events: Sequence[Event]) -> list[Event]:
        """The events that came too late for the correlations around them."""
        if self._newest is None:
            found = session.execute(select(LedgerDay.agency, func.max(LedgerDay.newest)).group_by(LedgerDay.agency))
            self._newest = {agency: newest for agency, newest in found if newest is not None}
        late = []
        for event in events:
            if event.exercise is not None:
                continue
            moment, newest = event.timestamp, self._newest.get(event.agency)
            if newest is not None and moment < newest - LATENESS:
                late.append(event)
            moment = min(moment, received_of(event))  # a clock far ahead makes nobody else late
            self._newest[event.agency] = moment if newest is None else max(moment, newest)
        return late

    def _list(self, session: Session, kind: GapKind, events: Sequence[Event], reason: Message, now: datetime) -> None:
        """One gap for each source and exercise."""
        groups: dict[tuple[str, str | None], list[Event]] = {}
        for event in events:
            groups.setdefault((event.source, event.exercise), []).append(event)
        for group in groups.values():
            self._gaps.open(session, gap_of(kind, group, reason, now))


def _json(value: Sequence[object] | Mapping[str, object]) -> str:
    return orjson.dumps(value, default=list).decode()
