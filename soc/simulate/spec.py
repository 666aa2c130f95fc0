"""What the parts of a simulation hand to one another."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from soc.simulate.draw import Draw
from soc.simulate.world import Province

Entry: TypeAlias = tuple[float, str, str]
"""Epoch seconds, source id, the line: what streams, scenes and threats give."""


class Line(NamedTuple):
    """One line of the province.

    Attributes:
        at: epoch seconds when it was written, which is also when a collector would receive it.
        source: id of its source, `<platform>.<format>.<agency or site>`.
        text: the line without its line break.
        deed: number of the deed it belongs to; 0 for lawful life.
    """

    at: float
    source: str
    text: str
    deed: int = 0


@dataclass(frozen=True, slots=True)
class Hour:
    """One hour of the province, as streams are asked for it.

    Attributes:
        start: epoch seconds of its beginning.
        scale: lines wanted beside those of the default fortnight; what runs by the clock (a backup, a station) does not follow it.
    """

    start: int
    draw: Draw
    world: Province
    scale: float = 1.0

    def times(self, number: int) -> list[float]:
        """That many moments of the hour, in no order; the last seconds are left free for acts of several lines."""
        chance, start = self.draw.random, self.start
        return [start + chance() * 3590 for _ in range(number)]


@dataclass(frozen=True, slots=True)
class Stream:
    """Steady lawful life of one kind.

    Attributes:
        write: gives the lines of that many acts in that hour.
        per_day: lines on a working day, in a fortnight of 3,000,000 lines.
        curve: rhythm, a name of `calendar.CURVES`.
        lines: lines that an act has in the mean.
    """

    write: Callable[[Hour, int], Iterator[Entry]]
    per_day: float
    curve: str
    lines: float = 1.0


@dataclass(frozen=True, slots=True)
class Routine:
    """Lawful life by the clock: asked every hour, it knows itself what is due; never thinned out."""

    write: Callable[[Hour], Iterator[Entry]]


@dataclass(frozen=True, slots=True)
class Scene:
    """A lawful act that looks like a threat, or is rare: happens now and then, at a time of its own.

    Attributes:
        write: gives its lines, the first at the moment given.
        per_fortnight: how often in the mean.
        hours: local hours in which it may begin.
        any_day: also on days off.
    """

    write: Callable[[Draw, Province, float], Iterator[Entry]]
    per_fortnight: float
    hours: tuple[int, int] = (8, 16)
    any_day: bool = False


Life: TypeAlias = Stream | Routine | Scene
