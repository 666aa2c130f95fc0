"""The door: durable before it answers, bounded before it is full."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from collectors.allowance import Allowance
from collectors.door import Arrival, Capacity, Door, DoorClosedError
from collectors.quarantine import Kind
from collectors.tally import Tally
from soc.core.i18n import msg
from tests.collectors.machinery.post import LIMIT, Post

pytestmark = pytest.mark.anyio


@asynccontextmanager
async def opened(post: Post, capacity: Capacity | None = None, **allowances: Allowance) -> AsyncIterator[Door]:
    door = Door(post.collector, Tally(post.clock), allowances, capacity or Capacity())
    serving = asyncio.create_task(door.serve())
    await door.room()
    yield door
    door.end()
    await serving


def lines(*texts: str) -> list[Arrival]:
    return [Arrival(text.encode(), "192.0.2.10:514/udp") for text in texts]


async def test_what_was_taken_is_on_disk_for_every_caller(post: Post) -> None:
    async with opened(post) as door:
        kept = await asyncio.gather(*(door.take("portal", lines(f"a{n}", f"b{n}")) for n in range(30)))
        assert {one.accepted for one in kept} == {2}
        assert sorted(post.lines()) == sorted(f"{letter}{n}" for letter in "ab" for n in range(30))
    sent = door.tally.take()["portal"]
    assert (sent.received, sent.last) == (60, post.clock.now())


async def test_equal_records_without_a_name_are_two_and_with_one_name_one(post: Post) -> None:
    async with opened(post) as door:
        await door.take("portal", lines("same", "same"))
        for _ in range(2):
            await door.take("portal", [Arrival(b"same", "192.0.2.10", name="batch-7/1")])
    assert len({item.ident for item in post.spool.read()}) == 3
    assert len({item.seq for item in post.spool.read()}) == 4


async def test_secrets_are_masked_before_anything_is_on_disk(post: Post) -> None:
    async with opened(post) as door:
        await door.take("portal", lines("GET / Authorization: Bearer abcdefghijklmnop1234567890"))
    assert "abcdefghijklmnop1234567890" not in post.lines()[0]


async def test_without_room_datagrams_are_dropped_and_callers_told(post: Post) -> None:
    door = Door(post.collector, Tally(post.clock), {}, Capacity(records=3))
    door._look()  # open, and nobody writes
    assert [door.offer("fw", lines(f"{n}")) for n in range(5)] == [1, 1, 1, 0, 0]
    with pytest.raises(DoorClosedError) as refusal:
        await door.take("fw", lines("x"))
    assert refusal.value.retry_after_s > 0
    sent = door.tally.take()["fw"]
    assert (sent.dropped, sent.refused) == (2, 1)
    door.end()
    await door.serve()
    assert post.lines() == ["0", "1", "2"]


async def test_a_full_spool_closes_the_door_until_it_is_emptied(post: Post) -> None:
    async with opened(post, Capacity(spool_records=2)) as door:
        await door.take("fw", lines("1", "2"))
        with pytest.raises(DoorClosedError):
            await door.take("fw", lines("3"))
        waiting = asyncio.create_task(door.take_waiting("fw", lines("4")))
        post.spool.ack(post.spool.read()[-1].position)
        assert (await waiting).accepted == 1
    assert post.lines() == ["4"]


async def test_a_record_beyond_the_length_of_its_source_goes_to_quarantine(post: Post) -> None:
    async with opened(post, small=Allowance(max_record_bytes=4)) as door:
        kept = await door.take("small", lines("1234", "12345"))
        await door.take("other", lines("x" * LIMIT))
    assert (kept.accepted, kept.set_aside) == (1, 1)
    assert [(one.kind, one.source) for one in post.quarantine.list()] == [(Kind.OVERSIZE, "small")]


async def test_a_source_beyond_its_rate_is_told_and_others_are_not(post: Post) -> None:
    async with opened(post, noisy=Allowance(records_per_second=1)) as door:
        await door.take("noisy", lines(*"abcdefghij"))
        with pytest.raises(DoorClosedError) as refusal:
            await door.take("noisy", lines("k"))
        assert refusal.value.throttled
        assert door.offer("noisy", lines("l", "m")) == 0
        await door.take("quiet", lines("n"))
        assert door.tally.take()["noisy"].throttled == 3


async def test_what_is_set_aside_is_kept_at_a_bounded_rate_and_always_counted(post: Post) -> None:
    async with opened(post) as door:
        for number in range(300):
            door.offer_aside("syslog", lines(f"{number}")[0], msg("dịch vụ đang dừng"), Kind.SENDER)
        await door.set_aside("other", lines("x")[0], msg("dịch vụ đang dừng"), Kind.SENDER)
    assert 200 <= post.quarantine.count("syslog") <= 210
    assert post.quarantine.count("other") == 1
    assert door.tally.take()["syslog"].set_aside == 300


async def test_a_full_disk_refuses_callers_and_holds_datagrams_back(post: Post) -> None:
    async with opened(post) as door:
        await door.take("fw", lines("before"))
        with post.spool._file.reading() as connection:
            (pages,) = connection.execute("PRAGMA page_count").fetchone()
            connection.execute(f"PRAGMA max_page_count = {pages}")
        door.offer("fw", lines("held " * 2000))
        with pytest.raises(DoorClosedError, match="đĩa đầy"):
            await door.take("fw", lines("refused " * 2000))
        with post.spool._file.reading() as connection:
            connection.execute("PRAGMA max_page_count = 1000000")
        await door.room()
        await door.take("fw", lines("after"))
        assert [line[:6].strip() for line in post.lines()] == ["before", "held h", "after"]
        assert door.tally.take()["door"].faults["disk"] == 1
