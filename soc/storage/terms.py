"""Terms that the indexed stores share: names of fields, runs of exercises and numbers, as texts that an index keeps in order."""

from __future__ import annotations

import re
import struct
from functools import lru_cache

NUL = "\0"
"""Stands between the parts of a term; no value holds it, as folding replaces it."""

_REAL = "real"
_ODD = re.compile(r"[\s%#*\0]")


def exercise_term(run: str | None) -> str:
    """The term of the `exercise` field; a run called "real" is still a run."""
    return _REAL if run is None else f"run {run}"


@lru_cache(maxsize=16_384)
def label(name: str) -> str:
    """A field name as the first part of a term: one word, and none that another name or a mark of ours could give."""
    return _ODD.sub(lambda found: f"%{ord(found[0]):x};", name)


@lru_cache(maxsize=16_384)
def start(name: str) -> str:
    """How the terms of a field begin."""
    return label(name) + NUL


def ordered_float(value: float) -> str:
    """A number as a text of one width; the order of texts is the order of numbers."""
    (bits,) = struct.unpack(">Q", struct.pack(">d", value))
    return f"{bits ^ (2**64 - 1) if bits >> 63 else bits | 2**63:016x}"


def read_float(text: str) -> float:
    """The inverse of `ordered_float`."""
    bits = int(text, 16)
    restored = bits & (2**63 - 1) if bits >> 63 else bits ^ (2**64 - 1)
    return float(struct.unpack(">d", struct.pack(">Q", restored))[0])


def number_term(name: str, value: float) -> str:
    """The term of a keyword value that is a number."""
    return f"#{start(name)}{ordered_float(value)}{NUL}"


def read_number(term: str) -> float:
    """The inverse of `number_term`."""
    return read_float(term.split(NUL, 2)[1])
