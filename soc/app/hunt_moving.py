"""Moving a retro-hunt: a slice of time at a time, from any process, in spite of crashes.

A worker *claims* a hunt (a lease in SQL), *reads* the next slice outside any transaction, and *settles* it: counts, alerts and the state of
the detector go into SQL in one transaction, only if the lease is still its own. Whoever dies in between loses the lease, and the slice is
read again from the state behind the slice before: nothing is lost, nothing counted twice. So are pause and a stop of the worker:
they give the slice in hand up.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import orjson
from sqlalchemy import or_, select
from sqlalchemy.orm import Session, defer

from collectors.quarantine import dump_message
from detectors.alert import Alert
from playbooks.queue import Queue
from soc.app.hunt_done import Closing
from soc.app.hunt_model import MOVING, Hunt, HuntState, hunt_of, question_from
from soc.app.hunt_seekers import Seeker, Seekers
from soc.app.hunt_slices import SLICE_EVENTS, cut
from soc.app.hunt_statement import Limits
from soc.app.hunt_tables import HuntAlertRow, HuntRow
from soc.app.hunts import ask, correlations_of
from soc.app.news import AlertTaker, News
from soc.app.observing import observe_on
from soc.app.retro import batches, widened
from soc.core.clock import Clock, Window, iso, parse_iso
from soc.core.errors import EngineError, SocError
from soc.core.i18n import Lang, msg
from soc.core.ids import new_id
from soc.incidents.codec import alert_to_json
from soc.storage.events import EventStore
from soc.storage.sql import Database

_log = logging.getLogger("vonggac.hunts")
MAX_ATTEMPTS = 12
"""Times that one slice is begun in vain before the hunt fails; a person may resume it then."""
_FIRST_WAIT_S, _LONGEST_WAIT_S = 5, 600
WATCH_S = 1.0
"""How often a hunt in other hands is looked at by whoever waits for it."""
_WARM = 2
"""Detectors kept ready between two slices: compiling the rules anew takes longer than a slice."""


@dataclass(frozen=True, slots=True)
class Pace:
    """Times in seconds and sizes.

    Attributes:
        lease: how long a worker may be silent before its hunt is taken up by another.
        renew: how often it says that it lives, and looks whether the hunt was paused.
        patience: how long a worker that was asked may take before the sweep asks again.
        slice_events: events of a slice.
    """

    lease: float = 60
    renew: float = 5
    patience: float = 15
    slice_events: int = SLICE_EVENTS


@dataclass(frozen=True, slots=True)
class _Job:
    """A claimed hunt with the slice to be read; `edges` is empty before the window is cut."""

    hunt: Hunt
    owner: str
    question: str
    edges: tuple[datetime, ...]
    slice: int
    correlations: frozenset[str]
    attempts: int

    @property
    def window(self) -> Window:
        return Window(self.edges[self.slice], self.edges[self.slice + 1])

    @property
    def is_lead(self) -> bool:
        """Whether the slice lies before the window: read for what correlations remember, and told of nothing."""
        return self.window.since < self.hunt.window.since

    @property
    def is_first(self) -> bool:
        """Whether it is the first slice of the window, behind a lead."""
        return self.slice > 0 and self.window.since == self.hunt.window.since

    @property
    def is_last(self) -> bool:
        return self.slice + 2 == len(self.edges)


@dataclass(slots=True)
class _Piece:
    """What reading a slice came to."""

    covered: int = 0
    read: int = 0
    hidden: int = 0
    broken: int = 0
    alerts: list[tuple[Alert, int]] = field(default_factory=list)


class _GivenUpError(Exception):
    """The slice in hand is not wanted any more: a pause, a stop, or a lease that is gone."""


class HuntMover:
    """Moves hunts on; used by the worker, and by a command that waits for its hunt.

    Args:
        queue: hands hunts to the worker.
        closing: what is done at the end of one.
        monotonic: seconds that pass, for the throttle.
    """

    def __init__(
        self,
        store: EventStore,
        database: Database,
        clock: Clock,
        incidents: AlertTaker,
        seekers: Seekers,
        closing: Closing,
        queue: Queue,
        *,
        pace: Pace = Pace(),
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store, self._database, self._clock, self._incidents = store, database, clock, incidents
        self._seekers, self._closing, self._queue = seekers, closing, queue
        self._pace, self._monotonic = pace, monotonic
        self._news = News(database)
        self._stop = threading.Event()
        self._warm: dict[tuple[str, int], Seeker] = {}

    def move(self, ident: str) -> None:
        """Do the next slice of a hunt, if it wants one and nobody else has it in hand; then ask for the one after."""
        if self.advance(ident):
            ask(self._database, self._queue, ident)

    def sweep(self) -> int:
        """Ask for every hunt that should be moving and is in nobody's hands; returns how many."""
        now = self._clock.now()
        asked_before = now - timedelta(seconds=self._pace.patience)
        query = select(HuntRow.id).where(HuntRow.state.in_(MOVING), HuntRow.due <= now, HuntRow.asked <= asked_before)
        query = query.where(or_(HuntRow.lease_until.is_(None), HuntRow.lease_until <= now))
        with self._database.transaction() as session:
            lost = list(session.scalars(query.order_by(HuntRow.filed)))
            for ident in lost:
                session.get_one(HuntRow, ident, options=[defer(HuntRow.snapshot)]).asked = now
        for ident in lost:
            ask(self._database, self._queue, ident)
        return len(lost)

    def release(self) -> None:
        """Give up the slice in hand, as the process ends; its hunt is free for others at once."""
        self._stop.set()

    def run(self, ident: str, progress: Callable[[Hunt], None] = lambda _: None) -> Hunt:
        """Move a hunt until it is done, paused, cancelled or failed; while it waits or is in other hands, watch it."""
        while True:
            again = self.advance(ident)
            hunt = self._read_hunt(ident)
            progress(hunt)
            if hunt.state not in MOVING or (not again and self._stop.wait(WATCH_S)):
                return hunt

    def advance(self, ident: str) -> bool:
        """Do one piece of a hunt; whether it wants to be moved on at once. Raises EngineError when the database does not answer."""
        job = None if self._stop.is_set() else self._claim(ident)
        if job is None:
            return False
        try:
            seeker = self._seeker(job)
            again = self._step(job, seeker)
        except _GivenUpError:
            self._let_go(job)
            return False
        except SocError as problem:
            return self._failed(job, problem)
        except BaseException:  # an interrupted command, or a fault of ours, which counts as an attempt
            self._let_go(job, job.attempts)
            raise
        if again:
            self._keep_warm(job, seeker)
        return again

    def _step(self, job: _Job, seeker: Seeker) -> bool:
        if job.edges:
            return self._settle(job, seeker, self._read(job, seeker))
        return self._settle_plan(job, seeker)

    # claim

    def _claim(self, ident: str) -> _Job | None:
        now = self._clock.now()
        with self._database.transaction() as session:
            row = session.get(HuntRow, ident, with_for_update=True, options=[defer(HuntRow.snapshot)])
            if row is None or HuntState(row.state) not in MOVING or row.due > now:
                return None
            if row.lease_until is not None and row.lease_until > now:
                return None
            row.attempts += 1
            if row.attempts > MAX_ATTEMPTS:
                self._fail(session, row, SocError(msg("lát cắt này đã bị ngắt quá nhiều lần")), now)
                return None
            row.state, row.started = HuntState.RUNNING.value, row.started or now
            row.lease_owner, row.lease_until = new_id(), now + timedelta(seconds=self._pace.lease)
            edges = tuple(map(parse_iso, orjson.loads(row.bounds)))
            return _Job(
                hunt_of(row),
                row.lease_owner,
                row.question,
                edges,
                row.slices_done,
                correlations_of(row),
                row.attempts,
            )

    def _seeker(self, job: _Job) -> Seeker:
        """The detector behind the slice before: kept from then, or built anew from what was committed."""
        warm = self._warm.pop((job.hunt.id, job.slice), None)
        if warm is not None:
            return warm
        seeker = self._seekers.make(question_from(job.question))
        with self._database.reading() as session:
            snapshot = session.get_one(HuntRow, job.hunt.id).snapshot
        if snapshot is not None:
            seeker.detector.restore(snapshot)
        return seeker

    def _keep_warm(self, job: _Job, seeker: Seeker) -> None:
        self._warm = {key: one for key, one in self._warm.items() if key[0] != job.hunt.id}
        while len(self._warm) >= _WARM:
            del self._warm[next(iter(self._warm))]
        self._warm[job.hunt.id, job.slice + (1 if job.edges else 0)] = seeker

    # read

    def _read(self, job: _Job, seeker: Seeker) -> _Piece:
        piece, detector = _Piece(), seeker.detector
        if job.is_first:
            detector.flush()
            seeker.take_hidden()
        renewed = mark = self._monotonic()
        for events in batches(seeker.events(job.hunt.scope, job.window)):
            found, broken = observe_on(detector, events)
            piece.read += len(events)
            piece.broken += len(broken)
            piece.alerts += ((alert, seeker.matches_of(alert)) for alert in found)
            self._rest(job, self._monotonic() - mark)
            mark = self._monotonic()
            if mark - renewed >= self._pace.renew:
                self._renew(job)
                renewed = mark
        if job.is_lead:
            return _Piece()
        if job.is_last:
            piece.alerts += ((alert, seeker.matches_of(alert)) for alert in detector.flush())
        piece.hidden = seeker.take_hidden()
        piece.covered = self._store.count("", job.hunt.scope, job.window)
        return piece

    def _rest(self, job: _Job, worked_s: float) -> None:
        """Leave the machine to the live stream and the searches for the rest of the time. Raises _GivenUpError on a stop."""
        share = job.hunt.throttle
        if self._stop.wait(worked_s * (1 - share) / share):
            raise _GivenUpError

    def _renew(self, job: _Job) -> None:
        with self._database.transaction() as session:
            row = session.get(HuntRow, job.hunt.id, with_for_update=True, options=[defer(HuntRow.snapshot)])
            if row is None or row.lease_owner != job.owner or row.state != HuntState.RUNNING:
                raise _GivenUpError
            row.lease_until = self._clock.now() + timedelta(seconds=self._pace.lease)

    # settle

    def _settle_plan(self, job: _Job, seeker: Seeker) -> bool:
        """Cut the window, and what correlations need before it, into slices."""
        window, scope, most = job.hunt.window, job.hunt.scope, self._pace.slice_events
        lead = Window(widened(window, seeker.reach).since, window.since)
        before = cut(self._store, scope, lead, most).edges[:-1] if lead.since < lead.until else ()
        slices = cut(self._store, scope, window, most)
        edges = (*before, *slices.edges)
        with self._database.transaction() as session:
            row = self._own(session, job)
            if row is None:
                return False
            row.bounds = orjson.dumps([iso(edge) for edge in edges]).decode()
            row.slices, row.planned = len(edges) - 1, slices.events
            return self._moved(row)

    def _settle(self, job: _Job, seeker: Seeker, piece: _Piece) -> bool:
        """Put a slice down; whether there is another."""
        limits = seeker.limits(job.hunt) if job.is_last else None
        alerts = [alert for alert, _ in piece.alerts]
        news = self._news.of(alerts, job.correlations) if job.hunt.raises else []
        with self._database.transaction() as session:
            row = self._own(session, job)
            if row is None:
                return False
            self._incidents.take(session, news)
            self._add(session, row, piece, {alert.id for alert in news})
            again = self._moved(row)
            row.slices_done += 1
            if limits is None:
                row.snapshot = seeker.detector.snapshot()
                return again
            self._end(session, row, seeker, limits)
        self._closing.after(hunt_of(row), question_from(job.question))
        return False

    def _own(self, session: Session, job: _Job) -> HuntRow | None:
        """The row, if the slice may be put down; its lease is given back."""
        row = session.get(HuntRow, job.hunt.id, with_for_update=True, options=[defer(HuntRow.snapshot)])
        if row is None or row.lease_owner != job.owner:
            return None  # it took longer than its lease, and another worker has it now: that one writes
        row.lease_owner, row.lease_until = "", None
        return None if row.state == HuntState.CANCELLED else row

    def _moved(self, row: HuntRow) -> bool:
        row.attempts, row.problem, row.asked = 0, "", self._clock.now()
        return row.state == HuntState.RUNNING

    def _add(self, session: Session, row: HuntRow, piece: _Piece, news: Collection[str]) -> None:
        row.covered += piece.covered
        row.read += piece.read
        row.hidden += piece.hidden
        row.broken += piece.broken
        now = self._clock.now()
        for alert, matches in piece.alerts:
            row.alerts += 1
            row.matches += matches
            session.add(
                HuntAlertRow(
                    hunt=row.id,
                    number=row.alerts,
                    alert=alert.id,
                    rule=alert.rule_id,
                    agency=alert.agency,
                    first=alert.first,
                    matches=matches,
                    raised=now if alert.id in news else None,
                    body=alert_to_json(alert),
                )
            )

    def _end(self, session: Session, row: HuntRow, seeker: Seeker, limits: Limits) -> None:
        """The last slice is down: whatever was asked meanwhile, the hunt is done."""
        session.flush()
        row.state, row.finished, row.snapshot = HuntState.DONE.value, self._clock.now(), None
        self._closing.close(session, row, seeker.counted(), limits)

    # when it does not work

    def _let_go(self, job: _Job, attempts: int = 0) -> None:
        """Give the hunt back as it was before the slice."""
        with self._database.transaction() as session:
            row = self._own(session, job)
            if row is not None:
                row.attempts = attempts

    def _failed(self, job: _Job, problem: SocError) -> bool:
        """Keep the reason; what may pass is tried again after a wait, everything else ends the hunt."""
        now = self._clock.now()
        _log.warning("hunt %s: %s", job.hunt.id, problem.render(Lang.EN))
        with self._database.transaction() as session:
            row = self._own(session, job)
            if row is None:
                return False
            row.problem = dump_message(problem.as_message()).decode()
            if isinstance(problem, EngineError):
                wait = min(_FIRST_WAIT_S * 2 ** (row.attempts - 1), _LONGEST_WAIT_S)
                row.due = row.asked = now + timedelta(seconds=wait)
            else:
                self._fail(session, row, problem, now)
        return False

    def _fail(self, session: Session, row: HuntRow, problem: SocError, now: datetime) -> None:
        row.state, row.finished = HuntState.FAILED.value, now
        row.problem = dump_message(problem.as_message()).decode()
        self._closing.failed(session, row, problem)

    def _read_hunt(self, ident: str) -> Hunt:
        with self._database.reading() as session:
            return hunt_of(session.get_one(HuntRow, ident, options=[defer(HuntRow.snapshot)]))
