"""The way from whoever asks for work to the worker: a Celery app that knows the broker, and a queue for each kind of work.

The tasks themselves are in `soc.worker`; whoever only asks for work needs no more than their names. Any broker, be it a folder or
Redis, may lose what it holds: the truth about work is in SQL, and a sweep finds what was lost.
"""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Any

from celery import Celery  # type: ignore[import-untyped]
from kombu.exceptions import KombuError

from playbooks.folder import folder_broker
from soc.core.errors import EngineError
from soc.core.i18n import msg

ADVANCE = "playbook.advance"
"""Name of the task that moves a playbook run."""


class Lane(StrEnum):
    """A queue with a worker process of its own, so that work in one never waits for work in another."""

    RESPONSE = "vonggac"
    LONG = "vonggac-long"


def make_client(home: Path, broker_url: str = "") -> Celery:
    """A Celery app that can send and receive over the broker, and has no tasks of its own.

    Args:
        home: folder of the installation; the folder broker lives in `home/broker`.
        broker_url: `redis://...` or `amqp://...`; "" = the folder.
    """
    app = Celery("vonggac", set_as_current=False)
    app.conf.update(
        task_serializer="json",
        accept_content=["json"],
        result_backend=None,
        task_ignore_result=True,
        task_acks_late=True,
        task_default_queue=Lane.RESPONSE.value,
        worker_prefetch_multiplier=1,
        worker_enable_remote_control=False,
        worker_hijack_root_logger=False,
        broker_connection_retry_on_startup=True,
        enable_utc=True,
        timezone="UTC",
    )
    app.conf.update(_server(broker_url) if broker_url else folder_broker(home / "broker"))
    return app


def _server(broker_url: str) -> dict[str, Any]:
    return {"broker_url": broker_url}


class CeleryQueue:
    """The queue of one task, over Celery."""

    def __init__(self, app: Celery, task: str, lane: Lane) -> None:
        self.app, self.task, self.lane = app, task, lane

    def enqueue(self, job: str, delay_s: float = 0) -> None:
        """Send the message; one try, as the sweep is the second. Raises EngineError."""
        try:
            self.app.send_task(self.task, args=[job], queue=self.lane.value, countdown=delay_s or None, retry=False)
        except (KombuError, OSError) as problem:
            raise EngineError(
                msg("không gửi được việc cho tiến trình nền: {reason}", reason=str(problem)[:200]),
                advice=msg("việc được gửi lại khi tiến trình nền quét; kiểm tra broker_url"),
            ) from problem
