"""Child processes of `soc up`: started together, started again when one dies, ended together."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

GRACE_S = 15.0
CALM_S = 60.0
MAX_PAUSE_S = 30.0


@dataclass
class Child:
    """One process that should be running.

    Attributes:
        pause_s: how long to wait before the next start; doubles while it keeps dying, starts anew after a calm minute.
    """

    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    pause_s: float = 0.5
    not_before: float = 0.0

    def start(self, environment: Mapping[str, str]) -> None:
        """Start it in its own session, so that Ctrl-C reaches the supervisor alone and the end is orderly."""
        self.process = subprocess.Popen(self.command, env=dict(environment), start_new_session=True)
        self.started = time.monotonic()

    def died(self) -> int | None:
        """Exit code when it has ended since the last look, and plans the next start."""
        if self.process is None or (code := self.process.poll()) is None:
            return None
        now = time.monotonic()
        self.pause_s = 0.5 if now - self.started > CALM_S else min(self.pause_s * 2, MAX_PAUSE_S)
        self.process, self.not_before = None, now + self.pause_s
        return code


@dataclass
class Supervisor:
    """Keeps its children running until told to stop.

    Args:
        told: called with (name, exit code) when a child died.
    """

    children: Sequence[Child]
    environment: Mapping[str, str]
    told: Callable[[str, int], None]
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Until `stop` is set; then end all children and return when they are gone."""
        try:
            while not self.stop.is_set():
                for child in self.children:
                    self._tend(child)
                self.stop.wait(0.2)
        finally:
            self._end()

    def _tend(self, child: Child) -> None:
        code = child.died()
        if code is not None:
            self.told(child.name, code)
        if child.process is None and time.monotonic() >= child.not_before:
            child.start(self.environment)

    def _end(self) -> None:
        running = [child.process for child in self.children if child.process is not None]
        for process in running:
            process.terminate()
        deadline = time.monotonic() + GRACE_S
        for process in running:
            try:
                process.wait(max(0.0, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
