"""Correlation in event time over true sliding windows.

A correlation holds *at a moment* when its condition is true for the events of the same group in the `timespan` that ends at that
moment, both ends included; it is judged at the moments of its events. An event that arrives late is put where it belongs and every
moment it bears on is judged anew: what holds at the end does not depend on the order of arrival, as long as no event is later than allowed.
A firing that a late event disproves is withdrawn. A correlation counts for an outer one once per moment and group. State is bounded
(`Limits`), what is given up is counted (`Correlator.stats`). Source: Sigma correlation rules specification 2.1.0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import TypeAlias

from detectors.sigma.correlation_rules import CorrelationRule
from detectors.sigma.engine import Match
from detectors.sigma.firing import Firing, Withdrawal
from detectors.sigma.measure import Entry
from detectors.sigma.moments import moment_us
from detectors.sigma.readings import Reader, ValueOf, default_partition, named_group, no_partition
from detectors.sigma.ruleset import NONE, RuleSet
from detectors.sigma.snapshots import read_snapshot, write_snapshot
from detectors.sigma.tracking import Cause, Change, CorrelationStats, Limits, Stream, Tracker
from detectors.sigma.values import MISSING, Document
from detectors.sigma.wiring import wire

__all__ = ["CorrelationStats", "Correlator", "Firing", "Limits", "Withdrawal"]
DEFAULT_LIMITS = Limits()
_ROOM = 1 / 16
"""Share of a limit that is freed on giving way, so that not every event has to."""
Pending: TypeAlias = dict[int, list[Change]]
"""Position of a correlation -> what changes for it."""
_NOTHING: tuple[object, ...] = ()
_entry = partial(tuple.__new__, Entry)
"""An entry without the call that a named tuple makes in between; one is made for every event."""


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
        self._stream = Stream(room=self._limits.total_entries, room_for_groups=self._limits.groups)
        self._trackers = [Tracker(rule, self._limits, self._stream, self._withdrawn) for rule in self._rules]
        self._only = {
            rule_id: (self._trackers[found[0].position], found[0].readers[0])
            for rule_id, found in self._inputs.items()
            if len(found) == 1 and len(found[0].readers) == 1
        }

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
        inputs = self._inputs
        wanted = [match for match in matches if match.rule.id in inputs]
        if not wanted:
            return []
        first = wanted[0]
        time = moment_us(document) if time_us is None else time_us
        if time is None:
            time = moment_us(first.document)
        if time is None:
            self._stream.untimed += 1
            return []
        stream = self._stream
        if stream.advance(time, document) > 0:
            self._note_lateness(stream.newest - time, document)
        only = self._only.get(first.rule.id)
        if only is not None and len(wanted) == 1:
            firings = self._arrive(*only, first, time, reference)
        else:
            firings = self._arrive_at_all(wanted, time, reference)
        if stream.room < 0 or stream.room_for_groups < 0:
            self._give_way()
        return firings

    def _note_lateness(self, lag: int, document: Document) -> None:
        source, platform = document.get("soc.source"), document.get("soc.platform")
        if lag > self._limits.lateness_us(source, platform):
            own = source if source in self._limits.lateness_of else platform
            self._stream.late[str(own or "")] += 1

    def _arrive(self, tracker: Tracker, reader: Reader, match: Match, time: int, reference: str) -> list[Firing]:
        """An event that one correlation looks at, once: the common case, kept short."""
        value_of, document = match.value_of, match.document
        alone = value_of(reader.alone) if reader.alone else None
        key = (alone,) if type(alone) is str else reader.key(value_of, document)
        if key is None:
            return []
        value = None
        if reader.fields:
            value = reader.value(value_of)
            if value is None:
                return []
        carried = reader.carry(value_of) if reader.carried else _NOTHING
        entry = _entry((time, reader.source, value, reference, reference, carried))
        outcome = tracker.arrive(key, entry, document)
        if outcome is None:
            return []
        if outcome.turned and tracker.rule.id in self._inputs:
            pending: Pending = {}
            self._pass_on(pending, tracker.rule, outcome.turned)
            return outcome.firings + self._spread(pending, Cause(reference, document))
        return outcome.firings

    def _arrive_at_all(self, wanted: Sequence[Match], time: int, reference: str) -> list[Firing]:
        pending: Pending = {}
        for match in wanted:
            self._enter(pending, match.rule.id, match.value_of, match.document, (time, reference, reference))
        return self._spread(pending, Cause(reference, wanted[0].document))

    def _enter(
        self,
        pending: Pending,
        rule_id: str,
        value_of: ValueOf,
        document: Document,
        happening: tuple[int, str, str],
        added: bool = True,
    ) -> None:
        """Put down what an event or an inner firing (time, reference, name) changes in the correlations that look at its rule."""
        time, reference, event = happening
        for position, found in self._inputs.get(rule_id, ()):
            for reader in found:
                key = reader.key(value_of, document)
                value = reader.value(value_of) if reader.fields else None
                if key is None or (reader.fields and value is None):
                    continue
                entry = Entry(time, reader.source, value, reference, event, reader.carry(value_of))
                pending.setdefault(position, []).append(Change(added, key, entry))

    def _spread(self, pending: Pending, cause: Cause) -> list[Firing]:
        """Through the correlations in their order, so that an outer one sees all that its inner ones say."""
        firings: list[Firing] = []
        while pending:
            position = min(pending)
            tracker, changes = self._trackers[position], pending.pop(position)
            if len(changes) > 1:
                changes = _each_once(tracker.rule, changes)
            outcome = tracker.take(changes, cause)
            firings.extend(outcome.firings)
            if tracker.rule.id in self._inputs:
                self._pass_on(pending, tracker.rule, outcome.turned)
        return firings

    def _pass_on(self, pending: Pending, rule: CorrelationRule, turned: Sequence[Change]) -> None:
        names = self._carried[rule.id]
        for holds, key, entry in turned:
            carried = {name: value for name, value in zip(names, entry.carried, strict=True) if value is not None}
            values: dict[str, object] = carried | named_group(rule, key)
            happening = (entry.time, entry.ref, f"{rule.id} {entry.event}")
            self._enter(pending, rule.id, _reading(values), values, happening, holds)

    def _give_way(self) -> None:
        """Back below the limits: see `Limits.total_entries`."""
        stream, limits = self._stream, self._limits
        self._shed([tracker.entries for tracker in self._trackers], limits.total_entries, entries=True)
        self._shed([len(tracker.windows) for tracker in self._trackers], limits.groups, entries=False)
        stream.room = limits.total_entries - sum(tracker.entries for tracker in self._trackers)
        stream.room_for_groups = limits.groups - sum(len(tracker.windows) for tracker in self._trackers)

    def _shed(self, sizes: list[int], limit: int, *, entries: bool) -> None:
        """Let the largest shrink to the size of the next, then both, and so on, until there is room again."""
        excess = sum(sizes) - limit
        if excess <= 0:
            return
        for position, surplus in _surplus(sizes, excess + int(limit * _ROOM)).items():
            self._trackers[position].give_way(*((surplus, 0) if entries else (0, surplus)))

    def stats(self) -> CorrelationStats:
        """What is held now, and what was late or given up since the first start."""
        stream = self._stream
        return CorrelationStats(
            groups=sum(len(tracker.windows) for tracker in self._trackers),
            entries=sum(tracker.entries for tracker in self._trackers),
            untimed=stream.untimed,
            late=dict(stream.late),
            dropped=dict(stream.dropped),
            expired=stream.expired,
            withdrawn=stream.withdrawn,
        )

    def snapshot(self) -> bytes:
        """The whole state as JSON, to be given to `restore` of a correlator over the same or changed rules."""
        return write_snapshot(self._trackers, self._stream)

    def restore(self, state: bytes) -> None:
        """Go on from a snapshot.

        A correlation that was changed, or that looks at a changed rule, begins anew; the others go on where they were.

        Raises:
            ValueError: not a snapshot, or of an unknown format.
        """
        self._start_afresh()
        read_snapshot(state, self._trackers, self._stream)
        self._give_way()


def _reading(values: Mapping[str, object]) -> ValueOf:
    return lambda name: values.get(name, MISSING)


def _each_once(rule: CorrelationRule, changes: list[Change]) -> list[Change]:
    """In the order of the correlation's rules; for a count one event is one event, though two of the rules match it."""
    changes.sort(key=lambda change: change.entry.source)
    if rule.type.is_temporal:
        return changes
    return list({(change.added, change.key, change.entry.event): change for change in reversed(changes)}.values())[::-1]


def _surplus(sizes: Sequence[int], excess: int) -> dict[int, int]:
    """What each must give for all to give `excess` together, the largest first: they come down to one common level."""
    level, rest = 0, excess
    order = sorted(range(len(sizes)), key=sizes.__getitem__, reverse=True)
    for count, position in enumerate(order, 1):
        following = sizes[order[count]] if count < len(order) else 0
        step = (sizes[position] - following) * count
        if step >= rest:
            level = sizes[position] - -(-rest // count)
            break
        rest -= step
    return {position: sizes[position] - level for position in order if sizes[position] > level}
