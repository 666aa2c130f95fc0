"""The port by which a job asks to be moved on. It may forget: a sweep over the state in SQL finds what was forgotten."""

from __future__ import annotations

from collections import deque
from typing import Protocol


class Queue(Protocol):
    """Hands the ids of one kind of job (playbook runs, say) to a worker."""

    def enqueue(self, job: str, delay_s: float = 0) -> None:
        """Ask a worker to move the job on after `delay_s` seconds. Raises EngineError when the broker does not answer."""
        ...


class MemoryQueue:
    """Keeps the ids in order for whoever takes them: tests, and commands that work without a worker."""

    def __init__(self) -> None:
        self.waiting: deque[tuple[str, float]] = deque()

    def enqueue(self, job: str, delay_s: float = 0) -> None:
        """Remember the id; the delay is only noted."""
        self.waiting.append((job, delay_s))

    def take(self) -> str | None:
        """The next id, None when there is none."""
        return self.waiting.popleft()[0] if self.waiting else None
