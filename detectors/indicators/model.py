"""What an indicator is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

DEFAULT_CONFIDENCE = 50
"""Of an indicator whose source says nothing about it."""


class Kind(StrEnum):
    """What an indicator names."""

    IP = "ip"
    NETWORK = "network"
    DOMAIN = "domain"
    URL = "url"
    HASH = "hash"


class State(StrEnum):
    """What a warning list says of it: used, used with a mark, or kept but never matched."""

    ACTIVE = "active"
    MARKED = "marked"
    REFUSED = "refused"


class Named(NamedTuple):
    """A kind and the one spelling of a value."""

    kind: Kind
    value: str


@dataclass(frozen=True, slots=True)
class Indicator:
    """An indicator as one source gives it.

    Attributes:
        named: kind and value, as `values` spells it.
        source: who says so; the same value of two sources is two entries.
        confidence: 0-100.
        valid_from, valid_until: when a match means something; None = open.
        first_seen, last_seen: when the source saw it.
        label: in the source's words, such as a family of malware.
    """

    named: Named
    source: str
    confidence: int = DEFAULT_CONFIDENCE
    valid_from: datetime | None = None
    valid_until: datetime | None = None
    first_seen: datetime | None = None
    last_seen: datetime | None = None
    label: str = ""

    def is_valid_at(self, moment: datetime) -> bool:
        """Whether a match at `moment` counts."""
        return (self.valid_from is None or self.valid_from <= moment) and (
            self.valid_until is None or moment < self.valid_until
        )


@dataclass(frozen=True, slots=True)
class Entry:
    """An indicator as the book keeps it.

    Attributes:
        state, reason: what the warning lists say, and which of them.
        imported: when it first came in.
        hunted: when the store was searched for it; None = not yet.
    """

    indicator: Indicator
    state: State
    reason: str
    imported: datetime
    hunted: datetime | None


@dataclass(frozen=True, slots=True)
class Sought:
    """Which entries of the book a hunt looks for; times to the second, as the book keeps them.

    Attributes:
        since, until: when they first came in; `until` is not included.
        asked: when the hunt was filed. What was hunted before then is left out, what is hunted since stays in: the answer does
            not change while the hunt goes on.
    """

    since: datetime
    until: datetime
    asked: datetime

    def holds(self, entry: Entry) -> bool:
        """Whether an entry is one of them."""
        if not self.since <= entry.imported < self.until:
            return False
        return entry.hunted is None or entry.hunted >= self.asked.replace(microsecond=0)
