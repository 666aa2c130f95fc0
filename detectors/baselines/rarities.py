"""How often a value was seen among the events of an entity, by day, over the history of the definition."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeAlias

from detectors.baselines.score import Score, rarity_score
from detectors.baselines.season import slot_of
from detectors.baselines.spec import DAY, Baseline

Key: TypeAlias = tuple[str, str, str, str]
"""Rule, agency, exercise run ("" = real), entity."""
Days: TypeAlias = dict[int, int]
"""Day number -> events."""
MAX_TERMS = 100_000
MAX_TERMS_EACH = 5_000
MAX_GROUPS = 20_000


@dataclass(slots=True)
class _Group:
    first: int
    last: int
    total: Days = field(default_factory=dict)
    terms: dict[str, Days] = field(default_factory=dict)


class Rarities:
    """The values of all entities; beyond the limits what was seen least lately is dropped and counted.

    A dropped value counts as never seen, so it looks rarer than it is; the total stays right.
    """

    def __init__(self) -> None:
        self._groups: dict[Key, _Group] = {}
        self.terms = 0
        self.dropped = 0

    def count(self, key: Key, spec: Baseline, term: str, moment: datetime) -> Score | None:
        """The score of a value before this event, which is then counted; None while learning.

        An exercise is judged by the real world and by what the run itself has shown.
        """
        day = slot_of(moment, DAY)
        own = self._groups.get(key)
        if own is None:
            own = self._groups[key] = _Group(day, day)
        real = self._groups.get((*key[:2], "", key[3])) if key[2] else own
        score = None if real is None else _score(own, real, spec, term, day)
        self._add(own, spec, term, day)
        return score

    def _add(self, group: _Group, spec: Baseline, term: str, day: int) -> None:
        if day > group.last:
            group.last = day
            self._forget(group, day - spec.history // DAY)
        group.total[day] = group.total.get(day, 0) + 1
        days = group.terms.get(term)
        if days is None:
            days = group.terms[term] = {}
            self.terms += 1
        days[day] = days.get(day, 0) + 1
        self._bound(group)

    def _forget(self, group: _Group, oldest: int) -> None:
        """Once a day for each entity."""
        group.total = {day: count for day, count in group.total.items() if day >= oldest}
        kept = {term: {d: n for d, n in days.items() if d >= oldest} for term, days in group.terms.items()}
        before = len(group.terms)
        group.terms = {term: days for term, days in kept.items() if days}
        self.terms -= before - len(group.terms)

    def _bound(self, group: _Group) -> None:
        if len(group.terms) > MAX_TERMS_EACH:
            oldest = sorted(group.terms, key=lambda term: (max(group.terms[term]), term))
            for term in oldest[: MAX_TERMS_EACH // 10]:
                del group.terms[term]
                self.terms -= 1
                self.dropped += 1
        if self.terms > MAX_TERMS or len(self._groups) > MAX_GROUPS:
            quiet = sorted(self._groups, key=lambda key: (self._groups[key].last, key))
            for key in quiet[: max(1, len(quiet) // 10)]:
                gone = len(self._groups.pop(key).terms)
                self.terms -= gone
                self.dropped += gone

    def __len__(self) -> int:
        return len(self._groups)

    def state(self) -> dict[str, Any]:
        """The values as JSON values."""
        rows = []
        for key, group in self._groups.items():
            terms = {term: list(days.items()) for term, days in group.terms.items()}
            rows.append([*key, group.first, group.last, list(group.total.items()), terms])
        return {"groups": rows, "dropped": self.dropped}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over what `state` gave."""
        self._groups = {
            (rule, agency, run, entity): _Group(
                first, last, dict(total), {term: dict(days) for term, days in terms.items()}
            )
            for rule, agency, run, entity, first, last, total, terms in state["groups"]
        }
        self.terms = sum(len(group.terms) for group in self._groups.values())
        self.dropped = state["dropped"]


def _score(own: _Group, real: _Group, spec: Baseline, term: str, day: int) -> Score | None:
    if (day - real.first) * DAY < spec.learning:
        return None
    oldest = day - spec.history // DAY
    groups = (real,) if own is real else (real, own)
    total = sum(_since(group.total, oldest) for group in groups)
    if total < spec.minimum:
        return None
    return rarity_score(sum(_since(group.terms.get(term, {}), oldest) for group in groups), total)


def _since(days: Days, oldest: int) -> int:
    return sum(count for day, count in days.items() if day >= oldest)
