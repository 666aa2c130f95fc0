"""Files of every bad kind: what can be read is kept, the rest is reported, nothing else stops."""

from __future__ import annotations

import gzip
import lzma
import os
import subprocess
import sys
from pathlib import Path

import pytest

from collectors.inputs import FileInput, files_under, open_input
from collectors.quarantine import Kind
from soc.core.i18n import Lang
from soc.core.ids import event_id
from tests.collectors.machinery.post import LIMIT, Post
from tests.conftest import ROOT

SENTENCE = "Người dùng đăng nhập thất bại"


def test_a_file_is_read_to_its_end_with_the_place_of_each_line(post: Post, logs: Path) -> None:
    path = logs / "a.log"
    path.write_bytes(b"one\r\n\ntwo\nlast without end")
    counts = post.collector.collect("portal", open_input(path))
    assert (counts.accepted, counts.quarantined, counts.faults, counts.size_bytes) == (3, 0, (), 26)
    items = post.spool.read()
    assert [(i.seq, i.where, i.data) for i in items] == [
        (0, f"{path}:1", b"one"),
        (6, f"{path}:3", b"two"),
        (10, f"{path}:4", b"last without end"),
    ]
    assert items[2].ident == event_id("portal", 10, b"last without end")


def test_taking_a_file_in_again_delivers_the_same_ids(post: Post, logs: Path) -> None:
    (logs / "a.log").write_text("password=1\nb\n")
    for _ in range(2):
        post.collector.collect("portal", open_input(logs / "a.log"))
    idents = [item.ident for item in post.spool.read()]
    assert idents[:2] == idents[2:]
    assert post.spool.cursors("") == {}


def test_the_id_is_made_before_redaction(post: Post, logs: Path) -> None:
    (logs / "a.log").write_text("password=one\n")
    counts = post.collector.collect("portal", open_input(logs / "a.log"))
    (item,) = post.spool.read()
    assert (item.data, item.masked, counts.masked) == (b"password=***", 1, 1)
    assert item.ident == event_id("portal", 0, b"password=one")


@pytest.mark.parametrize(
    ("data", "charset"),
    [
        (SENTENCE.encode(), "utf-8"),
        (b"\xef\xbb\xbf" + SENTENCE.encode(), "utf-8"),
        (SENTENCE.encode("utf-16"), "utf-16-le"),
        (b"\xfe\xff" + SENTENCE.encode("utf-16-be"), "utf-16-be"),
        (SENTENCE.encode("utf-16-le"), "utf-16-le"),
    ],
)
def test_unicode_files_are_read_whatever_their_form(post: Post, logs: Path, data: bytes, charset: str) -> None:
    end = "\r\n".encode(charset)
    (logs / "a.log").write_bytes(data + end + SENTENCE.encode(charset) + end + end)
    assert post.collector.collect("portal", open_input(logs / "a.log")).accepted == 2
    assert post.lines() == [SENTENCE, SENTENCE]
    assert {item.charset for item in post.spool.read()} == {charset}


def test_latin1_lines_are_kept_and_marked(post: Post, logs: Path) -> None:
    (logs / "a.log").write_bytes("café\n".encode("latin-1") + "café\n".encode())
    post.collector.collect("portal", open_input(logs / "a.log"))
    assert [(i.data.decode(), i.charset) for i in post.spool.read()] == [("café", "latin-1"), ("café", "utf-8")]


def test_nul_bytes_stop_nothing(post: Post, logs: Path) -> None:
    (logs / "a.log").write_bytes(b"\0" * 100 + b"first\nuser=a\0b\n" + b"\0" * 7 + b"\n")
    post.collector.collect("portal", open_input(logs / "a.log"))
    assert post.lines() == ["first", "user=a\u2400b"]


def test_a_line_of_ten_megabytes_is_cut_into_quarantine_and_the_stream_goes_on(post: Post, logs: Path) -> None:
    (logs / "a.log").write_bytes(b"before\npassword=hush " + b"x" * 10_000_000 + b"\nafter\n")
    counts = post.collector.collect("portal", open_input(logs / "a.log"))
    assert (counts.accepted, counts.quarantined, counts.masked) == (2, 1, 1)
    assert post.lines() == ["before", "after"]
    (entry,) = post.quarantine.list()
    assert (entry.kind, entry.seq, entry.where) == (Kind.OVERSIZE, 7, f"{logs / 'a.log'}:2")
    assert (
        entry.reason.render(Lang.EN)
        == f"the record is 10000014 bytes long, the limit is {LIMIT}; only its beginning is kept"
    )
    assert post.quarantine.payload(entry.id).startswith(b"password=*** xxx")
    assert entry.size_bytes <= LIMIT


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
def test_packed_files_are_read_by_content_not_by_name(post: Post, logs: Path, pack: type) -> None:
    (logs / "a.log").write_bytes(pack(b"one\ntwo\n") + pack(b"three\n"))
    post.collector.collect("portal", open_input(logs / "a.log"))
    assert [(i.seq, i.data) for i in post.spool.read()] == [(0, b"one"), (4, b"two"), (8, b"three")]


@pytest.mark.parametrize(("pack", "suffix"), [(gzip.compress, "gz"), (lzma.compress, "xz")])
def test_a_packed_file_cut_short_gives_what_could_be_read(post: Post, logs: Path, pack: type, suffix: str) -> None:
    lines = [f"{n} {os.urandom(20).hex()}" for n in range(5000)]
    packed = pack("\n".join(lines).encode() + b"\n")
    path = logs / f"a.log.{suffix}"
    path.write_bytes(packed[: len(packed) // 2])
    (logs / "b.log").write_text("next file\n")
    counts = post.collector.collect("portal", FileInput(logs / "*.log*"))
    *kept, following = post.lines()
    assert 500 < len(kept) < 5000
    assert kept == lines[: len(kept)]
    assert following == "next file"
    (fault,) = counts.faults
    assert str(path) in fault.render(Lang.EN)
    assert "cut short or broken behind unpacked byte" in fault.render(Lang.EN)
    kinds = {entry.kind: entry for entry in post.quarantine.list()}
    assert set(kinds) == {Kind.CUT, Kind.FILE}
    assert lines[len(kept)].startswith(post.quarantine.payload(kinds[Kind.CUT].id).decode())


def test_a_gzip_with_a_broken_middle_is_a_fault_too(post: Post, logs: Path) -> None:
    packed = bytearray(gzip.compress(os.urandom(50_000).hex().encode()))
    packed[30_000:30_100] = bytes(100)
    (logs / "a.gz").write_bytes(packed)
    counts = post.collector.collect("portal", open_input(logs / "a.gz"))
    assert len(counts.faults) == 1


def test_unreadable_files_are_faults_and_the_others_go_on(post: Post, logs: Path) -> None:
    (logs / "folder.log").mkdir()
    (logs / "dangling.log").symlink_to(logs / "nowhere")
    (logs / "good.log").write_text("good\n")
    faults = []
    for path in [logs / "absent.log", logs / "folder.log", *files_under(logs)]:
        faults += post.collector.collect("portal", open_input(path)).faults
    assert post.lines() == ["good"]
    assert [Path(fault.where).name for fault in faults] == ["absent.log", "folder.log", "dangling.log"]
    assert all("cannot read the file" in fault.render(Lang.EN) and fault.advice for fault in faults)
    assert [entry.kind for entry in post.quarantine.list()] == [Kind.FILE] * 3


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_read_permission_is_a_fault(post: Post, logs: Path) -> None:
    (logs / "a.log").write_text("x\n")
    (logs / "a.log").chmod(0)
    (fault,) = post.collector.collect("portal", open_input(logs / "a.log")).faults
    assert "Permission denied" in fault.render(Lang.EN)


def test_a_file_without_read_permission_is_a_fault_for_another_account(logs: Path) -> None:
    """The same as root, through a child that gives up its rights."""
    if os.geteuid() != 0:
        pytest.skip("only root can become another account")
    (logs / "a.log").write_text("x\n")
    (logs / "a.log").chmod(0)
    logs.chmod(0o755)
    code = (
        "import os, datetime; from pathlib import Path; from collectors.inputs import FileInput\n"
        "from collectors.input import Reading; os.setuid(65534)\n"
        "reading = Reading('s', datetime.datetime.now(datetime.UTC), 100)\n"
        "print([f.found.values['reason'] for c in FileInput(Path('a.log')).read(reading) for f in c.faults])"
    )
    env = {**os.environ, "PYTHONPATH": str(ROOT)}
    out = subprocess.run([sys.executable, "-c", code], cwd=logs, env=env, capture_output=True, text=True, check=False)
    assert out.stdout.strip() == "['Permission denied']", out.stderr


def test_a_glob_takes_the_files_in_the_order_of_their_names(post: Post, logs: Path) -> None:
    for name in ("b", "a", "c"):
        (logs / f"{name}.log").write_text(f"{name}\n")
    assert post.collector.collect("portal", FileInput(logs / "*.log")).accepted == 3
    assert post.lines() == ["a", "b", "c"]


def test_progress_is_told_after_each_commit(post: Post, logs: Path) -> None:
    (logs / "a.log").write_text("a line of some length\n" * 40_000)
    seen = []
    total = post.collector.collect("portal", open_input(logs / "a.log"), lambda counts: seen.append(counts.accepted))
    assert len(seen) > 2
    assert seen == sorted(seen)
    assert seen[-1] == total.accepted == post.spool.depth() == 40_000
