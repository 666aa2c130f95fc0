"""Flows: packets of the same two ends put together, in bounded memory."""

from __future__ import annotations

import base64
import hashlib
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field
from ipaddress import ip_address
from typing import TypeAlias

from detectors.pcap.http import HttpConversation
from detectors.pcap.packets import Segment

IDLE_US = 300 * 1_000_000
"""A flow that was silent for five minutes is over; later packets begin a new one."""
MAX_FLOWS = 50_000
Key: TypeAlias = tuple[str, frozenset[tuple[str, int]]]
_NUMBERS = {"tcp": 6, "udp": 17, "icmp": 1}


@dataclass(slots=True)
class Flow:
    """A conversation; the source is who spoke first in the capture."""

    version: int
    transport: str
    source: str
    source_port: int
    destination: str
    destination_port: int
    start_us: int
    end_us: int
    sent_bytes: int = 0
    sent_packets: int = 0
    received_bytes: int = 0
    received_packets: int = 0
    http: HttpConversation = field(default_factory=HttpConversation)

    def is_from_source(self, segment: Segment) -> bool:
        return (segment.source, segment.source_port) == (self.source, self.source_port)

    def add(self, segment: Segment) -> None:
        """Count a packet of this flow."""
        self.end_us = max(self.end_us, segment.time_us)
        if self.is_from_source(segment):
            self.sent_bytes += segment.size
            self.sent_packets += 1
        else:
            self.received_bytes += segment.size
            self.received_packets += 1

    @property
    def community_id(self) -> str:
        """Community ID 1, seed 0: the same name that Zeek and Suricata give this flow. Source: corelight community-id-spec."""
        ends = sorted(
            [
                (ip_address(self.source).packed, self.source_port),
                (ip_address(self.destination).packed, self.destination_port),
            ]
        )
        number = _NUMBERS.get(self.transport, 0) or int(self.transport)
        (low, low_port), (high, high_port) = ends
        data = b"\0\0" + low + high + bytes((number, 0))
        if self.transport in {"tcp", "udp"}:
            data += low_port.to_bytes(2, "big") + high_port.to_bytes(2, "big")
        digest = hashlib.sha1(data, usedforsecurity=False).digest()
        return "1:" + base64.b64encode(digest).decode()


class FlowTable:
    """Open flows in the order in which they last spoke."""

    def __init__(self, max_flows: int = MAX_FLOWS) -> None:
        self._max = max_flows
        self._flows: OrderedDict[Key, Flow] = OrderedDict()

    def take(self, segment: Segment) -> Flow:
        """The flow of a packet, which is counted in it."""
        key = (
            segment.transport,
            frozenset(((segment.source, segment.source_port), (segment.destination, segment.destination_port))),
        )
        flow = self._flows.get(key)
        if flow is None:
            flow = self._flows[key] = _opened_by(segment)
        self._flows.move_to_end(key)
        flow.add(segment)
        return flow

    def finished(self, now_us: int) -> Iterator[Flow]:
        """Take out the flows that are silent for too long, and the oldest ones when there are too many."""
        while self._flows:
            key, flow = next(iter(self._flows.items()))
            if now_us - flow.end_us <= IDLE_US and len(self._flows) <= self._max:
                return
            del self._flows[key]
            yield flow

    def rest(self) -> Iterator[Flow]:
        """Take out everything: the capture ends."""
        while self._flows:
            yield self._flows.popitem(last=False)[1]


def _opened_by(segment: Segment) -> Flow:
    return Flow(
        version=segment.version,
        transport=segment.transport,
        source=segment.source,
        source_port=segment.source_port,
        destination=segment.destination,
        destination_port=segment.destination_port,
        start_us=segment.time_us,
        end_us=segment.time_us,
    )
