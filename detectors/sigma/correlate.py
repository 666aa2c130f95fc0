"""Correlation in event time over true sliding windows.

A correlation holds *at* an event when its condition is true for the events of the same group in the `timespan` that ends with
that event, both ends included. An event that arrives late is put where it belongs and every window it falls into is judged
anew, so the outcome does not depend on the order of arrival. State is bounded: entries older than the window plus the allowed
lateness go; beyond the limits the group touched longest ago goes, and is counted. Source: Sigma correlation rules
specification 2.1.0.
"""

from __future__ import annotations

import heapq
from bisect import bisect_left, insort
from collections import OrderedDict, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import orjson

from detectors.alert import Explanation
from detectors.sigma.correlation_rules import CorrelationRule, CorrelationType
from detectors.sigma.engine import Match
from detectors.sigma.measure import Entry, measure, satisfied
from detectors.sigma.moments import from_us, moment_us
from detectors.sigma.pipelines import NONE
from detectors.sigma.rules import RuleSet
from detectors.sigma.values import MISSING, Document, number, text
from soc.core.i18n import Lang, Message, msg

_FORMAT = 1
AGENCY, EXERCISE = "soc.agency", "soc.exercise"


def default_partition(rule: CorrelationRule) -> tuple[str, ...]:
    """Marks that keep events apart besides `group-by`: no agency is mixed with another, and no exercise with the real thing.

    A rule with `vonggac: {scope: province}` looks over all agencies.
    """
    ours = rule.custom.get("vonggac")
    province = isinstance(ours, Mapping) and ours.get("scope") == "province"
    return (EXERCISE,) if province else (AGENCY, EXERCISE)


def no_partition(_rule: CorrelationRule) -> tuple[str, ...]:
    """Nothing but `group-by`."""
    return ()


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a correlator remembers.

    Attributes:
        lateness: how far an event may lag behind the newest of its group and still find the events around it.
        window_entries: entries of one group of one rule; the oldest go first.
        total_entries: entries of all groups; the group touched longest ago goes first.
    """

    lateness: timedelta = timedelta(hours=1)
    window_entries: int = 10_000
    total_entries: int = 400_000


@dataclass(frozen=True, slots=True)
class Firing:
    """A correlation that holds at an event.

    Attributes:
        rule: the correlation.
        group: name in `group-by` -> value.
        references: of the events in the window, in order of time.
        reference: the event that arrived last and made it hold.
        first, last: times of the first and the last event of the window.
        measured: the number the condition is about.
        repeated: a firing of the same group was reported less than a timespan away; worth counting, not an alert of its own.
        document: the event that completed it, as its rule read it.
    """

    rule: CorrelationRule
    group: Mapping[str, object]
    references: tuple[str, ...]
    reference: str
    first: datetime
    last: datetime
    measured: float
    repeated: bool
    document: Document

    @property
    def matched(self) -> Mapping[str, object]:
        """The grouping values and what was measured."""
        return {**self.group, self.rule.type.value: self.measured}

    def explain(self) -> Explanation:
        """One node that says what was counted, for whom and in which time."""
        sentence = _sentence(self)
        return Explanation(
            "sequence" if self.rule.type is CorrelationType.TEMPORAL_ORDERED else "count",
            held=True,
            subject=", ".join(self.rule.criteria.fields or self.rule.group_by),
            operator=" ".join(f"{op} {bound:g}" for op, bound in self.rule.criteria.bounds),
            found=self.measured,
            text={lang.value: sentence.render(lang) for lang in Lang},
        )


def _sentence(firing: Firing) -> Message:
    who = ", ".join(f"{name} = {text(value)}" for name, value in firing.group.items())
    return msg(
        "{kind} đo được {measured} từ {count} sự kiện trong {seconds} giây, nhóm {who}",
        kind=firing.rule.type.value,
        measured=f"{firing.measured:g}",
        count=len(firing.references),
        seconds=f"{(firing.last - firing.first).total_seconds():g}",
        who=who or "*",
    )


@dataclass(frozen=True, slots=True)
class _Happening:
    """An event or an inner firing, as a correlation sees it."""

    time: int
    seq: int
    value_of: Callable[[str], object]
    document: Document
    ref: str


@dataclass(slots=True)
class _Window:
    """The entries of one group of one correlation."""

    entries: list[Entry] = field(default_factory=list)
    latest: int | None = None
    reported: int | None = None


class Correlator:
    """Feeds matches to the correlation rules of a rule set.

    Args:
        ruleset: with the correlations.
        limits: of the state.
        partition: fields that keep events apart besides `group-by`; by default the agency and the exercise, and nothing
            for a rule set loaded with the pipeline `none`.
    """

    def __init__(
        self,
        ruleset: RuleSet,
        limits: Limits = Limits(),
        partition: Callable[[CorrelationRule], tuple[str, ...]] | None = None,
    ) -> None:
        self._rules = ruleset.correlations
        self._limits = limits
        self._partition = partition or (no_partition if ruleset.pipeline == NONE else default_partition)
        self._consumers = _consumers(self._rules)
        self._windows: OrderedDict[bytes, _Window] = OrderedDict()
        self._seq = 0
        self._entries = 0
        self.evicted = 0
        self.untimed = 0

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
        wanted = [match for match in matches if match.rule.id in self._consumers]
        if not wanted:
            return []
        time = moment_us(document) if time_us is None else time_us
        if time is None:
            time = moment_us(wanted[0].document)
        if time is None:
            self.untimed += 1
            return []
        self._seq += 1
        happened: dict[str, list[_Happening]] = defaultdict(list)
        for match in wanted:
            happened[match.rule.id].append(_Happening(time, self._seq, match.value_of, match.document, reference))
        return self._spread(happened)

    def _spread(self, happened: dict[str, list[_Happening]]) -> list[Firing]:
        """Through the correlations in their order, so that inner firings reach the outer ones."""
        firings: list[Firing] = []
        waiting = sorted({position for rule_id in happened for position in self._consumers[rule_id]})
        while waiting:
            position = heapq.heappop(waiting)
            rule = self._rules[position]
            fired = self._judge(rule, happened)
            firings.extend(firing for firing, _ in fired)
            if fired and rule.id in self._consumers:
                happened[rule.id].extend(happening for _, happening in fired)
                for outer in self._consumers[rule.id]:
                    if outer not in waiting:
                        heapq.heappush(waiting, outer)
        return firings

    def _judge(
        self, rule: CorrelationRule, happened: Mapping[str, Sequence[_Happening]]
    ) -> list[tuple[Firing, _Happening]]:
        fired: list[tuple[Firing, _Happening]] = []
        counted: set[tuple[bytes, int]] = set()
        for source, rule_id in enumerate(rule.sources):
            for happening in happened.get(rule_id, ()):
                group = _group(rule, rule_id, happening)
                value = _value(rule, rule_id, happening)
                if group is None or value is MISSING:
                    continue
                key = self._key(rule, group, happening)
                if not rule.type.is_temporal:
                    if (key, happening.seq) in counted:  # one event is one event, though two of the rules match it
                        continue
                    counted.add((key, happening.seq))
                entry = Entry(happening.time, happening.seq, source, value, happening.ref)  # type: ignore[arg-type]
                fired.extend(self._enter(rule, key, group, entry, happening))
        return fired

    def _key(self, rule: CorrelationRule, group: Mapping[str, object], happening: _Happening) -> bytes:
        marks = [_plain(happening.value_of(name)) for name in self._partition(rule)]
        return orjson.dumps([rule.id, marks, list(group.values())])

    def _enter(
        self, rule: CorrelationRule, key: bytes, group: Mapping[str, object], entry: Entry, happening: _Happening
    ) -> list[tuple[Firing, _Happening]]:
        """Put an entry into its window and judge every window it falls into."""
        window = self._windows.setdefault(key, _Window())
        self._windows.move_to_end(key)
        insort(window.entries, entry)
        self._entries += 1
        self._prune(rule, window, entry.time)
        fired = []
        index = bisect_left(window.entries, entry)
        while index < len(window.entries) and window.entries[index].time <= entry.time + rule.span_us:
            firing = self._at(rule, window, index, group, happening)
            if firing is not None:
                fired.append((firing, self._derived(firing, window.entries[index].time, happening)))
            index += 1
        self._evict(key)
        return fired

    def _at(
        self, rule: CorrelationRule, window: _Window, index: int, group: Mapping[str, object], happening: _Happening
    ) -> Firing | None:
        """The firing at the entry of `index`, if the condition holds for the window that ends there."""
        anchor = window.entries[index]
        begin = bisect_left(window.entries, (anchor.time - rule.span_us,))
        entries = window.entries[begin : index + 1]
        measured = measure(rule, entries)
        if not satisfied(rule, entries, measured):
            return None
        repeated = window.reported is not None and abs(anchor.time - window.reported) <= rule.span_us
        if not repeated:
            window.reported = anchor.time
        return Firing(
            rule,
            group,
            tuple(dict.fromkeys(entry.ref for entry in entries)),
            happening.ref,
            from_us(entries[0].time),
            from_us(anchor.time),
            measured,
            repeated,
            happening.document,
        )

    def _derived(self, firing: Firing, time: int, cause: _Happening) -> _Happening:
        """The firing as an event for outer correlations: its group first, then the event that completed it."""
        self._seq += 1

        def value_of(name: str) -> object:
            return firing.group[name] if name in firing.group else cause.value_of(name)

        return _Happening(time, self._seq, value_of, cause.document, cause.ref)

    def _prune(self, rule: CorrelationRule, window: _Window, time: int) -> None:
        """Drop what no window can need any more.

        The horizon follows the earlier of the last two arrivals, so that one event with a clock far ahead drops nothing.
        """
        newest = time if window.latest is None else min(time, window.latest)
        window.latest = time
        horizon = newest - rule.span_us - self._limits.lateness // timedelta(microseconds=1)
        old = bisect_left(window.entries, (horizon,))
        excess = len(window.entries) - self._limits.window_entries
        if excess > old:
            self.evicted += excess - old
            old = excess
        if old > 0:
            del window.entries[:old]
            self._entries -= old

    def _evict(self, current: bytes) -> None:
        while self._entries > self._limits.total_entries and next(iter(self._windows)) != current:
            _, window = self._windows.popitem(last=False)
            self._entries -= len(window.entries)
            self.evicted += len(window.entries)

    @property
    def size(self) -> tuple[int, int]:
        """Groups and entries held."""
        return len(self._windows), self._entries

    def snapshot(self) -> bytes:
        """The whole state as JSON, to be given to `restore` of a correlator over the same rules."""
        windows = [
            [key.decode(), window.latest, window.reported, [list(entry) for entry in window.entries]]
            for key, window in self._windows.items()
        ]
        return orjson.dumps(
            {"format": _FORMAT, "seq": self._seq, "evicted": self.evicted, "untimed": self.untimed, "windows": windows}
        )

    def restore(self, state: bytes) -> None:
        """Go on from a snapshot; groups of rules that no longer exist are left out.

        Raises:
            ValueError: not a snapshot of this format.
        """
        found = orjson.loads(state)
        if not isinstance(found, dict) or found.get("format") != _FORMAT:
            raise ValueError("unknown snapshot format")
        known = {rule.id for rule in self._rules}
        self._windows = OrderedDict(
            (key.encode(), _Window([Entry(*entry) for entry in entries], latest, reported))
            for key, latest, reported, entries in found["windows"]
            if orjson.loads(key)[0] in known
        )
        self._entries = sum(len(window.entries) for window in self._windows.values())
        self._seq, self.evicted, self.untimed = found["seq"], found["evicted"], found["untimed"]


def _consumers(rules: Sequence[CorrelationRule]) -> Mapping[str, tuple[int, ...]]:
    """Rule id -> positions of the correlations that look at it."""
    found: dict[str, list[int]] = {}
    for position, rule in enumerate(rules):
        for source in dict.fromkeys(rule.sources):
            found.setdefault(source, []).append(position)
    return {rule_id: tuple(positions) for rule_id, positions in found.items()}


def _group(rule: CorrelationRule, rule_id: str, happening: _Happening) -> dict[str, object] | None:
    """The grouping values; None when the event lacks one, as it then belongs to no group."""
    group: dict[str, object] = {}
    for name in rule.group_by:
        value = _plain(_aliased(rule, name, rule_id, happening))
        if value is None:
            return None
        group[name] = value
    return group


def _aliased(rule: CorrelationRule, name: str, rule_id: str, happening: _Happening) -> object:
    """The value under the name the rule has for it; an inner correlation knows the alias itself."""
    own = rule.field_for(name, rule_id)
    value = happening.value_of(own)
    return happening.value_of(name) if value is MISSING and own != name else value


def _plain(value: object) -> object:
    """A value as it stands in a key: scalars as they are, anything else as JSON text; None where there is none."""
    if value is MISSING or value is None:
        return None
    if isinstance(value, list) and len(value) == 1:
        return _plain(value[0])
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return str(value)
    if isinstance(value, (str, int, float)):
        return value
    return orjson.dumps(value, default=str).decode()


def _value(rule: CorrelationRule, rule_id: str, happening: _Happening) -> object:
    """What a value correlation reads from the event; MISSING leaves the event out."""
    if not rule.type.reads_values:
        return None
    found = [_plain(_aliased(rule, name, rule_id, happening)) for name in rule.criteria.fields]
    if rule.type is not CorrelationType.VALUE_COUNT:
        measured = number(found[0])
        return MISSING if measured is None else measured
    if any(value is None for value in found):
        return MISSING
    return orjson.dumps([text(value) for value in found]).decode()
