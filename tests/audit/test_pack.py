"""What leaves the machine: signed anchors and packs, checked with nothing but a public key."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from soc.audit.chain import Anchor, ChainReport, Entry, FaultKind
from soc.audit.pack import (
    load_or_create_key,
    public_key,
    public_text,
    read_anchor,
    read_anchors,
    sign_anchor,
    verify_pack,
    write_pack,
)
from soc.audit.trail import Act, AuditTrail
from soc.core.errors import InputError
from soc.storage.sql import Database

AT = "2026-11-22T06:00:00Z"


@pytest.fixture
def key(tmp_path: Path) -> Ed25519PrivateKey:
    return load_or_create_key(tmp_path / "keys" / "audit.pem")


@pytest.fixture
def pack(database: Database, trail: AuditTrail, key: Ed25519PrivateKey) -> list[bytes]:
    with database.transaction() as session:
        for number in range(6):
            trail.record(session, Act("cb.mau", "evidence.read", f"evidence/BN-{number}"))
        return list(write_pack(trail.walk(session), AT, key))


def test_the_key_is_made_once_and_only_its_owner_reads_it(tmp_path: Path) -> None:
    path = tmp_path / "k" / "audit.pem"
    assert public_text(load_or_create_key(path)) == public_text(load_or_create_key(path))
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_public_key_survives_its_text_and_garbage_is_refused(key: Ed25519PrivateKey) -> None:
    assert public_text(public_key(public_text(key))) == public_text(key)
    with pytest.raises(InputError, match="khóa công khai"):
        public_key("no key")


def test_a_pack_verifies_offline(pack: list[bytes], key: Ed25519PrivateKey) -> None:
    report = verify_pack(pack, key.public_key())
    assert report.ok
    assert (report.first, report.last) == (1, 6)


def test_a_part_of_the_chain_makes_a_pack_of_its_own(
    database: Database, trail: AuditTrail, key: Ed25519PrivateKey, pack: list[bytes]
) -> None:
    with database.transaction() as session:
        part = list(write_pack(trail.walk(session, 3, 5), AT, key))
    report = verify_pack(part, key.public_key())
    assert report.ok
    assert (report.first, report.last) == (3, 5)


def test_an_edited_entry_of_a_pack_is_found(pack: list[bytes], key: Ed25519PrivateKey) -> None:
    pack[3] = pack[3].replace(b"BN-2", b"BN-7")
    report = verify_pack(pack, key.public_key())
    assert [(fault.number, fault.kind) for fault in report.faults] == [(3, FaultKind.EDITED)]


def test_a_removed_entry_and_a_cut_tail_of_a_pack_are_found(pack: list[bytes], key: Ed25519PrivateKey) -> None:
    assert verify_pack(pack[:3] + pack[4:], key.public_key()).faults[0].kind is FaultKind.GAP
    assert verify_pack(pack[:5] + pack[7:], key.public_key()).faults[0].kind is FaultKind.CUT


def test_a_rewrite_by_the_holder_of_the_key_is_found_with_an_earlier_anchor(
    pack: list[bytes], key: Ed25519PrivateKey
) -> None:
    earlier = Anchor(4, "ab" * 32)
    report = verify_pack(pack, key.public_key(), [earlier])
    assert report.faults[0].kind is FaultKind.REWRITTEN


def test_an_anchor_signed_after_the_pack_says_nothing_of_it_and_an_earlier_one_finds_the_cut(
    pack: list[bytes], key: Ed25519PrivateKey
) -> None:
    def judged(at: str) -> ChainReport:
        beyond = read_anchor(sign_anchor(Anchor(9, "ab" * 32), at, key), key.public_key())
        return verify_pack(pack, key.public_key(), [beyond])

    later, earlier = judged("2026-11-22T06:00:01Z"), judged("2026-11-22T05:59:59Z")
    assert (later.ok, later.anchors_met) == (True, 1)
    assert [fault.kind for fault in earlier.faults] == [FaultKind.CUT]


def test_another_key_and_a_forged_anchor_are_refused(pack: list[bytes], key: Ed25519PrivateKey) -> None:
    with pytest.raises(InputError, match="chữ ký"):
        verify_pack(pack, Ed25519PrivateKey.generate().public_key())
    line = orjson.loads(sign_anchor(Anchor(5, "ab" * 32), AT, key))
    forged = orjson.dumps(line | {"number": 4})
    with pytest.raises(InputError, match="chữ ký"):
        read_anchor(forged, key.public_key())


def test_an_anchor_survives_its_line(key: Ed25519PrivateKey) -> None:
    anchor = Anchor(5, "ab" * 32)
    assert read_anchor(sign_anchor(anchor, AT, key), key.public_key()) == anchor


@pytest.mark.parametrize("lines", [[], [b"{}\n"], [b"x\n", b"y\n", b"z\n"]])
def test_what_is_no_pack_is_refused_with_what_was_expected(lines: list[bytes], key: Ed25519PrivateKey) -> None:
    with pytest.raises(InputError) as problem:
        verify_pack(lines, key.public_key())
    assert problem.value.expected is not None or problem.value.advice is not None


def test_a_pack_of_nothing_is_refused(key: Ed25519PrivateKey) -> None:
    with pytest.raises(InputError, match="không có mục"):
        list(write_pack([], AT, key))


KEY = Ed25519PrivateKey.from_private_bytes(b"k" * 32)
SIZE = 6


def chain(first_target: str = "evidence/0") -> list[Entry]:
    """A sound chain of SIZE entries."""
    made: list[Entry] = []
    for number in range(1, SIZE + 1):
        target = first_target if number == 1 else f"evidence/{number}"
        before = made[-1].hash if made else "0" * 64
        at = datetime(2026, 11, 22, 3, number, tzinfo=UTC)
        entry = Entry(
            number, at, "cb.mau", "evidence.read", target, "xa-mau-01", "{}", "{}", "", "192.0.2.7", before, ""
        )
        made.append(replace(entry, hash=entry.digest()))
    return made


PACK = b"".join(write_pack(chain(), AT, KEY))


def found(data: bytes, anchors: tuple[Anchor, ...] = ()) -> bool:
    """Whether a verifier with the public key alone sees that something is wrong."""
    try:
        return not verify_pack(data.splitlines(keepends=True), KEY.public_key(), anchors).ok
    except InputError:
        return True


def test_the_untouched_pack_is_sound() -> None:
    assert not found(PACK)


@given(st.integers(0, len(PACK) * 8 - 1))
def test_each_changed_bit_is_found(bit: int) -> None:
    data = bytearray(PACK)
    data[bit // 8] ^= 1 << bit % 8
    assert found(bytes(data))


@given(st.data())
def test_each_cut_swap_and_repetition_is_found(data: st.DataObject) -> None:
    lines = PACK.splitlines(keepends=True)
    place, other = (data.draw(st.integers(0, len(lines) - 1)) for _ in range(2))
    length = data.draw(st.integers(1, len(lines) - place))
    swapped = list(lines)
    swapped[place], swapped[other] = lines[other], lines[place]
    assert found(b"".join(lines[:place] + lines[place + length :]))
    assert found(b"".join(swapped)) is (place != other)
    assert found(b"".join([*lines[:place], lines[other], *lines[place:]]))


def test_a_head_that_leaves_the_beginning_out_needs_the_key() -> None:
    lines = PACK.splitlines(keepends=True)
    head = orjson.loads(lines[0]) | {"first": 3, "prev_hash": orjson.loads(lines[3])["prev_hash"]}
    assert found(orjson.dumps(head, option=orjson.OPT_SORT_KEYS) + b"\n" + b"".join(lines[3:]))


def test_the_head_of_one_pack_does_not_go_with_the_anchor_of_another() -> None:
    part = list(write_pack(chain()[2:], "2026-11-22T07:00:00Z", KEY))
    assert not found(b"".join(part))
    assert found(b"".join([part[0], *PACK.splitlines(keepends=True)[3:]]))


def test_entries_behind_the_anchor_are_signed_by_nobody() -> None:
    lines = list(write_pack(chain()[:4], AT, KEY))
    more = PACK.splitlines(keepends=True)[5:7]
    report = verify_pack([*lines[:-1], *more, lines[-1]], KEY.public_key())
    assert [(fault.number, fault.kind) for fault in report.faults] == [(5, FaultKind.BEYOND)]


@given(st.integers(1, SIZE))
def test_a_rewrite_with_the_key_itself_is_found_from_any_anchor(number: int) -> None:
    rewritten = b"".join(write_pack(chain("evidence/other"), AT, KEY))
    kept = chain()[number - 1]
    assert not found(rewritten)
    assert found(rewritten, (Anchor(kept.number, kept.hash),))


def test_the_point_before_a_part_is_held_against_its_anchor_too() -> None:
    part = b"".join(write_pack(chain("evidence/other")[2:], AT, KEY))
    second = chain()[1]
    assert found(part, (Anchor(2, second.hash),))
    assert not found(part, (Anchor(1, chain()[0].hash),))  # from before its beginning: it cannot speak


def test_a_damaged_line_of_anchors_is_named_and_the_others_count() -> None:
    lines = [sign_anchor(Anchor(entry.number, entry.hash), AT, KEY) for entry in chain()[:3]]
    foreign = sign_anchor(Anchor(1, "ab" * 32), AT, Ed25519PrivateKey.generate())
    delivered = read_anchors([lines[0], b"", lines[1][:-9], foreign, lines[2]], KEY.public_key())
    assert [anchor.number for anchor in delivered.anchors] == [1, 3]
    assert delivered.damaged == (3, 4)
    with pytest.raises(InputError, match="không có điểm neo"):
        read_anchors([foreign, b"x"], KEY.public_key())
