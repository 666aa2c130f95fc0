"""The hash chain of the audit trail, as pure functions: the database and the offline verifier judge by the same code.

Each entry is hashed with SHA-256 over the canonical JSON of its fields and of the hash before it. So an edit breaks its own
hash, a removed entry leaves a gap, and only somebody who recomputes everything after it stays unseen: an anchor (number, hash)
kept off the machine finds that, and a tail that was cut.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

import orjson

from soc.core.clock import iso
from soc.core.i18n import Message, msg

GENESIS = "0" * 64
"""`prev_hash` of entry 1."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the trail; `before` and `after` are JSON text with sorted keys."""

    number: int
    at: datetime
    actor: str
    action: str
    target: str
    agency: str
    before: str
    after: str
    reason: str
    origin: str
    prev_hash: str
    hash: str

    def digest(self) -> str:
        """The hash this entry must have, 64 hexadecimal digits."""
        return entry_hash(self)


@dataclass(frozen=True, slots=True)
class Anchor:
    """A point of the chain somebody keeps elsewhere.

    Attributes:
        at: when it was signed, aware UTC; None where nobody signed it.
    """

    number: int
    hash: str
    at: datetime | None = field(default=None, compare=False)


class FaultKind(StrEnum):
    """What is wrong with a chain."""

    EDITED = "edited"
    GAP = "gap"
    OUT_OF_ORDER = "out_of_order"
    BROKEN_LINK = "broken_link"
    CUT = "cut"
    REWRITTEN = "rewritten"
    BEYOND = "beyond"


@dataclass(frozen=True, slots=True)
class ChainFault:
    """One break; `number` is the entry where it shows."""

    number: int
    kind: FaultKind
    detail: Message


@dataclass(frozen=True, slots=True)
class ChainReport:
    """What a check found.

    Attributes:
        first, last: numbers of the entries read; 0 where there are none.
        holds_to: the last number up to which nothing is wrong.
        anchors_met: how many anchors the chain was compared with and agrees with.
        faults: in order, at most `MAX_FAULTS`; more would say nothing new.
    """

    first: int
    last: int
    holds_to: int
    anchors_met: int
    faults: tuple[ChainFault, ...]

    @property
    def ok(self) -> bool:
        return not self.faults


MAX_FAULTS = 100


def entry_hash(entry: Entry) -> str:
    """SHA-256 over all fields of `entry` but its own hash, times in ISO 8601 UTC."""
    return hashlib.sha256(orjson.dumps(fields_of(entry), option=orjson.OPT_SORT_KEYS)).hexdigest()


def fields_of(entry: Entry) -> dict[str, object]:
    """What is hashed of an entry; by hand, as `asdict` takes most of the time of a check."""
    return {
        "number": entry.number,
        "at": iso(entry.at),
        "actor": entry.actor,
        "action": entry.action,
        "target": entry.target,
        "agency": entry.agency,
        "before": entry.before,
        "after": entry.after,
        "reason": entry.reason,
        "origin": entry.origin,
        "prev_hash": entry.prev_hash,
    }


def check(
    entries: Iterable[Entry],
    anchors: Iterable[Anchor] = (),
    start: Anchor = Anchor(0, GENESIS),
    end: Callable[[], Anchor] | None = None,
) -> ChainReport:
    """Judge a chain, in one pass and with memory for the anchors alone.

    Args:
        entries: in rising order of number.
        anchors: points that were kept off the machine, in any order. All of them count: whoever rewrites a chain goes on
            delivering anchors of the new one, so the newest alone proves nothing.
        start: the point just before the first entry; the default expects the whole chain.
        end: gives the point the last entry must be, once all were read; None where the chain may go on.
    """
    walk = _Walk(start, anchors)
    for entry in entries:
        walk.step(entry)
    if end is not None:
        walk.end(end())
    return walk.report()


class _Walk:
    """State of one pass: memory for the anchors alone, whatever the length of the chain."""

    def __init__(self, start: Anchor, anchors: Iterable[Anchor]) -> None:
        self._start = self._last = start
        self._awaited: dict[int, set[str]] = {}
        for anchor in anchors:
            if anchor.number >= max(start.number, 1):
                self._awaited.setdefault(anchor.number, set()).add(anchor.hash)
        self._met = 0
        self._faults = list(self._compared(start))
        self._holds_to = start.number

    def step(self, entry: Entry) -> None:
        faults = list(self._faults_of(entry))
        self._faults.extend(faults[: MAX_FAULTS - len(self._faults)])
        if not self._faults:
            self._holds_to = entry.number
        self._last = Anchor(entry.number, entry.hash)

    def _faults_of(self, entry: Entry) -> Iterator[ChainFault]:
        expected = self._last.number + 1
        if entry.number < expected:
            detail = msg("mục {number} đứng sai chỗ, cần mục {expected}", number=entry.number, expected=expected)
            yield ChainFault(entry.number, FaultKind.OUT_OF_ORDER, detail)
        elif entry.number > expected:
            detail = msg("thiếu mục {first} đến {last}", first=expected, last=entry.number - 1)
            yield ChainFault(expected, FaultKind.GAP, detail)
        elif entry.prev_hash != self._last.hash:
            yield ChainFault(entry.number, FaultKind.BROKEN_LINK, msg("giá trị băm của mục trước không khớp"))
        if entry.hash != entry.digest():
            yield ChainFault(entry.number, FaultKind.EDITED, msg("nội dung của mục đã bị sửa"))
        yield from self._compared(Anchor(entry.number, entry.hash))

    def _compared(self, point: Anchor) -> Iterator[ChainFault]:
        """Hold a point of the chain against the anchors of its number."""
        for digest in self._awaited.pop(point.number, ()):
            if digest == point.hash:
                self._met += 1
            else:
                detail = msg("chuỗi đã bị viết lại: không khớp điểm neo {number}", number=point.number)
                yield ChainFault(point.number, FaultKind.REWRITTEN, detail)

    def end(self, anchor: Anchor) -> None:
        """Hold the last entry against the point it must be: an entry behind it is signed by nobody."""
        if anchor.number < self._last.number:
            detail = msg("có mục sau điểm neo cuối {number}", number=anchor.number)
            self._faults.append(ChainFault(anchor.number + 1, FaultKind.BEYOND, detail))
        else:
            self._awaited.setdefault(anchor.number, set()).add(anchor.hash)
            if anchor.number == self._last.number:
                self._faults.extend(self._compared(self._last))

    def report(self) -> ChainReport:
        if self._awaited:
            detail = msg("chuỗi bị cắt: điểm neo {number} không còn", number=max(self._awaited))
            self._faults.append(ChainFault(self._last.number + 1, FaultKind.CUT, detail))
        empty = self._last == self._start
        first = 0 if empty else self._start.number + 1
        last = 0 if empty else self._last.number
        return ChainReport(first, last, self._holds_to, self._met, tuple(self._faults))
