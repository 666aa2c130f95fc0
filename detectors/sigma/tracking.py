"""One correlation at work: entries come and go, and it tells at which moments it holds from now on, or no longer."""

from __future__ import annotations

import math
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import NamedTuple

from detectors.sigma.correlation_rules import CorrelationRule, CorrelationType
from detectors.sigma.firing import Firing, Withdrawal
from detectors.sigma.measure import Entry, gauge_maker
from detectors.sigma.readings import named_group
from detectors.sigma.values import Document
from detectors.sigma.windows import Clock, Key, Window

_MICROSECOND = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Limits:
    """How long a correlator waits for late events, and how much it remembers.

    Attributes:
        lateness: how far an event may lag behind the stream and still find the events around it.
        lateness_of: the same for single sources or platforms, by the id in `soc.source` or `soc.platform`.
        window_entries: entries of one group of one rule, or twice what its condition counts to if that is more; the oldest go first.
        total_entries: entries of all rules together. Beyond them the rule that holds most gives way, its group touched longest ago
            first, so that a flood that one rule counts does not push out what the others remember.
        groups: groups of all rules together, with the same policy.
    """

    lateness: timedelta = timedelta(hours=1)
    lateness_of: Mapping[str, timedelta] = field(default_factory=lambda: MappingProxyType({}))
    window_entries: int = 10_000
    total_entries: int = 400_000
    groups: int = 200_000

    def lateness_us(self, source: object, platform: object) -> int:
        """What is allowed to events of a source."""
        own = self.lateness_of.get(str(source), self.lateness_of.get(str(platform), self.lateness))
        return own // _MICROSECOND

    @property
    def longest_us(self) -> int:
        """The longest lateness of any source: what state is kept for."""
        return max((self.lateness, *self.lateness_of.values())) // _MICROSECOND


@dataclass(frozen=True, slots=True)
class CorrelationStats:
    """What a correlator holds, and what it could not take in or had to let go of.

    Attributes:
        groups, entries: held now.
        untimed: events without a readable time; not correlated.
        late: per platform, or source where that has a lateness of its own, events later than allowed. They were correlated with what was
            still remembered, so a correlation over them may have been missed.
        dropped: per rule id, entries given up because of the limits: a correlation over them may have been missed.
        expired: entries given up that no event within the allowed lateness could have needed.
        withdrawn: firings that a late event took back.
    """

    groups: int = 0
    entries: int = 0
    untimed: int = 0
    late: Mapping[str, int] = field(default_factory=dict)
    dropped: Mapping[str, int] = field(default_factory=dict)
    expired: int = 0
    withdrawn: int = 0


@dataclass(slots=True)
class Ledger:
    """The counts behind `CorrelationStats`, shared by all trackers of a correlator."""

    groups: int = 0
    entries: int = 0
    untimed: int = 0
    expired: int = 0
    withdrawn: int = 0
    late: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)


class Change(NamedTuple):
    """An entry that enters a group, or leaves it again."""

    added: bool
    key: Key
    entry: Entry


class Cause(NamedTuple):
    """The event that is being fed."""

    reference: str
    document: Document
    clock: Clock


class Outcome(NamedTuple):
    """What changes came to.

    `turned` holds (holds from now on, group, entry that stands for the moment), for the correlations built on this one.
    """

    firings: list[Firing]
    turned: list[Change]


class Tracker:
    """The windows of one correlation.

    Args:
        rule: the correlation.
        limits: of the state.
        ledger: where counts go.
        withdrawn: is told when a firing is taken back.
    """

    def __init__(
        self, rule: CorrelationRule, limits: Limits, ledger: Ledger, withdrawn: Callable[[Withdrawal], None]
    ) -> None:
        self.rule = rule
        self.windows: OrderedDict[Key, Window] = OrderedDict()
        self.entries = 0
        self._make = gauge_maker(rule)
        self._span = rule.span_us
        self._keep = rule.span_us + limits.longest_us
        self._most = _most_entries(rule, limits)
        self._ledger, self._withdrawn = ledger, withdrawn
        self._sweep_at = 0

    def take(self, changes: Sequence[Change], cause: Cause) -> Outcome:
        """Apply all changes of one event, then judge the moments they touch."""
        outcome = Outcome([], [])
        if len(changes) == 1 and changes[0].added:
            self._add(changes[0], cause, outcome)
        else:
            for key in dict.fromkeys(change.key for change in changes):
                self._change(key, [change for change in changes if change.key == key], cause, outcome)
        if cause.clock.event >= self._sweep_at:
            self._sweep(cause.clock)
        return outcome

    def _add(self, change: Change, cause: Cause, outcome: Outcome) -> None:
        """The common case: one entry, mostly in order."""
        _, key, entry = change
        window = self._window(key, cause.clock)
        if not window.follows(entry):
            self._change(key, (change,), cause, outcome)
            return
        self.entries += 1
        self._ledger.entries += 1
        self._settle(window, entry, window.push(entry), cause, outcome)
        self._trim(window, entry.time)

    def _change(self, key: Key, changes: Sequence[Change], cause: Cause, outcome: Outcome) -> None:
        if not any(change.added for change in changes) and key not in self.windows:
            return  # evicted since
        window = self._window(key, cause.clock)
        for change in changes:
            self._apply(window, change, cause, outcome)
        times = [change.entry.time for change in changes]
        arrived = {change.entry.time for change in changes if change.added}
        for first, holds in list(window.judge(min(times), max(times) + self._span)):
            self._settle(window, first, holds, cause, outcome, told=first.time in arrived)
        if not window.entries:
            self._forget(key)
        elif arrived:
            self._trim(window, max(arrived))

    def _apply(self, window: Window, change: Change, cause: Cause, outcome: Outcome) -> None:
        if change.added:
            window.insert(change.entry)
            self.entries += 1
            self._ledger.entries += 1
        elif window.remove(change.entry):
            self.entries -= 1
            self._ledger.entries -= 1
            if change.entry.time in window.held:  # its entry may have stood for the moment
                self._turn_off(window, change.entry.time, cause, outcome)

    def _settle(
        self, window: Window, entry: Entry, holds: bool, cause: Cause, outcome: Outcome, told: bool = True
    ) -> None:
        """Bring what is known of the entry's moment in line with the judgement."""
        known = entry.time in window.held
        if holds:
            if not known:
                first = window.first_at(entry.time)
                window.held[entry.time] = first
                outcome.turned.append(Change(True, window.key, first))
            if told or not known:
                outcome.firings.append(self._firing(window, entry.time, cause))
        elif known:
            self._turn_off(window, entry.time, cause, outcome)

    def _turn_off(self, window: Window, moment: int, cause: Cause, outcome: Outcome) -> None:
        outcome.turned.append(Change(False, window.key, window.held.pop(moment)))
        self._ledger.withdrawn += 1
        self._withdrawn(Withdrawal(self.rule, named_group(self.rule, window.key), moment, cause.reference))

    def _firing(self, window: Window, moment: int, cause: Cause) -> Firing:
        repeated = window.reported is not None and abs(moment - window.reported) <= self._span
        first, references = moment, (cause.reference,)
        if not repeated:
            window.reported = moment
            inside = window.span_at(moment)
            first, references = inside[0].time, tuple(dict.fromkeys(entry.ref for entry in inside))
        return Firing(
            self.rule,
            named_group(self.rule, window.key),
            references,
            cause.reference,
            first,
            moment,
            window.measured_at(moment),
            repeated,
            cause.document,
        )

    def _window(self, key: Key, clock: Clock) -> Window:
        window = self.windows.get(key)
        if window is None:
            window = self.windows[key] = Window(key, self._span, self._make)
            self._ledger.groups += 1
        else:
            self.windows.move_to_end(key)
        window.touched = clock
        return window

    def _trim(self, window: Window, time: int) -> None:
        """Forget what no window can need any more.

        The horizon follows the earlier of the last two arrivals, so that one event with a clock far ahead drops nothing.
        """
        latest, window.latest = window.latest, time
        newest = time if latest is None or time < latest else latest
        old, lost = window.trim(newest - self._keep, self._most)
        if old or lost:
            self._lose(old, lost)

    def _lose(self, expired: int, dropped: int) -> None:
        self.entries -= expired + dropped
        self._ledger.entries -= expired + dropped
        self._ledger.expired += expired
        if dropped:
            self._ledger.dropped[self.rule.id] += dropped

    def _forget(self, key: Key) -> Window:
        self._ledger.groups -= 1
        return self.windows.pop(key)

    def _sweep(self, clock: Clock) -> None:
        """Forget groups that the stream has left behind; seldom enough that a group is looked at about twice."""
        self._sweep_at = clock.event + self._keep // 2
        for key in [key for key, window in self.windows.items() if self._is_left_behind(window, clock)]:
            self._lose(len(self._forget(key).entries), 0)

    def _is_left_behind(self, window: Window, clock: Clock) -> bool:
        """Nothing came to it for its span and the allowed lateness, by both clocks: neither a clock that was set forward nor an import
        of old logs makes a live group old."""
        newest = max(window.touched.event, window.entries[-1].time)
        return clock.event - newest > self._keep and _passed_us(window.touched.received, clock.received) > self._keep

    def evict_oldest(self, clock: Clock) -> None:
        """Give up the group touched longest ago."""
        window = self._forget(next(iter(self.windows)))
        count = len(window.entries)
        if clock.event - window.entries[-1].time > self._keep:
            self._lose(count, 0)
        else:
            self._lose(0, count)

    def adopt(self, windows: Iterable[Window]) -> None:
        """Take over windows as a snapshot had them, those touched longest ago first."""
        for window in windows:
            self.windows[window.key] = window
            self.entries += len(window.entries)
            self._ledger.entries += len(window.entries)
            self._ledger.groups += 1

    def new_window(self, key: Key) -> Window:
        """An empty window that `adopt` takes."""
        return Window(key, self._span, self._make)

    def __iter__(self) -> Iterator[Window]:
        return iter(self.windows.values())


def _most_entries(rule: CorrelationRule, limits: Limits) -> int:
    """Enough for the condition, whatever the limit: a rule that counts to 50,000 must be able to."""
    counts = rule.type in (CorrelationType.EVENT_COUNT, CorrelationType.VALUE_COUNT)
    bound = max((bound for _, bound in rule.criteria.bounds), default=0) if counts else 0
    return max(8, limits.window_entries, math.ceil(2 * bound))


def _passed_us(before: str, now: str) -> float:
    """From one time of receipt to another; without end where one is unknown."""
    try:
        return (datetime.fromisoformat(now) - datetime.fromisoformat(before)) / _MICROSECOND
    except (ValueError, TypeError):
        return math.inf
