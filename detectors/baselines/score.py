"""Scores as sums of named parts: what is shown to the analyst adds up exactly, as parts are thousandths in whole numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

SIGMA_OF_MAD = 1.4826
"""Makes the median absolute deviation of a normal distribution its standard deviation. Source: Rousseeuw and Croux (1993)."""
FEWEST = 4
"""Fewer comparable slots say nothing."""


@dataclass(frozen=True, slots=True)
class Score:
    """A score and where it comes from.

    Attributes:
        parts: name -> thousandths, in the order they are told; the score is their sum.
        figures: what the parts were worked out from, for the reader.
    """

    parts: Mapping[str, int]
    figures: Mapping[str, float]

    @property
    def thousandths(self) -> int:
        return sum(self.parts.values())

    @property
    def value(self) -> float:
        return self.thousandths / 1000


@dataclass(frozen=True, slots=True)
class Norm:
    """What is usual for a slot.

    Attributes:
        level: mean count of all slots of the history.
        expected: median of the comparable slots (same time of day, same kind of day).
        spread: the unit of the score.
        season: which slots were compared: weekday | weekend | holiday | rest (days off of both kinds) | all.
        samples: how many.
    """

    level: float
    expected: float
    spread: float
    season: str
    samples: int


def norm_of(comparable: Sequence[int], level: float, season: str) -> Norm:
    """Median, and as spread the largest of: deviation of the median (MAD), what chance alone does to counts (Poisson), one event."""
    expected = median(comparable)
    mad = median(abs(count - expected) for count in comparable)
    return Norm(level, expected, max(SIGMA_OF_MAD * mad, math.sqrt(expected), 1.0), season, len(comparable))


def rate_score(observed: int, norm: Norm, minimum: int) -> Score:
    """(observed - max(expected, minimum)) / spread, told as observed - level - season - minimum."""
    parts = {
        "observed": observed,
        "level": -norm.level,
        "season": -(norm.expected - norm.level),
        "minimum": -max(0.0, minimum - norm.expected),
    }
    figures = {"observed": observed, "expected": norm.expected, "level": norm.level, "spread": norm.spread}
    return Score({name: round(1000 * part / norm.spread) for name, part in parts.items()}, figures)


def least_count(norm: Norm, minimum: int, threshold: float) -> int:
    """The smallest count whose score reaches the threshold."""
    count = max(minimum, math.floor(max(norm.expected, minimum) + threshold * norm.spread) - 1)
    while rate_score(count, norm, minimum).value < threshold:
        count += 1
    return count


def rarity_score(seen: int, total: int) -> Score:
    """Bits of surprise, log2((total + 1) / (seen + 1)), told as population - seen."""
    parts = {"population": round(1000 * math.log2(total + 1)), "seen": -round(1000 * math.log2(seen + 1))}
    return Score(parts, {"seen": seen, "total": total})
