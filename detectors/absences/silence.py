"""What must come within a span after something else: the event that makes it due waits here until it is answered or the time is over."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

from detectors.absences.daily import owner_from
from detectors.absences.missing import MAX_OWERS, Maintenance, Missing, Owner
from detectors.absences.spec import DAY, Absence, Due
from detectors.selectors import Names, combinations, named_in
from detectors.sigma.rule import Rule
from soc.core.clock import iso, parse_iso
from soc.core.event import Event

HOUR_S = 3600
_DAY_MASK = (1 << 24) - 1


@dataclass(slots=True)
class _Waiting:
    owner: Owner
    moment: datetime
    event: str
    shown: Names
    sign_of_life: str | None = None


@dataclass(slots=True)
class _Heard:
    """When something due came last, and in which hours up to that one: bit n is n hours before."""

    last: datetime
    hours: int

    def hear(self, moment: datetime) -> None:
        """Note an event; one that came late sets its hour."""
        later = _hour(moment) - _hour(self.last)
        if later >= 0:
            self.hours = ((self.hours << later) | 1) & _DAY_MASK if later < 24 else 1
        elif later > -24:
            self.hours |= 1 << -later
        self.last = max(self.last, moment)

    def hours_before(self, moment: datetime) -> int:
        """In how many of the 24 hours up to `moment` something came."""
        later = max(0, _hour(moment) - _hour(self.last))
        return ((self.hours << later) & _DAY_MASK).bit_count() if later < 24 else 0


class Silence:
    """One definition with `after`."""

    def __init__(self, due: Due, maintenance: Maintenance) -> None:
        self._due, self._maintenance = due, maintenance
        self._waiting: dict[str, _Waiting] = {}
        self._heard: dict[str, _Heard] = {}

    def feed(self, rule: Rule, event: Event, moment: datetime) -> None:
        """An event of one of the definition's rules."""
        due = self._due
        for entity in self._entities(rule, event):
            if rule is due.rule:
                self._answer(entity, moment)
            elif rule is due.alive:
                self._live(entity, event, moment)
            else:
                self._begin(entity, event, moment)

    def advance(self, now: datetime, *, seen_all: bool) -> Iterator[Missing]:
        """What stayed out until before `now`."""
        for key, waiting in list(self._waiting.items()):
            until = waiting.moment + self._within
            if until >= now:
                continue
            del self._waiting[key]
            if seen_all and self._is_told(waiting, until):
                events = (waiting.event, *([waiting.sign_of_life] if waiting.sign_of_life else []))
                yield Missing(self._due, waiting.owner, waiting.moment, until, events, waiting.shown)

    def state(self) -> dict[str, Any]:
        """As JSON values."""
        waiting = [{**asdict(one), "moment": iso(one.moment), "key": key} for key, one in self._waiting.items()]
        return {"waiting": waiting, "heard": [[key, iso(one.last), one.hours] for key, one in self._heard.items()]}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what `state` gave, once written and read."""
        self._heard = {key: _Heard(parse_iso(last), hours) for key, last, hours in state["heard"]}
        self._waiting = {
            row["key"]: _Waiting(
                owner_from(row["owner"]),
                parse_iso(row["moment"]),
                row["event"],
                tuple((str(name), str(value)) for name, value in row["shown"]),
                row["sign_of_life"],
            )
            for row in state["waiting"]
        }

    @property
    def _spec(self) -> Absence:
        return self._due.spec

    @property
    def _within(self) -> timedelta:
        return self._spec.within or DAY

    def _entities(self, rule: Rule, event: Event) -> Iterator[Owner]:
        names = self._spec.fields_of(rule.name or "")
        for found in combinations(event.fields, names, {}):
            entity = tuple((name, value) for name, (_, value) in zip(self._spec.per, found, strict=True))
            yield Owner(event.agency, event.platform, entity)

    def _key(self, owner: Owner) -> str:
        """Who it is; platforms differ between the rules of a definition, and agencies too when the province is its scope."""
        agency = owner.agency if self._spec.scope == "agency" else ""
        return "\0".join((agency, *(value.casefold() for _, value in owner.entity)))

    def _answer(self, owner: Owner, moment: datetime) -> None:
        key = self._key(owner)
        heard = self._heard.pop(key, None)
        if heard is None:
            if len(self._heard) >= MAX_OWERS:
                del self._heard[next(iter(self._heard))]
            heard = _Heard(moment, 0)
        heard.hear(moment)
        self._heard[key] = heard
        waiting = self._waiting.get(key)
        if waiting is not None and self._counts(waiting, moment):
            del self._waiting[key]

    def _live(self, owner: Owner, event: Event, moment: datetime) -> None:
        waiting = self._waiting.get(self._key(owner))
        if waiting is not None and self._counts(waiting, moment):
            waiting.sign_of_life = event.id

    def _begin(self, owner: Owner, event: Event, moment: datetime) -> None:
        key = self._key(owner)
        heard = self._heard.get(key)
        if heard is not None and heard.last > moment + self._spec.settle:
            return
        if self._spec.usual and (heard is None or heard.hours_before(moment) < self._spec.usual):
            return
        if key not in self._waiting and len(self._waiting) < MAX_OWERS:
            self._waiting[key] = _Waiting(owner, moment, event.id, named_in(self._due.rule, event.fields))

    def _counts(self, waiting: _Waiting, moment: datetime) -> bool:
        return waiting.moment + self._spec.settle < moment <= waiting.moment + self._within

    def _is_told(self, waiting: _Waiting, until: datetime) -> bool:
        if self._due.alive is not None and waiting.sign_of_life is None:
            return False
        owner = waiting.owner
        return not self._maintenance.covers(owner.platform, owner.values, waiting.moment, until)


def _hour(moment: datetime) -> int:
    return int(moment.timestamp()) // HOUR_S
