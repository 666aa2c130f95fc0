"""The receiving process: it stays small, a fault of one listener is its own, and the doctor knows how they are."""

from __future__ import annotations

import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collectors.sources import load_source_file
from collectors.tally import Sent, Tally
from soc.app.application import Application
from soc.app.findings import State
from soc.app.intake import FILE, leave_intake, take_intake
from soc.app.listeners_check import check_listeners
from soc.cli.up import has_listeners
from soc.core.clock import SystemClock
from soc.core.errors import FaultsError
from soc.core.i18n import Lang, msg
from soc.core.scope import PROVINCE
from soc.core.settings import Settings
from tests.collectors.live.post_office import SOURCES, platforms, receiving, wait_for_records
from tests.collectors.machinery.post import Post
from tests.servers.certificates import LIFE, make_certificates
from tests.servers.processes import free_port, wait_until

TEXT = """
sources:
  - {{id: fw-01, platform: lgsp, agency: a, input: {{kind: syslog, listener: udp, senders: [127.0.0.1]}}}}
listeners:
  - {{id: udp, kind: syslog_udp, port: {udp}}}
  - {{id: tcp, kind: syslog_tcp, port: {tcp}}}
"""
MOST_MB = 120


def resident_mb(pid: int) -> float:
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * 4096 / 1e6


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_one_listener_without_its_port_stops_no_other(post: Post) -> None:
    udp, tcp = free_port(), free_port()
    (post.home / SOURCES).write_text(TEXT.format(udp=udp, tcp=tcp))
    found, log = load_source_file(post.home / SOURCES, platforms()), post.home / "log"
    now = datetime.now(UTC)
    with socket.create_server(("127.0.0.1", tcp)) as taken, socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        assert check_listeners(post.home, found, now)[0] is State.BAD
        with receiving(post.home, log) as process:
            wait_until(lambda: check_listeners(post.home, found, now)[0] is State.OK, "the listener", 30)
            sender.sendto(b"<13>heard", ("127.0.0.1", udp))
            wait_for_records(post, 1)
            wait_until(lambda: f"127.0.0.1:{tcp}" in log.read_text(), "the message", 20)
            taken.close()
            wait_until(lambda: answers(tcp), "the second start", 20)
            assert resident_mb(process.pid) < MOST_MB
        kept: dict[str, Sent] = {}
        take_intake(post.home, kept.update)
    assert (kept["fw-01"].received, kept["tcp"].faults["listener"] > 0) == (1, True)
    assert check_listeners(post.home, found, now)[0] is State.WARN


def test_counts_wait_in_one_file_until_somebody_keeps_them(tmp_path: Path) -> None:
    tally = Tally(SystemClock())
    tally.received("a", 3, 90)
    tally.fault("in", "sender", msg("dịch vụ đang dừng"))
    assert leave_intake(tmp_path, tally)
    tally.add("a", dropped=2)
    assert not leave_intake(tmp_path, tally)
    kept: list[dict[str, Sent]] = []
    take_intake(tmp_path, lambda sent: kept.append(dict(sent)))
    assert leave_intake(tmp_path, tally)
    take_intake(tmp_path, lambda sent: kept.append(dict(sent)))
    first, second = kept
    assert (first["a"].received, first["a"].size_bytes, first["in"].faults["sender"]) == (3, 90, 1)
    assert (second["a"].received, second["a"].dropped) == (0, 2)
    (tmp_path / FILE).write_bytes(b"{broken")
    assert take_intake(tmp_path, lambda sent: kept.append(dict(sent))) == 0
    assert not (tmp_path / FILE).exists()


def test_the_doctor_tells_of_certificates_before_they_expire(tmp_path: Path) -> None:
    make_certificates(tmp_path)
    tls = "tls: {certificate: server.pem, key: server.key, client_ca: ca.pem}"
    (tmp_path / SOURCES).write_text(f"listeners:\n  - {{id: in, kind: syslog_tls, port: {free_port()}, {tls}}}\n")
    found = load_source_file(tmp_path / SOURCES, platforms())
    state, told = check_listeners(tmp_path, found, datetime.now(UTC) + LIFE + timedelta(days=1))
    assert state is State.BAD
    assert "expired" in told.render(Lang.EN)


def test_all_faults_of_the_listeners_are_reported_at_once(tmp_path: Path) -> None:
    file = tmp_path / SOURCES
    file.write_text(
        """sources:
  - {id: a, platform: lgsp, agency: x, input: {kind: syslog, listener: ip, senders: [192.0.2.1]}}
  - {id: b, platform: lgsp, agency: x, input: {kind: syslog, listener: in, senders: [192.0.2.1]}}
  - {id: c, platform: lgsp, agency: x, input: {kind: syslog, listener: in, senders: [192.0.2.1]}}
  - {id: d, platform: lgsp, agency: x, input: {kind: netflow, listener: in, senders: [192.0.2.1]}}
  - {id: e, platform: lgsp, agency: x, input: {kind: syslog, listener: in, senders: [192.0.2.300]}}
listeners:
  - {id: in, kind: syslog_udp, port: 5514}
  - {id: a, kind: syslog_udp, port: 5514}
"""
    )
    with pytest.raises(FaultsError) as caught:
        load_source_file(file, platforms())
    assert sorted(fault.where.rpartition(":")[2] for fault in caught.value.faults) == ["2", "4", "5", "6", "9", "9"]
    file.write_text(
        """sources:
  - {id: a, platform: lgsp, agency: x, input: {kind: sylog, listener: in}}
  - {id: b, platform: lgsp, agency: x, input: {kind: syslog, listener: in, sender: [192.0.2.1/33]}}
listeners:
  - {id: in, kind: syslog_tls, port: 99999, tls: {certificate: a, key: b}}
"""
    )
    with pytest.raises(FaultsError) as caught:
        load_source_file(file, platforms())
    told = "\n".join(fault.render(Lang.EN) for fault in caught.value.faults)
    for expected in ("'syslog'?", "'senders'?", "client_ca", ":5: "):
        assert expected in told
    assert has_listeners(file)


def test_what_is_sent_becomes_an_event_of_its_source(tmp_path: Path, settle: Callable[[Path], None]) -> None:
    """Through the receiving process, the spool and the pipeline; a line that names an agency changes nothing."""
    settle(tmp_path)
    udp, tcp = free_port(), free_port()
    (tmp_path / SOURCES).write_text(
        f"""sources:
  - id: fw-01
    platform: commune_network
    agency: xa-mau-01
    format: fortigate_kv
    input: {{kind: syslog, listener: udp, senders: [127.0.0.1]}}
  - id: portal-01
    platform: public_service_portal
    agency: so-mau-01
    parser: nginx
    input: {{kind: syslog, listener: tcp, senders: [127.0.0.1], envelope: true}}
listeners:
  - {{id: udp, kind: syslog_udp, port: {udp}}}
  - {{id: tcp, kind: syslog_tcp, port: {tcp}}}
"""
    )
    traffic = b"<189>date=2026-11-17 time=08:01:11 type=traffic srcip=192.0.2.10 soc.agency=so-mau-02 agency=so-mau-02"
    access = (
        b'<134>Nov 17 08:01:11 web nginx: 192.0.2.7 - - [17/Nov/2026:08:01:11 +0700] "GET /x HTTP/1.1" 200 5 "-" "-"\n'
    )
    with Application(Settings(home=tmp_path), writer=True) as app:
        with receiving(tmp_path, tmp_path / "log", own_key=True):
            wait_until(lambda: answers(tcp), "the listener", 30)
            with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
                sender.sendto(traffic, ("127.0.0.1", udp))
            with socket.create_connection(("127.0.0.1", tcp)) as sender:
                sender.sendall(access)
            wait_until(lambda: app.spool.depth() == 2, "both records", 30)
        app.pipeline.drain()
        found = {str(event.fields["soc.source"]): event.fields for event in app.store.scan("", PROVINCE)}
    assert {name: event["soc.agency"] for name, event in found.items()} == {
        "fw-01": "xa-mau-01",
        "portal-01": "so-mau-01",
    }
    assert found["fw-01"]["source.ip"] == "192.0.2.10"
    assert found["portal-01"]["url.path"] == "/x"
