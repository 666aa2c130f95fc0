"""Closing gaps: the rules in force are run over just the events that were missed, and what they find goes into incidents.

Stateless rules see the events of the gap alone. Correlations see everything from one reach before to one reach behind them, and of what
arises then only that counts which rests on an event of the gap. Alerts have the same ids whenever they are made from the same events,
and what an alert of the same rule told already is left out: so a gap may be redone twice, or be drawn too wide, without harm.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TypeAlias

from detectors.alert import Alert
from detectors.detector import SigmaDetector
from detectors.exceptions.counts import add_hidden
from detectors.exceptions.tally import Hidden
from detectors.sigma import RuleSet
from soc.app.gaps import Gap, GapBook, GapKind
from soc.app.ledger import Ledger, Tally
from soc.app.news import AlertTaker, News
from soc.app.observing import observe_on
from soc.app.retro import batches, reach_of, widened
from soc.core.clock import Clock, Window, iso
from soc.core.errors import EngineError
from soc.core.event import Event
from soc.core.i18n import Message, msg
from soc.core.scope import PROVINCE, Scope
from soc.storage.events import EventStore
from soc.storage.query import term
from soc.storage.sql import Database

_INSTANT = timedelta(microseconds=1)
_log = logging.getLogger("vonggac.detection")

MakeDetector: TypeAlias = Callable[[RuleSet], SigmaDetector]
"""A fresh detector over some rules, with the exceptions in force."""


@dataclass(frozen=True, slots=True)
class Redone:
    """What became of one gap: `fault` says why it is still open."""

    gap: Gap
    alerts: int
    fault: Message | None = None


class Redo:
    """Runs rules over gaps.

    Args:
        rules: gives the rules in force.
        make: gives a fresh detector over rules.
    """

    def __init__(
        self,
        store: EventStore,
        database: Database,
        incidents: AlertTaker,
        gaps: GapBook,
        *,
        rules: Callable[[], RuleSet],
        make: MakeDetector,
        clock: Clock,
    ) -> None:
        self._store, self._database, self._incidents, self._gaps = store, database, incidents, gaps
        self._rules, self._make, self._clock, self._news = rules, make, clock, News(database)

    def run_due(self) -> list[Redone]:
        """Try every open gap whose time has come; late ones whose surroundings overlap in one reading."""
        due = self._gaps.due(self._clock.now())
        late = [gap for gap in due if gap.kind is GapKind.LATE]
        done = [self.run(gap) for gap in due if gap.kind is not GapKind.LATE]
        for near in neighbours(late, reach_of(self._rules())):
            done += self._run_late(near)
        return done

    def _run_late(self, gaps: Sequence[Gap]) -> list[Redone]:
        """Try gaps that lie close together; an alert counts for the first whose event it rests on."""
        ruleset = self._rules()
        found: dict[str, list[Alert]] = {gap.id: [] for gap in gaps}
        try:
            for gap, alert in self._correlated(gaps, ruleset):
                found[gap.id].append(alert)
        except EngineError as problem:
            return [self._failed(gap, 0, problem.as_message()) for gap in gaps]
        done = []
        for gap in gaps:
            news = self._news.of(found[gap.id], _correlations(ruleset))
            self._keep(gap, news, [], Ledger(self._gaps, self._rules).tally())
            done.append(Redone(gap, len(news)))
        return done

    def run(self, gap: Gap) -> Redone:
        """Try one gap. When the store does not answer or the detector breaks, it stays listed with the reason and is due again later.

        A silence stays as it is: there is nothing to run rules over, and it is closed when the source is heard again.
        """
        if gap.kind is GapKind.SILENT:
            return Redone(gap, 0, msg("nguồn mất tín hiệu thì không có gì để chạy lại; khép khi nguồn có tín hiệu"))
        try:
            alerts, hidden, tally, broken = self._find(gap)
        except EngineError as problem:
            return self._failed(gap, 0, problem.as_message())
        self._keep(gap, alerts, hidden, None if broken else tally)
        if broken:
            return self._failed(gap, len(alerts), msg("bộ phát hiện lỗi trên sự kiện này: {reason}", reason=broken))
        return Redone(gap, len(alerts))

    def _failed(self, gap: Gap, alerts: int, reason: Message) -> Redone:
        self._gaps.fail(gap, reason, self._clock.now())
        return Redone(gap, alerts, reason)

    def _keep(self, gap: Gap, alerts: Sequence[Alert], hidden: Sequence[Hidden], tally: Tally | None) -> None:
        """Alerts, what exceptions hid, counts and the end of the gap in one transaction; without a tally the gap stays open."""
        now = self._clock.now()
        with self._database.transaction() as session:
            self._incidents.take(session, alerts)
            if tally is not None and self._gaps.close(session, gap, len(alerts), now) and gap.kind is not GapKind.LATE:
                counted = tally.scaled(gap.events) if gap.kind is GapKind.MISSED else tally
                Ledger(self._gaps, self._rules).put(session, counted, now)
                add_hidden(session, hidden)

    def _find(self, gap: Gap) -> tuple[list[Alert], list[Hidden], Tally, str]:
        """What the rules find in a gap, what exceptions hid of it, what was counted, and the last fault of the detector, "" for none."""
        ruleset, tally, fault = self._rules(), Ledger(self._gaps, self._rules).tally(), ""
        alerts: list[Alert] = []
        hidden: list[Hidden] = []
        if gap.kind is not GapKind.LATE:  # late events were shown to the stateless rules when they came
            stateless = self._make(replace(ruleset, correlations=()))
            for events in batches(self._events(gap)):
                found, broken = observe_on(stateless, events)
                alerts += found
                apart = {event.id for event, _ in broken}
                tally.add([event for event in events if event.id not in apart])
                fault = broken[-1][1] if broken else fault
            alerts += stateless.flush()
            hidden += stateless.take_hidden()
        if ruleset.correlations:
            alerts += [alert for _, alert in self._correlated([gap], ruleset)]
        return self._news.of(alerts, _correlations(ruleset)), hidden, tally, fault

    def _correlated(self, gaps: Sequence[Gap], ruleset: RuleSet) -> Iterator[tuple[Gap, Alert]]:
        """Alerts of correlations that rest on an event of a gap, in one reading around all; the gaps are of one exercise or none."""
        detector = self._make(ruleset)
        ours = {rule.id for rule in ruleset.correlations}
        scope = _scope(gaps[0])
        for events in batches(self._store.scan("", scope, _around(gaps, reach_of(ruleset)))):
            for alert in observe_on(detector, events)[0]:
                gap = self._of_gap(alert, gaps, scope) if alert.rule_id in ours else None
                if gap is not None:
                    yield gap, alert

    def _of_gap(self, alert: Alert, gaps: Sequence[Gap], scope: Scope) -> Gap | None:
        """The gap that an alert rests on; None for an alert that rests on none."""
        events = [event for ident in alert.event_ids if (event := self._store.get(ident, scope)) is not None]
        return next((gap for gap in gaps if any(map(gap.holds, events))), None)

    def _events(self, gap: Gap) -> Iterator[Event]:
        received = f'soc.received:["{iso(gap.since)}" TO "{iso(gap.until)}"]'
        query = f"{term('soc.source', gap.source)} AND {received}"
        window = Window(gap.first, gap.last + _INSTANT)
        return (event for event in self._store.scan(query, _scope(gap), window) if gap.holds(event))


def _correlations(ruleset: RuleSet) -> frozenset[str]:
    return frozenset(rule.id for rule in ruleset.correlations)


def only(ruleset: RuleSet, rule_ids: frozenset[str]) -> RuleSet:
    """The rules of some ids, and those that their correlations rest on; these make no alerts of their own."""
    wanted = set(rule_ids)
    for rule in reversed(ruleset.correlations):  # each stands behind those it refers to
        if rule.id in wanted:
            wanted.update(rule.sources)
    silent = wanted - rule_ids
    rules = tuple(replace(r, reported=r.reported and r.id not in silent) for r in ruleset.rules if r.id in wanted)
    outer = tuple(
        replace(r, reported=r.reported and r.id not in silent) for r in ruleset.correlations if r.id in wanted
    )
    return replace(ruleset, rules=rules, correlations=outer)


def neighbours(gaps: Sequence[Gap], reach: timedelta) -> list[list[Gap]]:
    """The gaps in groups whose surroundings overlap; exercises stand apart from each other and from real events."""
    groups: list[list[Gap]] = []
    for gap in sorted(gaps, key=lambda gap: (gap.exercise or "", gap.first)):
        near = groups[-1] if groups else []
        if near and near[-1].exercise == gap.exercise and gap.first - max(one.last for one in near) <= 2 * reach:
            near.append(gap)
        else:
            groups.append([gap])
    return groups


def _around(gaps: Sequence[Gap], reach: timedelta) -> Window:
    """The gaps with one reach before and behind."""
    span = Window(min(gap.first for gap in gaps), max(gap.last for gap in gaps) + _INSTANT)
    return widened(span, reach, reach)


def _scope(gap: Gap) -> Scope:
    return PROVINCE if gap.exercise is None else PROVINCE.during(gap.exercise)
