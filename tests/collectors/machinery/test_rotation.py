"""Following files over everything rotation does to them: each line once, also when nobody looked for a while."""

from __future__ import annotations

import gzip
import os
import shutil
from datetime import timedelta
from pathlib import Path

import pytest

from collectors.inputs import FileInput
from collectors.inputs.rotation import LINGER
from soc.core.errors import EngineError
from soc.core.i18n import Lang
from tests.collectors.machinery.post import Post


class Follower:
    """Follows a pattern; `restart` forgets everything but what is on disk."""

    def __init__(self, post: Post, pattern: Path) -> None:
        self.post, self.pattern = post, pattern
        self.inlet = FileInput(pattern, follow=True)
        self.faults: list[str] = []

    def look(self) -> list[str]:
        """One pass; gives the new lines."""
        before = self.post.spool.depth()
        counts = self.post.collector.collect("portal", self.inlet)
        self.faults += [fault.render(Lang.EN) for fault in counts.faults]
        return self.post.lines()[before:]

    def restart(self) -> None:
        self.post = self.post.again()
        self.inlet = FileInput(self.pattern, follow=True)


def add(path: Path, *lines: str) -> None:
    with path.open("a") as stream:
        stream.writelines(f"{line}\n" for line in lines)


@pytest.fixture(params=[False, True], ids=["running", "restarted"])
def restarts(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def log(logs: Path) -> Path:
    return logs / "access.log"


def test_what_is_added_is_read_once(post: Post, log: Path) -> None:
    follower = Follower(post, log)
    add(log, "1", "2")
    assert follower.look() == ["1", "2"]
    assert follower.look() == []
    add(log, "3")
    follower.restart()
    assert follower.look() == ["3"]
    assert [item.where for item in follower.post.spool.read()][-1] == f"{log}:3"


def test_an_unfinished_line_is_waited_for(post: Post, log: Path) -> None:
    follower = Follower(post, log)
    log.write_text("whole\nhal")
    assert follower.look() == ["whole"]
    log.write_text("whole\nhalf and more\n")
    assert follower.look() == ["half and more"]


def test_a_file_that_comes_later_is_followed_and_its_absence_told_once(post: Post, log: Path) -> None:
    follower = Follower(post, log)
    assert follower.look() == []
    assert follower.look() == []
    assert len(follower.faults) == 1
    add(log, "1")
    assert follower.look() == ["1"]


def test_renaming_loses_no_line_not_even_late_ones(post: Post, log: Path, logs: Path, restarts: bool) -> None:
    follower = Follower(post, log)
    add(log, "1")
    assert follower.look() == ["1"]
    add(log, "2")
    log.rename(logs / "access.log.1")
    add(log, "4")
    if restarts:
        follower.restart()
    assert follower.look() == ["2", "4"]
    add(logs / "access.log.1", "3 late")
    assert follower.look() == ["3 late"]
    follower.post.clock.advance(LINGER + timedelta(seconds=1))
    assert follower.look() == []
    assert len(follower.post.spool.cursors("")) == 1
    assert follower.faults == []


def test_the_last_line_of_a_renamed_file_counts_without_its_end(post: Post, log: Path, logs: Path) -> None:
    follower = Follower(post, log)
    log.write_text("1\nno end")
    assert follower.look() == ["1"]
    log.rename(logs / "access.log.1")
    add(log, "new")
    assert follower.look() == ["new"]
    follower.post.clock.advance(LINGER + timedelta(seconds=1))
    assert follower.look() == ["no end"]


@pytest.mark.parametrize("name", ["access.log.1.gz", "access.log-20261117.gz"])
def test_renamed_and_packed_between_two_looks(post: Post, log: Path, logs: Path, name: str) -> None:
    follower = Follower(post, log)
    add(log, "1")
    assert follower.look() == ["1"]
    add(log, "2")
    (logs / name).write_bytes(gzip.compress(log.read_bytes()))
    log.unlink()
    add(log, "3")
    assert follower.look() == ["2", "3"]
    assert follower.look() == []
    assert follower.faults == []


def test_renamed_then_packed_later_gives_nothing_twice(post: Post, log: Path, logs: Path) -> None:
    follower = Follower(post, log)
    add(log, "1")
    follower.look()
    log.rename(logs / "access.log.1")
    add(log, "2")
    assert follower.look() == ["2"]
    packed = gzip.compress((logs / "access.log.1").read_bytes())
    (logs / "access.log.1").unlink()
    (logs / "access.log.1.gz").write_bytes(packed)
    assert follower.look() == []
    follower.post.clock.advance(LINGER + timedelta(seconds=1))
    assert follower.look() == []
    assert follower.faults == []


def test_copied_and_truncated(post: Post, log: Path, logs: Path, restarts: bool) -> None:
    follower = Follower(post, log)
    add(log, "one", "two")
    assert follower.look() == ["one", "two"]
    add(log, "three")
    shutil.copyfile(log, logs / "access.log.1")
    os.truncate(log, 0)
    add(log, "four is longer than all before it together")
    if restarts:
        follower.restart()
    assert follower.look() == ["three", "four is longer than all before it together"]
    assert follower.look() == []
    assert follower.faults == []


def test_generations_made_while_nobody_looked_are_read_whole(post: Post, log: Path, logs: Path) -> None:
    follower = Follower(post, log)
    add(log, "1")
    follower.look()
    add(log, "2")
    log.rename(logs / "access.log.2")
    os.utime(logs / "access.log.2", (1_000, 1_000))
    add(logs / "access.log.1", "3", "4")
    os.utime(logs / "access.log.1", (2_000, 2_000))
    add(logs / "access.log.9", "long ago")
    os.utime(logs / "access.log.9", (500, 500))
    add(logs / "access.log.note", "not a rotated file")
    add(log, "5")
    follower.restart()
    assert follower.look() == ["2", "3", "4", "5"]
    assert follower.look() == []


def test_a_glob_that_holds_the_rotated_names_too(post: Post, log: Path, logs: Path) -> None:
    follower = Follower(post, logs / "access.log*")
    add(log, "1")
    assert follower.look() == ["1"]
    log.rename(logs / "access.log.1")
    add(log, "2")
    assert follower.look() == ["2"]
    packed = gzip.compress((logs / "access.log.1").read_bytes())
    (logs / "access.log.1").unlink()
    (logs / "access.log.1.gz").write_bytes(packed)
    assert follower.look() == []
    assert follower.look() == []
    assert follower.faults == []


def test_a_deleted_file_is_a_fault_that_names_the_offset(post: Post, log: Path) -> None:
    follower = Follower(post, log)
    add(log, "1")
    follower.look()
    log.unlink()
    add(log.with_name("other.log"), "unrelated")
    assert follower.look() == []
    add(log, "2")
    assert follower.look() == ["2"]
    assert any("what followed byte 2 cannot be found" in fault for fault in follower.faults)


def test_a_reused_inode_does_not_hide_the_new_file(post: Post, log: Path) -> None:
    follower = Follower(post, log)
    add(log, "first")
    follower.look()
    log.write_text("other\n")  # same inode, same size
    assert follower.look() == ["other"]


def test_utf16_is_followed_in_its_charset(post: Post, log: Path) -> None:
    follower = Follower(post, log)
    log.write_bytes("một\r\n".encode("utf-16"))
    assert follower.look() == ["một"]
    with log.open("ab") as stream:
        stream.write("hai\r\n".encode("utf-16-le"))
    follower.restart()
    assert follower.look() == ["hai"]


def test_lines_the_spool_could_not_keep_are_read_again(post: Post, log: Path) -> None:
    follower = Follower(post, log)
    add(log, "1")
    follower.look()
    with post.spool._file.reading() as connection:
        connection.execute(f"PRAGMA max_page_count = {connection.execute('PRAGMA page_count').fetchone()[0]}")
    add(log, *(f"{n} {'x' * 2000}" for n in range(20)))
    with pytest.raises(EngineError):
        follower.look()
    with post.spool._file.reading() as connection:
        connection.execute("PRAGMA max_page_count = 1000000")
    assert len(follower.look()) == 20
