"""How much one source may send: records and bytes a second, and the length of a record."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

BURST_S = 2.0
"""Seconds of its rate that a source may send at once after a rest."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """The limits of a source; 0 = none of its own."""

    records_per_second: int = 0
    bytes_per_second: int = 0
    max_record_bytes: int = 0


class Bucket:
    """A token bucket that may go into debt: what came in one piece is taken whole, and waited for afterwards.

    Args:
        rate: tokens a second; 0 = no limit.
        timer: seconds that only go up.
    """

    def __init__(self, rate: float, burst: float | None = None, timer: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._burst, self._timer = rate, rate * BURST_S if burst is None else burst, timer
        self._level, self._at = self._burst, timer()

    def wait_s(self) -> float:
        """Seconds until something may be taken; 0 = now."""
        if not self._rate:
            return 0.0
        now = self._timer()
        self._level = min(self._burst, self._level + (now - self._at) * self._rate)
        self._at = now
        return 0.0 if self._level > 0 else (1 - self._level) / self._rate

    def take(self, amount: float) -> None:
        """Take it; `wait_s` has said whether one should."""
        self._level -= amount


class Throttle:
    """The rates of one source."""

    def __init__(self, allowance: Allowance, timer: Callable[[], float] = time.monotonic) -> None:
        self._records = Bucket(allowance.records_per_second, timer=timer)
        self._bytes = Bucket(allowance.bytes_per_second, timer=timer)

    def wait_s(self) -> float:
        """Seconds until the source may send; 0 = now."""
        return max(self._records.wait_s(), self._bytes.wait_s())

    def spend(self, records: int, size_bytes: int) -> None:
        """Count what was sent."""
        self._records.take(records)
        self._bytes.take(size_bytes)
