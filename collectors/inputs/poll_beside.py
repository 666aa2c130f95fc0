"""Slow inputs beside the others: each is looked at in a thread of its own, and what it found is handed over at the next pass.

The cursor is part of what is handed over, and moves only when the records are kept. So what was under way when the process was
killed, or what the disk refused, is asked for again.
"""

from __future__ import annotations

import logging
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import ClassVar, Protocol

from collectors.input import Chunk, Reading
from soc.core.errors import InputError
from soc.core.i18n import Message, msg

CURSOR = "at"
_log = logging.getLogger("vonggac.collecting")
LONGEST_S = 900.0
"""The longest rest after failures, unless the other side asks for a longer one."""


class LookError(Exception):
    """Nothing could be had; the cursor stays. `wait_s`: what the other side asked for, 0 = nothing."""

    def __init__(
        self, found: Message, *, expected: Message | None = None, advice: Message | None = None, wait_s: float = 0
    ) -> None:
        super().__init__(found)
        self.found, self.expected, self.advice, self.wait_s = found, expected, advice, wait_s


@dataclass(frozen=True, slots=True)
class Looked:
    """What one look came to. `more`: there is more at once."""

    chunk: Chunk = field(default_factory=Chunk)
    more: bool = False


class Looker(Protocol):
    """Asks once. May block; raises LookError."""

    @property
    def key(self) -> str: ...

    @property
    def interval_s(self) -> float: ...

    @property
    def limit_s(self) -> float:
        """After so long a look that does not come back is given up."""
        ...

    def look(self, reading: Reading) -> Looked: ...


def _half_to_one() -> float:
    return 0.5 + secrets.randbelow(500) / 1000


@dataclass
class Beside:
    """An input around a looker.

    Args:
        timer: seconds that only go up.
        jitter: factor of each rest after a failure, so that many who lost the same server do not come back at once.
    """

    id: ClassVar[str] = "poll"

    looker: Looker
    timer: Callable[[], float] = time.monotonic
    jitter: Callable[[], float] = _half_to_one
    _pending: Future[Looked] | None = field(default=None, init=False, repr=False)
    _due: float = field(default=0.0, init=False, repr=False)
    _failures: int = field(default=0, init=False, repr=False)
    _told: str = field(default="", init=False, repr=False)

    @property
    def key(self) -> str:
        return self.looker.key

    @property
    def follow(self) -> bool:
        return True

    def read(self, reading: Reading) -> Iterator[Chunk]:
        """What the last look found; starts the next one when it is due. Never waits."""
        if self._pending is not None and self._pending.done():
            pending, self._pending = self._pending, None
            yield self._found(pending)
        elif self._pending is not None and self.timer() >= self._due:
            self._pending = None
            yield self._failed(LookError(msg("không có câu trả lời sau {seconds} giây", seconds=self.looker.limit_s)))
        elif self._pending is None and self.timer() >= self._due:
            self._pending, self._due = self._begin(reading), self.timer() + self.looker.limit_s

    def _begin(self, reading: Reading) -> Future[Looked]:
        begun: Future[Looked] = Future()

        def work() -> None:
            try:
                begun.set_result(self.looker.look(reading))
            except LookError as problem:
                begun.set_exception(problem)
            except Exception as problem:  # the outermost loop of this thread: the other inputs go on
                _log.exception("%s: the look failed", self.key)
                begun.set_exception(
                    LookError(msg("lỗi ngoài dự kiến khi hỏi ({reason})", reason=type(problem).__name__))
                )

        # a daemon: an API that does not answer must not hold up the end of the process
        threading.Thread(target=work, name=f"poll {self.key}", daemon=True).start()
        return begun

    def _found(self, pending: Future[Looked]) -> Chunk:
        try:
            looked = pending.result()
        except LookError as problem:
            return self._failed(problem)
        self._failures, self._told = 0, ""
        self._due = self.timer() + (0.0 if looked.more else self.looker.interval_s)
        return looked.chunk

    def _failed(self, problem: LookError) -> Chunk:
        """Rest before the next try; the fault, but not again at each try while nothing changes."""
        self._failures += 1
        rest_s = min(LONGEST_S, self.looker.interval_s * 2 ** min(self._failures - 1, 16)) * self.jitter()
        self._due = self.timer() + max(problem.wait_s, rest_s)
        told = problem.found.render()
        if told == self._told:
            return Chunk()
        self._told = told
        return Chunk(faults=[fault_of(problem, self.key)])


def fault_of(problem: LookError, where: str) -> InputError:
    """The same for the quarantine."""
    return InputError(problem.found, expected=problem.expected, where=where, advice=problem.advice)


def with_fault(looked: Looked, problem: LookError, where: str) -> Looked:
    """What was found, and something that is wrong besides."""
    chunk = replace(looked.chunk, faults=[*looked.chunk.faults, fault_of(problem, where)])
    return replace(looked, chunk=chunk)
