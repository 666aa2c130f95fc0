"""Syslog by real senders and by bad ones."""

from __future__ import annotations

import asyncio
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from collectors.quarantine import Kind
from tests.collectors.live.post_office import arrived, counted, listening, until
from tests.collectors.machinery.post import LIMIT, Post
from tests.conftest import need_part
from tests.servers.certificates import client_certificate, make_certificates
from tests.servers.processes import free_port

pytestmark = pytest.mark.anyio

SOURCES = """
sources:
  - id: fw-01
    platform: lgsp
    agency: so-mau-01
    format: {format}
    input: {{kind: syslog, listener: in, senders: [{sender}]}}
    limits: {{max_record_bytes: 2000}}
listeners:
  - {{id: in, kind: {kind}, port: {port}{more}}}
"""


def sources(kind: str, port: int, sender: str = "127.0.0.1", more: str = "") -> str:
    return SOURCES.format(kind=kind, port=port, sender=sender, more=more, format="kong_file_log")


async def run(*command: str) -> None:
    """Run a real client to its end."""
    process = await asyncio.create_subprocess_exec(*command)
    assert await process.wait() == 0


async def send(port: int, data: bytes, tls: ssl.SSLContext | None = None) -> asyncio.StreamWriter:
    _, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls)
    writer.write(data)
    await writer.drain()
    return writer


async def talk(port: int, tls: ssl.SSLContext) -> None:
    """Send a line and wait for the end: TLS 1.3 lets a client write before it learns that it is refused."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=tls)
    with suppress(ssl.SSLError, ConnectionError):
        writer.write(b"<13>nobody\n")
        await reader.read()
    writer.close()
    with suppress(ssl.SSLError, ConnectionError):
        await writer.wait_closed()


@pytest.fixture
def logger(pytestconfig: pytest.Config) -> str:
    return need_part(pytestconfig, "logger", ("logger",), "bsdutils")


@pytest.fixture
def rsyslogd(pytestconfig: pytest.Config) -> str:
    return need_part(pytestconfig, "rsyslog", ("rsyslogd", "/usr/sbin/rsyslogd"), "rsyslog rsyslog-gnutls")


@pytest.mark.parametrize(
    ("kind", "options"),
    [("syslog_udp", ["-d"]), ("syslog_tcp", ["-T"]), ("syslog_tcp", ["-T", "--octet-count"])],
)
async def test_logger_is_heard(post: Post, logger: str, kind: str, options: list[str]) -> None:
    port = free_port()
    async with listening(post, sources(kind, port)) as door:
        await run(logger, *options, "-n", "127.0.0.1", "-P", str(port), "-t", "vpn", "xin chào Đồng Nai")
        (line,) = await arrived(post, 1)
        assert line.startswith("<13>1 ")
        assert line.endswith("xin chào Đồng Nai")
        await until(lambda: counted(door, "fw-01").received == 1, "the count")


@contextmanager
def rsyslog(program: str, folder: Path, action: str, lines: list[str]) -> Iterator[None]:
    """A real rsyslogd that forwards the lines of a file."""
    log = folder / "watched.log"
    log.write_text("".join(f"{line}\n" for line in lines))
    config = folder / "rsyslog.conf"
    config.write_text(
        f"""global(workDirectory="{folder}")
module(load="imfile")
input(type="imfile" File="{log}" Tag="app:" ruleset="out")
ruleset(name="out") {{ {action} }}
"""
    )
    command = [program, "-n", "-f", str(config), "-i", str(folder / "pid")]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield
    finally:
        process.terminate()
        process.wait(20)


async def test_rsyslog_forwards_over_tcp_with_octet_counts(post: Post, rsyslogd: str, tmp_path: Path) -> None:
    port = free_port()
    action = f'action(type="omfwd" target="127.0.0.1" port="{port}" protocol="tcp" TCP_Framing="octet-counted")'
    wanted = [f"line {number} tiếng Việt" for number in range(300)]
    async with listening(post, sources("syslog_tcp", port)):
        with rsyslog(rsyslogd, tmp_path, action, wanted):
            lines = await arrived(post, 300)
    assert [line.partition("app: ")[2] for line in lines] == wanted


async def test_rsyslog_forwards_over_tls_with_its_certificate(post: Post, rsyslogd: str, tmp_path: Path) -> None:
    port, own = free_port(), make_certificates(post.home)
    certificate, key = client_certificate(post.home, "relay.xa-mau-01.example")
    action = f"""action(type="omfwd" target="127.0.0.1" port="{port}" protocol="tcp" TCP_Framing="octet-counted"
        StreamDriver="gtls" StreamDriverMode="1" StreamDriverAuthMode="x509/certvalid"
        StreamDriver.CAFile="{own.authority}" StreamDriver.CertFile="{certificate}" StreamDriver.KeyFile="{key}")"""
    async with listening(post, sources("syslog_tls", port, "relay.xa-mau-01.example", TLS)):
        with rsyslog(rsyslogd, tmp_path, action, ["over TLS"]):
            (line,) = await arrived(post, 1)
    assert line.endswith("app: over TLS")


TLS = ", tls: {certificate: server.pem, key: server.key, client_ca: ca.pem}"


async def test_a_client_without_a_certificate_is_refused_and_others_are_served(post: Post) -> None:
    port, own = free_port(), make_certificates(post.home)
    bare = ssl.create_default_context(cafile=str(own.authority))
    known = ssl.create_default_context(cafile=str(own.authority))
    known.load_cert_chain(*client_certificate(post.home, "fw.example"))
    async with listening(post, sources("syslog_tls", port, "fw.example", TLS)) as door:
        await talk(port, bare)
        await until(lambda: counted(door, "in").faults["certificate"] == 1, "the refusal")
        writer = await send(port, b"<13>somebody\n", known)
        assert await arrived(post, 1) == ["<13>somebody"]
        writer.close()


async def test_old_tls_is_refused(post: Post) -> None:
    port, own = free_port(), make_certificates(post.home)
    old = ssl.create_default_context(cafile=str(own.authority))
    with pytest.warns(DeprecationWarning, match="TLSv1_1"):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    old.set_ciphers("ALL:@SECLEVEL=0")
    async with listening(post, sources("syslog_tls", port, "fw.example", TLS)) as door:
        with pytest.raises((ssl.SSLError, ConnectionError)):
            await asyncio.open_connection("127.0.0.1", port, ssl=old)
        await until(lambda: counted(door, "in").faults["certificate"] == 1, "the refusal")


async def test_a_lying_octet_count_costs_that_connection_alone(post: Post, caplog: pytest.LogCaptureFixture) -> None:
    port = free_port()
    async with listening(post, sources("syslog_tcp", port)) as door:
        other = await send(port, b"<13>before\n")
        reader, liar = await asyncio.open_connection("127.0.0.1", port)
        liar.write(b"8 <13>true 6 <13>false end\n")
        assert await reader.read() == b""  # closed by us
        other.write(b"<13>after\n")
        assert set(await arrived(post, 4)) == {"<13>before", "<13>true", "<13>fa", "<13>after"}
        assert counted(door, "fw-01").faults["frame"] == 1
        other.close()
        liar.close()
    (kept,) = post.quarantine.list()
    assert (kept.kind, kept.source, post.quarantine.payload(kept.id)) == (Kind.FRAME, "fw-01", b"lse end\n")
    assert "127.0.0.1" in caplog.text


async def test_a_connection_that_ends_early_gives_its_last_line_but_no_half_frame(post: Post) -> None:
    port = free_port()
    async with listening(post, sources("syslog_tcp", port)) as door:
        for data in (b"<13>whole without end", b"100 <13>half"):
            (await send(port, data)).close()
        assert await arrived(post, 1) == ["<13>whole without end"]
        await until(lambda: post.quarantine.count() == 1, "the half frame")
        assert counted(door, "fw-01").faults["cut"] == 1


async def test_a_stranger_is_set_aside_with_the_address_and_never_guessed(post: Post) -> None:
    port = free_port()
    async with listening(post, sources("syslog_tcp", port, "192.0.2.0/24")) as door:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"<13>who am I\n")
        assert await reader.read() == b""
        writer.close()
        assert counted(door, "in").faults["sender"] == 1
    (kept,) = post.quarantine.list()
    assert (kept.kind, kept.source) == (Kind.SENDER, "in")
    assert "127.0.0.1" in kept.reason.render()
    assert post.lines() == []


async def test_a_long_record_is_cut_into_quarantine_and_the_stream_goes_on(post: Post) -> None:
    port = free_port()
    async with listening(post, sources("syslog_tcp", port)) as door:
        (await send(port, b"<13>" + b"x" * (3 * LIMIT) + b"\n<13>" + b"y" * 2500 + b"\n<13>short\n")).close()
        assert await arrived(post, 1) == ["<13>short"]
        await until(lambda: counted(door, "fw-01").set_aside == 2, "the count")
    assert {entry.size_bytes for entry in post.quarantine.list()} == {2000}


async def test_other_charsets_are_kept_and_named(post: Post) -> None:
    port = free_port()
    async with listening(post, sources("syslog_udp", port)):
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp:
            udp.sendto("<13>Đăng nhập thất bại".encode("windows-1258", "ignore") + b"\xec", ("127.0.0.1", port))
        (line,) = await arrived(post, 1)
    assert line.startswith("<13>")
    assert post.spool.read()[0].charset != "utf-8"


async def test_devices_behind_a_relay_are_told_apart_by_their_host_names(post: Post) -> None:
    port = free_port()
    text = f"""
sources:
  - {{id: sw-01, platform: lgsp, agency: a, input: {{kind: syslog, listener: in, senders: [127.0.0.0/8], hostnames: [sw-01]}}}}
  - {{id: sw-02, platform: lgsp, agency: b, input: {{kind: syslog, listener: in, senders: [127.0.0.0/8], hostnames: [SW-02]}}}}
listeners:
  - {{id: in, kind: syslog_tcp, port: {port}}}
"""
    async with listening(post, text):
        lines = b"<13>Nov 17 08:00:00 sw-01 a: 1\n<13>1 2026-11-17T01:00:00Z sw-02 a - - - 2\n<13>Nov 17 08:00:00 sw-03 a: 3\n"
        (await send(port, lines)).close()
        await arrived(post, 2)
        await until(lambda: post.quarantine.count() == 1, "the stranger")
    assert [item.source for item in post.spool.read()] == ["sw-01", "sw-02"]
    assert [(entry.kind, entry.source) for entry in post.quarantine.list()] == [(Kind.SENDER, "in")]


async def test_connections_of_one_peer_are_bounded(post: Post) -> None:
    port = free_port()
    async with listening(post, sources("syslog_tcp", port, more=", max_connections_per_peer: 1")) as door:
        first = await send(port, b"<13>one\n")
        await arrived(post, 1)
        reader, second = await asyncio.open_connection("127.0.0.1", port)
        assert await reader.read() == b""
        assert counted(door, "in").faults["connections"] == 1
        first.close()
        second.close()
