"""Child processes: kept running, ended together."""

from __future__ import annotations

import os
import sys
import threading
import time
from pathlib import Path

from soc.app.supervisor import Child, Supervisor


def wait_for(condition: object, seconds: float = 20.0) -> None:
    """Until `condition()` holds; fails after `seconds`."""
    deadline = time.monotonic() + seconds
    while not condition():  # type: ignore[operator]
        assert time.monotonic() < deadline, "waited in vain"
        threading.Event().wait(0.02)


def starts(path: Path) -> int:
    """How often the child has started."""
    return len(path.read_text().splitlines()) if path.exists() else 0


def test_a_child_that_dies_is_started_again_and_all_end_together(tmp_path: Path) -> None:
    """And the death is told with its exit code."""
    log = tmp_path / "starts"
    note = f"open({str(log)!r}, 'a').write(str(__import__('os').getpid()) + chr(10));"
    dying = Child("dying", [sys.executable, "-c", note + "raise SystemExit(3)"])
    lasting = Child("lasting", [sys.executable, "-c", "import signal; signal.pause()"])
    told: list[tuple[str, int]] = []
    supervisor = Supervisor([dying, lasting], dict(os.environ), lambda name, code: told.append((name, code)))
    thread = threading.Thread(target=supervisor.run)
    thread.start()
    try:
        wait_for(lambda: starts(log) >= 2)
        process = lasting.process
        assert process is not None
    finally:
        supervisor.stop.set()
        thread.join()
    assert ("dying", 3) in told
    assert process.returncode is not None
