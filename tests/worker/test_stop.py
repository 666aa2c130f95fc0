"""A worker that is told to stop: it ends what it has begun, within bounds, and begins nothing more."""

from __future__ import annotations

import signal
import subprocess

from sqlalchemy import select

from playbooks.states import RunState
from playbooks.tables import RunRow
from tests.worker.office import DEADLINE_S, Office


def leases(office: Office) -> dict[str, str]:
    """Run -> who has it in hand, "" for nobody."""
    with office.database.reading() as session:
        return {row.id: row.lease_owner for row in session.scalars(select(RunRow))}


def stop(office: Office, worker: subprocess.Popen[bytes]) -> None:
    worker.send_signal(signal.SIGTERM)
    assert worker.wait(DEADLINE_S) == 0, office.logged()[-4000:]


def test_a_stopping_worker_ends_its_step_gives_back_the_rest_and_takes_nothing_new(office: Office) -> None:
    mailbox, code = office.mailbox, office.open_incident()
    with office.worker() as first:
        run = office.start(code)
        office.wait_until(lambda: bool(mailbox.raw))
        first.send_signal(signal.SIGTERM)
        office.wait_until(lambda: "Warm shutdown" in office.logged())
        later = office.start(code)
        mailbox.released.set()
        assert first.wait(DEADLINE_S) == 0, office.logged()[-4000:]
    assert (office.state(run), office.state(later)) == (RunState.RUNNING, RunState.RUNNING), "the end is a step as well"
    assert leases(office) == {run: "", later: ""}
    assert (office.effects_done(), len(mailbox.raw)) == ([True, True], 1)
    mailbox.released.clear()
    with office.worker(grace_s=0.2) as second:
        office.wait_until(lambda: office.ended(run) and len(mailbox.raw) == 2)
        assert leases(office)[later]
        stop(office, second)
    assert "given back" in office.logged()
    assert leases(office) == {run: "", later: ""}, (
        "the mail server never answered, and others need not wait for the lease"
    )
