"""Captures made with scapy, read back as flows, DNS and HTTP; broken packets are counted and stop nothing."""

from __future__ import annotations

import gzip
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import pytest
from scapy.layers.dns import DNS, DNSQR, DNSRR
from scapy.layers.inet import IP, TCP, UDP
from scapy.layers.inet6 import IPv6
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Packet, Raw
from scapy.utils import wrpcap

from detectors.pcap.events import CaptureMarks, as_events, read_capture
from detectors.pcap.flows import Flow
from detectors.pcap.packets import CaptureCounts
from soc.core.errors import InputError
from soc.core.event import Fields
from soc.core.i18n import Lang

CLIENT, SERVER = "198.51.100.37", "192.0.2.53"
T0 = 1794877200.0


def tcp(payload: bytes, seq: int, *, up: bool = True, at: float = 0, flags: str = "PA", port: int = 50000) -> Packet:
    ip = IP(src=CLIENT, dst=SERVER) if up else IP(src=SERVER, dst=CLIENT)
    ends = {"sport": port, "dport": 80} if up else {"sport": 80, "dport": port}
    packet = (
        Ether(src="00:00:5e:00:53:01", dst="00:00:5e:00:53:02") / ip / TCP(seq=seq, flags=flags, **ends) / Raw(payload)
    )
    packet.time = T0 + at
    return packet


def dns(message: DNS, *, up: bool = True, at: float = 0) -> Packet:
    ip = IP(src=CLIENT, dst=SERVER) if up else IP(src=SERVER, dst=CLIENT)
    udp = UDP(sport=40000, dport=53) if up else UDP(sport=53, dport=40000)
    packet = Ether(src="00:00:5e:00:53:01", dst="00:00:5e:00:53:02") / ip / udp / message
    packet.time = T0 + at
    return packet


def read(folder: Path, packets: Sequence[Packet], dataset: str, counts: CaptureCounts | None = None) -> list[Fields]:
    path = folder / "c.pcap"
    wrpcap(str(path), list(packets))
    return [one for one in read_capture(path, counts) if one["event.dataset"] == f"pcap.{dataset}"]


def test_a_flow_counts_both_directions_from_the_first_speaker(tmp_path: Path) -> None:
    (flow,) = read(tmp_path, [tcp(b"x" * 10, 1), tcp(b"y" * 100, 1, up=False, at=2.5)], "flow")
    assert (flow["source.ip"], flow["source.port"]) == (CLIENT, 50000)
    assert (flow["destination.ip"], flow["destination.port"]) == (SERVER, 80)
    assert (flow["source.bytes"], flow["source.packets"]) == (50, 1)
    assert (flow["destination.bytes"], flow["destination.packets"]) == (140, 1)
    assert flow["event.duration"] == 2_500_000_000
    assert flow["event.start"] == flow["@timestamp"] == "2026-11-17T01:00:00Z"


def test_a_flow_is_over_after_five_silent_minutes(tmp_path: Path) -> None:
    assert len(read(tmp_path, [tcp(b"x", 1), tcp(b"x", 2, at=299), tcp(b"x", 3, at=900)], "flow")) == 2


def test_the_number_of_open_flows_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "c.pcap"
    wrpcap(str(path), [tcp(b"x", 1, port=1024 + number) for number in range(30)])
    flows = list(read_capture(path, max_flows=4))
    assert len(flows) == 30
    assert [flow["source.port"] for flow in flows] == [1024 + number for number in range(30)]


def test_the_community_id_is_that_of_the_specification() -> None:
    """Source: corelight community-id-spec, baseline of the reference implementation (TCP, seed 0)."""
    flow = Flow(4, "tcp", "128.232.110.120", 34855, "66.35.250.204", 80, 0, 0)
    assert flow.community_id == "1:LQU9qZlK+B5F3KDmev6m5PMibrg="


def test_a_dns_question_and_its_answer_become_two_events(tmp_path: Path) -> None:
    question = DNSQR(qname="a9f3k2.t.evil.example", qtype="TXT")
    answer = DNS(id=7, qr=1, qd=question, an=DNSRR(rrname="a9f3k2.t.evil.example", type="TXT", rdata=[b"abc", b"def"]))
    asked, answered = read(tmp_path, [dns(DNS(id=7, qd=question)), dns(answer, up=False, at=0.1)], "dns")
    assert (asked["dns.type"], asked["dns.question.name"], asked["dns.question.type"]) == (
        "query",
        "a9f3k2.t.evil.example",
        "TXT",
    )
    assert "dns.response_code" not in asked
    assert (answered["dns.type"], answered["dns.response_code"]) == ("answer", "NOERROR")
    assert answered["dns.answers.data"] == ["abcdef"]
    assert answered["source.ip"] == CLIENT


def test_addresses_of_an_answer_are_kept_as_addresses(tmp_path: Path) -> None:
    question = DNSQR(qname="cong.example")
    answer = DNS(id=7, qr=1, qd=question, an=DNSRR(rrname="cong.example", type="A", rdata="203.0.113.9"))
    (event,) = read(tmp_path, [dns(answer, up=False)], "dns")
    assert event["dns.resolved_ip"] == ["203.0.113.9"]


def test_noise_on_the_port_of_dns_is_left_in_its_flow(tmp_path: Path) -> None:
    packet = Ether() / IP(src=CLIENT, dst=SERVER) / UDP(sport=1, dport=53) / Raw(b"\xff" * 40)
    path = tmp_path / "c.pcap"
    wrpcap(str(path), [packet])
    assert {event["event.dataset"] for event in read_capture(path)} <= {"pcap.flow", "pcap.dns"}


def test_a_request_gets_the_status_of_its_answer(tmp_path: Path) -> None:
    request = b"POST /uploads/anh.php?x=1 HTTP/1.1\r\nHost: xamau01.example\r\nUser-Agent: curl/8\r\n\r\nbody"
    answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\r\nuid=33"
    (event,) = read(tmp_path, [tcp(request, 1), tcp(answer, 1, up=False, at=0.25)], "http")
    assert (event["http.request.method"], event["url.path"], event["url.query"]) == ("POST", "/uploads/anh.php", "x=1")
    assert (event["url.domain"], event["user_agent.original"]) == ("xamau01.example", "curl/8")
    assert (event["http.response.status_code"], event["event.outcome"]) == (200, "success")
    assert event["http.response.mime_type"] == "text/html"
    assert event["event.duration"] == 250_000_000


def test_a_head_in_pieces_with_a_retransmission_is_one_request(tmp_path: Path) -> None:
    first, second = b"GET /a HTTP/1.1\r\nHost: x.exa", b"mple\r\n\r\n"
    packets = [tcp(first, 100), tcp(first, 100), tcp(second, 100 + len(first)), tcp(second, 100 + len(first))]
    (event,) = read(tmp_path, packets, "http")
    assert event["url.domain"] == "x.example"
    assert "http.response.status_code" not in event


def test_sequence_numbers_may_wrap_within_a_head(tmp_path: Path) -> None:
    first, second = b"GET /a HTTP/1.1\r\n", b"Host: x.example\r\n\r\n"
    start = 2**32 - len(first)
    (event,) = read(tmp_path, [tcp(first, start), tcp(second, 0)], "http")
    assert event["url.domain"] == "x.example"


def test_requests_of_one_connection_are_answered_in_their_order(tmp_path: Path) -> None:
    requests = [f"GET /{n} HTTP/1.1\r\nHost: x.example\r\n\r\n".encode() for n in range(2)]
    packets = [
        tcp(requests[0], 1),
        tcp(requests[1], 1 + len(requests[0]), at=0.1),
        tcp(b"HTTP/1.1 100 Continue\r\n\r\n", 1, up=False, at=0.2),
        tcp(b"HTTP/1.1 404 Not Found\r\n\r\n", 26, up=False, at=0.3),
        tcp(b"HTTP/1.1 200 OK\r\n\r\n", 52, up=False, at=0.4),
    ]
    found = read(tmp_path, packets, "http")
    assert [(event["url.path"], event["http.response.status_code"]) for event in found] == [("/0", 404), ("/1", 200)]


def test_a_request_to_a_proxy_names_the_site_it_wants(tmp_path: Path) -> None:
    request = b"GET http://site.example/x HTTP/1.1\r\nHost: proxy.example\r\n\r\n"
    (event,) = read(tmp_path, [tcp(request, 1)], "http")
    assert (event["url.domain"], event["url.path"]) == ("site.example", "/x")


def test_a_target_that_is_no_url_stays_as_it_is(tmp_path: Path) -> None:
    (event,) = read(tmp_path, [tcp(b"GET http://[::1 HTTP/1.1\r\nHost: x.example\r\n\r\n", 1)], "http")
    assert event["url.original"] == "http://[::1"
    assert event["url.domain"] == "x.example"


def test_other_and_broken_packets_are_counted_and_the_rest_is_read(tmp_path: Path) -> None:
    arp = Ether() / ARP()
    cut = Ether(bytes(Ether() / IP(src=CLIENT, dst=SERVER) / UDP() / Raw(b"x" * 20))[:20])
    counts = CaptureCounts()
    flows = read(tmp_path, [arp, cut, tcp(b"x", 1)], "flow", counts)
    assert len(flows) == 1
    assert (counts.packets, counts.ip, counts.other, counts.broken) == (3, 1, 1, 1)


@pytest.mark.parametrize("cut", [40, 150, 140, 30], ids=["in a packet", "in a head", "after a head", "packed"])
def test_a_file_cut_short_gives_what_it_holds_and_says_so(cut: int, tmp_path: Path) -> None:
    path = tmp_path / "c.pcap"
    wrpcap(str(path), [tcp(b"x" * 86, number) for number in range(3)])  # records of 16 + 140 bytes
    whole = path.read_bytes() if cut != 30 else gzip.compress(path.read_bytes())
    path.write_bytes(whole[:-cut])
    counts = CaptureCounts()
    documents = list(read_capture(path, counts))
    assert counts.fault is not None
    assert counts.packets == counts.ip + counts.broken
    assert bool(documents) is bool(counts.ip)


def test_a_whole_file_has_no_fault(tmp_path: Path) -> None:
    counts = CaptureCounts()
    read(tmp_path, [tcp(b"x", number) for number in range(3)], "flow", counts)
    assert (counts.ip, counts.fault) == (3, None)


def test_ipv6_and_gzip_are_read(tmp_path: Path) -> None:
    packet = Ether() / IPv6(src="2001:db8::1", dst="2001:db8::2") / UDP(sport=1000, dport=2000) / Raw(b"x")
    path = tmp_path / "c.pcap"
    wrpcap(str(path), [packet])
    packed = tmp_path / "c.pcap.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    (flow,) = read_capture(packed)
    assert (flow["network.type"], flow["source.ip"]) == ("ipv6", "2001:db8::1")


@pytest.mark.parametrize(
    "content", [b"", b"no capture at all", b"\xd4\xc3\xb2\xa1"], ids=["empty", "text", "magic only"]
)
def test_what_is_no_capture_is_refused_with_advice(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "x.pcap"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        list(read_capture(path))
    assert caught.value.where == str(path)
    assert "no packet capture" in caught.value.render(Lang.EN)


def test_a_capture_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="không đọc được"):
        list(read_capture(tmp_path / "none.pcap"))


def test_events_carry_the_marks_and_the_same_ids_again(tmp_path: Path) -> None:
    marks = CaptureMarks("pcap.c", "xa-mau-01", "commune_network", datetime(2026, 11, 18, tzinfo=UTC), exercise="dt-1")
    documents = read(tmp_path, [tcp(b"x", 1)], "flow")
    (first,), (second,) = as_events(documents, marks), as_events(documents, marks)
    assert first == second
    assert (first.agency, first.platform, first.source, first.exercise) == (
        "xa-mau-01",
        "commune_network",
        "pcap.c",
        "dt-1",
    )
