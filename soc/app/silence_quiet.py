"""Which sources say far less than usual: the last hour of each against what the ledger holds of the week before."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import orjson
from sqlalchemy import select

from collectors.rhythm import LEARNED_DAYS, Profile, is_back, is_quiet
from soc.app.source_health import HealthBook, bar_of
from soc.app.tables import LedgerDay
from soc.core.clock import LOCAL_ZONE
from soc.core.scope import PROVINCE
from soc.storage.sql import Database

HOUR = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Hour:
    """The last whole hour of a source: events heard, and how many are usual; None where nothing like it was learned."""

    start: datetime
    heard: int
    expected: int | None

    @property
    def quiet(self) -> bool:
        return self.expected is not None and is_quiet(self.heard, self.expected)

    @property
    def usual(self) -> bool:
        """Also where there is nothing to compare with any more."""
        return self.expected is None or is_back(self.heard, self.expected)


class HourGlass:
    """Looks every five minutes.

    What a day came to is in the ledger (`LedgerDay.hours`, by time of receipt), so nothing is learned twice; it is read once a day.
    """

    def __init__(self, database: Database, health: HealthBook) -> None:
        self._database, self._health = database, health
        self._looked: datetime | None = None
        self._learned: tuple[date, dict[str, dict[date, list[int]]]] | None = None

    def look(self, now: datetime, began: datetime) -> Mapping[str, Hour] | None:
        """Source -> its last hour; None between two looks, and while nobody has listened for an hour."""
        end = bar_of(now)
        if end == self._looked or end - HOUR < began:
            return None
        days = self._days(now.astimezone(LOCAL_ZONE).date())
        found = {}
        for one in self._health.all(PROVINCE):
            if one.first_heard is not None:
                profile = Profile(days.get(one.source, {}), one.first_heard.astimezone(LOCAL_ZONE).date())
                found[one.source] = Hour(end - HOUR, one.heard_within_hour(now), profile.expected(end - HOUR, end))
        self._looked = end
        return found

    def _days(self, today: date) -> dict[str, dict[date, list[int]]]:
        """Source -> day -> events by hour, of the seven days before today."""
        if self._learned is None or self._learned[0] != today:
            self._learned = today, self._read(today)
        return self._learned[1]

    def _read(self, today: date) -> dict[str, dict[date, list[int]]]:
        wanted = [(today - timedelta(days=back)).isoformat() for back in range(1, LEARNED_DAYS + 1)]
        query = select(LedgerDay.source, LedgerDay.day, LedgerDay.hours).where(LedgerDay.day.in_(wanted))
        found: dict[str, dict[date, list[int]]] = {}
        with self._database.reading() as session:
            for source, day, hours in session.execute(query):
                counts: list[int] = orjson.loads(hours)
                known = found.setdefault(source, {})
                before = known.get(date.fromisoformat(day), [0] * len(counts))
                known[date.fromisoformat(day)] = [a + b for a, b in zip(before, counts, strict=True)]
        return found
