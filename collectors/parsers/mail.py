"""What the lines of mail programs share: `host[address]:port`, `<mailbox>`, names in encoded words."""

from __future__ import annotations

import re
import unicodedata
from base64 import b64decode
from quopri import decodestring
from typing import NamedTuple

from collectors.parsing import Record
from collectors.text import NUL_PICTURE
from collectors.values import is_ip, put_port

_ADDRESS = re.compile(r"\[(?:IPv6:)?([0-9A-Fa-f:.]{2,45}|unknown)(?:/\d{1,3})?\](?::(\d{1,5})(?!\d))?")
_MAILBOX = re.compile(r"[\w.+%!#$&'*/=?^`{|}~-]{1,64}@[\w.-]{1,255}")
_ENCODED_WORD = re.compile(
    r"=\?(utf-8|us-ascii|iso-8859-\d{1,2}|windows-125\d|gb2312|gbk|big5|koi8-r)\?([bq])\?([^?\s]{0,400})\?=",
    re.IGNORECASE,
)
_LONGEST_NAME = 255
_NOT_IN_NAMES = " =<(,;:"


class Peer(NamedTuple):
    """The other end of a connection as a mail program writes it; `name` and `port` are empty when they are not known."""

    name: str
    address: str
    port: str
    start: int
    end: int


def find_peer(text: str, start: int = 0, *, spaced: bool = False) -> Peer | None:
    """The first `host[address]` from `start` on, with `:port` or without; `spaced`: a blank stands before the bracket."""
    for found in _ADDRESS.finditer(text, start):
        if found[1] == "unknown" or is_ip(found[1]):
            name = _name_before(text, found.start() - spaced)
            begin = found.start() - len(name) - spaced
            return Peer("" if name == "unknown" else name, found[1], found[2] or "", max(begin, 0), found.end())
    return None


def put_peer(fields: Record, side: str, peer: Peer) -> None:
    """Write `peer` under `side` (source, destination)."""
    if peer.name:
        fields[f"{side}.ip" if is_ip(peer.name) else f"{side}.domain"] = peer.name
    if peer.address != "unknown":
        fields[f"{side}.ip"] = peer.address
    if address := peer.name or str(fields.get(f"{side}.ip", "")):
        fields[f"{side}.address"] = address
    put_port(fields, f"{side}.port", peer.port)


def put_mailbox(fields: Record, name: str, text: str) -> None:
    """Write the mailbox in `text`, with or without angle brackets, as a list under `name`; nothing for the empty sender."""
    mailbox = text.strip("<> ")
    if mailbox:
        fields[name] = [mailbox]


def mailbox_in(text: str) -> str:
    """The first `name@domain` in a header; empty when there is none."""
    at = text.find("@")
    found = _MAILBOX.search(text, max(0, at - 64)) if at >= 0 else None
    return "" if found is None else found[0]


def decoded_words(text: str) -> str:
    """`text` with its encoded words (`=?utf-8?B?...?=`) written out; a broken one stays as it is. Source: RFC 2047."""
    return _ENCODED_WORD.sub(_decoded_word, text) if "=?" in text else text


def _decoded_word(found: re.Match[str]) -> str:
    charset, kind, content = found.groups()
    try:
        raw = content.encode("ascii")
        data = b64decode(raw, validate=True) if kind in "Bb" else decodestring(raw.replace(b"_", b" "))
        return unicodedata.normalize("NFC", data.decode(charset).replace("\0", NUL_PICTURE))
    except (LookupError, ValueError):
        return found[0]


def _name_before(text: str, end: int) -> str:
    name = text[max(0, end - _LONGEST_NAME) : max(0, end)]
    for mark in _NOT_IN_NAMES:
        name = name.rpartition(mark)[2]
    return name
