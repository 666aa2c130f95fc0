"""A mail server and a stage for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from soc.storage.sql import Database
from tests.playbooks.stage import Mailbox, Stage, mail_server, set_stage


@pytest.fixture
def smtp() -> Iterator[tuple[Mailbox, str]]:
    with mail_server(Mailbox()) as made:
        yield made


@pytest.fixture
def mailbox(smtp: tuple[Mailbox, str]) -> Mailbox:
    return smtp[0]


@pytest.fixture
def stage(tmp_path: Path, database: Database, smtp: tuple[Mailbox, str]) -> Stage:
    return set_stage(tmp_path, database, smtp[1])
