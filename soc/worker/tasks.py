"""The Celery tasks of a worker: one for each mover."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from celery import Celery  # type: ignore[import-untyped]

from soc.worker.movers import Mover


def add_tasks(app: Celery, movers: Sequence[Mover]) -> None:
    """Give the app of a worker its tasks."""
    for mover in movers:
        app.task(name=mover.task)(_moving(mover))
    app.finalize()


def _moving(mover: Mover) -> Callable[[str], None]:
    def move(job: str) -> None:
        mover.move(job)

    return move
