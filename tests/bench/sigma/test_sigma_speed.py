"""`soc detect` beside rsigma 0.23.0 in the same run: `pytest -m bench tests/bench/sigma -s`.

Both read the same files, pinned to one core, in turn, and write their matches; what counts is the ratio of the medians of processor time
(user and system, of the whole process), since another program on the machine stretches wall time more. rsigma comes from
`cargo install --locked rsigma --version 0.23.0`. Events are never repeated to lengthen a file.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import pytest

pytestmark = [pytest.mark.bench, pytest.mark.external]
RUNS = int(os.environ.get("SOC_BENCH_RUNS", "5"))
SHORT = 25_000
EVENTS = 503_316
CORE = {0}


class Run(NamedTuple):
    """One process: processor seconds, wall seconds, largest memory in MB."""

    cpu: float
    wall: float
    memory: float


class Files(NamedTuple):
    """The recording, unpacked, and its first SHORT events."""

    whole: Path
    short: Path


@pytest.fixture(scope="module")
def files(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Files:
    folder = tmp_path_factory.mktemp("otrf")
    whole, short = folder / "all.ndjson", folder / "first.ndjson"
    with whole.open("wb") as out:
        subprocess.run(["xz", "-dc", shared / "data" / "otrf" / "windows-500k.ndjson.xz"], stdout=out, check=True)
    with whole.open("rb") as lines, short.open("wb") as out:
        out.writelines(islice(lines, SHORT))
    return Files(whole, short)


@pytest.fixture(scope="module")
def rules(shared: Path) -> Path:
    return shared / "data" / "sigma" / "rules" / "windows"


@pytest.fixture(scope="module")
def rsigma() -> str:
    found = shutil.which("rsigma")
    if found is None:
        pytest.skip("rsigma is not on the path: cargo install --locked rsigma --version 0.23.0")
    return found


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


def measured(command: Sequence[str | Path], home: Path, *, cores: set[int], stdin: Path | None = None) -> Run:
    """Run a command to its end; what it wrote is thrown away, what it used is told by the system."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"} | {"SOC_HOME": str(home)}
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)  # the process inherits it
    began = os.times().elapsed
    with (stdin or Path(os.devnull)).open("rb") as source:
        process = subprocess.Popen(
            command,
            stdin=source,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=environment,
        )
        _, status, used = os.wait4(process.pid, 0)
    os.sched_setaffinity(0, before)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode in (0, 1), command
    return Run(used.ru_utime + used.ru_stime, os.times().elapsed - began, used.ru_maxrss / 1024)


def ours(rules: Sequence[Path], events: Path, home: Path, cores: set[int] = CORE) -> Run:
    arguments = [part for rule in rules for part in ("--rules", str(rule))]
    return measured([sys.executable, "-m", "soc.cli.main", "detect", events, *arguments], home, cores=cores)


def theirs(rsigma: str, rules: Path, events: Path, home: Path) -> Run:
    return measured([rsigma, "engine", "eval", "-r", rules], home, cores=CORE, stdin=events)


def median(runs: Sequence[Run]) -> Run:
    return Run(*(statistics.median(column) for column in zip(*runs, strict=True)))


def told(name: str, run: Run, events: int = EVENTS) -> None:
    print(
        f"{name:34} {run.cpu:7.2f} s cpu {run.wall:7.2f} s wall {events / run.cpu:9,.0f} events/s {run.memory:6.0f} MB"
    )


def test_faster_than_rsigma_on_one_core(files: Files, rules: Path, rsigma: str, home: Path) -> None:
    """Whole process, steady state, and a short job with and without the cache of an earlier run."""
    cold = median([ours([rules], files.short, home / str(n)) for n in range(RUNS)])
    long_ours, long_theirs, short_ours, short_theirs = [], [], [], []
    for _ in range(RUNS):
        short_ours.append(ours([rules], files.short, home / "0"))
        short_theirs.append(theirs(rsigma, rules, files.short, home))
        long_ours.append(ours([rules], files.whole, home / "0"))
        long_theirs.append(theirs(rsigma, rules, files.whole, home))
    whole, peer = median(long_ours), median(long_theirs)
    short, peer_short = median(short_ours), median(short_theirs)
    told("\nours, whole", whole)
    told("rsigma, whole", peer)
    told("ours, first 25,000, cache", short, SHORT)
    told("ours, first 25,000, empty cache", cold, SHORT)
    told("rsigma, first 25,000", peer_short, SHORT)
    steady, peer_steady = whole.cpu - short.cpu, peer.cpu - peer_short.cpu
    print(f"steady: ours {(EVENTS - SHORT) / steady:,.0f} events/s, rsigma {(EVENTS - SHORT) / peer_steady:,.0f}")
    print(f"ratios: whole {peer.cpu / whole.cpu:.2f} (wall {peer.wall / whole.wall:.2f})", end="")
    print(f", steady {peer_steady / steady:.2f}, short {peer_short.cpu / short.cpu:.2f}")
    assert peer.cpu / whole.cpu >= 3
    assert peer_steady / steady >= 3
    assert peer_short.cpu / short.cpu >= 1


@pytest.mark.skipif(len(os.sched_getaffinity(0)) < 2, reason="one core only")
def test_two_cores_are_nearly_twice_as_fast(files: Files, rules: Path, home: Path) -> None:
    """By wall time, the only one that tells."""
    two = set(sorted(os.sched_getaffinity(0))[:2])
    ours([rules], files.short, home)
    pairs = [(ours([rules], files.whole, home), ours([rules], files.whole, home, two)) for _ in range(RUNS)]
    one, both = median([a for a, _ in pairs]), median([b for _, b in pairs])
    told("\none core", one)
    told("two cores", both)
    print(f"ratio {one.wall / both.wall:.2f}")
    assert one.wall / both.wall >= 1.7


def test_ten_thousand_rules_that_never_match_cost_little(files: Files, rules: Path, home: Path, tmp_path: Path) -> None:
    """Steady state with and without them; they are of the log sources that the events have."""
    extra = tmp_path / "extra"
    extra.mkdir()
    for number in range(100):
        (extra / f"{number}.yml").write_text("---\n".join(never(number * 100 + n) for n in range(100)), "utf-8")
    for chosen in ([rules], [rules, extra]):
        ours(chosen, files.short, home)
    pairs = [
        tuple(
            ours(chosen, events, home) for chosen in ([rules], [rules, extra]) for events in (files.short, files.whole)
        )
        for _ in range(RUNS)
    ]
    short, whole, short_more, whole_more = (median(column) for column in zip(*pairs, strict=True))
    told("\nwithout", whole)
    told("with 10,000 more", whole_more)
    growth = (whole_more.cpu - short_more.cpu) / (whole.cpu - short.cpu) - 1
    print(f"steady state costs {growth:+.1%}, the whole process {whole_more.cpu / whole.cpu - 1:+.1%}")
    assert growth < 0.15


def never(number: int) -> str:
    """A rule that no event meets, with the fields and the kinds of tests of real ones."""
    category, field = (
        ("process_creation", "CommandLine"),
        ("registry_set", "TargetObject"),
        ("file_event", "TargetFilename"),
        ("image_load", "ImageLoaded"),
    )[number % 4]
    return f"""title: Never {number}
id: 00000000-0000-4000-8000-{number:012d}
logsource: {{product: windows, category: {category}}}
detection:
  selection:
    Image|endswith: '\\never-{number}.exe'
    {field}|contains: ['no such text {number}', 'nor this one {number}']
  condition: selection
level: low
"""


def test_memory_stays_small_and_flat(shared: Path, files: Files, home: Path, tmp_path: Path) -> None:
    """With every published rule, and over two million events none of whose values ever comes again."""
    sets = [
        shared / "data" / "sigma" / name
        for name in ("rules", "rules-compliance", "rules-emerging-threats", "rules-threat-hunting")
    ]
    ours(sets, files.short, home)
    every = ours(sets, files.whole, home)
    told("\nall published rules", every)
    assert every.memory < 400
    sizes = []
    for count in (500_000, 2_000_000):
        unique = tmp_path / "unique.ndjson"
        with unique.open("w", encoding="utf-8") as out:
            out.writelines(a_unique_event(number) for number in range(count))
        sizes.append(ours(sets, unique, home).memory)
    print(f"unique events: {sizes[0]:.0f} MB at 500,000, {sizes[1]:.0f} MB at 2,000,000")
    assert sizes[1] < sizes[0] * 1.1


def a_unique_event(number: int) -> str:
    return (
        '{"Channel":"Microsoft-Windows-Sysmon/Operational","EventID":1,"Provider_Name":"Microsoft-Windows-Sysmon",'
        f'"Image":"C:\\\\u{number}\\\\a{number}.exe","CommandLine":"run {number} {number * 7919}",'
        f'"ParentImage":"C:\\\\p{number}.exe","User":"u{number}","Hashes":"SHA256={number:064x}"}}\n'
    )
