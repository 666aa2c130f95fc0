"""Looks for gaps nobody told of, has gaps redone, and raises an alert for those that stay open: part of the collecting process.

What is in the store and not in the ledger was never shown to the detector, whatever the reason: a restored or lost case database, a
spool that went with its disk. It is looked for by source and local hour of receipt.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

import orjson
from sqlalchemy import func, select

from detectors.alert import Alert
from soc.app.gaps import Gap, GapBook, GapKind
from soc.app.ledger import HOURS
from soc.app.news import AlertTaker
from soc.app.redo import Redo, Redone
from soc.app.tables import LedgerDay, LedgerRules
from soc.core.clock import LOCAL_ZONE, Clock, Window, iso
from soc.core.i18n import Lang, msg
from soc.core.ids import digest
from soc.core.scope import PROVINCE
from soc.core.severity import Severity
from soc.storage.events import EventStore, Search
from soc.storage.query import term
from soc.storage.sql import Database

RULE_ID = "vonggac-detection-gap"
LOOK_BACK = timedelta(days=7)
"""How far back missed events are looked for."""
LOOK_EVERY = timedelta(hours=1)
AGES = ((timedelta(days=1), Severity.HIGH), (timedelta(hours=1), Severity.MEDIUM))
"""A gap open for longer than this raises an alert of this severity; the first that fits."""
MAX_SOURCES = 10_000
SAMPLE = 20
"""Events named in an alert about a gap."""
_HOUR = timedelta(hours=1)

_log = logging.getLogger("vonggac.detection")


class GapWatch:
    """Tends the gaps of an installation.

    Args:
        province: id of the agency that answers for the detection, and so for its gaps.
    """

    def __init__(
        self,
        store: EventStore,
        database: Database,
        gaps: GapBook,
        redo: Redo,
        incidents: AlertTaker,
        *,
        province: str,
        clock: Clock,
    ) -> None:
        self._store, self._database, self._gaps, self._redo = store, database, gaps, redo
        self._incidents, self._province, self._clock = incidents, province, clock
        self._looked: datetime | None = None

    def tend(self) -> list[Redone]:
        """One round; call it between two batches, as what is just on its way from the store to the ledger would look missed.

        Raises:
            EngineError: the store or the database does not answer; the next round does it again.
        """
        now = self._clock.now()
        if self._looked is None or now - self._looked >= LOOK_EVERY:
            self.find_missed(now)
            self._looked = now
        done = self._redo.run_due()
        for one in done:
            left = "closed" if one.fault is None else f"still open: {one.fault.render(Lang.EN)}"
            _log.info("gap of %d events of %s redone, %d alerts, %s", one.gap.events, one.gap.source, one.alerts, left)
        self.warn(now)
        return done

    def find_missed(self, now: datetime) -> int:
        """List events of the last days that the store holds and the ledger does not; how many."""
        with self._database.reading() as session:
            begun = session.scalar(select(func.min(LedgerRules.since)))
        if begun is None:  # nothing was ever detected here: an installation before its first event
            return 0
        day = max(begun, now - LOOK_BACK).astimezone(LOCAL_ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
        missed = 0
        while day <= now:
            missed += sum(gap.events for gap in self._missed_on(day, begun, now))
            day += timedelta(days=1)
        return missed

    def _missed_on(self, day: datetime, begun: datetime, now: datetime) -> Iterator[Gap]:
        ledger = self._hours_of(f"{day:%Y-%m-%d}")
        held = self._store.terms(_received(Window(day, day + timedelta(days=1))), PROVINCE, "soc.source", MAX_SOURCES)
        for found in held.values:
            source = str(found.value)
            hours = ledger.get(source, [0] * HOURS)
            if found.count <= sum(hours):
                continue
            for hour, covered in enumerate(hours):
                # what was received before the ledger was begun is none of its business
                window = Window(max(begun, day + hour * _HOUR), day + (hour + 1) * _HOUR)
                if window.since < window.until and (gap := self._missed_in(source, window, covered, now)) is not None:
                    yield gap

    def _missed_in(self, source: str, window: Window, covered: int, now: datetime) -> Gap | None:
        if any(_touches(gap, source, window) for gap in self._gaps.all(PROVINCE)):
            return None  # listed already; looked at again once it is closed
        query = f"{term('soc.source', source)} AND {_received(window)}"
        missed = self._store.count(query, PROVINCE) - covered
        if missed <= 0:
            return None
        first, last = (
            self._store.search(Search(query, PROVINCE, ascending=ascending, size=1)).events[0]
            for ascending in (True, False)
        )
        told = msg("có trong kho nhưng chưa qua bộ phát hiện")
        bounds = (window.since, window.until - timedelta(microseconds=1))
        gap = Gap(
            GapKind.MISSED, source, first.agency, missed, *bounds, told, now, now, first.timestamp, last.timestamp
        )
        with self._database.transaction() as session:
            self._gaps.open(session, gap)
        return gap

    def _hours_of(self, day: str) -> dict[str, list[int]]:
        """Source -> events by hour of receipt that rules ran over on a day."""
        found: dict[str, list[int]] = {}
        with self._database.reading() as session:
            for source, hours in session.execute(select(LedgerDay.source, LedgerDay.hours).where(LedgerDay.day == day)):
                before = found.get(source, [0] * HOURS)
                found[source] = [a + b for a, b in zip(before, orjson.loads(hours), strict=True)]
        return found

    def warn(self, now: datetime) -> list[Alert]:
        """Raise an alert for each gap of real events that has been open for too long; once for each severity."""
        alerts = list(overdue(self._gaps.all(PROVINCE), self._province, now))
        if alerts:
            with self._database.transaction() as session:
                self._incidents.take(session, alerts)
        return alerts


def _received(window: Window) -> str:
    """A query for what was received in a window."""
    return f'soc.received:["{iso(window.since)}" TO "{iso(window.until)}"}}'


def _touches(gap: Gap, source: str, window: Window) -> bool:
    about = gap.source == source and gap.kind not in (GapKind.LATE, GapKind.SILENT)
    return about and gap.since < window.until and gap.until >= window.since


def overdue(gaps: Sequence[Gap], province: str, now: datetime) -> Iterator[Alert]:
    """An alert for each gap that has been open for longer than AGES allows; the older, the graver. A silence has its own alert."""
    for gap in gaps:
        if gap.kind is GapKind.SILENT:
            continue
        severity = next((severity for age, severity in AGES if now - gap.opened > age), None)
        if severity is not None:
            yield _alert(gap, severity, province)


def _alert(gap: Gap, severity: Severity, province: str) -> Alert:
    title = msg("khoảng trống phát hiện ở nguồn {source}", source=gap.source)
    advice = msg("xem lý do bằng: soc rules gaps; chạy lại bằng: soc rules redo {id}", id=gap.id[:8])
    return Alert(
        id=digest("ledger", gap.id, severity.value),
        detector="ledger",
        rule_id=RULE_ID,
        rule_version="",
        title={lang.value: title.render(lang) for lang in Lang},
        severity=severity,
        agency=province,
        platform="",
        first=gap.first,
        last=gap.last,
        entities={"soc.source": gap.source},
        event_ids=tuple(sorted(gap.ids)[:SAMPLE]),
        matched={"gap": gap.id, "kind": gap.kind.value, "events": gap.events},
        advice={lang.value: advice.render(lang) for lang in Lang},
    )
