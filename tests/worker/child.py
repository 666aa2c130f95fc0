"""A worker as a child process of a test, with short leases: python -m tests.worker.child HOME SMTP_URL [LANE [GRACE_S]].

Settings such as the broker come from the environment. The long lane moves files: see `LongJobs`.
"""

from __future__ import annotations

import logging
import sys
from pathlib import Path
from threading import Event

from playbooks.actions import make_actions
from playbooks.broker import ADVANCE, Broker, Lane, make_broker
from playbooks.runs import Pace, RunService
from soc.audit.trail import AuditTrail
from soc.core.clock import SystemClock
from soc.core.settings import Settings
from soc.incidents.duties import load_duties
from soc.incidents.reader import IncidentReader
from soc.incidents.service import IncidentService
from soc.storage.sql import Database, connect
from soc.worker.beat import Beat, Entry, Ticks
from soc.worker.engines import EngineLog
from soc.worker.movers import Mover
from soc.worker.serve import GRACE_S, serve

BUILD = "test.build"
SWEEP_S = 0.5


class LongJobs:
    """Jobs that take as long as a test wants: one is begun when `NAME.begun` is there, and ends when `go` is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def move(self, job: str) -> None:
        (self.folder / f"{job}.begun").touch()
        while not (self.folder / "go").exists():
            Event().wait(0.02)
        (self.folder / f"{job}.ended").touch()

    def sweep(self) -> int:
        return 0


def make_runs(settings: Settings, smtp_url: str, broker: Broker) -> tuple[RunService, Database]:
    """The service that moves runs, and its database."""
    clock, book, database = SystemClock(), load_duties(), connect(settings.sql_url)
    incidents = IncidentService(database, clock, AuditTrail(clock), book)
    actions = make_actions(incidents, IncidentReader(database, clock, book), smtp_url)
    queue = broker.queue(ADVANCE, Lane.RESPONSE)
    return RunService(database, clock, incidents, actions, queue, Pace(grace=0.5, patience=0.5)), database


def main(home: Path, smtp_url: str, lane: Lane, grace_s: float) -> int:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    settings = Settings(home=home)
    broker = make_broker(home, settings.broker_url)
    runs, database = make_runs(settings, smtp_url, broker)
    jobs = LongJobs(home)
    mover = {
        Lane.RESPONSE: Mover(ADVANCE, runs.advance, runs.sweep, runs.release),
        Lane.LONG: Mover(BUILD, jobs.move, jobs.sweep),
    }[lane]
    beat = Beat([Entry(f"{mover.task}.sweep", SWEEP_S, mover.sweep)], Ticks(database), SystemClock(), EngineLog())
    return serve(broker, lane, [mover], beat, grace_s)


if __name__ == "__main__":
    given = dict(enumerate(sys.argv))
    lane = Lane[given.get(3, "RESPONSE")]
    sys.exit(main(Path(given[1]), given[2], lane, float(given.get(4, GRACE_S))))
