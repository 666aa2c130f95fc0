"""Law 1, the collecting half: after kill -9 at any moment every line is in the spool exactly once."""

from __future__ import annotations

import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from collectors.inputs import FileInput
from tests.collectors.machinery.post import Post
from tests.conftest import ROOT

CHILD = """
import sys
from pathlib import Path
from collectors.inputs import FileInput
from tests.collectors.machinery.post import Post
post = Post.at(Path(sys.argv[1]))
inlet = FileInput(Path(sys.argv[2]), follow=True)
print("ready", flush=True)
total = post.collector.collect("portal", inlet)
print(total.accepted, flush=True)
"""


def kill_in_the_middle(home: Path, pattern: Path, rng: random.Random) -> bool:
    """Run a collecting child and kill it some moment after it is ready; gives whether it was still at work."""
    child = subprocess.Popen(
        [sys.executable, "-c", CHILD, str(home), str(pattern)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "ready\n"
    time.sleep(rng.uniform(0.0, 0.4))  # the moment of the kill is what is random here, nothing is waited for
    child.send_signal(signal.SIGKILL)
    out = child.stdout.read()
    child.stdout.close()
    child.wait()
    return not out


@pytest.fixture
def kills(full: bool) -> int:
    return 50 if full else 5


def test_every_line_is_in_the_spool_once_after_kills_at_random_moments(post: Post, logs: Path, kills: int) -> None:
    rng = random.Random(20261117)  # noqa: S311 - moments, not secrets
    per_file = 40_000 if kills > 5 else 12_000
    for name in ("a", "b", "c"):
        text = "".join(f"{name} {n} {'x' * 10_000 * (n % 5000 == 77) * 8}\n" for n in range(per_file))
        (logs / f"{name}.log").write_text(text)
    post.close()
    caught = sum(kill_in_the_middle(post.home, logs / "*.log", rng) for _ in range(kills))
    post = post.again()
    before = post.spool.depth()
    post.collector.collect("portal", FileInput(logs / "*.log", follow=True))
    lines = [line.split()[:2] for line in post.lines()]
    long = {77 + 5000 * k for k in range(per_file // 5000 + 1)}
    expected = [[name, str(n)] for name in "abc" for n in range(per_file) if n not in long]
    assert lines == expected
    assert post.quarantine.count() == 3 * len([n for n in long if n < per_file])
    assert caught > 0, f"no child was killed at work; {before} lines were there before the last pass"
