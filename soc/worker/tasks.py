"""The Celery app of the worker: two tasks, each a line over `playbooks.runs`, and the schedule."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from celery import Celery  # type: ignore[import-untyped]

from playbooks.broker import ADVANCE, SWEEP, make_client
from soc.core.settings import Settings

SWEEP_S = 15.0
"""Seconds between two sweeps: how long a run that nobody moves may stand still, beyond its lease."""


class Runs(Protocol):
    """What the tasks need; `playbooks.runs.RunService` is one."""

    def advance(self, run: str) -> None: ...

    def sweep(self) -> int: ...


def make_celery(settings: Settings, runs: Callable[[], Runs], sweep_s: float = SWEEP_S) -> Celery:
    """The app with its tasks.

    Args:
        runs: gives the service a task works with; called in the worker for every task, never here.
    """
    app = make_client(settings.home, settings.broker_url)

    def advance(run: str) -> None:
        runs().advance(run)

    def sweep() -> int:
        return runs().sweep()

    app.task(name=ADVANCE)(advance)
    app.task(name=SWEEP)(sweep)
    app.conf.beat_schedule = {SWEEP: {"task": SWEEP, "schedule": sweep_s, "options": {"expires": sweep_s}}}
    app.conf.beat_schedule_filename = str(settings.home / "broker" / "schedule")
    app.finalize()
    return app
