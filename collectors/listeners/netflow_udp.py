"""Flows by UDP: each datagram is decoded at once, since its meaning hangs on templates that came before."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import orjson

from collectors.door import Arrival, Door
from collectors.listeners.datagrams import Datagram, serve_datagrams, told_of_loss
from collectors.listeners.flow_packets import Decoded, FlowDecoder
from collectors.listeners.netflow import NetflowSpec
from collectors.listeners.routing import Routes, plain_address
from collectors.listeners.strangers import stranger
from collectors.quarantine import Kind
from soc.core.i18n import Message, msg


class NetflowListener:
    """Flow export on one port."""

    def __init__(self, spec: NetflowSpec, routes: Routes) -> None:
        self._spec, self._routes = spec, routes
        self._decoder = FlowDecoder()

    @property
    def id(self) -> str:
        return self._spec.id

    async def serve(self, door: Door, stop: asyncio.Event) -> None:
        lost = told_of_loss(door.tally, self.id)
        await serve_datagrams(self._spec.host, self._spec.port, lambda handful: self._take(door, handful), lost, stop)

    def _take(self, door: Door, handful: Sequence[Datagram]) -> None:
        for data, address, port in handful:
            exporter, where = str(plain_address(address)), f"{address}:{port}/udp"
            source = self._routes.source_of(address, (), str)
            if source is None:
                reason = stranger(exporter, self.id)
                door.tally.fault(self.id, "sender", reason)
                door.offer_aside(self.id, Arrival(data, where), reason, Kind.SENDER)
                continue
            found = self._decoder.decode(data, exporter)
            if found.flows:
                door.offer(source, [Arrival(orjson.dumps(flow), where, charset="utf-8") for flow in found.flows])
            self._tell(door, source, Arrival(data, where), found)

    def _tell(self, door: Door, source: str, packet: Arrival, found: Decoded) -> None:
        """Count what was not as it should be, and keep what could not be read."""
        if found.malformed:
            reason = msg("gói NetFlow sai độ dài hoặc phiên bản ({what})", what=found.malformed)
            self._refuse(door, source, "malformed", packet, reason)
        for number in found.contradicted:
            told = msg("mẫu {number} đổi nội dung; dùng bản mới nhất", number=number)
            door.tally.fault(source, "template_changed", told)
        if found.held:
            told = msg(
                "chưa có mẫu của {sender}; giữ lại chờ mẫu, mẫu thường được gửi lại sau vài phút", sender=packet.where
            )
            door.tally.fault(source, "template_missing", told)
        for number, rest in found.let_go:
            reason = msg("không thấy mẫu {number} của bản ghi flow", number=number)
            self._refuse(door, source, "template_never_came", Arrival(rest, packet.where), reason)
        if found.lost:
            door.tally.fault(
                source, "sequence", msg("mất {count} gói hoặc flow trên đường, theo số thứ tự", count=found.lost)
            )

    def _refuse(self, door: Door, source: str, why: str, arrival: Arrival, reason: Message) -> None:
        door.tally.fault(source, why, reason)
        door.offer_aside(source, arrival, reason, Kind.FRAME)
