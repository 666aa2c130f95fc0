"""A UDP socket that is emptied in handfuls: one look at the door for many datagrams."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import TypeAlias

from collectors.listeners.sockets import bound

Datagram: TypeAlias = tuple[bytes, str, int]
"""Data, address and port of the sender."""

HANDFUL = 200
LARGEST = 65_535
RECEIVE_BUFFER = 8 * 1024 * 1024
"""What the kernel holds while we write; it gives less where `net.core.rmem_max` is lower."""


async def serve_datagrams(
    host: str, port: int, take: Callable[[Sequence[Datagram]], None], stop: asyncio.Event
) -> None:
    """Give `take` what arrives, until `stop` is set. Raises SetupError when the address cannot be bound."""
    with bound(host, port, socket.SOCK_DGRAM) as udp:
        with suppress(OSError):
            udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        loop = asyncio.get_running_loop()
        loop.add_reader(udp, lambda: take(_handful(udp)))
        try:
            await stop.wait()
        finally:
            loop.remove_reader(udp)
        while rest := _handful(udp):  # what the kernel had taken before
            take(rest)


def _handful(udp: socket.socket) -> list[Datagram]:
    found: list[Datagram] = []
    while len(found) < HANDFUL:
        try:
            data, peer = udp.recvfrom(LARGEST)
        except OSError:  # empty, or an ICMP error of a datagram that we never sent
            break
        found.append((data, peer[0], peer[1]))
    return found
