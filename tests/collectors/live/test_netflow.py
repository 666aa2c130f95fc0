"""Flow export by a real exporter over a capture, and by hand where it goes wrong."""

from __future__ import annotations

import asyncio
import socket
import struct
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.listeners.flow_packets import MOST_HELD, FlowDecoder
from collectors.listeners.flow_templates import Templates
from collectors.parsers.netflow import NetflowParser
from collectors.parsing import ParseContext
from collectors.quarantine import Kind
from tests.collectors.live.post_office import arrived, counted, listening, until
from tests.collectors.machinery.post import NOW, Post
from tests.conftest import need_part
from tests.servers.processes import free_port

SOURCES = """
sources:
  - id: router-01
    platform: lgsp
    agency: so-mau-01
    format: kong_file_log
    parser: netflow
    input: {{kind: netflow, listener: flows, senders: [{sender}]}}
listeners:
  - {{id: flows, kind: netflow, port: {port}}}
"""
CLIENT, SERVER = "198.51.100.7", "203.0.113.5"


def v9(sets: bytes, sequence: int = 1, source: int = 7) -> bytes:
    return struct.pack("!HHIIII", 9, 1, 60_000, 1_794_877_511, sequence, source) + sets


def flowset(number: int, body: bytes) -> bytes:
    return struct.pack("!HH", number, len(body) + 4) + body


def template(number: int, *fields: tuple[int, int]) -> bytes:
    return flowset(0, struct.pack("!HH", number, len(fields)) + b"".join(struct.pack("!HH", *one) for one in fields))


def flow_data(client: str = CLIENT, octets: int = 500) -> bytes:
    return ip_address(client).packed + ip_address(SERVER).packed + struct.pack("!I", octets)


PLAIN = ((8, 4), (12, 4), (1, 4))
SWAPPED = ((12, 4), (8, 4), (1, 4))


@pytest.fixture(scope="session")
def softflowd(pytestconfig: pytest.Config) -> str:
    return need_part(pytestconfig, "softflowd", ("softflowd", "/usr/sbin/softflowd"), "softflowd")


@pytest.fixture(scope="session")
def capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A short TCP connection and a DNS question."""
    from scapy.layers.inet import IP, TCP, UDP
    from scapy.layers.l2 import Ether
    from scapy.utils import wrpcap

    there: dict[str, Any] = {"src": CLIENT, "dst": SERVER}
    back: dict[str, Any] = {"src": SERVER, "dst": CLIENT}
    packets = [
        Ether() / IP(**there) / TCP(sport=50000, dport=443, flags="S"),
        Ether() / IP(**back) / TCP(sport=443, dport=50000, flags="SA"),
        Ether() / IP(**there) / TCP(sport=50000, dport=443, flags="FA") / (b"x" * 100),
        Ether() / IP(**there) / UDP(sport=40000, dport=53) / b"question",
    ]
    path = tmp_path_factory.mktemp("capture") / "traffic.pcap"
    for number, packet in enumerate(packets):
        packet.time = 1_794_877_000 + number
    wrpcap(str(path), packets)
    return path


@pytest.mark.anyio
@pytest.mark.parametrize("version", [5, 9, 10])
async def test_a_real_exporter_is_understood(post: Post, softflowd: str, capture: Path, version: int) -> None:
    port = free_port()
    async with listening(post, SOURCES.format(port=port, sender="127.0.0.1")):
        arguments = ["-r", str(capture), "-n", f"127.0.0.1:{port}", "-v", str(version), "-d"]
        process = await asyncio.create_subprocess_exec(
            softflowd, *arguments, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
        )
        await process.wait()
        lines = await arrived(post, 3)
    events = [NetflowParser().parse(line, ParseContext(NOW)) for line in lines]
    seen = {(e["source.ip"], e.get("source.port"), e["destination.ip"], e["network.transport"]) for e in events}
    assert {(CLIENT, 50000, SERVER, "tcp"), (SERVER, 443, CLIENT, "tcp"), (CLIENT, 40000, SERVER, "udp")} <= seen
    question = next(event for event in events if event["network.transport"] == "udp")
    assert (question["destination.port"], question["source.packets"], question["source.bytes"]) == (53, 1, 36)


@pytest.mark.anyio
async def test_records_wait_for_their_template_and_a_contradiction_is_counted(post: Post) -> None:
    port = free_port()
    async with listening(post, SOURCES.format(port=port, sender="127.0.0.1")) as door:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as exporter:
            exporter.connect(("127.0.0.1", port))
            exporter.send(v9(flowset(256, flow_data()), 1))
            exporter.send(v9(template(256, *PLAIN), 2))
            exporter.send(v9(template(256, *SWAPPED) + flowset(256, flow_data()), 3))
            exporter.send(v9(flowset(256, flow_data()), 9))
            exporter.send(b"\0\7nonsense")
            lines = await arrived(post, 3)
        await until(lambda: post.quarantine.count() == 1, "the nonsense")
        faults = counted(door, "router-01").faults
    assert [orjson.loads(line)["sourceIPv4Address"] for line in lines] == [CLIENT, SERVER, SERVER]
    assert faults == {"template_missing": 1, "template_changed": 1, "sequence": 1, "malformed": 1}
    assert post.quarantine.list()[0].kind is Kind.FRAME


@pytest.mark.anyio
async def test_an_exporter_that_nobody_registered_is_set_aside(post: Post) -> None:
    port = free_port()
    async with listening(post, SOURCES.format(port=port, sender="192.0.2.1")) as door:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as exporter:
            exporter.sendto(v9(template(256, *PLAIN)), ("127.0.0.1", port))
            await until(lambda: post.quarantine.count("flows") == 1, "the stranger")
        assert counted(door, "flows").faults["sender"] == 1


def test_templates_of_one_exporter_are_not_those_of_another() -> None:
    decoder = FlowDecoder()
    decoder.decode(v9(template(256, *PLAIN)), "192.0.2.1")
    assert decoder.decode(v9(flowset(256, flow_data())), "192.0.2.2").held == 1
    assert decoder.decode(v9(flowset(256, flow_data()), source=8), "192.0.2.1").held == 1
    assert len(decoder.decode(v9(flowset(256, flow_data() * 2)), "192.0.2.1").flows) == 2


def test_what_waits_in_vain_is_let_go_in_its_order() -> None:
    decoder = FlowDecoder()
    found = [decoder.decode(v9(flowset(300, b"%04d" % n)), "192.0.2.1") for n in range(MOST_HELD + 1)]
    assert [rest for one in found for rest in one.let_go] == [(300, b"0000")]


def test_templates_are_bounded() -> None:
    decoder = FlowDecoder(Templates(most=2))
    for number in (256, 257, 258):
        decoder.decode(v9(template(number, *PLAIN)), "192.0.2.1")
    assert decoder.decode(v9(flowset(256, flow_data())), "192.0.2.1").held == 1
    assert decoder.decode(v9(flowset(258, flow_data())), "192.0.2.1").flows


def test_sampling_of_an_options_record_goes_to_the_flows_behind_it() -> None:
    options = flowset(1, struct.pack("!HHHHHHH", 260, 4, 4, 1, 4, 34, 4))
    decoder = FlowDecoder()
    rates = flowset(260, struct.pack("!II", 0, 1000))
    found = decoder.decode(v9(options + rates + template(256, *PLAIN) + flowset(256, flow_data())), "192.0.2.1")
    assert [flow["samplingInterval"] for flow in found.flows] == [1000]


def test_ipfix_knows_enterprise_elements_variable_lengths_and_withdrawal() -> None:
    fields = struct.pack("!HH", 8, 4) + struct.pack("!HH", 371, 65535) + struct.pack("!HHI", 0x8000 | 1, 4, 29305)
    body = ip_address(CLIENT).packed + b"\5canbo" + struct.pack("!I", 77)
    sets = flowset(2, struct.pack("!HH", 400, 3) + fields) + flowset(400, body)
    packet = struct.pack("!HHIII", 10, 16 + len(sets), 1_794_877_511, 1, 1) + sets
    decoder = FlowDecoder()
    (flow,) = decoder.decode(packet, "192.0.2.1").flows
    assert (flow["sourceIPv4Address"], flow["userName"], flow["reverseOctetDeltaCount"]) == (CLIENT, "canbo", 77)
    withdrawal = flowset(2, struct.pack("!HH", 400, 0)) + flowset(400, body)
    gone = struct.pack("!HHIII", 10, 16 + len(withdrawal), 1_794_877_511, 2, 1) + withdrawal
    assert decoder.decode(gone, "192.0.2.1").held == 1


PACKETS = [
    v9(template(256, *PLAIN) + flowset(256, flow_data())),
    v9(flowset(1, struct.pack("!HHHHHHH", 260, 4, 4, 1, 4, 34, 4))),
    struct.pack("!HHIIIIBBH", 5, 1, 60_000, 1_794_877_511, 0, 0, 0, 0, 0) + bytes(48),
    struct.pack("!HHIII", 10, 32, 1_794_877_511, 1, 1) + flowset(2, struct.pack("!HHHHI", 400, 1, 0x8001, 65535, 9)),
]


@given(
    st.sampled_from(PACKETS),
    st.lists(st.tuples(st.integers(0, 90), st.integers(0, 255)), max_size=8),
    st.binary(max_size=60),
)
def test_any_bytes_are_safe_and_their_flows_can_be_read(
    packet: bytes, changes: list[tuple[int, int]], tail: bytes
) -> None:
    broken = bytearray(packet + tail)
    for place, value in changes:
        broken[place % len(broken)] = value
    decoder = FlowDecoder()
    decoder.decode(PACKETS[0], "192.0.2.1")
    for flow in decoder.decode(bytes(broken), "192.0.2.1").flows:
        NetflowParser().parse(orjson.dumps(flow).decode(), ParseContext(NOW))
