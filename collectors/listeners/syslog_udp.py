"""Syslog in datagrams: one each, no answer, so what there is no room for is dropped and counted.

Source: RFC 5426.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import TYPE_CHECKING

from collectors.door import Arrival, Door
from collectors.listeners.datagrams import Datagram, serve_datagrams, told_of_loss
from collectors.listeners.header import hostname_of
from collectors.listeners.routing import Routes, plain_address
from collectors.listeners.strangers import stranger
from collectors.quarantine import Kind

if TYPE_CHECKING:
    from collectors.listeners.syslog import SyslogUdpSpec


class SyslogUdpListener:
    """Syslog datagrams on one port."""

    def __init__(self, spec: SyslogUdpSpec, routes: Routes) -> None:
        self._spec, self._routes = spec, routes

    @property
    def id(self) -> str:
        return self._spec.id

    async def serve(self, door: Door, stop: asyncio.Event) -> None:
        lost = told_of_loss(door.tally, self.id)
        await serve_datagrams(self._spec.host, self._spec.port, lambda handful: self._take(door, handful), lost, stop)

    def _take(self, door: Door, handful: Sequence[Datagram]) -> None:
        by_source: dict[str, list[Arrival]] = {}
        for datagram, address, port in handful:
            data = datagram.rstrip(b"\r\n\0")
            if not data:
                continue
            arrival = Arrival(data, f"{address}:{port}/udp")
            source = self._source_of(address, data)
            if source is None:
                reason = stranger(str(plain_address(address)), self.id)
                door.tally.fault(self.id, "sender", reason)
                door.offer_aside(self.id, arrival, reason, Kind.SENDER)
            else:
                by_source.setdefault(source, []).append(arrival)
        for source, arrivals in by_source.items():
            door.offer(source, arrivals)

    def _source_of(self, address: str, data: bytes) -> str | None:
        return self._routes.source_of(address, (), lambda: hostname_of(data))
