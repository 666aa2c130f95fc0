"""How fast the simulated province writes: process CPU time of one core, a day of the default size, no threats.

    python -m pytest tests/bench/simulate -s

Measured on the two-core test machine: see docs/simulate.md.
"""

from __future__ import annotations

import time
from datetime import date

from soc.simulate.engine import Spec, simulate


def test_lines_per_second_of_one_core() -> None:
    """The figure is printed, not asserted: a shared machine would make it fail by chance."""
    spec = Spec(seed=7, start=date(2026, 11, 16), days=1, lines=210_000)
    begin = time.process_time()
    count = sum(1 for _ in simulate(spec))
    seconds = time.process_time() - begin
    print(f"{count} lines in {seconds:.2f} s of CPU: {count / seconds:.0f} lines/s")
    assert count > 150_000
