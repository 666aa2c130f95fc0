"""One process that works off a lane, with the schedule in it; ends in order on SIGTERM and SIGINT."""

from __future__ import annotations

from celery import Celery  # type: ignore[import-untyped]

from playbooks.broker import Lane
from soc.worker.beat import Beat

THREADS = {Lane.RESPONSE: 4, Lane.LONG: 1}
"""Steps of a response wait for mail servers and the like, so threads serve; long jobs compute, and more would only share a core."""


def serve(app: Celery, lane: Lane, beat: Beat) -> int:
    """Work until told to stop; returns the exit code."""
    worker = app.Worker(
        pool="threads",
        queues=[lane.value],
        concurrency=THREADS[lane],
        loglevel="INFO",
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        quiet=True,
    )
    beat.start()
    try:
        worker.start()
    finally:
        beat.stop()
    return int(worker.exitcode or 0)
