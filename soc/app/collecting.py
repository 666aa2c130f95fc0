"""The collecting process of `soc up`: follows every registered source and moves what arrives through the pipeline.

python -m soc.app.collecting
"""

from __future__ import annotations

import logging
import signal
import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path

from collectors.input import Input
from collectors.inputs.documents import NdjsonInput
from collectors.inputs.file import FileInput
from collectors.sources import Source
from soc.app.application import Application
from soc.app.home import HomeLock, prepare_home
from soc.app.reloading import Reloader
from soc.app.rule_loading import note_loaded
from soc.core.errors import EngineError
from soc.core.settings import Settings

PIPELINE_LOCK = "pipeline"
IDLE_S = 0.2
DAYS_PER_MONTH = 31
"""Of retention: rounded up, so that a month is never short."""
BACK_OFF_S = 5.0
NOTE_S = 60.0
"""How often what ran is written down, and what is past its time is dropped."""

_log = logging.getLogger("vonggac.collecting")


FOLLOWED: dict[str, Callable[[Path, bool], Input]] = {"file": FileInput, "ndjson": NdjsonInput}
"""Kinds of input that go on growing; EVTX files are whole when they come and are taken in with `soc ingest`."""


def inlets(sources: Sequence[Source]) -> list[tuple[str, Input]]:
    """(source id, followed input) of every path of every source."""
    return [
        (source.id, FOLLOWED[source.input.kind](Path(path), True))
        for source in sources
        if source.input.kind in FOLLOWED
        for path in source.input.paths
    ]


def collect_until(app: Application, stop: threading.Event) -> None:
    """Follow and process until `stop` is set. An engine that does not answer is waited for: the spool keeps what comes."""
    reloader = start_reloading(app)
    followed = inlets(list(app.sources.registered.values()))
    noted = time.monotonic()
    while not stop.is_set():
        try:
            news = sum(app.collector.collect(source, inlet).accepted for source, inlet in followed)
            moved = app.pipeline.step().read
            reloader.tick()
        except EngineError as problem:
            _log.error("%s; again in %d s", problem, BACK_OFF_S)
            stop.wait(BACK_OFF_S)
        else:
            if time.monotonic() - noted > NOTE_S:
                app.pipeline.tick()
                app.pipeline.note_runs()
                tend_gaps(app)
                drop_expired(app)
                noted = time.monotonic()
            if not (news or moved):
                stop.wait(IDLE_S)
    app.pipeline.note_runs()


def start_reloading(app: Application) -> Reloader:
    """Note which rules run from now on, and watch for others."""
    loaded = app.loaded_rules
    running = loaded.plan.activation.number
    app.pipeline  # noqa: B018 - resumed by the load before this one is noted
    note_loaded(app.rule_sets, loaded, app.clock)
    for number, problem in loaded.failed:
        _log.error("activation %d not loaded, %d runs instead: %s", number, running, problem)
    return Reloader(
        app.rule_sets, app.detector, app.make_detector, app.pipeline, app.clock, running=running, tried=loaded.tried
    )


def tend_gaps(app: Application) -> None:
    """Look for gaps and have them redone; what does not answer is asked again in the next round."""
    try:
        app.gap_watch.tend()
    except EngineError as problem:
        _log.error("gaps: %s", problem)


def drop_expired(app: Application) -> None:
    """Drop events and quarantined records older than the retention of the settings; whole days of events at a time."""
    oldest = app.clock.now() - timedelta(days=DAYS_PER_MONTH * app.settings.retention_months)
    dropped = app.store.delete_before(oldest)
    set_aside = app.quarantine.remove_before(oldest)
    if dropped or set_aside:
        _log.info(
            "retention: %d events and %d quarantined records from before %s dropped", dropped, set_aside, oldest.date()
        )


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    settings = Settings()
    with HomeLock(prepare_home(settings.home), PIPELINE_LOCK), Application(settings, writer=True) as app:
        collect_until(app, stop)


if __name__ == "__main__":
    main()
