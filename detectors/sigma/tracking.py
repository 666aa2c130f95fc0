"""One correlation at work: entries come and go, and it tells at which moments it holds from now on, or no longer."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from operator import attrgetter
from types import MappingProxyType
from typing import NamedTuple

from detectors.sigma.correlation_rules import CorrelationRule, CorrelationType
from detectors.sigma.firing import Firing, Withdrawal
from detectors.sigma.measure import Entry, gauge_maker
from detectors.sigma.readings import named_group
from detectors.sigma.values import Document
from detectors.sigma.windows import Key, Mark, Window

_MICROSECOND = timedelta(microseconds=1)
_MARK_US, _MARK_TURNS = 1_000_000, 64
"""After so much event time, or so many events, a stream has a new mark."""


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
class Stream:
    """What all trackers of a correlator share: how far the stream has come, what there is room for, and the counts.

    Attributes:
        turn: number of the event.
        latest: time of the last event.
        now: the earlier of the times of the last two events, as one of them may be far ahead.
        newest: the furthest that `now` ever was.
        mark: about how far it has come; renewed only now and then, as every group that an event touches keeps it.
        room, room_for_groups: what may be added before the limits are looked at again.
    """

    turn: int = 0
    latest: int = 0
    now: int = 0
    newest: int = 0
    mark: Mark = field(default_factory=Mark)
    room: int = 0
    room_for_groups: int = 0
    untimed: int = 0
    expired: int = 0
    withdrawn: int = 0
    late: Counter[str] = field(default_factory=Counter)
    dropped: Counter[str] = field(default_factory=Counter)

    def advance(self, time: int, document: Document) -> int:
        """An event has come; how far it lies behind the newest, in microseconds."""
        latest = self.latest
        self.now = now = time if time < latest or not self.turn else latest
        self.latest = time
        self.turn += 1
        if now > self.newest:  # noqa: PLR1730 - spares a call per event
            self.newest = now
        mark = self.mark
        if not -_MARK_US < now - mark.now < _MARK_US or self.turn - mark.turn >= _MARK_TURNS:
            received = document.get("soc.received")
            self.mark = Mark(self.turn, now, received if type(received) is str else "")
        return self.newest - time


class Change(NamedTuple):
    """An entry that enters a group, or leaves it again."""

    added: bool
    key: Key
    entry: Entry


class Cause(NamedTuple):
    """The event that is being fed."""

    reference: str
    document: Document


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
        stream: shared with the other trackers.
        withdrawn: is told when a firing is taken back.
    """

    def __init__(
        self, rule: CorrelationRule, limits: Limits, stream: Stream, withdrawn: Callable[[Withdrawal], None]
    ) -> None:
        self.rule = rule
        self.windows: dict[Key, Window] = {}
        self._make = gauge_maker(rule)
        self._span = rule.span_us
        self._keep = rule.span_us + limits.longest_us
        self._most = _most_entries(rule, limits)
        self._stream, self._withdrawn = stream, withdrawn
        self._sweep_at = 0

    def arrive(self, key: Key, entry: Entry, document: Document) -> Outcome | None:
        """The common case of `take`, one entry that comes in order; None when nothing follows from it."""
        stream, window = self._stream, self.windows.get(key)
        if window is None:
            window = self._open(key)
        window.mark = stream.mark
        held = window.push(entry)
        if held is None:
            return self.take((Change(True, key, entry),), Cause(entry.ref, document))
        stream.room -= 1
        time, previous = entry[0], window.latest
        window.latest = time
        outcome = None
        if held or time in window.held:
            outcome = Outcome([], [])
            self._settle(window, entry, held, Cause(entry.ref, document), outcome)
        if len(window.entries) >= window.trim_at:
            self._trim(window, time if previous is None else min(time, previous))
        if stream.now >= self._sweep_at:
            self._sweep()
        return outcome

    def take(self, changes: Sequence[Change], cause: Cause) -> Outcome:
        """Apply all changes of one event, then judge the moments they touch."""
        outcome = Outcome([], [])
        for key in dict.fromkeys(change.key for change in changes):
            self._change(key, [change for change in changes if change.key == key], cause, outcome)
        if self._stream.now >= self._sweep_at:
            self._sweep()
        return outcome

    def _change(self, key: Key, changes: Sequence[Change], cause: Cause, outcome: Outcome) -> None:
        arrived = {change.entry.time for change in changes if change.added}
        if not arrived and key not in self.windows:
            return  # evicted since
        window = self._window(key)
        for change in changes:
            self._apply(window, change, cause, outcome)
        times = [change.entry.time for change in changes]
        for first, holds in list(window.judge(min(times), max(times) + self._span)):
            self._settle(window, first, holds, cause, outcome, told=first.time in arrived)
        if not window.entries:
            del self.windows[key]
        elif arrived:
            previous, window.latest = window.latest, max(arrived)
            if len(window.entries) >= window.trim_at:
                self._trim(window, window.latest if previous is None else min(window.latest, previous))

    def _apply(self, window: Window, change: Change, cause: Cause, outcome: Outcome) -> None:
        if change.added:
            window.insert(change.entry)
            self._stream.room -= 1
        elif window.remove(change.entry) and change.entry.time in window.held:
            self._turn_off(window, change.entry.time, cause, outcome)  # the entry may have stood for the moment

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
        self._stream.withdrawn += 1
        self._withdrawn(Withdrawal(self.rule, self._group(window), moment, cause.reference))

    def _firing(self, window: Window, moment: int, cause: Cause) -> Firing:
        repeated = window.reported is not None and abs(moment - window.reported) <= self._span
        first = moment
        references: tuple[str, ...] = (cause.reference,)
        if not repeated:
            window.reported = moment
            inside = window.span_at(moment)
            first, references = inside[0].time, tuple(dict.fromkeys(entry.ref for entry in inside))
        return Firing(
            self.rule,
            self._group(window),
            references,
            cause.reference,
            first,
            moment,
            window.measured_at(moment),
            repeated,
            cause.document,
        )

    def _window(self, key: Key) -> Window:
        stream, window = self._stream, self.windows.get(key)
        if window is None:
            window = self._open(key)
        window.mark = stream.mark
        return window

    def _open(self, key: Key) -> Window:
        window = self.windows[key] = Window(key, self._span, self._make)
        self._stream.room_for_groups -= 1
        return window

    def _group(self, window: Window) -> Mapping[str, object]:
        if window.group is None:
            window.group = named_group(self.rule, window.key)
        return window.group

    def _trim(self, window: Window, newest: int) -> None:
        """Forget what no window can need any more.

        `newest` is the earlier of the last two arrivals, so that one event with a clock far ahead drops nothing.
        """
        self._count_lost(*window.trim(newest - self._keep, self._most))

    def _count_lost(self, expired: int, dropped: int) -> None:
        self._stream.expired += expired
        if dropped:
            self._stream.dropped[self.rule.id] += dropped

    def _sweep(self) -> None:
        """Forget groups that the stream has left behind; seldom enough that a group is looked at about twice."""
        self._sweep_at = self._stream.now + self._keep // 2
        for key in [key for key, window in self.windows.items() if self._is_left_behind(window)]:
            self._count_lost(len(self.windows.pop(key).entries), 0)

    def _is_left_behind(self, window: Window) -> bool:
        """Nothing came to it for its span and the allowed lateness, by both clocks: neither a clock that was set forward nor an import
        of old logs makes a live group old."""
        stream, keep_us = self._stream, self._keep + _MARK_US
        passed_us = stream.now - max(window.mark.now, window.entries[-1].time)
        return passed_us > keep_us and _between_us(window.mark.received, stream.mark.received) > keep_us

    @property
    def entries(self) -> int:
        """Entries of all groups."""
        return sum(len(window.entries) for window in self.windows.values())

    def give_way(self, entries: int, groups: int) -> None:
        """Give up the groups touched longest ago, until so many entries and groups are gone."""
        for window in sorted(self.windows.values(), key=attrgetter("mark.turn"))[:-1]:
            if entries <= 0 and groups <= 0:
                return
            count = len(window.entries)
            entries, groups = entries - count, groups - 1
            del self.windows[window.key]
            is_old = self._stream.now - window.entries[-1].time > self._keep
            self._count_lost(count if is_old else 0, 0 if is_old else count)

    def new_window(self, key: Key) -> Window:
        """An empty window of its own, for what a snapshot held."""
        window = self.windows[key] = Window(key, self._span, self._make)
        return window


def _most_entries(rule: CorrelationRule, limits: Limits) -> int:
    """Enough for the condition, whatever the limit: a rule that counts to 50,000 must be able to."""
    counts = rule.type in (CorrelationType.EVENT_COUNT, CorrelationType.VALUE_COUNT)
    bound = max((bound for _, bound in rule.criteria.bounds), default=0) if counts else 0
    return max(8, limits.window_entries, math.ceil(2 * bound))


def _between_us(before: str, now: str) -> float:
    """From one time of receipt to another; without end where one is unknown."""
    try:
        return (datetime.fromisoformat(now) - datetime.fromisoformat(before)) / _MICROSECOND
    except (ValueError, TypeError):
        return math.inf
