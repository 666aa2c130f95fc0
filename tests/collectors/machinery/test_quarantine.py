"""What could not go on: kept, counted, and told in both languages."""

from __future__ import annotations

from datetime import timedelta

import pytest

from collectors.quarantine import Kind
from collectors.record import RawRecord
from soc.core.errors import NotFoundError, ParseError
from soc.core.i18n import Lang, Message, msg
from tests.collectors.machinery.post import NOW, Post

REASON = msg("bản ghi dài {size} byte, giới hạn {limit}; chỉ giữ phần đầu", size=7, limit=5)


def record(seq: int = 0, source: str = "portal", data: bytes = b"raw line") -> RawRecord:
    return RawRecord(source, seq, data, NOW + timedelta(seconds=seq), f"access.log:{seq}")


def test_an_entry_keeps_payload_reason_and_place(post: Post) -> None:
    entry_id = post.quarantine.add(record(3), REASON, ident="a" * 32, kind=Kind.OVERSIZE)
    (entry,) = post.again().quarantine.list()
    assert entry.id == entry_id
    assert (entry.ident, entry.kind, entry.source, entry.seq) == ("a" * 32, Kind.OVERSIZE, "portal", 3)
    assert (entry.where, entry.received, entry.size_bytes) == ("access.log:3", NOW + timedelta(seconds=3), 8)
    assert post.quarantine.payload(entry_id) == b"raw line"


def test_the_reason_can_be_read_in_both_languages_later(post: Post) -> None:
    post.quarantine.add(record(), REASON)
    (entry,) = post.quarantine.list()
    assert entry.reason.render() == "bản ghi dài 7 byte, giới hạn 5; chỉ giữ phần đầu"
    assert entry.reason.render(Lang.EN) == "the record is 7 bytes long, the limit is 5; only its beginning is kept"


def test_a_reason_of_several_sentences_stays_whole(post: Post) -> None:
    error = ParseError(msg("không phải JSON ({reason})", reason="x"), expected=msg("quyền 0600"), where="a.log:3")
    post.quarantine.add(record(), error.as_message())
    (entry,) = post.quarantine.list()
    assert entry.reason.render(Lang.EN) == error.render(Lang.EN)


def test_the_same_record_is_kept_once(post: Post) -> None:
    first = post.quarantine.add(record(), REASON)
    assert post.quarantine.add(record(), REASON) == first
    post.quarantine.add(record(1), REASON)
    assert post.quarantine.count() == 2


def test_entries_are_counted_by_source_and_reason(post: Post) -> None:
    def fault(reason: Message, place: int) -> Message:
        return ParseError(reason, where=f"access.log:{place}").as_message()

    for seq in range(3):
        post.quarantine.add(record(seq), fault(msg("không phải JSON ({reason})", reason=seq), seq))
    post.quarantine.add(record(3), fault(msg("tệp nén trọn vẹn"), 3))
    post.quarantine.add(record(4, source="gate"), fault(msg("tệp nén trọn vẹn"), 4))
    counts = post.quarantine.counts()
    assert [(c.source, c.count) for c in counts] == [("portal", 3), ("gate", 1), ("portal", 1)]
    assert counts[0].reason.render(Lang.EN) == "access.log:2: not JSON (2)"
    assert counts[0].newest == NOW + timedelta(seconds=2)
    assert post.quarantine.count("gate") == 1


def test_the_list_shows_the_newest_first_page_by_page(post: Post) -> None:
    for seq in range(5):
        post.quarantine.add(record(seq), REASON)
    assert [entry.seq for entry in post.quarantine.list(limit=2)] == [4, 3]
    assert [entry.seq for entry in post.quarantine.list(limit=2, offset=4)] == [0]
    assert post.quarantine.list(source="gate") == []


def test_entries_can_be_taken_out_by_id_and_by_age(post: Post) -> None:
    ids = [post.quarantine.add(record(seq), REASON) for seq in range(5)]
    assert post.quarantine.remove([ids[4], "unknown"]) == 1
    assert post.quarantine.remove_before(NOW + timedelta(seconds=2)) == 2
    assert [entry.seq for entry in post.quarantine.list()] == [3, 2]


def test_an_unknown_or_damaged_entry_has_no_payload(post: Post) -> None:
    with pytest.raises(NotFoundError):
        post.quarantine.payload("0" * 32)
    entry_id = post.quarantine.add(record(), REASON)
    with post.quarantine._file.transaction() as connection:
        connection.execute("UPDATE entries SET source = 'another'")
    with pytest.raises(NotFoundError):
        post.quarantine.payload(entry_id)


def test_nothing_readable_rests_on_disk(post: Post) -> None:
    post.quarantine.add(record(data=b"a very telling line"), REASON)
    post.close()
    assert not any(b"telling" in path.read_bytes() for path in post.home.iterdir())
