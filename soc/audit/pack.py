"""Anchors and packs that leave the machine: signed with Ed25519, verifiable offline from the pack, an anchor and a public key.

A pack is NDJSON: a signed head line that says where the chain begins, one line per entry, and as its last line the signed anchor of
its last entry. Head and anchor carry the same time, so that the two of different packs do not go together. Every line stands in its
canonical form: JSON with sorted keys and no spaces.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, load_pem_private_key

from soc.audit.chain import GENESIS, Anchor, ChainReport, Entry, check, fields_of
from soc.core.clock import parse_iso
from soc.core.errors import InputError
from soc.core.i18n import msg

ANCHOR_KIND = "vonggac/audit-anchor/1"
PACK_KIND = "vonggac/audit-pack/2"


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
    return _sign({"kind": ANCHOR_KIND, "number": anchor.number, "hash": anchor.hash, "at": at}, key)


def read_anchor(line: bytes, trusted: Ed25519PublicKey) -> Anchor:
    """The anchor of a signed line.

    Args:
        trusted: the public key the reader holds already; the one named in the line is not believed.

    Raises:
        InputError: not an anchor, or not signed by that key.
    """
    body = _verified(line, ANCHOR_KIND, trusted)
    return Anchor(int(body["number"]), str(body["hash"]), parse_iso(str(body["at"])))


@dataclass(frozen=True, slots=True)
class Delivered:
    """What a file of anchors holds.

    Attributes:
        damaged: numbers of the lines, from 1, that are no anchor signed by the trusted key; the others count all the same.
    """

    anchors: tuple[Anchor, ...] = ()
    damaged: tuple[int, ...] = ()


def read_anchors(lines: Iterable[bytes], trusted: Ed25519PublicKey) -> Delivered:
    """The signed anchors that were delivered, one a line, as `soc audit anchor` writes them.

    Raises:
        InputError: no sound anchor among the lines.
    """
    anchors, damaged = [], []
    for number, line in enumerate(lines, 1):
        try:
            anchors += [read_anchor(line, trusted)] if line.strip() else []
        except InputError:
            damaged.append(number)
    if not anchors:
        raise InputError(
            msg("tệp không có điểm neo nào ký bằng khóa này"), expected=msg("các dòng do soc audit anchor ghi")
        )
    return Delivered(tuple(anchors), tuple(damaged))


def write_pack(entries: Iterable[Entry], at: str, key: Ed25519PrivateKey) -> Iterator[bytes]:
    """The lines of a pack, each with its line end; `entries` are a run of the chain without gaps."""
    last: Entry | None = None
    for entry in entries:
        if last is None:
            yield _sign({"kind": PACK_KIND, "first": entry.number, "prev_hash": entry.prev_hash, "at": at}, key) + b"\n"
        yield _entry_line(entry) + b"\n"
        last = entry
    if last is None:
        raise InputError(msg("không có mục nào để xuất"), advice=msg("nới khoảng thời gian"))
    yield sign_anchor(Anchor(last.number, last.hash), at, key) + b"\n"


def verify_pack(lines: Iterable[bytes], trusted: Ed25519PublicKey, anchors: Iterable[Anchor] = ()) -> ChainReport:
    """Judge a pack offline, line by line as it comes.

    Args:
        trusted: public key of the installation, received by another way than the pack.
        anchors: points received; they find a rewrite even by somebody who holds the signing key. One that was signed after the
            pack says nothing of it and is passed over, as is one from before its beginning; `anchors_met` of the report tells how
            many spoke, the pack's own included.

    Raises:
        InputError: not a pack, a line that is not in its form, or head or anchor missing or badly signed.
    """
    body = _Body(line for line in lines if line.strip())
    head = _verified(body.head, PACK_KIND, trusted)
    first, at = int(head["first"]), parse_iso(str(head["at"]))
    start = Anchor(first - 1, GENESIS if first == 1 else str(head["prev_hash"]))
    known = [one for one in anchors if one.at is None or one.at <= at]
    return check(body.entries(), known, start, lambda: _own(body.tail, trusted, at))


def _own(tail: bytes, trusted: Ed25519PublicKey, at: datetime) -> Anchor:
    anchor = read_anchor(tail, trusted)
    if anchor.at != at:
        raise InputError(msg("dòng đầu và điểm neo là của hai gói khác nhau"), advice=msg("xuất lại gói"))
    return anchor


class _Body:
    """The lines of a pack, one of them in memory: the first is the head, the last the anchor."""

    def __init__(self, lines: Iterator[bytes]) -> None:
        self._lines = lines
        self.head, self.tail = next(lines, b""), b""

    def entries(self) -> Iterator[Entry]:
        """All lines between; `tail` is the last one afterwards. Raises InputError where there are none."""
        held, empty = next(self._lines, b""), True
        for line in self._lines:
            yield _read_entry(held)
            held, empty = line, False
        if empty:
            raise InputError(msg("gói nhật ký kiểm toán bị cụt"), expected=msg("dòng đầu, các mục và điểm neo"))
        self.tail = held


def _entry_line(entry: Entry) -> bytes:
    return _canonical(fields_of(entry) | {"hash": entry.hash})


def _read_entry(line: bytes) -> Entry:
    try:
        fields = orjson.loads(line)
        entry = Entry(**fields | {"at": parse_iso(fields["at"])})
    except (ValueError, TypeError, KeyError) as problem:
        raise _unreadable(line) from problem
    if _entry_line(entry) != line.rstrip(b"\r\n"):  # the same words in another form, such as 1.0 for 1
        raise _unreadable(line)
    return entry


def _unreadable(line: bytes) -> InputError:
    return InputError(msg("một mục của gói không đọc được"), where=line[:60].decode(errors="replace"))


def _sign(body: dict[str, object], key: Ed25519PrivateKey) -> bytes:
    """The object with the public key and a signature over all of it, as one line."""
    named = body | {"key": public_text(key)}
    return _canonical(named | {"signature": base64.b64encode(key.sign(_canonical(named))).decode()})


def _verified(line: bytes, kind: str, trusted: Ed25519PublicKey) -> dict[str, Any]:
    """The signed object of a line. Raises InputError for another kind, another form, or no signature of `trusted`."""
    body = _object(line, kind)
    if _canonical(body) != line.rstrip(b"\r\n"):
        raise InputError(msg("dòng đã ký không giữ nguyên dạng"), where=line[:60].decode(errors="replace"))
    said = str(body.pop("signature", ""))
    try:
        signature = base64.b64decode(said, validate=True)
        trusted.verify(signature, _canonical(body))
    except (InvalidSignature, ValueError) as problem:
        raise _badly_signed() from problem
    if base64.b64encode(signature).decode() != said:  # spare bits of Base64 that say nothing
        raise _badly_signed()
    return body


def _badly_signed() -> InputError:
    return InputError(msg("chữ ký không hợp lệ"), advice=msg("kiểm tra lại khóa công khai và tệp"))


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
