"""Identifiers: deterministic where re-delivery must be harmless, random where a thing is new."""

from __future__ import annotations

import hashlib
import uuid


def digest(*parts: str | bytes | int) -> str:
    """32 hexadecimal digits over the parts; their boundaries count, so ("ab", "c") differs from ("a", "bc")."""
    state = hashlib.blake2b(digest_size=16)
    for part in parts:
        data = part if isinstance(part, bytes) else str(part).encode()
        state.update(len(data).to_bytes(8, "big"))
        state.update(data)
    return state.hexdigest()


def event_id(source: str, seq: int, content: bytes) -> str:
    """`event.id` of a record: the same record delivered twice gets the same id.

    Args:
        source: id of the registered source.
        seq: position the source gives the record (byte offset in a file, record number of an EVTX, sequence of an agent).
            The offset survives rotation, renaming and compression, which the name of the file does not.
        content: the record as received, before redaction.
    """
    return digest(source, seq, content)


def new_id() -> str:
    """A new random id of 32 hexadecimal digits."""
    return uuid.uuid4().hex


def sha256(data: bytes) -> str:
    """SHA-256 in hexadecimal, as stored beside every kept file."""
    return hashlib.sha256(data).hexdigest()
