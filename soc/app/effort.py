"""Work that is tried again after an engine's fault: soon at first, then after waits that double up to a minute."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from soc.core.errors import EngineError

FIRST_S = 1.0
MOST_S = 60.0


class Watch(Protocol):
    """Who is told how an effort went."""

    def failed(self, effort: str, problem: EngineError) -> None: ...

    def works(self, effort: str) -> None: ...


@dataclass
class Effort:
    """One kind of work of a process.

    Attributes:
        every_s: rest before the first time and after each success.
        timer: seconds that only go up.
        chance: shortens each wait by up to a half, so that many processes do not knock together.
    """

    name: str
    work: Callable[[], int]
    watch: Watch
    every_s: float = 0.0
    timer: Callable[[], float] = time.monotonic
    chance: Callable[[], float] = random.random
    _wait_s: float = field(default=0.0, init=False)
    _not_before: float = field(default=float("-inf"), init=False)

    def __post_init__(self) -> None:
        if self.every_s:
            self._not_before = self.timer() + self.every_s

    def __call__(self) -> int:
        """What the work came to; 0 while it rests or when an engine failed it."""
        if self.timer() < self._not_before:
            return 0
        try:
            done = self.work()
        except EngineError as problem:
            self.watch.failed(self.name, problem)
            self._wait_s = min(max(self._wait_s * 2, FIRST_S), MOST_S)
            self._not_before = self.timer() + self._wait_s * (1 - self.chance() / 2)
            return 0
        self.watch.works(self.name)
        self._wait_s = 0.0
        self._not_before = self.timer() + self.every_s
        return done
