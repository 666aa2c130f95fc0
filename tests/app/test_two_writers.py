"""Several processes that write into one case database at once, on both engines."""

from __future__ import annotations

import subprocess
import sys

from sqlalchemy import func, select

from soc.audit.tables import AuditRow
from soc.incidents.stream import read_streams
from soc.incidents.tables import AlertRow, IncidentRow
from soc.storage.sql import Database
from tests.conftest import ROOT
from tests.incidents.desk import make_desk

COUNT = 40
NAMES = ("mot", "hai")


def test_the_audit_chain_stays_whole_and_no_alert_is_taken_twice(database: Database, database_url: str) -> None:
    """Law 8 and the grouping: no fork, no gap, nothing lost, one incident for the one host."""
    writers = [
        subprocess.Popen([sys.executable, "-m", "tests.app.appending", database_url, name, str(COUNT)], cwd=ROOT)
        for name in NAMES
    ]
    assert [writer.wait() for writer in writers] == [0, 0]
    with database.reading() as session:
        assert make_desk(database).audit.verify(session).ok
        actors = select(AuditRow.actor, func.count()).where(AuditRow.action == "test.append").group_by(AuditRow.actor)
        assert {row.actor: row[1] for row in session.execute(actors)} == dict.fromkeys(NAMES, COUNT)
        numbers = session.scalars(select(AuditRow.number).order_by(AuditRow.number)).all()
        assert numbers == list(range(1, len(numbers) + 1))
        (code,) = session.scalars(select(IncidentRow.code))
        assert session.scalar(select(func.count()).select_from(AlertRow)) == COUNT
        assert [event.position for event in read_streams(session, [code])[code]] == list(range(1, COUNT + 1))
