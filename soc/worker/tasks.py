"""The Celery tasks of a worker: one for each mover."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from celery import Celery  # type: ignore[import-untyped]
from celery.exceptions import Reject  # type: ignore[import-untyped]

from soc.core.errors import EngineError
from soc.worker.engines import EngineLog
from soc.worker.movers import Mover


def add_tasks(app: Celery, movers: Sequence[Mover], engines: EngineLog, stopping: Callable[[], bool]) -> None:
    """Give the app of a worker its tasks.

    Args:
        engines: told of engines that do not answer; the sweep asks again for what they kept from being done.
        stopping: whether the worker has been told to stop; what it is handed then goes back to the broker, for another.
    """
    for mover in movers:
        app.task(name=mover.task)(_moving(mover, engines, stopping))
    app.finalize()


def _moving(mover: Mover, engines: EngineLog, stopping: Callable[[], bool]) -> Callable[[str], None]:
    def move(job: str) -> None:
        if stopping():  # Celery looks for its own mark only after the next message
            raise Reject("stopping", requeue=True)
        try:
            mover.move(job)
        except EngineError as problem:
            engines.failed(mover.task, problem)
        else:
            engines.works(mover.task)

    return move
