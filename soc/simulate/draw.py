"""Chance with a seed: the draws that streams, scenes and threats make."""

from __future__ import annotations

import math
from collections.abc import Sequence
from random import Random
from typing import TypeVar

T = TypeVar("T")


class Draw(Random):
    """A seeded source of chance with the few draws that log lines need. Same seed, same draws, on every machine."""

    def pick(self, items: Sequence[T]) -> T:
        """One of them; half the price of `choice`, which counts over hundreds of lines of one hour."""
        return items[int(self.random() * len(items))]

    def often(self, items: Sequence[T]) -> T:
        """One of them, the earlier the likelier: what people use is never used evenly."""
        number = self.random()
        return items[int(number * number * len(items))]

    def chance(self, probability: float) -> bool:
        """True with that probability."""
        return self.random() < probability

    def upto(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return low + int(self.random() * (high - low + 1))

    def size(self, usual: int, spread: float = 0.8) -> int:
        """A size in bytes or records: most near `usual`, some many times it (log-normal)."""
        return int(usual * math.exp(self.gauss(0.0, spread))) + 1

    def hex(self, digits: int) -> str:
        """That many hexadecimal digits."""
        return f"{self.getrandbits(4 * digits):0{digits}x}"

    def count(self, expected: float) -> int:
        """A count that is `expected` in the mean, a tenth up or down besides."""
        wanted = expected * (0.9 + 0.2 * self.random())
        whole = int(wanted)
        return whole + (self.random() < wanted - whole)
