"""GELF in datagrams and on connections."""

from __future__ import annotations

import asyncio
import gzip
import socket
import zlib

import pytest

from collectors.listeners.gelf_udp import MOST_WAITING, PATIENCE_S, Chunks, unpacked
from tests.collectors.live.post_office import arrived, counted, listening, until
from tests.collectors.machinery.post import Post
from tests.servers.processes import free_port

SOURCES = """
sources:
  - id: app-01
    platform: lgsp
    agency: so-mau-01
    format: kong_file_log
    input: {{kind: gelf, listener: in, senders: [127.0.0.1]}}
listeners:
  - {{id: in, kind: {kind}, port: {port}}}
"""
MESSAGE = '{"version":"1.1","host":"app","short_message":"Đăng nhập thất bại"}'


def chunk(number: int, count: int, part: bytes, name: bytes = b"12345678") -> bytes:
    return b"\x1e\x0f" + name + bytes((number, count)) + part


@pytest.mark.anyio
async def test_whole_packed_and_chunked_messages_arrive(post: Post) -> None:
    port, data = free_port(), MESSAGE.encode()
    packed = gzip.compress(data)
    async with listening(post, SOURCES.format(kind="gelf_udp", port=port)) as door:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
            sender.connect(("127.0.0.1", port))
            for datagram in (data, packed, zlib.compress(data), chunk(1, 2, packed[30:]), chunk(0, 2, packed[:30])):
                sender.send(datagram)
            sender.send(b"\x1f\x8bnot packed")
            sender.send(chunk(5, 2, b"x"))
        assert await arrived(post, 4) == [MESSAGE] * 4
        await until(lambda: counted(door, "app-01").faults == {"packed": 1, "chunks": 1}, "both faults")
    assert post.quarantine.count("app-01") == 1


@pytest.mark.anyio
async def test_messages_on_a_connection_end_with_nul(post: Post) -> None:
    port = free_port()
    async with listening(post, SOURCES.format(kind="gelf_tcp", port=port)):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(f"{MESSAGE}\0{MESSAGE}\n\0".encode())
        assert await arrived(post, 2) == [MESSAGE, MESSAGE]
        writer.close()


def test_a_bomb_unpacks_no_further_than_the_limit() -> None:
    assert len(unpacked(zlib.compress(b"0" * 50_000_000), 1000)) == 1000


def test_missing_chunks_are_waited_for_within_bounds() -> None:
    now = [0.0]
    chunks = Chunks(lambda: now[0])
    chunks.add("192.0.2.1", chunk(0, 2, b"half"))
    now[0] = PATIENCE_S + 1
    assert chunks.add("192.0.2.1", chunk(0, 2, b"other", b"abcdefgh")) is None
    assert len(chunks.given_up()) == 1
    for number in range(MOST_WAITING + 5):
        chunks.add("192.0.2.1", chunk(0, 2, b"flood", b"%08d" % number))
    assert len(chunks.given_up()) >= 5
