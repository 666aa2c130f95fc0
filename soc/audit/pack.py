"""Anchors and packs that leave the machine: signed with Ed25519, verifiable offline from the pack, an anchor and a public key.

A pack is NDJSON: a head line, one line per entry, and as its last line the signed anchor of its last entry.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from soc.audit.chain import GENESIS, Anchor, ChainReport, Entry, check
from soc.core.clock import iso, parse_iso
from soc.core.errors import InputError
from soc.core.i18n import msg

ANCHOR_KIND = "vonggac/audit-anchor/1"
PACK_KIND = "vonggac/audit-pack/1"


def load_or_create_key(path: Path) -> Ed25519PrivateKey:
    """The signing key of this installation; made at first need, readable by its owner only."""
    if path.exists():
        key = load_pem_private_key(path.read_bytes(), password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise InputError(
                msg("khóa không phải Ed25519"), where=str(path), advice=msg("chuyển tệp đi nơi khác để tạo khóa mới")
            )
        return key
    key = Ed25519PrivateKey.generate()
    data = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    path.parent.mkdir(parents=True, exist_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as stream:
        stream.write(data)
    return key


def public_text(key: Ed25519PrivateKey | Ed25519PublicKey) -> str:
    """The public half as base64 of 32 bytes: what is given to an auditor by another way than the pack."""
    public = key.public_key() if isinstance(key, Ed25519PrivateKey) else key
    return base64.b64encode(public.public_bytes_raw()).decode()


def public_key(text: str) -> Ed25519PublicKey:
    """The inverse of `public_text`; raises InputError."""
    try:
        return Ed25519PublicKey.from_public_bytes(base64.b64decode(text.strip(), validate=True))
    except ValueError as problem:
        raise InputError(
            msg("khóa công khai không đọc được"), expected=msg("base64 của 32 byte (Ed25519)")
        ) from problem


def sign_anchor(anchor: Anchor, at: str, key: Ed25519PrivateKey) -> bytes:
    """A signed anchor as one line of JSON; `at` is the ISO time of signing."""
    body = {"kind": ANCHOR_KIND, "number": anchor.number, "hash": anchor.hash, "at": at, "key": public_text(key)}
    signature = base64.b64encode(key.sign(_canonical(body))).decode()
    return _canonical(body | {"signature": signature})


def read_anchor(line: bytes, trusted: Ed25519PublicKey) -> Anchor:
    """The anchor of a signed line.

    Args:
        trusted: the public key the reader holds already; the one named in the line is not believed.

    Raises:
        InputError: not an anchor, or not signed by that key.
    """
    body = _object(line, ANCHOR_KIND)
    try:
        trusted.verify(base64.b64decode(str(body.pop("signature", ""))), _canonical(body))
        return Anchor(int(body["number"]), str(body["hash"]), parse_iso(str(body["at"])))
    except (InvalidSignature, ValueError, KeyError) as problem:
        raise InputError(
            msg("chữ ký của điểm neo không hợp lệ"), advice=msg("kiểm tra lại khóa công khai và tệp")
        ) from problem


def read_anchors(lines: Iterable[bytes], trusted: Ed25519PublicKey) -> list[Anchor]:
    """The signed anchors that were delivered, one a line, as `soc audit anchor` writes them; at least one.

    Raises:
        InputError: no anchor among the lines, or one that is not signed by `trusted`.
    """
    anchors = [read_anchor(line, trusted) for line in lines if line.strip()]
    if not anchors:
        raise InputError(msg("tệp không có điểm neo nào"), expected=msg("các dòng do soc audit anchor ghi"))
    return anchors


def write_pack(entries: Iterable[Entry], at: str, key: Ed25519PrivateKey) -> Iterator[bytes]:
    """The lines of a pack, each with its line end; `entries` are a run of the chain without gaps."""
    last: Entry | None = None
    for entry in entries:
        if last is None:
            yield _canonical({"kind": PACK_KIND, "first": entry.number, "prev_hash": entry.prev_hash, "at": at}) + b"\n"
        yield _canonical(asdict(entry) | {"at": iso(entry.at)}) + b"\n"
        last = entry
    if last is None:
        raise InputError(msg("không có mục nào để xuất"), advice=msg("nới khoảng thời gian"))
    yield sign_anchor(Anchor(last.number, last.hash), at, key) + b"\n"


def verify_pack(lines: Iterable[bytes], trusted: Ed25519PublicKey, anchors: Iterable[Anchor] = ()) -> ChainReport:
    """Judge a pack offline.

    Args:
        trusted: public key of the installation, received by another way than the pack.
        anchors: points received; they find a rewrite even by somebody who holds the signing key. One that was signed after the
            pack says nothing of it and is passed over; `anchors_met` of the report tells how many spoke, the pack's own included.

    Raises:
        InputError: not a pack, or its own anchor is missing or badly signed.
    """
    head, entries, tail = _split(lines)
    own = read_anchor(tail, trusted)
    first = int(head["first"])
    start = Anchor(first - 1, GENESIS if first == 1 else str(head["prev_hash"]))
    return check(entries, [own, *(one for one in anchors if not _later(one, own))], start)


def _later(anchor: Anchor, own: Anchor) -> bool:
    return anchor.at is not None and own.at is not None and anchor.at > own.at


def _split(lines: Iterable[bytes]) -> tuple[dict[str, Any], list[Entry], bytes]:
    kept = [line for line in lines if line.strip()]
    if len(kept) < 3:
        raise InputError(msg("gói nhật ký kiểm toán bị cụt"), expected=msg("dòng đầu, các mục và điểm neo"))
    return _object(kept[0], PACK_KIND), [_read_entry(line) for line in kept[1:-1]], kept[-1]


def _read_entry(line: bytes) -> Entry:
    try:
        fields = orjson.loads(line)
        return Entry(**fields | {"at": parse_iso(fields["at"])})
    except (ValueError, TypeError, KeyError) as problem:
        raise InputError(msg("một mục của gói không đọc được"), where=line[:60].decode(errors="replace")) from problem


def _object(line: bytes, kind: str) -> dict[str, Any]:
    try:
        body = orjson.loads(line)
    except ValueError:
        body = None
    if not isinstance(body, dict) or body.get("kind") != kind:
        raise InputError(
            msg("tệp không đúng loại"), expected=msg("loại {kind}", kind=kind), where=line[:60].decode(errors="replace")
        )
    return body


def _canonical(body: object) -> bytes:
    return orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
