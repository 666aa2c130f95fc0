"""The receiving process's listeners in the test's own loop, and the process itself, with sources that a test writes."""

from __future__ import annotations

import asyncio
import base64
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from pathlib import Path

from collectors.allowance import Allowance
from collectors.door import Capacity, Door
from collectors.listeners.spec import Opening
from collectors.platform import Platform, load_platforms
from collectors.sources import load_source_file
from collectors.tally import Sent, Tally
from soc.core.errors import EngineError
from tests.collectors.machinery.post import KEY, LIMIT, Post
from tests.servers.processes import wait_until

SOURCES = "sources.yaml"


@cache
def platforms() -> dict[str, Platform]:
    """Those of the suite, read once."""
    return load_platforms()


@asynccontextmanager
async def listening(post: Post, sources: str, capacity: Capacity | None = None) -> AsyncIterator[Door]:
    """The door behind all listeners of a `sources.yaml`; at the end they are stopped and everything is on disk."""
    (post.home / SOURCES).write_text(sources)
    found = load_source_file(post.home / SOURCES, platforms())
    allowances: dict[str, Allowance] = {source.id: source.limits.allowance for source in found.sources}
    door = Door(post.collector, Tally(post.clock), allowances, capacity or Capacity())
    opening = Opening(post.home, post.clock, LIMIT)
    stop = asyncio.Event()
    writing = asyncio.create_task(door.serve())
    await door.room()
    listeners = [spec.open(found.feeds_of(spec), opening) for spec in found.listeners]
    serving = [asyncio.create_task(one.serve(door, stop)) for one in listeners]
    await asyncio.sleep(0)
    yield door
    stop.set()
    await asyncio.gather(*serving)
    door.end()
    await writing


async def until(condition: Callable[[], bool], what: str, timeout_s: float = 20) -> None:
    """Come back as soon as `condition` holds."""
    async with asyncio.timeout(timeout_s):
        while not condition():
            await asyncio.sleep(0.01)
    assert condition(), what


async def arrived(post: Post, count: int) -> list[str]:
    """The lines in the spool, as soon as there are `count`."""
    await until(lambda: post.spool.depth() >= count, f"{count} records")
    return post.lines()


def counted(door: Door, source: str) -> Sent:
    """What the tally has of a source or listener, without taking it."""
    return door.tally.peek(source)


@contextmanager
def receiving(home: Path, log: Path, *, own_key: bool = False) -> Iterator[subprocess.Popen[bytes]]:
    """The receiving process over a home that has its `sources.yaml`; under the key of a `Post`, unless the home has its own."""
    environment = os.environ | {"SOC_HOME": str(home)}
    if not own_key:
        environment["SOC_SPOOL_KEY"] = base64.b64encode(KEY).decode()
    with log.open("ab") as output:
        process = subprocess.Popen([sys.executable, "-m", "soc.app.receiving"], env=environment, stderr=output)
    try:
        yield process
    finally:
        if process.poll() is None:
            process.send_signal(signal.SIGTERM)
        process.wait(20)


def wait_for_records(post: Post, count: int) -> None:
    """Wait until another process has put so many records into the spool."""

    def enough() -> bool:
        try:
            return post.spool.depth() >= count
        except EngineError:
            return False

    wait_until(enough, f"{count} records in the spool", 30)
