"""A scheduler as a child process of a test: python -m tests.worker.beat_child FIRED.

Each tick that it fires is a line `NAME TICK` in the file FIRED; the address of the database comes from SOC_DATABASE_URL.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from threading import Event

from soc.core.clock import SystemClock
from soc.storage.sql import Database, connect
from soc.worker.beat import Beat, Entry, Ticks
from soc.worker.engines import EngineLog

EVERY_S = 0.1


class NotedTicks(Ticks):
    """Writes down what it lets its scheduler fire."""

    def __init__(self, database: Database, fired: Path) -> None:
        super().__init__(database)
        self.fired = fired

    def claim(self, name: str, tick: int) -> bool:
        won = super().claim(name, tick)
        if won:
            with self.fired.open("a") as stream:  # a short line in append mode is written whole
                stream.write(f"{name} {tick}\n")
        return won


def main(fired: Path) -> None:
    ticks = NotedTicks(connect(os.environ["SOC_DATABASE_URL"]), fired)
    entries = [Entry(name, EVERY_S, int) for name in ("a", "b")]
    Beat(entries, ticks, SystemClock(), EngineLog()).start()
    Event().wait()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
