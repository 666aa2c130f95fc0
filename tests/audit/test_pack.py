"""What leaves the machine: signed anchors and packs, checked with nothing but a public key."""

from __future__ import annotations

from pathlib import Path

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from soc.audit.chain import Anchor, ChainReport, FaultKind
from soc.audit.pack import (
    load_or_create_key,
    public_key,
    public_text,
    read_anchor,
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
