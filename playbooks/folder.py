"""The embedded broker: a folder of messages, for Celery."""

from __future__ import annotations

import logging
from pathlib import Path
from queue import Empty
from time import time_ns
from typing import Any
from uuid import uuid4

from kombu.transport import filesystem
from kombu.utils.json import dumps, loads

from playbooks.outage import Outage

POLL_S = 0.05
_LOG = logging.getLogger(__name__)


class FolderChannel(filesystem.Channel):
    """Kombu's folder of messages, with three faults out of the way.

    Kombu writes a message under its final name, so a reader can meet it half-written and die of it; it takes messages by moving
    them to the temporary folder of the machine, where those of a killed worker stay for ever; and a worker dies of a folder that
    it cannot read. Here a message appears whole, by renaming, and is taken by renaming within the broker's own folder; the folder
    is made anew when it was deleted; and a folder that cannot be used holds no message until it can.
    """

    def _put(self, queue: str, payload: Any, **_kwargs: Any) -> None:  # type: ignore[override]  # kombu names it both ways
        folder = make_folder(Path(self.data_folder_out))
        name = f"{time_ns():020d}_{uuid4().hex}.{queue}.msg"
        half = folder / f".{name}"
        half.write_text(dumps(payload), "utf-8")  # type: ignore[no-untyped-call]
        half.replace(folder / name)

    def _get(self, queue: str, timeout: Any = None) -> Any:
        outage: Outage = self.transport_options["outage"]
        try:
            message = self._take(queue)
        except OSError as problem:
            outage.lost(str(problem))
            raise Empty from problem
        outage.back()
        if message is None:
            raise Empty
        return message

    def _size(self, queue: str) -> int:
        return len(self._names(queue))

    def _names(self, queue: str) -> list[str]:
        """The messages that wait in a queue, oldest first."""
        found = (path.name for path in make_folder(Path(self.data_folder_in)).iterdir())
        return sorted(name for name in found if name.partition(".")[2] == f"{queue}.msg")

    def _take(self, queue: str) -> Any | None:
        folder = Path(self.data_folder_in)
        for name in self._names(queue):
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
        return None


class FolderTransport(filesystem.Transport):
    """The transport over `FolderChannel`."""

    Channel = FolderChannel


def folder_broker(folder: Path, outage: Outage) -> dict[str, object]:
    """What Celery is to be told for its messages to lie in the folder, which is made, for its owner alone."""
    messages = str(make_folder(folder / "messages"))
    options = {
        "data_folder_in": messages,
        "data_folder_out": messages,
        "control_folder": str(make_folder(folder / "control")),
        "polling_interval": POLL_S,
        "outage": outage,
    }
    return {
        "broker_url": "filesystem://localhost//",
        "broker_transport": f"{__name__}:{FolderTransport.__name__}",
        "broker_transport_options": options,
    }


def make_folder(folder: Path) -> Path:
    """The folder, which is there afterwards, for its owner alone."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder
