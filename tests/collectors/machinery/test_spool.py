"""The durable queue: accepted means kept."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from collectors.crypto import PayloadCipher
from collectors.quarantine import Kind, Quarantine
from collectors.spool import Inflight, Spool, SpoolItem
from soc.core.errors import EngineError, SetupError
from soc.core.i18n import Lang
from tests.collectors.machinery.post import Post

FILL = "x" * 4000


def edit(path: Path, statement: str, *values: object) -> None:
    """Change the file behind the spool's back."""
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute(statement, values)


def test_items_come_back_in_order_with_all_they_carry(post: Post, items: list[SpoolItem]) -> None:
    items = [replace(item, charset="latin-1", masked=2, where="nhật ký.log:3") for item in items]
    assert post.spool.append(items) == 10
    back = post.spool.read()
    assert back == [replace(item, position=n) for n, item in enumerate(items, start=1)]
    assert back[0].record.data == b"line 0"
    assert back[0].record.charset == "utf-8"


def test_reading_goes_on_behind_a_position_and_keeps_to_its_limit(post: Post, items: list[SpoolItem]) -> None:
    post.spool.append(items)
    assert [item.position for item in post.spool.read(after=3, limit=4)] == [4, 5, 6, 7]
    assert post.spool.read(after=10) == []


def test_acknowledged_items_leave_and_their_positions_are_not_given_again(post: Post, items: list[SpoolItem]) -> None:
    post.spool.ack(post.spool.append(items))
    assert post.spool.depth() == 0
    assert post.again().spool.append(items[:1]) == 11


def test_appending_nothing_gives_no_position(post: Post) -> None:
    assert post.spool.append([]) == 0


def test_cursors_move_and_go_with_the_items(post: Post, items: list[SpoolItem]) -> None:
    post.spool.append(items, {"a%b": {"offset": 7, "path": "x"}, "a_b": {"offset": 1}})
    post = post.again()
    assert post.spool.cursors("a%") == {"a%b": {"offset": 7, "path": "x"}}
    post.spool.append([], {"a%b": None})
    assert post.spool.cursors("") == {"a_b": {"offset": 1}}


def test_a_batch_in_flight_survives_a_restart_and_ends_with_its_acknowledgement(
    post: Post, items: list[SpoolItem]
) -> None:
    position = post.spool.append(items)
    assert post.spool.inflight() is None
    post.spool.begin(position, [items[0].ident, items[3].ident])
    post = post.again()
    assert post.spool.inflight() == Inflight(position, (items[0].ident, items[3].ident))
    post.spool.ack(position - 1)
    assert post.spool.inflight() is not None
    post.spool.ack(position)
    assert post.spool.inflight() is None


def test_nothing_readable_rests_on_disk(post: Post, items: list[SpoolItem]) -> None:
    post.spool.append([replace(items[0], data=b"a very telling line")])
    post.close()
    assert not any(b"telling" in path.read_bytes() for path in post.home.iterdir())


@pytest.mark.parametrize(
    "change",
    [
        "payload = x'00'",
        "payload = CAST(substr(payload, 1, 60) || x'00' || substr(payload, 62) AS BLOB)",
        "source = 'another-agency'",
        "received = 'yesterday'",
        "seq = 99",
    ],
)
def test_a_damaged_record_goes_to_quarantine_and_the_rest_goes_on(
    post: Post, items: list[SpoolItem], change: str
) -> None:
    post.spool.append([replace(item, data=FILL.encode()) for item in items])
    post.close()
    edit(post.home / "spool.sqlite", f"UPDATE records SET {change} WHERE position = 4")  # noqa: S608
    post = post.again()
    assert [item.position for item in post.spool.read()] == [1, 2, 3, 5, 6, 7, 8, 9, 10]
    assert post.spool.depth() == 9
    (entry,) = post.quarantine.list()
    assert (entry.kind, entry.ident) == (Kind.SPOOL, items[3].ident)
    assert "record 4 of the spool is damaged" in entry.reason.render(Lang.EN)


def test_a_page_of_damaged_records_alone_does_not_look_like_the_end(post: Post, items: list[SpoolItem]) -> None:
    post.spool.append(items)
    edit(post.home / "spool.sqlite", "UPDATE records SET payload = x'00' WHERE position <= 5")
    assert [item.position for item in post.spool.read(limit=5)] == [6, 7, 8, 9, 10]
    assert post.quarantine.count() == 5


def test_a_full_disk_keeps_nothing_of_the_batch_and_says_what_to_do(post: Post, items: list[SpoolItem]) -> None:
    post.spool.append(items)
    with post.spool._file.reading() as connection:
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages + 2}")
    big = [replace(item, data=FILL.encode()) for item in items * 20]
    with pytest.raises(EngineError) as caught:
        post.spool.append(big, {"file": {"offset": 5}})
    assert "disk full, no record of this batch was accepted" in caught.value.render(Lang.EN)
    assert caught.value.advice is not None
    assert post.spool.depth() == 10
    assert post.spool.cursors("") == {}
    with post.spool._file.reading() as connection:
        connection.execute("PRAGMA max_page_count = 1000000")
    assert post.spool.append(big, {"file": {"offset": 5}}) == 210


def test_another_key_is_refused_instead_of_quarantining_everything(post: Post, items: list[SpoolItem]) -> None:
    post.spool.append(items)
    post.close()
    other = PayloadCipher(b"k" * 32)
    spool = Spool(post.home / "spool.sqlite", other, Quarantine(post.home / "other.sqlite", other))
    with pytest.raises(SetupError) as caught:
        spool.read()
    assert "another key" in caught.value.render(Lang.EN)
    assert len(post.again().spool.read()) == 10


@pytest.mark.parametrize(
    ("content", "expected"), [(b"not a database" * 400, "not an SQLite file"), (None, "cannot open")]
)
def test_a_file_that_cannot_be_used_is_an_engine_fault(tmp_path: Path, content: bytes | None, expected: str) -> None:
    cipher = PayloadCipher(b"k" * 32)
    path = tmp_path / "spool.sqlite"
    if content is None:
        (tmp_path / "home").write_text("a file where a folder should be")
        path = tmp_path / "home" / "spool.sqlite"
    else:
        path.write_bytes(content)
    with pytest.raises(EngineError) as caught:
        Spool(path, cipher, Quarantine(tmp_path / "q.sqlite", cipher)).depth()
    assert expected in caught.value.render(Lang.EN)
    assert str(path) in caught.value.render(Lang.EN)


def test_two_spools_on_one_file_see_each_other(post: Post, items: list[SpoolItem]) -> None:
    other = Post.at(post.home)
    post.spool.append(items[:5])
    other.spool.append(items[5:])
    assert [item.seq for item in post.spool.read()] == list(range(10))
    other.close()
