"""One process that works off a lane, with the schedule in it.

On SIGTERM or SIGINT it takes nothing new and lets the pieces of work under way end. Those that have not after a while are given up:
their leases are given back, so that another worker takes them at once, and the process ends.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Sequence
from threading import Event, Timer

from celery import Celery, signals  # type: ignore[import-untyped]

from playbooks.broker import Broker, Lane
from soc.core.errors import SocError
from soc.core.i18n import Lang
from soc.worker.beat import Beat
from soc.worker.logs import condense
from soc.worker.movers import Mover
from soc.worker.tasks import add_tasks

THREADS = {Lane.RESPONSE: 4, Lane.LONG: 1}
"""Steps of a response wait for mail servers and the like, so threads serve; long jobs compute, and more would only share a core."""

GRACE_S = 10.0
"""How long the work under way may take to end; the supervisor of `soc up` kills after 15 seconds."""
_GIVING_BACK_S = 3.0
_LOG = logging.getLogger(__name__)


def serve(broker: Broker, lane: Lane, movers: Sequence[Mover], beat: Beat, grace_s: float = GRACE_S) -> int:
    """Work until told to stop; returns the exit code."""
    condense(broker)
    ending = Ending(movers, beat, grace_s)
    add_tasks(broker.app, movers, beat.engines, ending.begun.is_set)
    signals.worker_shutting_down.connect(ending.begin, weak=False)
    worker = make_worker(broker.app, lane)
    beat.start()
    try:
        worker.start()
    finally:
        beat.stop()
    return int(worker.exitcode or 0)


def make_worker(app: Celery, lane: Lane) -> Celery.Worker:
    """Celery's worker for one lane."""
    return app.Worker(
        pool="threads",
        queues=[lane.value],
        concurrency=THREADS[lane],
        loglevel="INFO",
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        quiet=True,
    )


class Ending:
    """The end of a worker, within bounds."""

    def __init__(self, movers: Sequence[Mover], beat: Beat, grace_s: float) -> None:
        self.movers, self.beat, self.grace_s = movers, beat, grace_s
        self.begun = Event()

    def begin(self, **_signal: object) -> None:
        """Fire nothing more, and let the time run. Called in a signal handler: nothing here may wait."""
        self.begun.set()
        self.beat.halt()
        for after_s, act in ((self.grace_s, self.give_back), (self.grace_s + _GIVING_BACK_S, self.leave)):
            timer = Timer(after_s, act)
            timer.daemon = True
            timer.start()

    def give_back(self) -> None:
        """Return the leases of what has not ended, and end."""
        _LOG.warning("work under way did not end within %g s; it is given back", self.grace_s)
        for mover in self.movers:
            try:
                mover.release()
            except SocError as problem:
                _LOG.warning("%s: %s", mover.task, problem.render(Lang.EN))
        self.leave()

    def leave(self) -> None:
        """End without waiting for threads; nothing is lost by it, as for the database it is like a crash."""
        logging.shutdown()
        os._exit(0)
