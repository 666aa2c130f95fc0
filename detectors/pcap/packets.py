"""Packets of a capture file as plain values. The only module that knows scapy's classes of packets."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from pathlib import Path
from typing import BinaryIO

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
_LONGEST_HEAD = 16
"""Bytes of the head of a record in pcap; in pcapng it is 8."""
_GZIP = b"\x1f\x8b"


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
    with _stream(path) as stream:
        watched = _Watched(stream)
        reader = _reader(path, watched)
        while (packet := _next(reader, watched)) is not None:
            counts.packets += 1
            segment = _counted(packet, counts)
            if segment is not None:
                yield segment
        if watched.fault:
            counts.fault = _cut_short(counts.packets, watched.fault)


class _Watched:
    """A stream that remembers when it could not give what was asked: scapy takes any end of a file for the right one."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self.fault = ""

    def read(self, size: int = -1) -> bytes:
        try:
            data = self._stream.read(size)
        except (EOFError, OSError, zlib.error) as problem:
            self.fault = str(problem)
            raise
        ends_between_records = not data and size <= _LONGEST_HEAD
        if len(data) < size and not ends_between_records:
            self.fault = f"{len(data)}/{size} byte"
        return data

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


def _next(reader: PcapReader, watched: _Watched) -> ScapyPacket | None:
    """The next packet; None at the end, or where the file cannot be read on."""
    try:
        return reader.read_packet()
    except EOFError:
        return None
    except (Scapy_Exception, OSError, ValueError, zlib.error) as problem:
        watched.fault = str(problem) or type(problem).__name__
        return None


def _cut_short(packets: int, reason: str) -> Message:
    return msg("tệp hỏng sau gói thứ {number}: {reason}", number=packets, reason=reason)


def _stream(path: Path) -> BinaryIO:
    """The open file, unpacked; scapy would leave it open when it refuses it."""
    try:
        with path.open("rb") as stream:
            packed = stream.read(len(_GZIP)) == _GZIP
        return gzip.open(path, "rb") if packed else path.open("rb")  # type: ignore[return-value]  # read like any binary file
    except OSError as problem:
        raise InputError(
            msg("không đọc được bản ghi gói tin: {reason}", reason=problem.strerror or str(problem)),
            where=str(path),
            advice=msg("kiểm tra đường dẫn và quyền đọc"),
        ) from problem


def _reader(path: Path, stream: _Watched) -> PcapReader:
    try:
        return PcapReader(stream)  # type: ignore[arg-type]  # takes an open file as well
    except (Scapy_Exception, EOFError, OSError, zlib.error) as problem:
        raise InputError(
            msg("tệp không phải bản ghi gói tin"),
            expected=msg("định dạng pcap hoặc pcapng, có thể nén gz"),
            where=str(path),
            advice=msg("lưu lại bằng tcpdump hoặc Wireshark"),
        ) from problem


def _counted(packet: ScapyPacket, counts: CaptureCounts) -> Segment | None:
    network = packet.getlayer(IP) or packet.getlayer(IPv6)
    if network is None:
        if not packet.original or isinstance(packet, Raw) or _claims_ip(packet):
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
