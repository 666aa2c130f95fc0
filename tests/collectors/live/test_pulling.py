"""What is read keeps within the limits of its source and of the spool."""

from __future__ import annotations

import socket
from pathlib import Path

from collectors.allowance import Allowance
from collectors.inputs.file import FileInput
from collectors.listeners.datagrams import kernel_drops
from soc.app.pulling import Pulling
from tests.collectors.machinery.post import Post


def inlet(folder: Path, name: str, lines: int) -> tuple[str, FileInput]:
    (folder / name).write_text("".join(f"{name} {number}\n" for number in range(lines)))
    return name, FileInput(folder / name, follow=True)


def test_a_source_beyond_its_rate_waits_and_the_others_do_not(post: Post, tmp_path: Path) -> None:
    noisy, quiet = inlet(tmp_path, "noisy", 100), inlet(tmp_path, "quiet", 3)
    pulling = Pulling(post.collector, [noisy, quiet], {"noisy": Allowance(records_per_second=1)}, 1000)
    assert pulling.take_in() == 103
    for name, count in (("noisy", 5), ("quiet", 2)):
        with (tmp_path / name).open("a") as file:
            file.write("more\n" * count)
    assert pulling.take_in() == 2


def test_a_full_spool_leaves_files_where_they_are(post: Post, tmp_path: Path) -> None:
    pulling = Pulling(post.collector, [inlet(tmp_path, "a", 10), inlet(tmp_path, "b", 10)], {}, 5)
    assert [pulling.take_in(), pulling.take_in()] == [10, 0]
    post.spool.ack(post.spool.read()[-1].position)
    assert pulling.take_in() == 10


def test_the_longest_record_is_that_of_the_source(post: Post, tmp_path: Path) -> None:
    (tmp_path / "long").write_text("x" * 50 + "\nshort\n")
    source = ("long", FileInput(tmp_path / "long", follow=True))
    Pulling(post.collector, [source], {"long": Allowance(max_record_bytes=20)}, 1000).take_in()
    assert (post.lines(), post.quarantine.count("long")) == (["short"], 1)


def test_the_kernel_tells_what_it_dropped() -> None:
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as here,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as there,
    ):
        here.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        here.bind(("127.0.0.1", 0))
        assert kernel_drops(here) == 0
        for _ in range(50):
            there.sendto(b"x" * 1000, here.getsockname())
        assert kernel_drops(here) > 0
