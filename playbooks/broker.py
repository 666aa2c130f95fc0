"""The way from whoever starts a run to the worker: a Celery app that knows the broker, and the queue over it.

The tasks themselves are in `soc.worker`; whoever only asks for work needs no more than their names. The embedded broker is a
folder. A folder, like any broker, may lose what it holds: the truth about runs is in SQL, and the sweep finds what was lost.
"""

from __future__ import annotations

import logging
from pathlib import Path
from queue import Empty
from time import time_ns
from typing import Any
from uuid import uuid4

from celery import Celery  # type: ignore[import-untyped]
from kombu.exceptions import KombuError
from kombu.transport import filesystem
from kombu.utils.json import dumps, loads

from soc.core.errors import EngineError
from soc.core.i18n import msg

ADVANCE, SWEEP = "playbook.advance", "playbook.sweep"
"""Names of the two tasks: `advance(run)` and `sweep()`."""

POLL_S = 0.05
_LOG = logging.getLogger(__name__)


class FolderChannel(filesystem.Channel):
    """Kombu's folder of messages, with two faults out of the way.

    Kombu writes a message under its final name, so a reader can meet it half-written and die of it; and it takes messages by
    moving them to the temporary folder of the machine, where those of a killed worker stay for ever. Here a message appears
    whole, by renaming, and is taken by renaming within the broker's own folder.
    """

    def _put(self, queue: str, payload: Any, **_kwargs: Any) -> None:  # type: ignore[override]  # kombu names it both ways
        folder = Path(self.data_folder_out)
        name = f"{time_ns():020d}_{uuid4().hex}.{queue}.msg"
        half = folder / f".{name}"
        half.write_text(dumps(payload), "utf-8")  # type: ignore[no-untyped-call]
        half.replace(folder / name)

    def _get(self, queue: str, timeout: Any = None) -> Any:
        folder = Path(self.data_folder_in)
        for name in sorted(path.name for path in folder.iterdir()):
            if name.startswith(".") or name.partition(".")[2] != f"{queue}.msg":
                continue
            taken = folder / f".taken-{name}"
            try:
                (folder / name).rename(taken)
                text = taken.read_text("utf-8")
                taken.unlink()
                return loads(text)  # type: ignore[no-untyped-call]
            except FileNotFoundError:
                continue  # another worker was faster
            except ValueError:
                _LOG.warning("unreadable message %s dropped; the sweep asks again", name)
        raise Empty


class FolderTransport(filesystem.Transport):
    """The transport over `FolderChannel`."""

    Channel = FolderChannel


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
        task_default_queue="vonggac",
        worker_prefetch_multiplier=1,
        worker_enable_remote_control=False,
        worker_hijack_root_logger=False,
        broker_connection_retry_on_startup=True,
        enable_utc=True,
        timezone="UTC",
    )
    app.conf.update({"broker_url": broker_url} if broker_url else _folder_broker(home / "broker"))
    return app


def _folder_broker(folder: Path) -> dict[str, object]:
    messages, control = folder / "messages", folder / "control"
    for made in (messages, control):
        made.mkdir(parents=True, exist_ok=True, mode=0o700)
    options = {
        "data_folder_in": str(messages),
        "data_folder_out": str(messages),
        "control_folder": str(control),
        "polling_interval": POLL_S,
    }
    return {
        "broker_url": "filesystem://localhost//",
        "broker_transport": f"{__name__}:{FolderTransport.__name__}",
        "broker_transport_options": options,
    }


class CeleryQueue:
    """The queue over Celery."""

    def __init__(self, app: Celery) -> None:
        self.app = app

    def enqueue(self, run: str, delay_s: float = 0) -> None:
        """Send the message; one try, as the sweep is the second. Raises EngineError."""
        try:
            self.app.send_task(ADVANCE, args=[run], countdown=delay_s or None, retry=False)
        except (KombuError, OSError) as problem:
            raise EngineError(
                msg("không gửi được việc cho tiến trình nền: {reason}", reason=str(problem)[:200]),
                advice=msg("việc được gửi lại khi tiến trình nền quét; kiểm tra broker_url"),
            ) from problem
