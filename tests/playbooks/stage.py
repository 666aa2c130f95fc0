"""A stage for playbooks: a case database, an incident, a real mail server on loopback, and workers to be killed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from email import message_from_bytes
from email.message import Message
from email.policy import default
from pathlib import Path
from typing import Any

from aiosmtpd.controller import Controller

from playbooks.action import Actions
from playbooks.actions import make_actions
from playbooks.loader import load_playbooks
from playbooks.queue import MemoryQueue
from playbooks.runs import RunService
from playbooks.service import PlaybookService
from soc.access.principal import Principal, Role
from soc.core.scope import PROVINCE, Scope
from soc.storage.sql import Database
from tests.incidents.desk import ANALYST, Desk, make_alert, make_desk

LEAD = Principal("tc.01", Role.SHIFT_LEAD, "so-mau", PROVINCE)
FOREIGN = Principal("tc.02", Role.SHIFT_LEAD, "xa-mau-02", Scope(frozenset({"xa-mau-02"})))

PLAYBOOK = """\
id: web_shell_test
version: 1
title: { vi: "Thử", en: "Trial" }
purpose: { vi: "Thử", en: "Trial" }
applies: { rules: ["web_shell*"], severity: high }
steps:
  - type: action
    id: mark
    title: { vi: "Gắn nhãn", en: "Tag" }
    action: tag
    params: { tag: vo-web }
    expires_hours: 48
  - type: approval
    id: consent
    title: { vi: "Đồng ý", en: "Agree" }
    expires_hours: 24
  - type: action
    id: tell
    title: { vi: "Báo trưởng ca", en: "Tell the shift lead" }
    action: notify
    params:
      by: mail
      to: [truc-soc@tinh-mau.example]
      subject: "{incident.code}: {incident.title}"
      text: "Đối tượng: {incident.entity}\\n"
    retries: 1
  - type: end
    id: finished
    title: { vi: "Xong", en: "Finished" }
"""


class Mailbox:
    """Keeps what the mail server took; refuses `refusals` mails before it takes one."""

    def __init__(self) -> None:
        self.raw: list[bytes] = []
        self.refusals = 0

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        if self.refusals:
            self.refusals -= 1
            return "451 try again later"
        self.raw.append(envelope.content)
        return "250 taken"

    @property
    def messages(self) -> list[Message]:
        return [message_from_bytes(raw, policy=default) for raw in self.raw]

    @property
    def ids(self) -> set[str]:
        return {str(message["Message-ID"]) for message in self.messages}


class FreePort(Controller):
    """A controller that takes any free port; the original knocks at port 0 to see whether it is up."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextmanager
def mail_server(mailbox: Mailbox) -> Iterator[tuple[Mailbox, str]]:
    """The mailbox and the URL of its SMTP server."""
    controller = FreePort(mailbox, hostname="127.0.0.1", port=0)
    controller.start()
    try:
        yield mailbox, f"smtp://127.0.0.1:{controller.port}?from=soc@tinh-mau.example"
    finally:
        controller.stop()


@dataclass
class Stage:
    """What a test works with."""

    desk: Desk
    actions: Actions
    queue: MemoryQueue
    service: PlaybookService
    runs: RunService
    code: str

    def drain(self) -> None:
        """Work off the queue, delays skipped by moving the clock."""
        while self.queue.waiting:
            run, delay = self.queue.waiting.popleft()
            self.desk.clock.advance(timedelta(seconds=delay))
            self.runs.advance(run)

    def planned(self) -> str:
        return self.service.plan(ANALYST, self.code, "web_shell_test").hash


def set_stage(folder: Path, database: Database, smtp_url: str) -> Stage:
    desk = make_desk(database)
    (folder / "library").mkdir()
    (folder / "library" / "web_shell_test.yaml").write_text(PLAYBOOK, "utf-8")
    actions = make_actions(desk.service, desk.reader, smtp_url)
    library, queue = load_playbooks(folder / "library", actions), MemoryQueue()
    service = PlaybookService(desk.database, desk.clock, desk.audit, desk.service, desk.reader, library, actions, queue)
    runs = RunService(desk.database, desk.clock, desk.service, actions, queue)
    [code] = desk.take(make_alert())
    return Stage(desk, actions, queue, service, runs, code)
