"""Correlation in event time over true sliding windows.

A correlation holds *at a moment* when its condition is true for the events of the same group in the `timespan` that ends at that
moment, both ends included; it is judged at the moments of its events. An event that arrives late is put where it belongs and every
moment it bears on is judged anew: what holds at the end does not depend on the order of arrival, as long as no event is later than allowed.
A firing that a late event disproves is withdrawn. A correlation counts for an outer one once per moment and group. State is bounded
(`Limits`), what is given up is counted (`Correlator.stats`). Source: Sigma correlation rules specification 2.1.0.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable, Mapping, Sequence

from detectors.sigma.correlation_rules import CorrelationRule
from detectors.sigma.engine import Match
from detectors.sigma.firing import Firing, Withdrawal
from detectors.sigma.measure import Entry
from detectors.sigma.moments import moment_us
from detectors.sigma.readings import ValueOf, default_partition, named_group, no_partition
from detectors.sigma.ruleset import NONE, RuleSet
from detectors.sigma.snapshots import read_snapshot, write_snapshot
from detectors.sigma.tracking import Cause, Change, CorrelationStats, Ledger, Limits, Tracker
from detectors.sigma.values import MISSING, Document
from detectors.sigma.windows import Clock
from detectors.sigma.wiring import wire

__all__ = ["CorrelationStats", "Correlator", "Firing", "Limits", "Withdrawal"]
DEFAULT_LIMITS = Limits()
_ROOM = 15 / 16
"""Share of a limit that is left after giving way, so that not every event has to."""


def _ignore(_withdrawal: Withdrawal) -> None:
    return None


class Correlator:
    """Feeds matches to the correlation rules of a rule set.

    Args:
        ruleset: with the correlations.
        limits: of lateness and state.
        partition: fields that keep events apart besides `group-by`; by default the agency and the exercise, and nothing
            for a rule set loaded with the pipeline `none`.
        withdrawn: is called with every firing that a late event takes back.
    """

    def __init__(
        self,
        ruleset: RuleSet,
        limits: Limits = DEFAULT_LIMITS,
        partition: Callable[[CorrelationRule], tuple[str, ...]] | None = None,
        withdrawn: Callable[[Withdrawal], None] = _ignore,
    ) -> None:
        self._limits, self._withdrawn = limits, withdrawn
        self._rules = ruleset.correlations
        marks = partition or (no_partition if ruleset.pipeline == NONE else default_partition)
        self._inputs, self._carried = wire(self._rules, marks)
        self._start_afresh()

    def _start_afresh(self) -> None:
        self._ledger = Ledger()
        self._trackers = [Tracker(rule, self._limits, self._ledger, self._withdrawn) for rule in self._rules]
        self._clock = Clock()
        self._latest: int | None = None

    def feed(
        self, document: Document, matches: Iterable[Match], reference: str, time_us: int | None = None
    ) -> list[Firing]:
        """Take in the matches of one event.

        Args:
            document: the event.
            matches: of the engine for it, unreported ones included.
            reference: what names the event in `Firing.references`.
            time_us: its time in microseconds since 1970; read from the document when not given.

        Returns:
            Correlations that hold now, inner ones first; `rule.reported` and `repeated` say which are news.
        """
        wanted = [match for match in matches if match.rule.id in self._inputs]
        if not wanted:
            return []
        time = moment_us(document) if time_us is None else time_us
        if time is None:
            time = moment_us(wanted[0].document)
        if time is None:
            self._ledger.untimed += 1
            return []
        self._advance(time, document)
        pending: dict[int, list[Change]] = {}
        for match in wanted:
            self._enter(pending, match.rule.id, match.value_of, time, reference, reference)
        return self._spread(pending, Cause(reference, wanted[0].document, self._clock))

    def _advance(self, time: int, document: Document) -> None:
        """Move the clock of the stream on; it follows the earlier of the last two events, as one of them may be far ahead."""
        latest, self._latest = self._latest, time
        now = time if latest is None or time < latest else latest
        received = document.get("soc.received")
        newest = now if now > self._clock.newest else self._clock.newest
        self._clock = Clock(now, newest, received if type(received) is str else "")
        if time < newest:
            self._note_lateness(newest - time, document)

    def _note_lateness(self, lag: int, document: Document) -> None:
        source, platform = document.get("soc.source"), document.get("soc.platform")
        if lag > self._limits.lateness_us(source, platform):
            own = source if source in self._limits.lateness_of else platform
            self._ledger.late[str(own or "")] += 1

    def _enter(
        self,
        pending: dict[int, list[Change]],
        rule_id: str,
        value_of: ValueOf,
        time: int,
        reference: str,
        event: str,
        added: bool = True,
    ) -> None:
        """Put down what an event or an inner firing changes in the correlations that look at its rule."""
        for position, found in self._inputs.get(rule_id, ()):
            for reader in found:
                key = reader.key(value_of)
                if key is None:
                    continue
                value = None
                if reader.fields:
                    value = reader.value(value_of)
                    if value is None:
                        continue
                carried = reader.carry(value_of) if reader.carried else ()
                entry = Entry(time, reader.source, value, reference, event, carried)
                pending.setdefault(position, []).append(Change(added, key, entry))

    def _spread(self, pending: dict[int, list[Change]], cause: Cause) -> list[Firing]:
        """Through the correlations in their order, so that an outer one sees all that its inner ones say."""
        firings: list[Firing] = []
        waiting = sorted(pending)
        while waiting:
            position = heapq.heappop(waiting)
            tracker, changes = self._trackers[position], pending.pop(position)
            if len(changes) > 1:
                changes = _each_once(tracker.rule, changes)
            outcome = tracker.take(changes, cause)
            firings.extend(outcome.firings)
            if outcome.turned and tracker.rule.id in self._inputs:
                self._pass_on(pending, tracker.rule, outcome.turned)
                waiting = sorted(pending)
        if self._ledger.entries > self._limits.total_entries or self._ledger.groups > self._limits.groups:
            self._give_way(cause.clock)
        return firings

    def _pass_on(self, pending: dict[int, list[Change]], rule: CorrelationRule, turned: Sequence[Change]) -> None:
        names = self._carried[rule.id]
        for holds, key, entry in turned:
            values = dict(zip(names, entry.carried, strict=True)) | named_group(rule, key)

            def value_of(name: str, values: Mapping[str, object] = values) -> object:
                value = values.get(name)
                return MISSING if value is None else value

            happening = f"{rule.id} {entry.event}"
            self._enter(pending, rule.id, value_of, entry.time, entry.ref, happening, holds)

    def _give_way(self, clock: Clock) -> None:
        """Back below the limits: see `Limits.total_entries`."""
        ledger, limits = self._ledger, self._limits
        if ledger.entries > limits.total_entries:
            self._evict(lambda tracker: tracker.entries, limits.total_entries, clock)
        if ledger.groups > limits.groups:
            self._evict(lambda tracker: len(tracker.windows), limits.groups, clock)

    def _evict(self, size: Callable[[Tracker], int], limit: int, clock: Clock) -> None:
        held = sum(map(size, self._trackers))
        while held > limit * _ROOM:
            largest = max(self._trackers, key=size)
            if len(largest.windows) < 2:
                return
            before = size(largest)
            largest.evict_oldest(clock)
            held -= before - size(largest)

    def stats(self) -> CorrelationStats:
        """What is held now, and what was late or given up since the first start."""
        ledger = self._ledger
        return CorrelationStats(
            groups=ledger.groups,
            entries=ledger.entries,
            untimed=ledger.untimed,
            late=dict(ledger.late),
            dropped=dict(ledger.dropped),
            expired=ledger.expired,
            withdrawn=ledger.withdrawn,
        )

    def snapshot(self) -> bytes:
        """The whole state as JSON, to be given to `restore` of a correlator over the same or changed rules."""
        return write_snapshot(self._trackers, self._ledger, self._clock, self._latest)

    def restore(self, state: bytes) -> None:
        """Go on from a snapshot.

        A correlation that was changed, or that looks at a changed rule, begins anew; the others go on where they were.

        Raises:
            ValueError: not a snapshot, or of an unknown format.
        """
        self._start_afresh()
        self._clock, self._latest = read_snapshot(state, self._trackers, self._ledger)


def _each_once(rule: CorrelationRule, changes: list[Change]) -> list[Change]:
    """In the order of the correlation's rules; for a count one event is one event, though two of the rules match it."""
    changes.sort(key=lambda change: change.entry.source)
    if rule.type.is_temporal:
        return changes
    return list({(change.added, change.key, change.entry.event): change for change in reversed(changes)}.values())[::-1]
