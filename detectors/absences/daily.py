"""What comes every day by a certain hour: who has been sending it, and whether it came today."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from detectors.absences.missing import MAX_OWERS, DayKinds, Maintenance, Missing, Owner
from detectors.absences.spec import DAY, Absence, Due
from detectors.selectors import combinations
from soc.core.clock import LOCAL_ZONE
from soc.core.event import Event

FORGET_AFTER = 7
"""Days missed in a row after which nothing is owed any longer: it was given up, and that was told as often."""


@dataclass(slots=True)
class _Sender:
    owner: Owner
    last_day: int
    event: str
    kinds: dict[str, int] = field(default_factory=dict)
    missed: int = 0


class DailyDue:
    """One definition with `by`.

    Args:
        days: what a date is.
        maintenance: days on which nothing is expected.
    """

    def __init__(self, due: Due, days: DayKinds, maintenance: Maintenance) -> None:
        self._due, self._days, self._maintenance = due, days, maintenance
        self._senders: dict[str, _Sender] = {}
        self._judged: int | None = None

    def feed(self, event: Event, moment: datetime) -> None:
        """An event that is due."""
        day = self._day_of(moment)
        if day is None:
            return
        spec = self._due.spec
        for entity in combinations(event.fields, spec.per or ("soc.source",), {}):
            self._came(Owner(event.agency, event.platform, entity), day, event.id)

    def advance(self, now: datetime, *, seen_all: bool) -> Iterator[Missing]:
        """What is missing of the days that ended before `now`; with `seen_all` false the stream had a hole, and nothing can be told."""
        today = now.astimezone(LOCAL_ZONE).date().toordinal()
        if self._judged is None:
            self._judged = today - 2
            seen_all = False
        while self._judged <= today:
            since, until = span_of(self._due.spec, self._judged + 1)
            if until >= now:
                return
            self._judged += 1
            if seen_all:
                yield from self._missing(self._judged, since, until)

    def state(self) -> dict[str, Any]:
        """As JSON values."""
        return {"judged": self._judged, "senders": [asdict(sender) for sender in self._senders.values()]}

    def restore(self, state: dict[str, Any]) -> None:
        """Take over what `state` gave, once written and read."""
        self._judged = state["judged"]
        self._senders = {}
        for row in state["senders"]:
            owner = owner_from(row.pop("owner"))
            self._senders[owner.key] = _Sender(owner, **row)

    def _came(self, owner: Owner, day: int, event: str) -> None:
        sender = self._senders.pop(owner.key, None)
        if sender is None:
            if len(self._senders) >= MAX_OWERS:
                del self._senders[next(iter(self._senders))]
            sender = _Sender(owner, 0, event)
        self._senders[owner.key] = sender
        if day > sender.last_day:
            kind = self._days(date.fromordinal(day))
            sender.kinds[kind] = sender.kinds.get(kind, 0) + 1
            sender.last_day, sender.event, sender.missed = day, event, 0

    def _missing(self, day: int, since: datetime, until: datetime) -> Iterator[Missing]:
        for sender in list(self._senders.values()):
            if sender.last_day >= day or not self._owes(sender, day):
                continue
            owner = sender.owner
            if self._maintenance.covers(owner.platform, owner.values, since, until):
                continue
            sender.missed += 1
            if sender.missed >= FORGET_AFTER:
                del self._senders[owner.key]
            yield Missing(self._due, owner, since, until, (sender.event,))

    def _owes(self, sender: _Sender, day: int) -> bool:
        spec, kind = self._due.spec, self._days(date.fromordinal(day))
        if spec.days == "every":
            return sum(sender.kinds.values()) >= spec.learning
        if spec.days == "working" and kind != "weekday":
            return False
        return sender.kinds.get(kind, 0) >= spec.learning

    def _day_of(self, moment: datetime) -> int | None:
        """The day that an event of this moment counts for; None outside all spans."""
        today = moment.astimezone(LOCAL_ZONE).date().toordinal()
        for day in (today - 1, today, today + 1):
            since, until = span_of(self._due.spec, day)
            if since <= moment < until:
                return day
        return None


def span_of(spec: Absence, day: int) -> tuple[datetime, datetime]:
    """When the event of a day (its ordinal) may come, grace included, in local time."""
    assert spec.by is not None  # noqa: S101 - this is what makes a definition a daily one
    due = date.fromordinal(day)
    until = datetime.combine(due, spec.by, LOCAL_ZONE) + spec.grace
    if spec.since is None:
        return until - DAY, until
    began = due if spec.since < spec.by else due - timedelta(days=1)
    return datetime.combine(began, spec.since, LOCAL_ZONE), until


def owner_from(row: dict[str, Any]) -> Owner:
    """An owner out of the JSON values it was written as."""
    return Owner(row["agency"], row["platform"], tuple((str(name), str(value)) for name, value in row["entity"]))
