"""The way from whoever asks for work to the worker: a Celery app that knows the broker, and a queue for each kind of work.

The tasks themselves are in `soc.worker`; whoever only asks for work needs no more than their names. Any broker, be it a folder or
Redis, may lose what it holds: the truth about work is in SQL, and a sweep finds what was lost.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from celery import Celery  # type: ignore[import-untyped]
from kombu.exceptions import ChannelError, KombuError

from playbooks.folder import folder_broker
from playbooks.outage import Outage
from playbooks.redis_broker import redis_broker
from soc.core.errors import BrokerError, SetupError
from soc.core.i18n import Lang, msg

ADVANCE = "playbook.advance"
"""Name of the task that moves a playbook run."""

SERVERS = ("redis", "rediss", "amqp", "amqps")


class Lane(StrEnum):
    """A queue with a worker process of its own, so that work in one never waits for work in another."""

    RESPONSE = "vonggac"
    LONG = "vonggac-long"


@dataclass(frozen=True, slots=True)
class Broker:
    """The way to the workers.

    Attributes:
        app: can send and receive; has no tasks of its own.
        place: where the broker is, without the password.
        secret: the password, "" without one; kept out of all that is said.
        outage: told whenever this process sends or receives, or fails to.
    """

    app: Celery
    place: str
    secret: str
    outage: Outage

    def queue(self, task: str, lane: Lane) -> CeleryQueue:
        """The queue of one task."""
        return CeleryQueue(self, task, lane)

    def depth(self, lane: Lane) -> int:
        """How many messages wait in a lane; BrokerError when the broker does not answer.

        A message more or less means nothing, as the work itself is in SQL.
        """
        with self.answering(), self.app.connection_for_write() as connection:
            try:
                return int(connection.default_channel.queue_declare(lane.value, passive=True).message_count)
            except ChannelError:  # there is no such queue as long as nothing was sent
                return 0

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Around one exchange with the broker: translates what goes wrong."""
        try:
            yield
        except (KombuError, OSError) as problem:
            raise BrokerError(
                msg("không gửi được việc cho tiến trình nền: {reason}", reason=self.without_secret(str(problem))),
                where=self.place,
                advice=msg("việc được gửi lại khi tiến trình nền quét; kiểm tra broker_url"),
            ) from problem

    def without_secret(self, text: str) -> str:
        """The first line of what a fault says, without the password."""
        text = text.partition("\n")[0]
        return (text.replace(self.secret, "***") if self.secret else text)[:200]


class CeleryQueue:
    """The queue of one task, over Celery."""

    def __init__(self, broker: Broker, task: str, lane: Lane) -> None:
        self.broker, self.task, self.lane = broker, task, lane

    def enqueue(self, job: str, delay_s: float = 0) -> None:
        """Send the message; one try, as the sweep is the second. Raises BrokerError; the log is told once for each outage."""
        send, wait = self.broker.app.send_task, delay_s or None
        try:
            with self.broker.answering():
                send(self.task, args=[job], queue=self.lane.value, countdown=wait, retry=False)
        except BrokerError as problem:
            self.broker.outage.lost(problem.found.render(Lang.EN))
            raise
        self.broker.outage.back()


def make_broker(home: Path, broker_url: str = "") -> Broker:
    """The way to the workers; nothing is connected yet.

    Args:
        home: folder of the installation; the folder broker lives in `home/broker`.
        broker_url: `redis://...` or `amqp://...`; "" = the folder.

    Raises:
        SetupError: a URL that cannot be used.
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
        worker_cancel_long_running_tasks_on_connection_loss=False,
        worker_enable_prefetch_count_reduction=False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        enable_utc=True,
        timezone="UTC",
    )
    url = _checked(broker_url) if broker_url else None
    place = f"{url.scheme}://{url.hostname}:{url.port or ''}{url.path}" if url else str(home / "broker")
    outage = Outage(f"broker {place}", "work stays in the database and goes on when it is back")
    app.conf.update(_server(url) if url else folder_broker(home / "broker", outage))
    return Broker(app, place, unquote(url.password or "") if url else "", outage)


def _server(url: SplitResult) -> dict[str, Any]:
    if url.scheme.startswith("redis"):
        return redis_broker(url)
    return {"broker_url": url.geturl(), "broker_transport_options": {"max_retries": 0}}


def _checked(broker_url: str) -> SplitResult:
    """The parts of a URL that can be used. The URL itself never goes into a message, as it may hold a password."""
    try:
        url = urlsplit(broker_url)
        usable = url.scheme in SERVERS and bool(url.hostname) and url.port != 0  # a bad port raises
        if usable:
            _server(url)
    except ValueError:
        usable = False
    if not usable:
        raise SetupError(
            msg("địa chỉ hàng đợi việc không dùng được"),
            expected=msg("redis://:mật-khẩu@máy:cổng/số, rediss://…?ssl_ca_certs=tệp, amqp:// hoặc để trống"),
            where="SOC_BROKER_URL",
            advice=msg("ký tự đặc biệt trong mật khẩu phải viết dạng %XX"),
        )
    return url
