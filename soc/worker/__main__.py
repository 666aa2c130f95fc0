"""The worker processes of `soc up`: each moves the jobs of one lane.

python -m soc.worker response|long
"""

from __future__ import annotations

import logging
import sys
from argparse import ArgumentParser

from playbooks.broker import Lane
from soc.app.application import Application
from soc.app.home import prepare_home
from soc.core.settings import Settings
from soc.worker.beat import Beat, Entry, Ticks
from soc.worker.engines import EngineLog
from soc.worker.movers import make_movers
from soc.worker.serve import serve

SWEEP_S = 15.0
"""Seconds between two sweeps: how long a job that nobody moves may stand still, beyond its lease."""


def main(lane: Lane) -> int:
    """Run until SIGTERM or SIGINT."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    settings = Settings()
    prepare_home(settings.home)
    with Application(settings) as parts:
        movers = make_movers(parts, lane)
        entries = [Entry(f"{mover.task}.sweep", SWEEP_S, mover.sweep) for mover in movers]
        return serve(parts.broker, lane, movers, Beat(entries, Ticks(parts.database), parts.clock, EngineLog()))


if __name__ == "__main__":
    lanes = {lane.name.lower(): lane for lane in Lane}
    parser = ArgumentParser(prog="python -m soc.worker", description=__doc__)
    parser.add_argument("lane", choices=lanes)
    sys.exit(main(lanes[parser.parse_args().lane]))
