"""A simulation as files: one log per source, the truth, and the lists with which an installation can be set up for the province."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from io import TextIOWrapper
from pathlib import Path

from soc.simulate.deeds import deed_of
from soc.simulate.engine import Simulation
from soc.simulate.registers import write_registers
from soc.simulate.truth import TRUTH_FILE

_EVERY = 50_000


@dataclass(frozen=True, slots=True)
class Written:
    """What was written: lines, sources in their order, deeds."""

    lines: int
    sources: tuple[str, ...]
    deeds: int


def write(
    simulation: Simulation, folder: Path, progress: Callable[[int], None] = lambda lines: None, home: Path | None = None
) -> Written:
    """Write everything into `folder`, which is made; the lists of the province into `home`, or `folder/world`.

    `progress` is told the number of lines now and then. Raises OSError.
    """
    folder.mkdir(parents=True, exist_ok=True)
    counts: defaultdict[str, int] = defaultdict(int)
    marked: defaultdict[int, list[tuple[str, int]]] = defaultdict(list)
    total = 0
    with ExitStack() as stack:
        files: dict[str, TextIOWrapper] = {}
        for _, source, text, deed in simulation.lines():
            if source not in files:
                # some 350 sources: well below what a process may have open
                files[source] = stack.enter_context(
                    (folder / f"{source}.log").open("w", encoding="utf-8", newline="\n")
                )
            files[source].write(text + "\n")
            counts[source] += 1
            total += 1
            if deed:
                marked[deed].append((source, counts[source]))
            if total % _EVERY == 0:
                progress(total)
    with (folder / TRUTH_FILE).open("wb") as stream:
        for number, (threat, attempt) in simulation.attempts.items():
            if marked[number] or attempt.silences:
                stream.write(deed_of(number, threat, attempt, tuple(marked[number])).to_json() + b"\n")
    sources = tuple(sorted(counts))
    write_registers(simulation, sources, home or folder / "world", folder)
    return Written(total, sources, len(simulation.attempts))
