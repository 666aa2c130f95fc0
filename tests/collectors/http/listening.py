"""A listener on a port of this machine, with a real door behind it, and real clients in front."""

from __future__ import annotations

import asyncio
import base64
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache

import httpx

from collectors.allowance import Allowance
from collectors.door import Capacity, Door
from collectors.listeners.http import HttpFeed, HttpSpec
from collectors.listeners.spec import Opening
from collectors.spool import SpoolItem
from collectors.tally import Tally
from soc.core.ids import sha256
from tests.collectors.machinery.post import LIMIT, Post

TOKEN, OTHER_TOKEN = "vg_token-of-the-portal", "vg_token-of-another-agency"
TOKENS = {"portal": TOKEN, "portal-of-b": OTHER_TOKEN}


@dataclass
class Listening:
    """A listener that runs in a thread of its own. `home`: what paths of the spec are meant from."""

    post: Post
    spec: HttpSpec
    capacity: Capacity = field(default_factory=Capacity)
    allowances: dict[str, Allowance] = field(default_factory=dict)
    text_field: str = ""
    door: Door = field(init=False)
    _loop: asyncio.AbstractEventLoop = field(init=False)
    _stop: asyncio.Event = field(init=False)

    @property
    def url(self) -> str:
        scheme = "http" if self.spec.tls is None else "https"
        return f"{scheme}://{self.spec.host}:{self.spec.port}"

    def push(
        self, body: bytes | str, token: str = TOKEN, path: str = "/v1/push/portal", **headers: str
    ) -> httpx.Response:
        """One push; header names with `_` for `-`."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        headers = {"Authorization": f"Bearer {token}", **given}
        return httpx.post(self.url + path, content=body, headers=headers, verify=trust())

    def bulk(self, body: bytes | str, path: str = "/_bulk", token: str = TOKEN, **headers: str) -> httpx.Response:
        """One bulk request, signed in as Beats do it."""
        return self.push(body, path=path, **{"Authorization": api_key("portal", token), **headers})

    def items(self) -> list[SpoolItem]:
        """What is in the spool."""
        return self.post.spool.read(limit=100_000)

    def lines(self) -> list[str]:
        return [item.data.decode() for item in self.items()]

    def in_loop(self, call: Callable[[], None]) -> None:
        """Do something in the loop of the listener, and wait until it is done."""
        done = threading.Event()
        self._loop.call_soon_threadsafe(lambda: (call(), done.set()))
        assert done.wait(10)

    @contextmanager
    def running(self) -> Iterator[Listening]:
        ready = threading.Event()
        thread = threading.Thread(target=lambda: asyncio.run(self._run(ready)))
        thread.start()
        assert ready.wait(10)
        try:
            yield self
        finally:
            self._loop.call_soon_threadsafe(self._stop.set)
            thread.join(20)
        assert not thread.is_alive()

    async def _run(self, ready: threading.Event) -> None:
        self._loop, self._stop = asyncio.get_running_loop(), asyncio.Event()
        self.door = Door(self.post.collector, Tally(self.post.clock), self.allowances, self.capacity)
        feeds = {
            source: HttpFeed(
                kind="http", listener=self.spec.id, token_sha256=[sha256(token.encode())], field=self.text_field
            )
            for source, token in TOKENS.items()
        }
        listener = self.spec.open(feeds, Opening(self.post.home, self.post.clock, LIMIT))
        writing = asyncio.create_task(self.door.serve())
        listening = asyncio.create_task(listener.serve(self.door, self._stop))
        while not listening.done() and not _answers(self.spec.port):
            await asyncio.sleep(0.01)
        await self.door.room()
        ready.set()
        await listening
        self.door.end()
        await writing


@cache
def trust() -> ssl.SSLContext:
    """Made once: reading all authorities of the system for each request takes longer than the request."""
    return ssl.create_default_context()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def api_key(ident: str, token: str) -> str:
    return "ApiKey " + base64.b64encode(f"{ident}:{token}".encode()).decode()


def spec(**settings: object) -> HttpSpec:
    """A listener on a free port."""
    return HttpSpec.model_validate({"id": "http-in", "kind": "http", "port": free_port(), **settings})
