"""Packets of a capture file as plain values. The only module that knows scapy's classes of packets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path

from scapy.error import Scapy_Exception
from scapy.layers.inet import ICMP, IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import CookedLinux, Ether
from scapy.packet import Packet as ScapyPacket
from scapy.packet import Raw
from scapy.utils import PcapReader

from soc.core.errors import InputError
from soc.core.i18n import Message, msg

LINKS = (Ether, CookedLinux, IP, IPv6)
"""Link layers known by import: scapy reads a capture of another kind as raw bytes, which are counted as broken."""
_IPV6_HEADER = 40


@dataclass(frozen=True, slots=True)
class Segment:
    """One IP packet.

    Attributes:
        time_us: microseconds since 1970.
        transport: tcp | udp | icmp | the number of another protocol.
        source_port, destination_port: 0 where the protocol has none.
        size: bytes of the IP packet on the wire.
        seq: TCP sequence number.
        payload: what TCP or UDP carried, as far as it was captured.
    """

    time_us: int
    version: int
    transport: str
    source: str
    source_port: int
    destination: str
    destination_port: int
    size: int
    payload: bytes = b""
    seq: int = 0


@dataclass(slots=True)
class CaptureCounts:
    """What became of the packets; `packets` = ip + other + broken.

    Attributes:
        ip: read as IP.
        other: ARP, spanning tree and the like.
        broken: not to be read as what they claim to be.
        fault: why reading stopped before the end of the file, if it did.
    """

    packets: int = 0
    ip: int = 0
    other: int = 0
    broken: int = 0
    fault: Message | None = None


def read_segments(path: Path, counts: CaptureCounts) -> Iterator[Segment]:
    """The IP packets of a pcap or pcapng file (also .gz) in its order; `counts` is kept up to date meanwhile.

    A file that is cut short gives what it holds, and the fault is told in `counts`.

    Raises:
        InputError: the file cannot be read, or is no capture.
    """
    with _opened(path) as reader:
        while True:
            try:
                packet = reader.read_packet()
            except EOFError:
                return
            except (Scapy_Exception, OSError, ValueError) as problem:
                counts.fault = _cut_short(counts.packets, problem)
                return
            counts.packets += 1
            segment = _counted(packet, counts)
            if segment is not None:
                yield segment


def _cut_short(packets: int, problem: Exception) -> Message:
    return msg("tệp hỏng sau gói thứ {number}: {reason}", number=packets, reason=str(problem) or type(problem).__name__)


def _opened(path: Path) -> PcapReader:
    try:
        return PcapReader(str(path))
    except OSError as problem:
        raise InputError(
            msg("không đọc được bản ghi gói tin: {reason}", reason=problem.strerror or str(problem)),
            where=str(path),
            advice=msg("kiểm tra đường dẫn và quyền đọc"),
        ) from problem
    except (Scapy_Exception, EOFError) as problem:
        raise InputError(
            msg("tệp không phải bản ghi gói tin"),
            expected=msg("định dạng pcap hoặc pcapng, có thể nén gz"),
            where=str(path),
            advice=msg("lưu lại bằng tcpdump hoặc Wireshark"),
        ) from problem


def _counted(packet: ScapyPacket, counts: CaptureCounts) -> Segment | None:
    network = packet.getlayer(IP) or packet.getlayer(IPv6)
    if network is None:
        if isinstance(packet, Raw) or _claims_ip(packet):
            counts.broken += 1
        else:
            counts.other += 1
        return None
    try:
        segment = _segment(network, packet.time)
    except (AttributeError, TypeError, ValueError):  # a header cut in the middle leaves fields of scapy unset
        counts.broken += 1
        return None
    counts.ip += 1
    return segment


def _claims_ip(packet: ScapyPacket) -> bool:
    return getattr(packet, "type", None) in {0x0800, 0x86DD} or getattr(packet, "proto", None) in {0x0800, 0x86DD}


def _segment(network: ScapyPacket, time: float | Decimal) -> Segment:
    v4 = isinstance(network, IP)
    number = int(network.proto) if v4 else int(network.nh)
    plain = Segment(
        time_us=int(Decimal(time) * 1_000_000),
        version=4 if v4 else 6,
        transport="icmp" if network.haslayer(ICMP) or number in {1, 58} else str(number),
        source=str(network.src),
        source_port=0,
        destination=str(network.dst),
        destination_port=0,
        size=int(network.len) if v4 else int(network.plen) + _IPV6_HEADER,
    )
    layer = network.getlayer(TCP) or network.getlayer(UDP)
    if layer is None:
        return plain
    ported = replace(
        plain,
        transport="tcp" if isinstance(layer, TCP) else "udp",
        source_port=int(layer.sport),
        destination_port=int(layer.dport),
        payload=_payload(layer),
    )
    return replace(ported, seq=int(layer.seq)) if isinstance(layer, TCP) else ported


def _payload(layer: ScapyPacket) -> bytes:
    """Without the padding with which Ethernet fills short frames."""
    payload = layer.payload
    padding = payload.lastlayer()
    data = bytes(payload)
    return data[: len(data) - len(padding.load)] if padding.name == "Padding" else data
