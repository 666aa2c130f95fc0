"""Messages of a real MQTT broker, sent by its own client."""

from __future__ import annotations

import asyncio
import random
import signal
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from collectors.door import Capacity
from tests.collectors.live.post_office import SOURCES, arrived, counted, listening, receiving, until, wait_for_records
from tests.collectors.machinery.post import Post
from tests.conftest import need_part
from tests.servers.mosquitto import Mosquitto
from tests.servers.processes import wait_until

TEXT = """
sources:
  - id: bus-01
    platform: lgsp
    agency: so-mau-01
    format: kong_file_log
    input: {{kind: mqtt, listener: broker, topics: ["bus/+/state"]}}
  - id: station-01
    platform: lgsp
    agency: so-mau-01
    format: kong_file_log
    input: {{kind: mqtt, listener: broker, topics: ["env/#"], wrap: true}}
listeners:
  - {{id: broker, kind: mqtt, host: 127.0.0.1, port: {port}, max_in_flight: 20{more}}}
"""


@pytest.fixture(scope="session")
def program(pytestconfig: pytest.Config) -> str:
    need_part(pytestconfig, "mosquitto_pub", ("mosquitto_pub",), "mosquitto-clients")
    return need_part(pytestconfig, "mosquitto", ("mosquitto", "/usr/sbin/mosquitto"), "mosquitto")


@pytest.fixture
def broker(program: str, tmp_path: Path) -> Iterator[Mosquitto]:
    there = Mosquitto(program, tmp_path)
    yield there
    there.stop()


async def subscribed(broker: Mosquitto) -> None:
    await until(lambda: "Sending SUBACK to vonggac-broker" in broker.log, "the subscription")


@pytest.mark.anyio
@pytest.mark.parametrize("protocol", ["5", "3.1.1"])
async def test_messages_go_to_the_source_of_their_topic(post: Post, broker: Mosquitto, protocol: str) -> None:
    async with listening(post, TEXT.format(port=broker.port, more=f', protocol: "{protocol}"')):
        await subscribed(broker)
        await asyncio.to_thread(broker.publish, "bus/51b/state", '{"speed": 40}')
        await asyncio.to_thread(broker.publish, "env/tram-7/pm25", '{"v": 12}')
        await arrived(post, 2)
    items = {item.source: item.data.decode() for item in post.spool.read()}
    assert items == {
        "bus-01": '{"speed": 40}',
        "station-01": '{"topic":"env/tram-7/pm25","payload":{"v": 12}}',
    }


@pytest.mark.anyio
async def test_a_flood_is_held_back_and_what_the_broker_keeps_arrives_whole(post: Post, broker: Mosquitto) -> None:
    sent = [f"message {number}" for number in range(300)]
    async with listening(post, TEXT.format(port=broker.port, more=""), Capacity(spool_records=50)) as door:
        await subscribed(broker)
        await asyncio.to_thread(broker.publish, "bus/1/state", *sent)
        got: list[str] = []
        while len(got) < len(sent):  # the store takes its time
            await until(lambda: bool(post.spool.depth()), "more")
            assert post.spool.span() <= 50 + 20
            batch = post.spool.read()
            got += [item.data.decode() for item in batch]
            post.spool.ack(batch[-1].position)
        await asyncio.to_thread(broker.publish, "bus/1/state", *sent, qos=0)
        await until(lambda: counted(door, "bus-01").dropped > 0, "messages that nobody keeps to be dropped")
    assert sorted(got) == sorted(sent)


@pytest.mark.anyio
async def test_a_broker_that_refuses_or_is_away_is_told_of(post: Post, program: str, tmp_path: Path) -> None:
    locked = Mosquitto(program, tmp_path, "allow_anonymous false")
    try:
        async with listening(post, TEXT.format(port=locked.port, more=", protocol: '3.1.1'")) as door:
            await until(lambda: counted(door, "broker").faults["broker"] > 0, "the refusal")
    finally:
        locked.stop()
    async with listening(post, TEXT.format(port=locked.port, more="")) as door:
        await until(lambda: counted(door, "broker").faults["broker"] > 0, "the absence")


@pytest.mark.parametrize(("messages", "kills"), [(300, 1), pytest.param(20_000, 20, marks=pytest.mark.full)])
def test_after_kills_every_message_is_there_once(post: Post, broker: Mosquitto, messages: int, kills: int) -> None:
    """Law 1 over MQTT: acknowledged is kept, and what is sent again is known again."""
    (post.home / SOURCES).write_text(TEXT.format(port=broker.port, more=""))
    rng, log = random.Random(7), post.home / "receiving.log"  # noqa: S311 - a place to kill, not a secret
    sent = [f"message {number}" for number in range(messages)]
    with receiving(post.home, log):
        wait_until(lambda: "Sending SUBACK to vonggac-broker" in broker.log, "the subscription", 30)
    publishing = threading.Thread(target=broker.publish, args=("bus/1/state", *sent))
    publishing.start()
    for kill in range(kills):
        with receiving(post.home, log) as process:
            wait_for_records(post, rng.randrange(messages * kill // kills, messages * (kill + 1) // kills))
            process.send_signal(signal.SIGKILL)
    publishing.join()
    with receiving(post.home, log):
        wait_for_records(post, messages)
        wait_until(lambda: len(set(post.lines())) == messages, "all of them", 60)
    assert Counter(post.lines()) == Counter(sent)
