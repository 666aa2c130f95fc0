"""A stage for hunts: a store in memory, SQLite, and everything a hunt is made of; events whose matches are easily counted by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

from detectors.alert import Alert
from detectors.detector import SigmaDetector
from detectors.indicators.book import Book
from detectors.rulesets.library import Library
from detectors.sigma import RuleSet
from detectors.sigma.kept import Kept
from playbooks.queue import MemoryQueue
from soc.access.principal import Principal, Role
from soc.app.gaps import GapBook
from soc.app.hunt_done import Closing
from soc.app.hunt_model import Hunt, Question, Request
from soc.app.hunt_moving import HuntMover, Pace
from soc.app.hunt_rules import RuleFreezer
from soc.app.hunt_seekers import Seekers
from soc.app.hunt_sight import Sight
from soc.app.hunts import HuntService
from soc.app.ledger_view import LedgerView
from soc.app.schema import metadata
from soc.audit.trail import AuditTrail
from soc.core.clock import FixedClock, Window, iso
from soc.core.event import Event
from soc.core.scope import PROVINCE, Scope
from soc.incidents.duties import load_duties
from soc.incidents.service import IncidentService
from soc.storage.blobs import BlobStore
from soc.storage.events import EventStore
from soc.storage.memory import MemoryEventStore
from soc.storage.sql import Database, connect

NOW = datetime(2026, 11, 23, 1, 0, tzinfo=UTC)
START = NOW - timedelta(days=2)
WINDOW = Window(START, NOW)
LEAD = Principal("tc.01", Role.SHIFT_LEAD, "tinh-mau", PROVINCE)
ANALYST = Principal("ts.01", Role.ANALYST, "tinh-mau", PROVINCE)
OFFICER = Principal("cb.01", Role.OFFICER, "xa-mau-01", Scope(frozenset({"xa-mau-01"})))
OTHER = Principal("cb.02", Role.OFFICER, "xa-mau-02", Scope(frozenset({"xa-mau-02"})))
AUDITOR = Principal("dg.01", Role.AUDITOR, "tinh-mau", PROVINCE)
FAILED, MANY = "30000000-0000-4000-8000-000000000001", "30000000-0000-4000-8000-000000000002"
RULES = f"""
title: A sign-in failed
id: {FAILED}
name: failed
logsource: {{product: public_service_portal}}
detection:
  s: {{event.outcome: failure}}
  condition: s
level: low
---
title: Many failed sign-ins of one address
id: {MANY}
correlation:
  type: event_count
  rules: [failed]
  group-by: [source.ip]
  timespan: 10m
  condition: {{gte: 4}}
  generate: true
level: high
"""


def event(number: int, *, moment: datetime, agency: str = "xa-mau-01", **fields: object) -> Event:
    """An event of the portal; fields written with `__` for a dot."""
    marks = {"soc.platform": "public_service_portal", "soc.agency": agency, "soc.source": "portal-01"}
    base = {"@timestamp": iso(moment), "event.id": f"e{number:06}", "soc.received": iso(moment)}
    more = {name.replace("__", "."): value for name, value in fields.items()}
    return Event(base | marks | more)  # type: ignore[arg-type]


def sign_ins(count: int, *, agencies: Sequence[str] = ("xa-mau-01", "xa-mau-02")) -> list[Event]:
    """One a minute since START, of five addresses in turn; every third fails, from a seventh part of the minutes none does."""
    return [
        event(
            number,
            moment=START + timedelta(minutes=number),
            agency=agencies[number % len(agencies)],
            source__ip=f"203.0.113.{number // 40 % 5}",
            event__outcome="failure" if number % 3 == 0 or number % 40 < 8 else "success",
        )
        for number in range(count)
    ]


def brute_force(events: Sequence[Event], window: Window = WINDOW) -> dict[str, int]:
    """Rule -> matches, counted without any of our machinery: failures, and windows of ten minutes that come to hold four."""
    failures = [one for one in events if one.fields["event.outcome"] == "failure"]
    fired = 0
    for one in failures:
        recent = [
            other
            for other in failures
            if other.fields["source.ip"] == one.fields["source.ip"]
            and one.timestamp - timedelta(minutes=10) <= other.timestamp <= one.timestamp
            and other.agency == one.agency
        ]
        fired += len(recent) >= 4 and one.timestamp in window
    return {FAILED: sum(one.timestamp in window for one in failures), MANY: fired}


@dataclass
class Stage:
    """The parts of a small installation."""

    clock: FixedClock
    store: EventStore
    database: Database
    book: Book
    gaps: GapBook
    audit: AuditTrail
    incidents: IncidentService
    freezer: RuleFreezer
    queue: MemoryQueue
    hunts: HuntService
    seekers: Seekers
    closing: Closing

    def mover(self, **pace: float) -> HuntMover:
        """A worker's mover, as another process would have it."""
        given = {"slice_events": 50, **pace}
        return HuntMover(
            self.store,
            self.database,
            self.clock,
            self.incidents,
            self.seekers,
            self.closing,
            self.queue,
            pace=Pace(**given),  # type: ignore[arg-type]
        )

    def request(self, text: str = RULES, **more: object) -> Request:
        question = Question(rules=self.freezer.freeze_text(text))
        return Request(question, **{"window": WINDOW, "scope": PROVINCE, "throttle": 1.0, **more})  # type: ignore[arg-type]

    def filed(self, who: Principal = LEAD, **more: object) -> Hunt:
        return self.hunts.file(who, self.request(**more))

    def alerts(self, hunt: Hunt, who: Principal = LEAD) -> list[Alert]:
        return [find.alert for find in self.hunts.finds(who, hunt.id, size=100_000)]

    def acts(self, action: str) -> list[str]:
        with self.database.reading() as session:
            return [entry.target for entry in self.audit.entries(session, size=500) if entry.action == action]


@contextmanager
def staged(
    folder: Path, events: Sequence[Event] = (), store: EventStore | None = None, url: str = ""
) -> Iterator[Stage]:
    """A stage in a folder; another stage in the same folder has the same database, unless one is named."""
    clock = FixedClock(NOW)
    database = connect(url or f"sqlite:///{folder / 'cases.sqlite'}")
    metadata().create_all(database.engine)
    found = store or MemoryEventStore()
    if events:
        found.append(events)
    yield _built(folder, clock, database, found)
    database.close()


def _built(folder: Path, clock: FixedClock, database: Database, store: EventStore) -> Stage:
    audit, gaps, book = AuditTrail(clock), GapBook(database), Book(folder / "indicators")
    incidents = IncidentService(database, clock, audit, load_duties())
    load = partial(RuleSet.load, kept=Kept(folder / "cache"))
    freezer = RuleFreezer(Library(folder / "hunts", BlobStore(folder / "blobs")), load)
    sight = Sight(store, gaps, LedgerView(database, gaps, lambda: RuleSet.load([])), lambda _: 3)
    make: Callable[[RuleSet], SigmaDetector] = lambda ruleset: SigmaDetector(ruleset, "tinh-mau")  # noqa: E731
    queue = MemoryQueue()
    return Stage(
        clock=clock,
        store=store,
        database=database,
        book=book,
        gaps=gaps,
        audit=audit,
        incidents=incidents,
        freezer=freezer,
        queue=queue,
        hunts=HuntService(database, clock, audit, incidents, queue),
        seekers=Seekers(store, freezer, lambda: book, sight, in_force=make, plain=make),
        closing=Closing(clock, audit, gaps, lambda: book),
    )
