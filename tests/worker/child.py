"""A worker as a child process of a test, with short leases: python -m tests.worker.child HOME SMTP_URL."""

from __future__ import annotations

import sys
from pathlib import Path

from playbooks.actions import make_actions
from playbooks.broker import CeleryQueue
from playbooks.runs import Pace, RunService
from soc.audit.trail import AuditTrail
from soc.core.clock import SystemClock
from soc.core.settings import Settings
from soc.incidents.duties import load_duties
from soc.incidents.reader import IncidentReader
from soc.incidents.service import IncidentService
from soc.storage.sql import connect
from soc.worker.serve import serve
from soc.worker.tasks import make_celery


def main(home: Path, smtp_url: str) -> int:
    settings, clock = Settings(home=home), SystemClock()
    database, book = connect(settings.sql_url), load_duties()
    incidents = IncidentService(database, clock, AuditTrail(clock), book)
    actions = make_actions(incidents, IncidentReader(database, clock, book), smtp_url)
    celery = make_celery(settings, lambda: runs, sweep_s=0.5)
    runs = RunService(database, clock, incidents, actions, CeleryQueue(celery), Pace(grace=0.5, patience=0.5))
    return serve(celery)


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2]))
