"""What the tests of the worker share: the process in which people plan and approve, and real worker processes."""

from __future__ import annotations

import asyncio
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import select

from playbooks.actions import make_actions
from playbooks.broker import ADVANCE, Lane, make_broker
from playbooks.loader import load_playbooks
from playbooks.service import PlaybookService
from playbooks.states import RunState, StepState
from playbooks.tables import EffectRow, RunRow, StepRow
from soc.audit.trail import AuditTrail
from soc.core.clock import SystemClock
from soc.incidents.duties import load_duties
from soc.incidents.reader import IncidentReader
from soc.incidents.service import IncidentService
from soc.storage.sql import connect
from tests.conftest import ROOT
from tests.incidents.desk import ANALYST, make_alert
from tests.playbooks.stage import LEAD, PLAYBOOK, Mailbox
from tests.servers.redis import RedisServer

DEADLINE_S = 180
"""Long enough for a machine with other work; whoever is done is not kept waiting."""


class BrokerOfTests(Protocol):
    """A real broker that a test can lose."""

    url: str

    def empty(self) -> None:
        """Lose every message."""
        ...

    def lose(self) -> None:
        """Let it be gone, with all it holds."""
        ...

    def restore(self) -> None:
        """Let it be there again, empty."""
        ...


class FolderOfTests:
    """The embedded broker of a home."""

    url = ""

    def __init__(self, home: Path) -> None:
        self.folder = home / "broker" / "messages"

    def empty(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def lose(self) -> None:
        while not self.folder.is_file():  # a file in its place: as good as a broken disk
            self.folder.rename(self.folder.with_name(f"lost-{time.time_ns()}"))
            self.folder.touch()  # unless a worker has just made the folder anew

    def restore(self) -> None:
        self.folder.unlink()


class RedisOfTests:
    """A Redis server."""

    def __init__(self, server: RedisServer) -> None:
        self.server, self.url = server, server.url

    def empty(self) -> None:
        with self.server.client() as client:
            client.flushall()

    def lose(self) -> None:
        self.server.kill()

    def restore(self) -> None:
        self.server.restart()


class SlowMailbox(Mailbox):
    """Takes mails, then keeps the sender waiting for its answer until `released`."""

    def __init__(self) -> None:
        super().__init__()
        self.released = threading.Event()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        answer = await super().handle_DATA(server, session, envelope)
        while not self.released.is_set():
            await asyncio.sleep(0.02)
        return answer


class Office:
    """The other side of the worker: the process in which people plan and approve."""

    def __init__(self, home: Path, database_url: str, broker_url: str, mail: tuple[SlowMailbox, str]) -> None:
        self.home, self.log, self.mailbox, self.smtp_url = home, home / "worker.log", mail[0], mail[1]
        self.environment = {"SOC_DATABASE_URL": database_url, "SOC_BROKER_URL": broker_url}
        clock, book = SystemClock(), load_duties()
        self.database, self.broker = connect(database_url), make_broker(home, broker_url)
        audit = AuditTrail(clock)
        self.incidents = IncidentService(self.database, clock, audit, book)
        self.reader = IncidentReader(self.database, clock, book)
        actions = make_actions(self.incidents, self.reader, self.smtp_url)
        queue = self.broker.queue(ADVANCE, Lane.RESPONSE)
        self.service = PlaybookService(
            self.database, clock, audit, self.incidents, self.reader, self._library(actions), actions, queue
        )

    def _library(self, actions: Any) -> Any:
        folder = self.home / "library"
        folder.mkdir()
        text = PLAYBOOK.replace("retries: 1", "retries: 5\n    timeout_s: 3")
        (folder / "web_shell_test.yaml").write_text(text, "utf-8")
        return load_playbooks(folder, actions)

    def open_incident(self) -> str:
        with self.database.transaction() as session:
            [code] = self.incidents.take(session, [make_alert()])
        return code

    def start(self, code: str) -> str:
        """Id of a run that nothing stands in the way of: it tags the incident, then mails."""
        plan = self.service.plan(ANALYST, code, "web_shell_test").hash
        self.service.approve(LEAD, plan)
        return self.service.start(ANALYST, plan).id

    def state(self, run: str) -> RunState:
        return self.service.run(ANALYST, run).state

    def ended(self, *runs: str) -> bool:
        """Whether all of them are done; one that failed fails the test, with its reason."""
        with self.database.reading() as session:
            failed = session.scalars(select(StepRow).where(StepRow.state == StepState.FAILED)).all()
            assert not failed, [(step.step, step.attempts, step.error_en) for step in failed]
            done = session.scalars(select(RunRow.id).where(RunRow.state == RunState.DONE))
            return set(runs) <= set(done)

    def effects_done(self) -> list[bool]:
        """In the order of the steps."""
        with self.database.reading() as session:
            rows = session.scalars(select(EffectRow).order_by(EffectRow.position))
            return [effect.done is not None for effect in rows]

    @contextmanager
    def worker(self, lane: Lane = Lane.RESPONSE, grace_s: float = 10) -> Iterator[subprocess.Popen[bytes]]:
        """A running worker; killed at the end if it still lives."""
        command = [sys.executable, "-m", "tests.worker.child", str(self.home), self.smtp_url, lane.name, str(grace_s)]
        with self.log.open("ab") as stream:
            child = subprocess.Popen(command, cwd=ROOT, stdout=stream, stderr=stream, env=os.environ | self.environment)
        try:
            yield child
        finally:
            child.kill()
            child.wait()

    def wait_until(self, holds: Callable[[], bool]) -> None:
        """Come back as soon as it holds; a failure shows the end of the log of the workers."""
        deadline = time.monotonic() + DEADLINE_S
        while not holds():
            assert time.monotonic() < deadline, self.unusual()
            threading.Event().wait(0.05)

    def told(self, level: str) -> list[str]:
        """What the workers told at a level: of engines that do not answer (ERROR), and that do again (WARNING)."""
        return [line for line in self.logged().splitlines() if f" {level} " in line and "SecurityWarning" not in line]

    def unusual(self) -> str:
        """The end of the log of the workers without what they did as usual."""
        return "\n".join(line for line in self.logged().splitlines() if " INFO " not in line)[-4000:]

    def logged(self) -> str:
        """What the workers wrote."""
        return self.log.read_text("utf-8", "replace") if self.log.exists() else ""
