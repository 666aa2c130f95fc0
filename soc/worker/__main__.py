"""The worker process of `soc up`: moves playbook runs.

python -m soc.worker
"""

from __future__ import annotations

import logging
import sys

from playbooks.broker import CeleryQueue
from playbooks.runs import RunService
from soc.app.application import Application
from soc.app.home import prepare_home
from soc.core.settings import Settings
from soc.worker.serve import serve
from soc.worker.tasks import make_celery


def main() -> int:
    """Run until SIGTERM or SIGINT."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    settings = Settings()
    prepare_home(settings.home)
    with Application(settings) as parts:
        celery = make_celery(settings, lambda: runs)
        queue = CeleryQueue(celery)
        runs = RunService(parts.database, parts.clock, parts.incidents, parts.actions, queue)
        return serve(celery)


if __name__ == "__main__":
    sys.exit(main())
