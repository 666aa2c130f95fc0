"""Rules over history: a period of the store, read in order of time through the same detector as the live stream.

The detector has a memory of its own, so neither the stream nor the incidents learn of it. Reading begins as far before the period as the
longest correlation looks back, so that a window which straddles the beginning is whole; what arises before the period is left out.
Memory stays that of the detector: the store hands out one event after the other.

Of a few rules most events are none of their business. The store is asked for the candidates then (`detectors.sigma.candidates`), and the
engine decides on these alone: an event that is no candidate matches no rule, and so moves neither a window nor a bundle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

from detectors.alert import Alert
from detectors.detector import SigmaDetector
from detectors.sigma import RuleSet
from detectors.sigma.candidates import WINLOGBEAT_EVENTS, Anchor, CandidateFinder, Candidates
from soc.core.clock import ALL_TIME, Window
from soc.core.event import Event
from soc.core.scope import PROVINCE, Scope
from soc.storage.conditions import EVERYTHING, Condition, Everything
from soc.storage.events import EventStore

BATCH = 1000


def reach_of(ruleset: RuleSet) -> timedelta:
    """How far back an alert of these rules may look: the longest way through correlations on correlations."""
    spans: dict[str, int] = {}
    for rule in ruleset.correlations:  # each stands after those it refers to
        spans[rule.id] = rule.span_us + max((spans.get(source, 0) for source in rule.sources), default=0)
    return timedelta(microseconds=max(spans.values(), default=0))


def widened(window: Window, before: timedelta, after: timedelta = timedelta()) -> Window:
    """The window with room before and behind it, within what a date can hold."""
    return Window(
        max(window.since, ALL_TIME.since + before) - before,
        min(window.until, ALL_TIME.until - after) + after,
    )


@dataclass(frozen=True, slots=True)
class Thrift:
    """When only candidates are read.

    Attributes:
        events_per_thing: events that can be read while a store makes out one thing it is asked for; fewer are read without asking.
        share: of the events of a period; reading that many candidates still beats reading all, the question included.
        most_asked: things that a store is asked for at once; more take it longer than handing out all events.
    """

    events_per_thing: int = 250
    share: float = 0.25
    most_asked: int = 250


THRIFT = Thrift()


@dataclass(frozen=True, slots=True)
class Plan:
    """How a period is read for some rules.

    Attributes:
        query: what the store is asked for: candidates, or everything.
        events: how many it will hand out.
        total: how many there are in the period.
    """

    query: Condition
    events: int
    total: int

    @property
    def is_narrow(self) -> bool:
        """Whether only candidates are read."""
        return not isinstance(self.query, Everything)


class History:
    """The events of a store as far as they matter to some rules, oldest first.

    Args:
        store: where the events are.
        ruleset: the rules.
        thrift: when only candidates are read.
    """

    def __init__(self, store: EventStore, ruleset: RuleSet, thrift: Thrift = THRIFT) -> None:
        self._store, self._ruleset, self._thrift = store, ruleset, thrift
        self._made: dict[bool, Candidates | None] = {}

    def plan(self, window: Window, scope: Scope) -> Plan:
        """The cheaper way to read a period. Raises EngineError when the store does not answer."""
        total = self._store.count(EVERYTHING, scope, window)
        everything = Plan(EVERYTHING, total, total)
        if total <= self._thrift.events_per_thing:
            return everything
        candidates = self._candidates(winlogbeat=self._store.count(WINLOGBEAT_EVENTS, scope, window) > 0)
        if candidates is None or candidates.anchor is Anchor.NOTHING:
            return everything
        if total <= candidates.size * self._thrift.events_per_thing:
            return everything
        found = self._store.count(candidates.condition, scope, window)
        return Plan(candidates.condition, found, total) if found <= total * self._thrift.share else everything

    def events(self, window: Window, scope: Scope) -> Iterator[Event]:
        """At least the events of a period that a rule matches. Raises EngineError when the store does not answer."""
        return self._store.scan(self.plan(window, scope).query, scope, window)

    def _candidates(self, *, winlogbeat: bool) -> Candidates | None:
        """Those of all rules together, None when they ask for too much; worked out once."""
        if winlogbeat not in self._made:
            finder = CandidateFinder(self._ruleset, winlogbeat=winlogbeat)
            self._made[winlogbeat] = finder.of_ruleset(self._thrift.most_asked)
        return self._made[winlogbeat]


class Retro:
    """Runs rules over the store.

    Args:
        store: where the events are.
        ruleset: the rules.
        make: gives a fresh detector over rules.
        thrift: when only candidates are read.
    """

    def __init__(
        self,
        store: EventStore,
        ruleset: RuleSet,
        make: Callable[[RuleSet], SigmaDetector],
        thrift: Thrift = THRIFT,
    ) -> None:
        self._ruleset, self._make = ruleset, make
        self._history = History(store, ruleset, thrift)

    def alerts(
        self, window: Window, scope: Scope = PROVINCE, progress: Callable[[int], None] = lambda _: None
    ) -> Iterator[Alert]:
        """The alerts that arise from the events of a period, in order; the rest of a bundle comes at the latest before the next candidate.

        Args:
            window: over `@timestamp`.
            scope: whose events are read, real ones or those of an exercise.
            progress: called now and then with how many more events were read.

        Raises:
            EngineError: the store does not answer; the alerts given so far are right, but not all.
        """
        detector = self._make(self._ruleset)
        lead = Window(widened(window, reach_of(self._ruleset)).since, window.since)
        if lead.since < lead.until and self._ruleset.correlations:
            for events in batches(self._history.events(lead, scope)):
                detector.observe(events)
                progress(len(events))
            detector.flush()
        for events in batches(self._history.events(window, scope)):
            yield from detector.observe(events)
            progress(len(events))
        yield from detector.flush()


def batches(events: Iterator[Event], size: int = BATCH) -> Iterator[list[Event]]:
    """The events in lists of at most `size`."""
    while batch := list(islice(events, size)):
        yield batch
