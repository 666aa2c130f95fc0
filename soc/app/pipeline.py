"""The way of the data, on one page: spool -> event -> store -> detection -> incidents, exactly once.

    spool.read      records as accepted: redacted, sealed, synced
    normalise       parse, map, enforce types, mark, enrich; what cannot be read goes to quarantine
    spool.begin     which of these ids the store does not know yet: decides, also after kill -9, what is new
    baselines       what the stream has taught so far, told of each new event; what the batch teaches waits for its commit
    store.append    create-only and durable
    detector        new events only; its state is taken back when the batch fails
    ledger          what the rules ran over, and where they could not
    health          what each source said, and what of it could not be read
    incidents.take  alerts, what exceptions hid, ledger, health, baselines, detector state and position in one SQL transaction
    spool.ack       the batch leaves the spool

Killed between any two lines, the next start repeats the batch and comes to the same result (docs/architecture.md).
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from time import perf_counter
from typing import Protocol

from sqlalchemy.orm import Session

from collectors.normalise import Normaliser
from collectors.quarantine import Kind, Quarantine
from collectors.record import RawRecord
from collectors.sources import Source
from collectors.spool import Spool, SpoolItem
from collectors.text import UTF8
from detectors.alert import Alert
from detectors.coverage import RuleRun
from soc.app.checkpoints import Checkpoints
from soc.app.ledger import Ledger
from soc.app.observing import observe_apart
from soc.app.ran import RuleRuns
from soc.app.source_health import Batch, HealthBook
from soc.core.clock import LOCAL_ZONE, Clock
from soc.core.errors import EngineError, InputError, NotFoundError
from soc.core.event import Event
from soc.core.i18n import Message
from soc.storage.events import AppendResult, AppendStatus, EventStore
from soc.storage.sql import Database

CHECKPOINT = "sigma"


class Detector(Protocol):
    """What the pipeline needs of a detector with a memory."""

    def observe(self, events: Sequence[Event]) -> list[Alert]: ...

    def snapshot(self) -> bytes: ...

    def restore(self, data: bytes) -> None: ...

    def ran(self) -> Sequence[RuleRun]: ...

    def tick(self, silence: timedelta) -> list[Alert]: ...


class ExceptionLink(Protocol):
    """What the pipeline needs of the exceptions."""

    def refresh(self) -> None: ...

    def keep(self, session: Session) -> None: ...


class BaselineKeeper(Protocol):
    """What the pipeline needs of the baselines."""

    def restore(self) -> None: ...

    def enrich(self, events: Sequence[Event], new: Collection[str]) -> list[Event]: ...

    def keep(self, session: Session) -> None: ...

    def commit(self) -> None: ...


class AlertTaker(Protocol):
    """What the pipeline needs of the incidents."""

    def take(self, session: Session, alerts: Sequence[Alert]) -> list[str]: ...


class Meter(Protocol):
    """Who is told what a batch came to, and how long it took."""

    def stored(self, results: Sequence[AppendResult], seconds: float) -> None: ...

    def detected(self, seconds: float) -> None: ...

    def moved(self, step: Step) -> None: ...


class Unmetered:
    """Nobody."""

    def stored(self, results: Sequence[AppendResult], seconds: float) -> None: ...

    def detected(self, seconds: float) -> None: ...

    def moved(self, step: Step) -> None: ...


@dataclass(frozen=True, slots=True)
class Step:
    """What one batch came to."""

    read: int = 0
    created: int = 0
    duplicates: int = 0
    quarantined: int = 0
    alerts: int = 0
    incidents: frozenset[str] = field(default_factory=frozenset)

    def __add__(self, other: Step) -> Step:
        return Step(
            self.read + other.read,
            self.created + other.created,
            self.duplicates + other.duplicates,
            self.quarantined + other.quarantined,
            self.alerts + other.alerts,
            self.incidents | other.incidents,
        )


@dataclass(frozen=True, slots=True)
class Pipeline:
    """One writer moves batches along.

    Attributes:
        sources: finds the registered source, and the exercise run, of a source id.
        pristine: snapshot of the detector before its first event.
    """

    spool: Spool
    quarantine: Quarantine
    sources: Callable[[str], tuple[Source, str | None]]
    normaliser: Normaliser
    baselines: BaselineKeeper
    store: EventStore
    detector: Detector
    incidents: AlertTaker
    checkpoints: Checkpoints
    pristine: bytes
    runs: RuleRuns
    ledger: Ledger
    health: HealthBook
    exceptions: ExceptionLink
    database: Database
    clock: Clock
    batch_size: int
    meter: Meter = field(default_factory=Unmetered)
    _doubt: threading.Event = field(default_factory=threading.Event, init=False, repr=False)

    def resume(self) -> None:
        """Take up what detector and baselines knew where the last committed batch left them; call once before the first step."""
        state = self.checkpoints.state(CHECKPOINT)
        if state is not None:
            self.detector.restore(state)
        self.baselines.restore()

    def drain(self, progress: Callable[[Step], None] = lambda _: None) -> Step:
        """Work until the spool is empty."""
        total = Step()
        while (step := self.step()).read:
            progress(step)
            total += step
        return total

    def note_runs(self) -> None:
        """Write down what ran since the last note: at the end of an import, and by the collecting process now and then."""
        self.runs.note(f"{self.clock.now().astimezone(LOCAL_ZONE):%Y-%m-%d}", self.detector.ran())

    def begin_runs(self) -> None:
        """After a change of rules: what was seen before it is not put down to those that are new."""
        self.runs.begin(self.detector.ran())

    def step(self) -> Step:
        """Move one batch through; a step of nothing when the spool is empty.

        Raises:
            EngineError: the store or the database refused; the batch stays in the spool and the next step repeats it.
        """
        batch, known_new = self._next_batch()
        if not batch:
            return Step()
        position = batch[-1].position
        events, refused = self._normalise(batch)
        if known_new is None:
            known_new = self._begin(position, events)
        self._settle()
        events = self.baselines.enrich(events, known_new)
        began = perf_counter()
        results = self.store.append(events)
        self.meter.stored(results, perf_counter() - began)
        refused += self._rejected(batch, events, results)
        fresh = _fresh(events, results, known_new)
        alerts, touched = self._detect(position, Batch(fresh, _repeated(events, fresh, results), refused))
        self.spool.ack(position)
        step = Step(len(batch), len(fresh), len(events) - len(fresh), refused.total(), alerts, touched)
        self.meter.moved(step)
        return step

    def _next_batch(self) -> tuple[list[SpoolItem], frozenset[str] | None]:
        """The next batch, or exactly the one that was under way, with the ids that were new then."""
        begun = self.spool.inflight()
        batch = self.spool.read(0, self.batch_size)
        if begun is None:
            return batch, None
        again = [item for item in batch if item.position <= begun.position]
        if not again:
            self.spool.ack(begun.position)
            return batch, None
        return again, frozenset(begun.created)

    def _normalise(self, batch: Sequence[SpoolItem]) -> tuple[list[Event], Counter[str]]:
        """The events of a batch, and source -> records that none could be made of."""
        events: list[Event] = []
        broken: list[tuple[RawRecord, Message, str, Kind]] = []
        resolve = cache(self.sources)  # an exercise run is looked up in SQL: once per batch, not per record
        for item in batch:
            try:
                events.append(self._event(item, *resolve(item.source)))
            except (InputError, NotFoundError) as problem:
                broken.append((item.record, problem.as_message(), item.ident, Kind.PARSE))
        self.quarantine.add_all(broken)
        return events, Counter(record.source for record, *_ in broken)

    def _event(self, item: SpoolItem, source: Source, exercise: str | None) -> Event:
        event = self.normaliser.normalise(item.record, source, item.ident, redacted=item.masked, exercise=exercise)
        if item.charset == UTF8:
            return event
        return Event({**event.fields, "soc.charset": item.charset})  # the spool holds UTF-8: only the item still knows

    def _begin(self, position: int, events: Sequence[Event]) -> frozenset[str]:
        ids = [event.id for event in events]
        new = frozenset(ids) - self.store.existing(ids)
        self.spool.begin(position, sorted(new))
        return new

    def _rejected(
        self, batch: Sequence[SpoolItem], events: Sequence[Event], results: Sequence[AppendResult]
    ) -> Counter[str]:
        """Put what the store cannot take into quarantine; gives how many of each source."""
        reasons = {r.event_id: r.reason for r in results if r.status is AppendStatus.REJECTED and r.reason is not None}
        items = [item for item in batch if item.ident in reasons]
        self.quarantine.add_all([(item.record, reasons[item.ident], item.ident, Kind.PARSE) for item in items])
        return Counter(item.source for item in items)

    def _detect(self, position: int, batch: Batch) -> tuple[int, frozenset[str]]:
        """Detection and its consequences, once per batch: a batch whose transaction was committed is not shown again."""
        if position <= self.checkpoints.position(CHECKPOINT):
            return 0, frozenset()
        self.exceptions.refresh()
        try:
            began = perf_counter()
            alerts, broken = observe_apart(self.detector, batch.fresh, self._committed)
            self.meter.detected(perf_counter() - began)
            with self.database.transaction() as session:
                touched = self.incidents.take(session, alerts)
                self.exceptions.keep(session)
                self._account(session, batch, broken)
                self.baselines.keep(session)
                self.checkpoints.save(session, CHECKPOINT, position, self.detector.snapshot(), self.clock.now())
            self.baselines.commit()
        except BaseException:
            self.ledger.forget()
            self._take_back()
            raise
        return len(alerts), frozenset(touched)

    def tick(self) -> int:
        """Tell what waits in bundles whose time has passed, though nothing arrives that would close them; gives how many alerts.

        The time of the stream goes on with the clock from the last batch, and stays where the events have left it while they come.
        """
        arrived = self.checkpoints.moment(CHECKPOINT)
        if arrived is None:
            return 0
        self._settle()
        try:
            alerts = self.detector.tick(self.clock.now() - arrived)
            if alerts:
                position = self.checkpoints.position(CHECKPOINT)
                with self.database.transaction() as session:
                    self.incidents.take(session, alerts)
                    self.checkpoints.save(session, CHECKPOINT, position, self.detector.snapshot(), arrived)
        except BaseException:
            self._take_back()
            raise
        return len(alerts)

    def _take_back(self) -> None:
        """Set detector and baselines back, as they saw what was not committed; as soon as the database answers, if that has failed."""
        self._doubt.set()
        with suppress(EngineError):
            self._settle()

    def _settle(self) -> None:
        """Set detector and baselines back if that is still to be done.

        To what the database holds and not to a copy of ours: a commit whose answer was lost may have been kept.
        """
        if self._doubt.is_set():
            self.detector.restore(self._committed())
            self.baselines.restore()
            self._doubt.clear()

    def _committed(self) -> bytes:
        """The detector's state as of the last batch that was committed."""
        return self.checkpoints.state(CHECKPOINT) or self.pristine

    def _account(self, session: Session, batch: Batch, broken: Sequence[tuple[Event, str]]) -> None:
        """Put down what was detected over and what the sources said, and list what the detector broke on as a gap."""
        apart = {event.id for event, _ in broken}
        self.ledger.ran(session, [event for event in batch.fresh if event.id not in apart], self.clock.now())
        self.health.account(session, replace(batch, broken=frozenset(apart)), self.clock.now())
        for event, reason in broken:
            self.ledger.failed(session, [event], reason, self.clock.now())


def _repeated(events: Sequence[Event], fresh: Sequence[Event], results: Sequence[AppendResult]) -> Counter[str]:
    """Source -> events that the store had already."""
    if len(fresh) == len(events):
        return Counter()
    rejected = {r.event_id for r in results if r.status is AppendStatus.REJECTED}
    return Counter(event.source for event in events if event.id not in rejected) - Counter(e.source for e in fresh)


def _fresh(events: Sequence[Event], results: Sequence[AppendResult], new: frozenset[str]) -> list[Event]:
    """The events of the batch that are new to the store, each once, in order; those the store rejected are not there."""
    rejected = {r.event_id for r in results if r.status is AppendStatus.REJECTED}
    first = {event.id: event for event in reversed(events)}
    kept = [event for event in events if first[event.id] is event]
    return [event for event in kept if event.id in new and event.id not in rejected]
