"""Connections of TCP and TLS: bounded in number, in length and in patience; each stands and falls alone."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections import Counter
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from pydantic import Field

from collectors.listeners.sockets import bound
from collectors.listeners.spec import Strict
from collectors.tally import Tally
from soc.core.i18n import Message, msg

BLOCK_BYTES = 256 * 1024
"""Of one read, and about what a connection that is held back takes of memory: some 1,400 records, a batch of its own."""
HANDSHAKE_S = 10.0
BACKLOG = 128


class StreamLimits(Strict):
    """What a TCP listener allows."""

    max_connections: int = Field(default=300, ge=1, le=10_000)
    max_connections_per_peer: int = Field(default=50, ge=1, le=10_000)
    idle_seconds: int = Field(default=3600, ge=1)


class Limits(Protocol):
    """What of it the server heeds."""

    @property
    def max_connections(self) -> int: ...
    @property
    def max_connections_per_peer(self) -> int: ...
    @property
    def idle_seconds(self) -> int: ...


class IdleError(Exception):
    """Nothing came for longer than the listener waits."""


@dataclass(frozen=True, slots=True)
class Connection:
    """One peer; `names` are those in its certificate."""

    reader: asyncio.StreamReader
    address: str
    port: int
    names: tuple[str, ...]
    idle_s: float
    protocol: str

    @property
    def where(self) -> str:
        return f"{self.address}:{self.port}/{self.protocol}"

    async def read(self) -> bytes:
        """What has come; empty at the end. Raises IdleError, and OSError when the connection broke."""
        try:
            return await asyncio.wait_for(self.reader.read(BLOCK_BYTES), self.idle_s)
        except TimeoutError:
            raise IdleError from None


@dataclass
class StreamServer:
    """Accepts connections and gives each to `handle`.

    Args:
        id: of the listener, for the tally.
        context: of TLS; None for plain TCP.
    """

    id: str
    host: str
    port: int
    limits: Limits
    handle: Callable[[Connection], Awaitable[None]]
    tally: Tally
    context: ssl.SSLContext | None = None
    _open: Counter[str] = field(default_factory=Counter, init=False)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set, init=False)

    async def serve(self, stop: asyncio.Event) -> None:
        """Until `stop` is set; then the connections are closed. Raises SetupError when the address cannot be bound."""
        with bound(self.host, self.port, socket.SOCK_STREAM) as server:
            server.listen(BACKLOG)
            accepting = asyncio.create_task(self._accept(server))
            stopping = asyncio.create_task(stop.wait())
            await asyncio.wait({accepting, stopping}, return_when=asyncio.FIRST_COMPLETED)
            for task in (accepting, stopping, *self._tasks):
                task.cancel()
            await asyncio.gather(stopping, *self._tasks, return_exceptions=True)
            with suppress(asyncio.CancelledError):
                await accepting

    async def _accept(self, server: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                peer, address = await loop.sock_accept(server)
            except OSError as problem:  # too many open files, or the peer is gone already
                self.tally.fault(self.id, "accept", msg("không nhận được kết nối ({reason})", reason=problem.strerror))
                await asyncio.sleep(0.1)
                continue
            if self._is_too_many(address[0]):
                peer.close()
                continue
            self._open[address[0]] += 1
            task = asyncio.create_task(self._tend(peer, address[0], address[1]))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    def _is_too_many(self, address: str) -> bool:
        if (
            self._open.total() < self.limits.max_connections
            and self._open[address] < self.limits.max_connections_per_peer
        ):
            return False
        self.tally.fault(
            self.id,
            "connections",
            msg(
                "từ chối kết nối của {address}: đang có {own} kết nối của máy này, {all} tất cả",
                address=address,
                own=self._open[address],
                all=self._open.total(),
            ),
        )
        return True

    async def _tend(self, peer: socket.socket, address: str, port: int) -> None:
        try:
            await self._connected(peer, address, port)
        except ssl.SSLError as problem:
            self.tally.fault(self.id, "certificate", _refused(address, problem))
        except (OSError, TimeoutError) as problem:
            told = msg(
                "kết nối của {address} đứt ({reason})", address=address, reason=str(problem) or type(problem).__name__
            )
            self.tally.fault(self.id, "connection", told)
        finally:
            self._open[address] -= 1
            if not self._open[address]:
                del self._open[address]

    async def _connected(self, peer: socket.socket, address: str, port: int) -> None:
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(limit=BLOCK_BYTES // 2)  # it reads on until twice as much waits
        handshake = None if self.context is None else HANDSHAKE_S
        transport, _ = await loop.connect_accepted_socket(
            lambda: asyncio.StreamReaderProtocol(reader), peer, ssl=self.context, ssl_handshake_timeout=handshake
        )
        try:
            names = names_of(transport.get_extra_info("peercert"))
            protocol = "tcp" if self.context is None else "tls"
            await self.handle(Connection(reader, address, port, names, self.limits.idle_seconds, protocol))
        finally:
            transport.close()


def names_of(certificate: object) -> tuple[str, ...]:
    """DNS names and common name of a certificate, as `ssl` gives it; none without one."""
    if not isinstance(certificate, dict):
        return ()
    alternatives = [value for kind, value in certificate.get("subjectAltName", ()) if kind == "DNS"]
    subject = [value for part in certificate.get("subject", ()) for kind, value in part if kind == "commonName"]
    return tuple(dict.fromkeys([*alternatives, *subject]))


def _refused(address: str, problem: ssl.SSLError) -> Message:
    """What was wrong with the handshake, in words for the two mistakes that are made."""
    if "PEER_DID_NOT_RETURN_A_CERTIFICATE" in (problem.reason or ""):
        return msg(
            "{address} không đưa chứng thư; cần chứng thư do client_ca ký, cài vào máy gửi rồi kết nối lại",
            address=address,
        )
    reason = getattr(problem, "verify_message", "") or problem.reason or str(problem)
    return msg("bắt tay TLS với {address} không thành ({reason})", address=address, reason=reason)
