"""A mail server and a stage for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.playbooks.stage import Mailbox, Stage, mail_server, set_stage


@pytest.fixture
def smtp() -> Iterator[tuple[Mailbox, str]]:
    with mail_server(Mailbox()) as made:
        yield made


@pytest.fixture
def mailbox(smtp: tuple[Mailbox, str]) -> Mailbox:
    return smtp[0]


@pytest.fixture
def stage(tmp_path: Path, smtp: tuple[Mailbox, str]) -> Iterator[Stage]:
    made = set_stage(tmp_path, smtp[1])
    yield made
    made.desk.database.close()
