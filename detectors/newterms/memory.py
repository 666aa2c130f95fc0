"""Which terms each entity has shown, and when last: bounded, exact within its bounds, in hours of event time.

Beyond `Limits` what was seen least lately is dropped and counted; a dropped term is new when it comes again, a dropped entity is a
newcomer again. Hours keep the state small: a time is exact to one hour, so a term is forgotten up to one hour late.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import orjson

Space: TypeAlias = tuple[str, str]
"""Rule and agency: what is learnt in one never shows in another (law 5)."""
Key: TypeAlias = tuple[str, str, str]
"""Rule, agency, entity."""
SHOWN = 5
_SHARE = 10
"""A tenth is dropped at once, so that the search for the oldest is spread over many additions."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Terms of all entities together, of one entity, and exercise runs remembered apart."""

    terms: int = 200_000
    per_entity: int = 500
    runs: int = 8


@dataclass(frozen=True, slots=True)
class Known:
    """What was known before an event.

    Attributes:
        learnt_h: hours since the first event of the agency; None before it.
        entity_h: hours since the first event of the entity; None before it.
        away_h: hours since the term was last seen; None when never.
        count: terms of the entity.
        latest: of these, those seen last.
    """

    learnt_h: int | None
    entity_h: int | None
    away_h: int | None
    count: int = 0
    latest: tuple[str, ...] = ()


@dataclass(slots=True)
class _Entity:
    first: int
    last: int
    terms: dict[str, int] = field(default_factory=dict)


class TermMemory:
    """The terms of all entities."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._starts: dict[Space, int] = {}
        self._spaces: dict[Space, dict[str, _Entity]] = {}
        self._written: dict[Space, orjson.Fragment] = {}
        self.size = 0
        self.dropped = 0

    def look(self, key: Key, term: str, hour: int) -> Known:
        """What is known of a term of an entity at an hour; changes nothing."""
        start, entity = self._starts.get(key[:2]), self._entity(key)
        learnt = None if start is None else hour - start
        if entity is None:
            return Known(learnt, None, None)
        seen = entity.terms.get(term)
        if seen is not None:
            return Known(learnt, hour - entity.first, hour - seen, len(entity.terms))
        latest = sorted(entity.terms, key=lambda known: (-entity.terms[known], known))[:SHOWN]
        return Known(learnt, hour - entity.first, None, len(entity.terms), tuple(latest))

    def renew(self, key: Key, term: str, hour: int, forget_h: int) -> bool:
        """Note that a term known of late is seen again; False when it is not known, and nothing has changed."""
        entity = self._entity(key)
        seen = None if entity is None else entity.terms.get(term)
        if entity is None or seen is None or hour - seen > forget_h:
            return False
        if hour > seen:
            entity.terms[term] = hour
            entity.last = max(entity.last, hour)
            self._written.pop(key[:2], None)
        return True

    def learn(self, key: Key, term: str, hour: int) -> None:
        """Remember a term; the hour of what is known only moves forward, whatever order events come in."""
        space = key[:2]
        self._starts.setdefault(space, hour)
        self._written.pop(space, None)
        entity = self._entity(key)
        if entity is None:
            entity = self._spaces.setdefault(space, {})[key[2]] = _Entity(hour, hour)
        entity.last = max(entity.last, hour)
        known = entity.terms.get(term)
        if known is None:
            self.size += 1
            entity.terms[term] = hour
            self._bound(entity)
        elif known < hour:
            entity.terms[term] = hour

    def _entity(self, key: Key) -> _Entity | None:
        entities = self._spaces.get(key[:2])
        return None if entities is None else entities.get(key[2])

    def _bound(self, entity: _Entity) -> None:
        if len(entity.terms) > self._limits.per_entity:
            oldest = sorted(entity.terms, key=lambda term: (entity.terms[term], term))
            for term in oldest[: max(1, self._limits.per_entity // _SHARE)]:
                del entity.terms[term]
                self.size -= 1
                self.dropped += 1
        if self.size > self._limits.terms:
            self._drop_entities()

    def _drop_entities(self) -> None:
        """Those seen least lately; ties by key, so that a restart changes nothing."""
        wanted = self._limits.terms - self._limits.terms // _SHARE
        rows = ((e.last, space, name) for space, entities in self._spaces.items() for name, e in entities.items())
        for _, space, name in sorted(rows):
            if self.size <= wanted:
                break
            gone = len(self._spaces[space].pop(name).terms)
            self._written.pop(space, None)
            self.size -= gone
            self.dropped += gone

    def state(self) -> dict[str, Any]:
        """The memory as JSON values; what has not changed since the last time is not written out again."""
        for space, entities in self._spaces.items():
            if space not in self._written:
                rows = [[name, entity.first, entity.last, entity.terms] for name, entity in entities.items()]
                self._written[space] = orjson.Fragment(orjson.dumps(rows))
        return {
            "starts": [[*space, hour] for space, hour in self._starts.items()],
            "spaces": [[*space, self._written[space]] for space in self._spaces],
            "dropped": self.dropped,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over what `state` gave, once written and read."""
        self._starts = {(rule, agency): hour for rule, agency, hour in state["starts"]}
        self._spaces = {
            (rule, agency): {name: _Entity(first, last, terms) for name, first, last, terms in rows}
            for rule, agency, rows in state["spaces"]
        }
        self._written = {}
        self.size = sum(len(e.terms) for entities in self._spaces.values() for e in entities.values())
        self.dropped = state["dropped"]


class Memories:
    """The memory of the real world, and beside it a small one for each exercise run: exercises ask both and teach only their own."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self.real = TermMemory(limits)
        self._runs: dict[str, TermMemory] = {}

    def look(self, run: str | None, key: Key, term: str, hour: int) -> Known:
        """What the real world knows; a term that the run itself has shown is known too."""
        known = self.real.look(key, term, hour)
        if run is None or known.away_h is not None or run not in self._runs:
            return known
        return replace(known, away_h=self._runs[run].look(key, term, hour).away_h)

    def is_familiar(self, run: str | None, key: Key, term: str, hour: int, forget_h: int) -> bool:
        """Whether the real world has shown a term of late, which is then noted: the short way for nearly every event."""
        return run is None and self.real.renew(key, term, hour, forget_h)

    def learn(self, run: str | None, key: Key, term: str, hour: int) -> None:
        """Remember a term of the real world or of a run."""
        if run is None:
            self.real.learn(key, term, hour)
            return
        if run not in self._runs:
            for oldest in list(self._runs)[: max(0, len(self._runs) - self._limits.runs + 1)]:
                del self._runs[oldest]
            self._runs[run] = TermMemory(Limits(terms=self._limits.terms // 40, per_entity=self._limits.per_entity))
        self._runs[run].learn(key, term, hour)

    def all(self) -> Iterator[TermMemory]:
        """Every memory, the real one first."""
        yield self.real
        yield from self._runs.values()

    def state(self) -> dict[str, Any]:
        """The memories as JSON values."""
        return {"real": self.real.state(), "runs": [[run, memory.state()] for run, memory in self._runs.items()]}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over what `state` gave."""
        self.real.restore(state["real"])
        self._runs = {}
        for run, found in state["runs"]:
            self._runs[run] = TermMemory(Limits(terms=self._limits.terms // 40, per_entity=self._limits.per_entity))
            self._runs[run].restore(found)
