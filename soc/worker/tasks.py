"""The Celery tasks of a worker: one for each mover."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from celery import Celery  # type: ignore[import-untyped]
from celery.exceptions import Reject  # type: ignore[import-untyped]

from soc.worker.movers import Mover


def add_tasks(app: Celery, movers: Sequence[Mover], stopping: Callable[[], bool]) -> None:
    """Give the app of a worker its tasks.

    Args:
        stopping: whether the worker has been told to stop; what it is handed then goes back to the broker, for another.
    """
    for mover in movers:
        app.task(name=mover.task)(_moving(mover, stopping))
    app.finalize()


def _moving(mover: Mover, stopping: Callable[[], bool]) -> Callable[[str], None]:
    def move(job: str) -> None:
        if stopping():  # Celery looks for its own mark only after the next message
            raise Reject("stopping", requeue=True)
        mover.move(job)

    return move
