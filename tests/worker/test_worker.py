"""A real Celery worker on the folder broker, killed in the middle of a step."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from playbooks.actions import make_actions
from playbooks.broker import ADVANCE, CeleryQueue, Lane, make_client
from playbooks.loader import load_playbooks
from playbooks.service import PlaybookService
from playbooks.states import RunState
from playbooks.tables import EffectRow
from soc.app.schema import metadata
from soc.audit.trail import AuditTrail
from soc.core.clock import SystemClock
from soc.core.errors import EngineError
from soc.incidents.duties import load_duties
from soc.incidents.model import Kind
from soc.incidents.reader import IncidentReader
from soc.incidents.service import IncidentService
from soc.storage.sql import Database, connect
from tests.conftest import ROOT
from tests.incidents.desk import ANALYST, make_alert
from tests.playbooks.stage import LEAD, PLAYBOOK, Mailbox, mail_server

DEADLINE_S = 60


class SlowMailbox(Mailbox):
    """Takes the first mail, then keeps the sender waiting for its answer until `released`."""

    def __init__(self) -> None:
        super().__init__()
        self.released = threading.Event()

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        import asyncio

        answer = await super().handle_DATA(server, session, envelope)
        while not self.released.is_set():
            await asyncio.sleep(0.02)
        return answer


class Office:
    """The other side of the worker: the process in which people plan and approve."""

    def __init__(self, home: Path, smtp_url: str) -> None:
        clock, book = SystemClock(), load_duties()
        self.home, self.database = home, connect(f"sqlite:///{home / 'cases.sqlite'}")
        metadata().create_all(self.database.engine)
        audit = AuditTrail(clock)
        self.incidents = IncidentService(self.database, clock, audit, book)
        self.reader = IncidentReader(self.database, clock, book)
        actions = make_actions(self.incidents, self.reader, smtp_url)
        (home / "library").mkdir()
        text = PLAYBOOK.replace("retries: 1", "retries: 1\n    timeout_s: 3")
        (home / "library" / "web_shell_test.yaml").write_text(text, "utf-8")
        self.service = PlaybookService(
            self.database,
            clock,
            audit,
            self.incidents,
            self.reader,
            load_playbooks(home / "library", actions),
            actions,
            CeleryQueue(make_client(home), ADVANCE, Lane.RESPONSE),
        )

    def open_incident(self) -> str:
        with self.database.transaction() as session:
            [code] = self.incidents.take(session, [make_alert()])
        return code

    def state(self, run: str) -> RunState:
        return self.service.run(ANALYST, run).state


@contextmanager
def worker(home: Path, smtp_url: str, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A running worker; killed at the end if it still lives."""
    with log.open("ab") as stream:
        child = subprocess.Popen(
            [sys.executable, "-m", "tests.worker.child", str(home), smtp_url],
            cwd=ROOT,
            stdout=stream,
            stderr=stream,
            env=os.environ | {"SOC_HOME": str(home)},
        )
        try:
            yield child
        finally:
            child.kill()
            child.wait()


def wait_until(holds: Callable[[], bool], log: Path) -> None:
    deadline = time.monotonic() + DEADLINE_S
    while not holds():
        assert time.monotonic() < deadline, log.read_text("utf-8", "replace")[-4000:]
        threading.Event().wait(0.05)


@pytest.fixture
def office(tmp_path: Path, slow: tuple[SlowMailbox, str]) -> Iterator[Office]:
    made = Office(tmp_path, slow[1])
    yield made
    made.database.close()


@pytest.fixture
def slow() -> Iterator[tuple[SlowMailbox, str]]:
    mailbox = SlowMailbox()
    with mail_server(mailbox) as (_, url):
        yield mailbox, url
        mailbox.released.set()


def effects_done(database: Database) -> list[bool]:
    with database.transaction() as session:
        return [effect.done is not None for effect in session.scalars(select(EffectRow).order_by(EffectRow.position))]


def test_a_run_killed_in_the_middle_of_a_step_is_finished_by_the_next_worker(
    office: Office, slow: tuple[SlowMailbox, str], tmp_path: Path
) -> None:
    """kill -9 after the mail was taken and before the worker heard so: sent again under one Message-ID, all else once."""
    mailbox, url = slow
    log = tmp_path / "worker.log"
    code = office.open_incident()
    with worker(tmp_path, url, log) as first:
        plan = office.service.plan(ANALYST, code, "web_shell_test").hash
        run = office.service.start(ANALYST, plan).id
        wait_until(lambda: office.state(run) is RunState.WAITING_APPROVAL, log)
        office.service.approve(LEAD, plan)
        wait_until(lambda: bool(mailbox.raw), log)
        first.send_signal(signal.SIGKILL)
        first.wait()
    assert effects_done(office.database) == [True, False]
    mailbox.released.set()
    with worker(tmp_path, url, log) as second:
        wait_until(lambda: office.state(run) is RunState.DONE, log)
        second.send_signal(signal.SIGTERM)
        assert second.wait(DEADLINE_S) == 0, log.read_text("utf-8", "replace")[-4000:]
    assert effects_done(office.database) == [True, True]
    assert (len(mailbox.raw), len(mailbox.ids)) == (2, 1)
    kinds = [entry.event.kind for entry in office.reader.timeline(ANALYST, code)]
    assert kinds.count(Kind.TAGGED) == 1
    assert office.reader.get(ANALYST, code).tags == ("vo-web",)


def test_a_message_lost_by_the_broker_is_asked_for_again(
    office: Office, slow: tuple[SlowMailbox, str], tmp_path: Path
) -> None:
    """All messages are deleted while no worker runs; the sweep of the next one finds the run in SQL."""
    mailbox, url = slow
    mailbox.released.set()
    log = tmp_path / "worker.log"
    plan = office.service.plan(ANALYST, office.open_incident(), "web_shell_test").hash
    office.service.approve(LEAD, plan)
    run = office.service.start(ANALYST, plan).id
    for message in (tmp_path / "broker" / "messages").iterdir():
        message.unlink()
    with worker(tmp_path, url, log):
        wait_until(lambda: office.state(run) is RunState.DONE, log)
    assert len(mailbox.raw) == 1


def test_a_broken_message_in_the_folder_is_dropped_and_stops_nothing(
    office: Office, slow: tuple[SlowMailbox, str], tmp_path: Path
) -> None:
    mailbox, url = slow
    mailbox.released.set()
    log = tmp_path / "worker.log"
    (tmp_path / "broker" / "messages" / "0_broken.vonggac.msg").write_bytes(b'{"body": "half')
    (tmp_path / "broker" / "messages" / "1_binary.vonggac.msg").write_bytes(b"\xff\xfe\x00")
    with worker(tmp_path, url, log):
        plan = office.service.plan(ANALYST, office.open_incident(), "web_shell_test").hash
        office.service.approve(LEAD, plan)
        run = office.service.start(ANALYST, plan).id
        wait_until(lambda: office.state(run) is RunState.DONE, log)
    assert "unreadable message 0_broken" in log.read_text("utf-8")


def test_a_broker_that_does_not_answer_is_named_and_the_run_stays_in_sql(
    office: Office, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for folder in (tmp_path / "broker").iterdir():
        folder.rename(tmp_path / f"away-{folder.name}")
    with pytest.raises(EngineError) as refused:
        office.service.queue.enqueue("0" * 32)
    assert "broker_url" in str(refused.value)
    plan = office.service.plan(ANALYST, office.open_incident(), "web_shell_test").hash
    assert office.service.start(ANALYST, plan).state is RunState.RUNNING
    assert "background process" in caplog.text
