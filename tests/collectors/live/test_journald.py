"""The journal of a real journald, in a namespace of its own."""

from __future__ import annotations

import os
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import orjson
import pytest

from collectors.inputs.journald import JournaldInput
from tests.collectors.machinery.post import Post
from tests.conftest import miss_part, need_part
from tests.servers.processes import wait_until

DAEMON = "/usr/lib/systemd/systemd-journald"


@pytest.fixture
def namespace(pytestconfig: pytest.Config) -> Iterator[str]:
    """A journald of one's own; it writes where the system's does, under a name that nobody else has."""
    program = need_part(pytestconfig, "journald", (DAEMON,), "systemd")
    if os.geteuid() != 0 or not Path("/etc/machine-id").exists():
        miss_part(pytestconfig, "journald", "journald needs root and /etc/machine-id")
    name = f"vg{secrets.token_hex(3)}"
    process = subprocess.Popen([program, name], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wait_until(lambda: Path(f"/run/systemd/journal.{name}/dev-log").exists(), "journald", 20)
    yield name
    process.terminate()
    process.wait(20)
    for place in (Path("/var/log/journal"), Path("/run/log/journal")):
        for folder in place.glob(f"*.{name}"):
            shutil.rmtree(folder)
    shutil.rmtree(f"/run/systemd/journal.{name}", ignore_errors=True)


def write(namespace: str, text: str) -> None:
    command = ["logger", "--socket", f"/run/systemd/journal.{namespace}/dev-log", "-t", "app", text]
    subprocess.run(command, check=True)


def messages(post: Post) -> list[str]:
    entries = [orjson.loads(item.data) for item in post.spool.read()]
    return [entry["MESSAGE"] for entry in entries if entry.get("SYSLOG_IDENTIFIER") == "app"]


def follow(post: Post, inlet: JournaldInput, count: int) -> None:
    def enough() -> bool:
        post.collector.collect("host", inlet)
        return len(messages(post)) >= count

    wait_until(enough, f"{count} entries", 20)


def test_entries_are_followed_and_taken_up_behind_the_last_after_a_restart(post: Post, namespace: str) -> None:
    chosen = (f"--namespace={namespace}",)
    write(namespace, "xin chào")
    first = JournaldInput(chosen)
    follow(post, first, 1)
    write(namespace, "two")
    follow(post, first, 2)
    first.close()
    write(namespace, "three")
    second = JournaldInput(chosen)
    follow(post, second, 3)
    second.close()
    assert messages(post) == ["xin chào", "two", "three"]
    assert len({item.ident for item in post.spool.read()}) == post.spool.depth()


def test_a_machine_without_a_journal_is_told_of(post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    inlet = JournaldInput()
    for _ in range(2):
        post.collector.collect("host", inlet)
    (kept,) = post.quarantine.list()
    assert "journalctl" in kept.reason.render()
