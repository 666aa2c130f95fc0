"""The drop folder, filled by a real SFTP client and server, and by somebody who means ill."""

from __future__ import annotations

import gzip
import os
import shutil
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from collectors.inputs.drop import DropInput
from collectors.quarantine import Kind
from tests.collectors.machinery.post import Post
from tests.conftest import need_part

EVENT = "<Event xmlns='http://schemas.microsoft.com/win/2004/08/events/event'><System><EventID>{id}</EventID></System></Event>"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    there = tmp_path / "upload"
    there.mkdir()
    return there


@pytest.fixture
def look(post: Post, folder: Path, tmp_path: Path) -> Callable[[], list[str]]:
    """Look at the folder three times, the clock moving: seen, taken, put away. Gives the lines so far."""
    inlet = DropInput(folder, tmp_path / "archive")

    def passes() -> list[str]:
        for _ in range(3):
            post.collector.collect("station", inlet)
            post.clock.advance(timedelta(seconds=6))
        return post.lines()

    return passes


def names(folder: Path) -> list[str]:
    return sorted(path.name.split("-", 2)[2] for path in folder.iterdir())


def test_files_that_sftp_uploads_are_taken_once(
    post: Post, folder: Path, tmp_path: Path, look: Callable[[], list[str]], pytestconfig: pytest.Config
) -> None:
    """The client speaks to OpenSSH's own server; it uploads under another name and renames at the end, as good ones do."""
    server = need_part(
        pytestconfig, "sftp-server", ("sftp-server", "/usr/lib/openssh/sftp-server"), "openssh-sftp-server"
    )
    client = need_part(pytestconfig, "sftp", ("sftp",), "openssh-client")
    (tmp_path / "data.txt").write_text("one\ntwo\n")
    batch = f"put {tmp_path}/data.txt {folder}/data.txt.part\nrename {folder}/data.txt.part {folder}/data.txt\n"
    subprocess.run([client, "-D", server, "-b", "-"], input=batch, text=True, check=True, capture_output=True)
    assert look() == ["one", "two"]
    assert look() == ["one", "two"]
    assert names(tmp_path / "archive" / "done") == ["data.txt"]
    assert list(folder.iterdir()) == []


def test_every_kind_of_file_is_read_by_its_name_and_content(
    post: Post, folder: Path, tmp_path: Path, look: Callable[[], list[str]]
) -> None:
    (folder / "a.log.gz").write_bytes(gzip.compress(b"packed\n"))
    (folder / "b.json").write_text('[{"a": 1}, {"a": 2}]')
    events = "<Events>" + "".join(EVENT.format(id=number) for number in (4624, 4625)) + "</Events>"
    (folder / "c.xml").write_bytes(events.encode("utf-16"))
    lines = look()
    assert lines[:3] == ["packed", '{"a":1}', '{"a":2}']
    assert [line.partition("<EventID>")[2][:4] for line in lines[3:]] == ["4624", "4625"]
    assert all(line.startswith("<Event ") and line.endswith("</Event>") for line in lines[3:])


@pytest.mark.external
def test_event_logs_of_a_windows_event_collector_are_taken(
    post: Post, folder: Path, shared: Path, look: Callable[[], list[str]]
) -> None:
    sample = min((shared / "data" / "evtx").rglob("*.evtx"), key=lambda path: path.stat().st_size)
    shutil.copy(sample, folder / "Forwarded.evtx")
    assert all(line.startswith('{"Event"') for line in look())
    assert post.spool.depth() > 0


def test_a_file_that_still_grows_is_left_alone(post: Post, folder: Path, tmp_path: Path) -> None:
    inlet = DropInput(folder, tmp_path / "archive")
    for number in range(4):
        with (folder / "slow.txt").open("a") as file:
            file.write(f"{number}\n")
        post.collector.collect("station", inlet)
        post.clock.advance(timedelta(seconds=4))
    assert post.lines() == []
    post.clock.advance(timedelta(seconds=4))
    post.collector.collect("station", inlet)
    assert post.lines() == ["0", "1", "2", "3"]


def test_the_same_file_again_gives_the_same_records_and_another_one_others(
    post: Post, folder: Path, look: Callable[[], list[str]]
) -> None:
    for name in ("a.txt", "b.txt", "a.txt"):
        (folder / name).write_text("header\n")
        look()
    idents = [item.ident for item in post.spool.read()]
    assert idents[0] == idents[2] != idents[1]


def test_links_and_strange_files_are_refused_and_the_others_taken(
    post: Post, folder: Path, tmp_path: Path, look: Callable[[], list[str]]
) -> None:
    secret = tmp_path / "secret.txt"
    secret.write_text("not for the sender\n")
    (folder / "link.txt").symlink_to(secret)
    os.link(secret, folder / "hard.txt")
    os.mkfifo(folder / "pipe.txt")
    (folder / "tool.exe").write_bytes(b"MZ")
    (folder / "sub").mkdir()
    (folder / "good.txt").write_text("good\n")
    assert look() == ["good"]
    assert secret.read_text() == "not for the sender\n"
    assert names(tmp_path / "archive" / "failed") == ["tool.exe"]
    assert {entry.where.rpartition("/")[2] for entry in post.quarantine.list()} == {
        "link.txt",
        "hard.txt",
        "pipe.txt",
        "tool.exe",
    }
    assert {entry.kind for entry in post.quarantine.list()} == {Kind.FILE}


def test_a_bomb_is_stopped_and_goes_to_failed(post: Post, folder: Path, tmp_path: Path) -> None:
    (folder / "bomb.log.gz").write_bytes(gzip.compress((b"0123456789" * 30 + b"\n") * 3000))
    inlet = DropInput(folder, tmp_path / "archive", timedelta(), max_unpacked_bytes=10_000)
    for _ in range(3):
        post.collector.collect("station", inlet)
    assert post.spool.depth() < 3000
    assert names(tmp_path / "archive" / "failed") == ["bomb.log.gz"]


def test_a_restart_in_the_middle_doubles_nothing(post: Post, folder: Path, tmp_path: Path) -> None:
    """Killed behind any commit: what was kept is not read again, what was not is."""
    (folder / "a.txt").write_text("".join(f"{number}\n" for number in range(5000)))
    stops = 0

    class Stopped(Exception):  # noqa: N818 - a kill, not an error
        pass

    def stop(_: object) -> None:
        nonlocal stops
        stops += 1
        if stops % 2:
            raise Stopped

    for _ in range(20):
        try:
            post.collector.collect("station", DropInput(folder, tmp_path / "archive", timedelta()), stop)
        except Stopped:
            continue
    assert post.lines() == [str(number) for number in range(5000)]
    assert names(tmp_path / "archive" / "done") == ["a.txt"]


def test_an_absent_folder_is_told_of_once(post: Post, tmp_path: Path) -> None:
    inlet = DropInput(tmp_path / "nowhere", tmp_path / "archive")
    for _ in range(3):
        post.collector.collect("station", inlet)
        post.clock.advance(timedelta(seconds=1))
    assert post.quarantine.count() == 1
