"""Rules over history: a period of the store, read in order of time through the same detector as the live stream.

The detector has a memory of its own, so neither the stream nor the incidents learn of it. Reading begins as far before the period as the
longest correlation looks back, so that a window which straddles the beginning is whole; what arises before the period is left out.
Memory stays that of the detector: the store hands out one event after the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from itertools import islice

from detectors.alert import Alert
from detectors.detector import SigmaDetector
from detectors.sigma import RuleSet
from soc.core.clock import ALL_TIME, Window
from soc.core.event import Event
from soc.core.scope import PROVINCE, Scope
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


class Retro:
    """Runs rules over the store.

    Args:
        store: where the events are.
        ruleset: the rules.
        make: gives a fresh detector over rules.
    """

    def __init__(self, store: EventStore, ruleset: RuleSet, make: Callable[[RuleSet], SigmaDetector]) -> None:
        self._store, self._ruleset, self._make = store, ruleset, make

    def alerts(
        self, window: Window, scope: Scope = PROVINCE, progress: Callable[[int], None] = lambda _: None
    ) -> Iterator[Alert]:
        """The alerts that arise from the events of a period, in order.

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
            for events in batches(self._store.scan("", scope, lead)):
                detector.observe(events)
                progress(len(events))
            detector.flush()
        for events in batches(self._store.scan("", scope, window)):
            yield from detector.observe(events)
            progress(len(events))
        yield from detector.flush()


def batches(events: Iterator[Event], size: int = BATCH) -> Iterator[list[Event]]:
    """The events in lists of at most `size`."""
    while batch := list(islice(events, size)):
        yield batch
