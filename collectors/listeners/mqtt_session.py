"""Messages of an MQTT broker: acknowledged when they are on disk, known again when the broker sends them a second time.

A broker sends a message anew that was not acknowledged, marked as such and under the same packet identifier. What was kept under an
identifier is written down with the record itself, so that a kill between the disk and the acknowledgement doubles nothing.

Source: MQTT 5.0 sections 3.3.1.1 (DUP), 3.1.2.11.3 (Receive Maximum), 4.3.2 (QoS 1), 4.4 (redelivery); MQTT 3.1.1.
"""

from __future__ import annotations

import asyncio
import ssl
import threading
from collections import OrderedDict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from typing import Any

import orjson
from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage, MQTTv5, MQTTv311, topic_matches_sub
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode
from paho.mqtt.subscribeoptions import SubscribeOptions

from collectors.door import Arrival, Door, DoorClosedError
from collectors.listeners.mqtt import MqttFeed, MqttSpec
from collectors.spool import Cursors
from soc.core.i18n import Message, msg
from soc.core.ids import digest

REMEMBERED = 4000
"""Messages known again; more than any broker has under way."""
LARGEST_PACKET = 16 * 1024 * 1024
KEEPALIVE_S = 60
MOST_DELAY_S = 60
_DAY_S = 86_400
_NEVER_EXPIRES = 0xFFFFFFFF


class MqttListener:
    """The subscription of one broker.

    Args:
        feeds: source id -> its topics.
        password: of the spec's user; None = none.
    """

    def __init__(
        self, spec: MqttSpec, feeds: Mapping[str, MqttFeed], context: ssl.SSLContext | None, password: str | None
    ) -> None:
        self._spec, self._feeds, self._context, self._password = spec, feeds, context, password

    @property
    def id(self) -> str:
        return self._spec.id

    async def serve(self, door: Door, stop: asyncio.Event) -> None:
        await _Session(self._spec, self._feeds, self._client(), door).run(stop)

    def _client(self) -> Client:
        spec = self._spec
        version = MQTTv5 if spec.protocol == "5" else MQTTv311
        client = Client(
            CallbackAPIVersion.VERSION2,
            spec.client_id or f"vonggac-{spec.id}",
            clean_session=None if version == MQTTv5 else False,
            protocol=version,
            manual_ack=True,
        )
        if spec.user:
            client.username_pw_set(spec.user, self._password)
        if self._context is not None:
            client.tls_set_context(self._context)
        client.reconnect_delay_set(1, MOST_DELAY_S)
        return client


class _Session:
    """Callbacks come in the client's thread; everything else happens in the loop."""

    def __init__(self, spec: MqttSpec, feeds: Mapping[str, MqttFeed], client: Client, door: Door) -> None:
        self._spec, self._feeds, self._client, self._door = spec, feeds, client, door
        self._loop = asyncio.get_running_loop()
        self._slots = threading.BoundedSemaphore(spec.max_in_flight)
        self._ending = threading.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._turns: dict[int, asyncio.Lock] = {}
        self._kept = _Kept(spec.id, door.collector.spool.cursors(_prefix(spec.id)))

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop` is set; what is not on disk by then stays with the broker."""
        client = self._client
        client.on_connect, client.on_disconnect, client.on_message = self._connected, self._disconnected, self._arrived
        client.on_connect_fail, client.on_subscribe = self._unreachable, self._subscribed
        client.connect_async(self._spec.host, self._spec.port, KEEPALIVE_S, **self._session())
        client.loop_start()
        try:
            await stop.wait()
        finally:
            self._ending.set()
            client.disconnect()
            await asyncio.to_thread(client.loop_stop)
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)

    def _session(self) -> dict[str, Any]:
        if self._spec.protocol != "5":
            return {}
        properties = Properties(PacketTypes.CONNECT)  # type: ignore[no-untyped-call]
        properties.ReceiveMaximum = self._spec.max_in_flight
        properties.SessionExpiryInterval = min(self._spec.session_days * _DAY_S, _NEVER_EXPIRES)
        properties.MaximumPacketSize = LARGEST_PACKET
        return {"clean_start": False, "properties": properties}

    # in the client's thread

    def _connected(
        self, client: Client, _: object, __: ConnectFlags, reason: ReasonCode, ___: Properties | None
    ) -> None:
        if reason.is_failure:
            self._fault(msg("broker từ chối kết nối ({reason}); kiểm tra user và tệp mật khẩu", reason=str(reason)))
            return
        topics = [topic for feed in self._feeds.values() for topic in feed.topics]
        if self._spec.protocol == "5":  # what is retained only once, not at every connection
            client.subscribe([(topic, SubscribeOptions(qos=1, retainHandling=1)) for topic in topics])
        else:
            client.subscribe([(topic, 1) for topic in topics])

    def _subscribed(self, _: Client, __: object, ___: int, reasons: list[ReasonCode], ____: Properties | None) -> None:
        refused = sum(reason.is_failure for reason in reasons)
        if refused:
            self._fault(msg("broker từ chối {count} chủ đề; kiểm tra quyền đọc của user", count=refused))

    def _unreachable(self, _: Client, __: object) -> None:
        self._fault(
            msg("chưa kết nối được broker {host}:{port}; đang thử lại", host=self._spec.host, port=self._spec.port)
        )

    def _disconnected(
        self, _: Client, __: object, ___: DisconnectFlags, reason: ReasonCode, ____: Properties | None
    ) -> None:
        if not self._ending.is_set():
            self._fault(msg("mất kết nối với broker ({reason}); đang nối lại", reason=str(reason)))

    def _fault(self, told: Message) -> None:
        self._door.tally.fault(self._spec.id, "broker", told)

    def _arrived(self, _: Client, __: object, message: MQTTMessage) -> None:
        """Take a slot: for a message that the broker keeps until it is acknowledged by waiting, for any other if there is one."""
        if message.qos == 0:
            if not self._slots.acquire(blocking=False):
                self._door.tally.add(self._source_of(message.topic) or self._spec.id, dropped=1)
                return
        else:
            while not self._slots.acquire(timeout=1.0):
                if self._ending.is_set():
                    return
        with suppress(RuntimeError):  # the loop has ended
            self._loop.call_soon_threadsafe(self._begin, message)

    # in the loop

    def _begin(self, message: MQTTMessage) -> None:
        task = self._loop.create_task(self._keep(message))
        self._tasks.add(task)
        task.add_done_callback(self._ended)

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        self._slots.release()

    async def _keep(self, message: MQTTMessage) -> None:
        source = self._source_of(message.topic)
        if source is None:  # of a subscription that is not ours any more
            self._acknowledge(message)
            return
        arrival = self._arrival(source, message)
        if message.qos == 0:
            try:
                await self._door.take(source, [arrival])
            except DoorClosedError:
                self._door.tally.add(source, dropped=1)
            return
        mark = digest(message.topic, bytes(message.payload))
        async with self._turn(message.mid):  # a second delivery waits for the disk as the first does
            if not (message.dup and self._kept.has(message.mid, mark)):
                await self._door.take_waiting(source, [arrival], self._kept.cursors(message.mid, mark))
        self._acknowledge(message)

    @asynccontextmanager
    async def _turn(self, mid: int) -> AsyncIterator[None]:
        lock = self._turns.setdefault(mid, asyncio.Lock())
        try:
            async with lock:
                yield
        finally:
            if not lock.locked():
                self._turns.pop(mid, None)

    def _acknowledge(self, message: MQTTMessage) -> None:
        if message.qos:
            self._client.ack(message.mid, message.qos)

    def _arrival(self, source: str, message: MQTTMessage) -> Arrival:
        payload = bytes(message.payload)
        name = digest("retained", message.topic, payload) if message.retain else ""
        data = _wrapped(message.topic, payload) if self._feeds[source].wrap else payload
        return Arrival(data, f"mqtt://{self._spec.host}:{self._spec.port}/{message.topic}", name)

    def _source_of(self, topic: str) -> str | None:
        return next(
            (
                source
                for source, feed in self._feeds.items()
                if any(topic_matches_sub(one, topic) for one in feed.topics)
            ),
            None,
        )


class _Kept:
    """What was kept under each packet identifier, as long as the broker may send it again."""

    def __init__(self, listener: str, cursors: Mapping[str, Mapping[str, str | int]]) -> None:
        self._prefix = _prefix(listener)
        rows = sorted((int(state["number"]), name, str(state["mark"])) for name, state in cursors.items())
        self._marks = OrderedDict((name, mark) for _, name, mark in rows)
        self._number = rows[-1][0] if rows else 0

    def has(self, mid: int, mark: str) -> bool:
        """Whether the message of this identifier is the one that was kept under it."""
        return self._marks.get(f"{self._prefix}{mid}") == mark

    def cursors(self, mid: int, mark: str) -> Cursors:
        """What to write with the record; the oldest is forgotten."""
        name = f"{self._prefix}{mid}"
        self._number += 1
        self._marks.pop(name, None)
        self._marks[name] = mark
        cursors: dict[str, Mapping[str, str | int] | None] = {}
        if len(self._marks) > REMEMBERED:
            cursors[self._marks.popitem(last=False)[0]] = None
        return cursors | {name: {"number": self._number, "mark": mark}}


def _prefix(listener: str) -> str:
    return f"mqtt\x1f{listener}\x1f"


def _wrapped(topic: str, payload: bytes) -> bytes:
    try:
        content: object = orjson.Fragment(payload) if orjson.loads(payload) is not None else None
    except orjson.JSONDecodeError:
        content = payload.decode("utf-8", "replace")
    return orjson.dumps({"topic": topic, "payload": content})
