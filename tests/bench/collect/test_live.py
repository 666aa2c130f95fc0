"""Syslog over TCP into the embedded store, with the processes of `soc up`: how much, and how soon an alert.

    pytest -m bench tests/bench/collect/test_live.py -s

Beside it rsyslog writes the same stream into a file, which is all it does: a measure of what the machine can receive.
"""

from __future__ import annotations

import os
import random
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import select

from soc.app.application import Application
from soc.core.settings import Settings
from soc.incidents.tables import AlertRow
from tests.bench.collect.traffic import syslog
from tests.conftest import need_part
from tests.servers.processes import free_port, wait_until

pytestmark = pytest.mark.bench
RECORDS = int(os.environ.get("SOC_BENCH_EVENTS", "100000"))
PACE, PACED_S, TELLING = 2_000, 20, 200
LOOK_S = 0.05
SOURCES = """
sources:
  - {{id: may-chu, platform: commune_network, agency: xa-01, format: fortigate_kv, parser: syslog,
     input: {{kind: syslog, listener: in, senders: [127.0.0.1]}}}}
listeners:
  - {{id: in, kind: syslog_tcp, port: {port}}}
"""
RULE = """
title: Marked line
id: 3b0c3a0e-6c5f-4a45-9c43-1f5a4a4b7c01
status: test
logsource: {product: commune_network}
detection:
  marked: {message|contains: telltale}
  condition: marked
level: high
"""


@contextmanager
def running(home: Path) -> Iterator[None]:
    """The receiving and the collecting process."""
    environment = {**os.environ, "SOC_HOME": str(home)}
    names = ("soc.app.receiving", "soc.app.collecting")
    children = [subprocess.Popen([sys.executable, "-m", name], env=environment) for name in names]
    try:
        yield
    finally:
        for child in children:
            child.terminate()
        for child in children:
            child.wait(60)


@contextmanager
def installed(home: Path, settle: Callable[[Path], None]) -> Iterator[tuple[int, Application]]:
    """A home that listens; its port, and an application that reads its store."""
    settle(home)
    port = free_port()
    (home / "sources.yaml").write_text(SOURCES.format(port=port))
    (home / "rules").mkdir(exist_ok=True)
    (home / "rules" / "marked.yml").write_text(RULE)
    with running(home), Application(Settings(home=home)) as app:
        wait_until(lambda: answers(port), "the listener", 60)
        wait_until((home / "pipeline.lock").is_file, "the collecting process", 60)
        yield port, app


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def send(port: int, lines: list[str]) -> None:
    with socket.create_connection(("127.0.0.1", port)) as connection:
        for at in range(0, len(lines), 500):
            connection.sendall("".join(f"{line}\n" for line in lines[at : at + 500]).encode())


def test_syslog_into_the_store(tmp_path: Path, settle: Callable[[Path], None]) -> None:
    lines = list(syslog(RECORDS, random.Random(1)))  # noqa: S311 - traffic, not a secret
    with installed(tmp_path / "home", settle) as (port, app):
        send(port, lines[:2_000])  # both processes are warm then
        wait_until(lambda: app.store.health().events == 2_000, "the first events", 60)
        began = time.monotonic()
        send(port, lines[2_000:])
        sent = time.monotonic() - began
        wait_until(lambda: app.store.health().events == RECORDS, "all events", 600)
        seconds = time.monotonic() - began
    count = RECORDS - 2_000
    print(
        f"\nsyslog over TCP into the store: {count / seconds:,.0f} events/s; taken from the sender at {count / sent:,.0f}/s"
    )


def test_rsyslog_into_a_file(tmp_path: Path, pytestconfig: pytest.Config) -> None:
    need_part(pytestconfig, "rsyslog", ("rsyslogd", "/usr/sbin/rsyslogd"), "rsyslog")
    lines = list(syslog(RECORDS, random.Random(1)))  # noqa: S311 - traffic, not a secret
    port, out = free_port(), tmp_path / "out.log"
    (tmp_path / "rsyslog.conf").write_text(
        f'module(load="imtcp")\ninput(type="imtcp" address="127.0.0.1" port="{port}")\n*.* action(type="omfile" file="{out}")\n'
    )
    program = shutil.which("rsyslogd") or "/usr/sbin/rsyslogd"
    child = subprocess.Popen([program, "-n", "-f", tmp_path / "rsyslog.conf", "-i", tmp_path / "pid"])
    try:
        wait_until(lambda: answers(port), "rsyslog")
        began = time.monotonic()
        send(port, lines)
        wait_until(lambda: out.is_file() and out.read_bytes().count(b"\n") >= RECORDS, "all lines in the file")
        print(f"\nrsyslog into a file: {RECORDS / (time.monotonic() - began):,.0f} lines/s")
    finally:
        child.terminate()
        child.wait(20)


def test_from_the_sender_to_the_alert(tmp_path: Path, settle: Callable[[Path], None]) -> None:
    """Seconds from when a marked line was sent, two thousand lines a second, to the moment that its alert can be read."""
    lines = list(syslog(PACE * PACED_S, random.Random(2)))  # noqa: S311 - traffic, not a secret
    sent: dict[str, float] = {}
    with installed(tmp_path / "home", settle) as (port, app):
        watch = Watch(app)
        with socket.create_connection(("127.0.0.1", port)) as connection:
            for at in range(0, len(lines), TELLING):
                mark = f"telltale-{at:06d}"
                stamp = datetime.now(UTC).astimezone().strftime("%b %d %H:%M:%S")
                part = [
                    *lines[at : at + TELLING - 1],
                    f"<34>{stamp} may-{at:06d} app[{at}]: {mark}",
                ]  # of a machine of its own, so that no alert joins another
                connection.sendall("".join(f"{line}\n" for line in part).encode())
                sent[mark] = time.monotonic()
                until = sent[mark] + TELLING / PACE
                while time.monotonic() < until:
                    watch.look()
        wait_until(lambda: watch.look() >= len(sent), "all alerts", 60)
    waits = sorted(watch.seen[mark] - moment for mark, moment in sent.items())
    print(
        f"\nfrom sender to alert at {PACE}/s: median {waits[len(waits) // 2]:.2f} s, "
        f"p95 {waits[int(len(waits) * 0.95)]:.2f} s, longest {waits[-1]:.2f} s, {len(waits)} alerts"
    )


class Watch:
    """When the alert of each mark could first be read. It asks for new alerts alone: what it costs is taken from the suite's two cores."""

    def __init__(self, app: Application) -> None:
        self._app = app
        self._raised = datetime.min.replace(tzinfo=UTC)
        self.seen: dict[str, float] = {}

    def look(self) -> int:
        """How many alerts were seen by now."""
        newest = select(AlertRow.raised, AlertRow.body).where(AlertRow.raised >= self._raised)
        with self._app.database.reading() as session:
            rows = session.execute(newest).all()
        now = time.monotonic()
        for raised, body in rows:
            self._raised = max(self._raised, raised)
            at = body.find("telltale-")
            if at >= 0:
                self.seen.setdefault(body[at : at + 15], now)
        time.sleep(LOOK_S)
        return len(self.seen)
