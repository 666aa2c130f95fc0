"""Long jobs and responses do not wait for one another."""

from __future__ import annotations

from playbooks.broker import Lane
from tests.worker.child import BUILD
from tests.worker.office import Office


def test_a_response_is_done_before_the_long_jobs_that_were_queued_before_it(office: Office) -> None:
    """More long jobs than a worker has threads; the first of them is under way all the time."""
    office.mailbox.released.set()
    jobs = [f"report-{number}" for number in range(6)]
    for job in jobs:
        office.broker.queue(BUILD, Lane.LONG).enqueue(job)
    with office.worker(), office.worker(Lane.LONG):
        office.wait_until((office.home / "report-0.begun").exists)
        run = office.start(office.open_incident())
        office.wait_until(lambda: office.ended(run))
        assert not list(office.home.glob("*.ended"))
        assert office.broker.depth(Lane.RESPONSE) == 0
        (office.home / "go").touch()
        office.wait_until(lambda: all((office.home / f"{job}.ended").exists() for job in jobs))
