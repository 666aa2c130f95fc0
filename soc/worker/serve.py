"""One process with the worker and the schedule in it; ends in order on SIGTERM and SIGINT."""

from __future__ import annotations

from celery import Celery  # type: ignore[import-untyped]
from celery.beat import EmbeddedService  # type: ignore[import-untyped]

from playbooks.broker import SWEEP

THREADS = 4
"""Steps wait for mail servers and the like, so threads serve; a pool of processes would cost four times the memory."""


def serve(app: Celery) -> int:
    """Work until told to stop; returns the exit code.

    The schedule runs as a thread: as a process of its own it would outlive a killed worker.
    """
    schedule = EmbeddedService(app, thread=True, schedule_filename=app.conf.beat_schedule_filename)
    worker = app.Worker(
        pool="threads",
        concurrency=THREADS,
        loglevel="INFO",
        without_gossip=True,
        without_mingle=True,
        without_heartbeat=True,
        quiet=True,
    )
    app.send_task(SWEEP)  # what an earlier worker left behind is taken up at once
    schedule.start()
    try:
        worker.start()
    finally:
        schedule.stop()
    return int(worker.exitcode or 0)
