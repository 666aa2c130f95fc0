"""A worker as a child process of a test, with short leases: python -m tests.worker.child HOME SMTP_URL."""

from __future__ import annotations

import sys
from pathlib import Path

from playbooks.actions import make_actions
from playbooks.broker import ADVANCE, CeleryQueue, Lane, make_client
from playbooks.runs import Pace, RunService
from soc.audit.trail import AuditTrail
from soc.core.clock import SystemClock
from soc.core.settings import Settings
from soc.incidents.duties import load_duties
from soc.incidents.reader import IncidentReader
from soc.incidents.service import IncidentService
from soc.storage.sql import connect
from soc.worker.beat import Beat, Entry, Ticks
from soc.worker.movers import Mover
from soc.worker.serve import serve
from soc.worker.tasks import add_tasks


def main(home: Path, smtp_url: str) -> int:
    settings, clock = Settings(home=home), SystemClock()
    database, book = connect(settings.sql_url), load_duties()
    incidents = IncidentService(database, clock, AuditTrail(clock), book)
    actions = make_actions(incidents, IncidentReader(database, clock, book), smtp_url)
    celery = make_client(home, settings.broker_url)
    queue = CeleryQueue(celery, ADVANCE, Lane.RESPONSE)
    runs = RunService(database, clock, incidents, actions, queue, Pace(grace=0.5, patience=0.5))
    mover = Mover(ADVANCE, runs.advance, runs.sweep)
    add_tasks(celery, [mover])
    return serve(celery, Lane.RESPONSE, Beat([Entry("sweep", 0.5, mover.sweep)], Ticks(database), clock))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
