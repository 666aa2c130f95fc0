"""A UDP socket that is emptied in handfuls: one look at the door for many datagrams."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TypeAlias

from collectors.listeners.sockets import bound
from collectors.tally import Tally
from soc.core.i18n import msg

Datagram: TypeAlias = tuple[bytes, str, int]
"""Data, address and port of the sender."""

HANDFUL = 200
LARGEST = 65_535
RECEIVE_BUFFER = 8 * 1024 * 1024
"""What the kernel holds while we write; it gives less where `net.core.rmem_max` is lower."""


LOOK_S = 5.0
"""How often the kernel is asked what it dropped."""


async def serve_datagrams(
    host: str,
    port: int,
    take: Callable[[Sequence[Datagram]], None],
    lost: Callable[[int], None],
    stop: asyncio.Event,
) -> None:
    """Give `take` what arrives, until `stop` is set, and `lost` how many datagrams the kernel had no room for.

    Raises:
        SetupError: the address cannot be bound.
    """
    with bound(host, port, socket.SOCK_DGRAM) as udp:
        with suppress(OSError):
            udp.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER)
        loop = asyncio.get_running_loop()
        loop.add_reader(udp, lambda: take(_handful(udp)))
        watching = asyncio.create_task(_watch(udp, lost))
        try:
            await stop.wait()
        finally:
            watching.cancel()
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


async def _watch(udp: socket.socket, lost: Callable[[int], None]) -> None:
    before = kernel_drops(udp)
    while True:
        await asyncio.sleep(LOOK_S)
        now = kernel_drops(udp)
        if now > before:
            lost(now - before)
        before = now


def kernel_drops(udp: socket.socket) -> int:
    """Datagrams that the kernel dropped at this socket since it was made; 0 where it does not say.

    Source: proc(5), /proc/net/udp: inode in column 10, drops in column 13.
    """
    inode = str(os.fstat(udp.fileno()).st_ino)
    for table in ("udp", "udp6"):
        with suppress(OSError, ValueError, IndexError):
            rows = (line.split() for line in Path(f"/proc/net/{table}").read_text("ascii").splitlines()[1:])
            found = next((row for row in rows if row[9] == inode), None)
            if found is not None:
                return int(found[12])
    return 0


def told_of_loss(tally: Tally, listener: str) -> Callable[[int], None]:
    """Counts what the kernel dropped under the id of the listener: nobody can say whose it was."""

    def lost(count: int) -> None:
        tally.add(listener, dropped=count)
        told = msg(
            "nhân hệ điều hành bỏ {count} gói UDP vì đọc không kịp; tăng net.core.rmem_max hoặc gửi bằng TCP",
            count=count,
        )
        tally.fault(listener, "kernel", told)

    return lost
