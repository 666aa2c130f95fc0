"""Repeated matches made into few alerts, without losing one.

A bundle holds what a rule keeps saying about the same thing: the same rule, agency, exercise and entities, within a span of time from
the first event. Of a bundle, alerts are made at the 1st, 10th, 100th, ... match, and one of the rest when its time is over; each
carries the events since the one before. So the first match is told at once, a flood of 5,000 makes five alerts, and every event is
counted in exactly one of them. What comes out depends on the order of the events only, not on how they were cut into batches.
"""

from __future__ import annotations

import heapq
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any, TypeAlias

from soc.core.clock import iso, parse_iso

MAX_EVENT_IDS = 200
"""Ids kept for one alert, the first and the last ones half each; the count goes on beyond."""
MAX_BUNDLES = 20_000
Key: TypeAlias = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Subject:
    """What a bundle is about; never without an agency or an entity (law 5).

    Attributes:
        agency: the one the alert belongs to.
        entities: ECS field -> value; two subjects that differ here are never bundled.
        shown: further fields -> values of the first match, for the reader and for incidents; they set nothing apart.
    """

    rule_id: str
    agency: str
    exercise: str | None
    platform: str
    entities: tuple[tuple[str, str], ...]
    shown: tuple[tuple[str, str], ...] = ()

    def __post_init__(self) -> None:
        if not self.agency or not self.entities:
            raise ValueError("a bundle without agency or entity would mute others")

    @property
    def key(self) -> Key:
        """Agency, exercise and entity are always in it: one host never mutes another, nor one agency another (law 5)."""
        run = "" if self.exercise is None else f"exercise {self.exercise}"
        return (self.rule_id, self.agency, run, self.platform, *(part for pair in self.entities for part in pair))


@dataclass(frozen=True, slots=True)
class Occurrence:
    """One match: its event, its time, and field -> value that satisfied the rule."""

    event_id: str
    moment: datetime
    matched: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Bundled:
    """Matches that go into one alert.

    Attributes:
        total: matches of the bundle so far, these included.
        count: matches in this alert.
        event_ids: of these, in order of arrival: all, or the first and the last MAX_EVENT_IDS / 2.
        matched: of the first of these.
    """

    subject: Subject
    total: int
    count: int
    event_ids: tuple[str, ...]
    first: datetime
    last: datetime
    matched: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Held:
    """An open bundle with matches that wait for its next alert.

    Attributes:
        total: matches of the bundle so far, told or not.
        count: of those, not yet told.
        first, last, event_ids: of those not yet told.
    """

    subject: Subject
    total: int
    count: int
    first: datetime
    last: datetime
    event_ids: tuple[str, ...]


@dataclass(slots=True)
class _Bundle:
    subject: Subject
    opened: datetime
    span_s: float
    total: int = 0
    held: int = 0
    event_ids: list[str] = field(default_factory=list)
    first: datetime | None = None
    last: datetime | None = None
    matched: Mapping[str, object] = field(default_factory=dict)

    @property
    def over_at(self) -> datetime:
        return self.opened + timedelta(seconds=self.span_s)

    def covers(self, moment: datetime) -> bool:
        return abs((moment - self.opened).total_seconds()) <= self.span_s

    def add(self, occurrence: Occurrence) -> None:
        if not self.held:
            self.first = self.last = occurrence.moment
            self.matched = occurrence.matched
            self.event_ids = []
        self.total += 1
        self.held += 1
        self.first = min(self.first or occurrence.moment, occurrence.moment)
        self.last = max(self.last or occurrence.moment, occurrence.moment)
        self.event_ids.append(occurrence.event_id)
        if len(self.event_ids) > MAX_EVENT_IDS:
            del self.event_ids[MAX_EVENT_IDS // 2]

    def take(self) -> Bundled:
        """What is held, which is then held no longer."""
        assert self.first is not None  # noqa: S101 - set by the first add
        assert self.last is not None  # noqa: S101
        taken = Bundled(self.subject, self.total, self.held, tuple(self.event_ids), self.first, self.last, self.matched)
        self.held = 0
        self.event_ids = []
        return taken


class Bundler:
    """The open bundles."""

    def __init__(self, max_bundles: int = MAX_BUNDLES) -> None:
        self._max = max_bundles
        self._bundles: OrderedDict[Key, _Bundle] = OrderedDict()
        # Some ends are of bundles that were closed before; they are passed over when their time comes.
        self._ends: list[tuple[datetime, Key]] = []

    def __len__(self) -> int:
        return len(self._bundles)

    def add(self, subject: Subject, occurrence: Occurrence, span: timedelta) -> Iterator[Bundled]:
        """Take in a match; gives what is to be told now."""
        bundle = self._bundles.get(subject.key)
        if bundle is not None and not bundle.covers(occurrence.moment):
            yield from self._close(subject.key)
            bundle = None
        if bundle is None:
            bundle = _Bundle(subject, occurrence.moment, span.total_seconds())
            self._open(bundle)
        bundle.add(occurrence)
        if _is_power_of_ten(bundle.total):
            yield bundle.take()
        while len(self._bundles) > self._max:
            yield from self._close(next(iter(self._bundles)))

    def holds(self, subject: Subject, moment: datetime) -> bool:
        """Whether a match of that moment would join an open bundle."""
        bundle = self._bundles.get(subject.key)
        return bundle is not None and bundle.covers(moment)

    def announced(self, subject: Subject, moment: datetime, span: timedelta) -> Iterator[Bundled]:
        """Begin a bundle whose first alert was made elsewhere: only what follows is bundled."""
        yield from self._close(subject.key)
        self._open(_Bundle(subject, moment, span.total_seconds(), total=1))

    def close_before(self, moment: datetime) -> Iterator[Bundled]:
        """Give the rest of every bundle whose time ended before `moment`, and forget it."""
        while self._ends and self._ends[0][0] < moment:
            end, key = heapq.heappop(self._ends)
            bundle = self._bundles.get(key)
            if bundle is not None and bundle.over_at == end:
                yield from self._close(key)

    def close_all(self) -> Iterator[Bundled]:
        """Give the rest of every bundle."""
        for key in list(self._bundles):
            yield from self._close(key)

    def _open(self, bundle: _Bundle) -> None:
        self._bundles[bundle.subject.key] = bundle
        heapq.heappush(self._ends, (bundle.over_at, bundle.subject.key))

    def _close(self, key: Key) -> Iterator[Bundled]:
        bundle = self._bundles.pop(key, None)
        if bundle is not None and bundle.held:
            yield bundle.take()

    def open(self) -> Iterator[Held]:
        """What no alert has told yet, oldest bundle first."""
        for bundle in self._bundles.values():
            if bundle.held and bundle.first is not None and bundle.last is not None:
                yield Held(
                    bundle.subject, bundle.total, bundle.held, bundle.first, bundle.last, tuple(bundle.event_ids)
                )

    def state(self) -> list[dict[str, Any]]:
        """The bundles as JSON values."""
        return [
            asdict(bundle) | {"opened": iso(bundle.opened), "first": _text(bundle.first), "last": _text(bundle.last)}
            for bundle in self._bundles.values()
        ]

    def restore(self, state: list[dict[str, Any]]) -> None:
        """Take over what `state` gave."""
        self._bundles.clear()
        self._ends.clear()
        for found in state:
            self._open(_bundle_of(found))


def _bundle_of(found: dict[str, Any]) -> _Bundle:
    pairs = {part: tuple((name, value) for name, value in found["subject"][part]) for part in ("entities", "shown")}
    return _Bundle(
        **found
        | {
            "subject": Subject(**found["subject"] | pairs),
            "opened": parse_iso(found["opened"]),
            "first": found["first"] and parse_iso(found["first"]),
            "last": found["last"] and parse_iso(found["last"]),
        }
    )


def _text(moment: datetime | None) -> str | None:
    return None if moment is None else iso(moment)


def keep_ends(ids: list[str], most: int) -> list[str]:
    """All of them, or the first and the last `most` / 2."""
    return ids if len(ids) <= most else ids[: most // 2] + ids[-(most // 2) :]


def _is_power_of_ten(number: int) -> bool:
    while number >= 10 and number % 10 == 0:
        number //= 10
    return number == 1
