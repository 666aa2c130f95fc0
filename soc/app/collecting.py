"""The collecting process of `soc up`: follows every registered source and moves what arrives through the pipeline.

python -m soc.app.collecting
"""

from __future__ import annotations

import gc
import logging
import signal
import threading
import time
from collections.abc import Sequence
from pathlib import Path

from collectors.input import Input
from collectors.inputs.spec import PullSpec
from collectors.sources import Source
from soc.app.application import Application
from soc.app.canary import BEAT_S, canary_inlet
from soc.app.effort import Effort
from soc.app.figures import write_figures
from soc.app.home import HomeLock, prepare_home
from soc.app.intake import take_intake
from soc.app.pulling import Pulling
from soc.app.reloading import LOOK_S, Reloader
from soc.app.rule_loading import Loaded, note_loaded
from soc.core.settings import Settings

PIPELINE_LOCK = "pipeline"
IDLE_S = 0.2
NOTE_S = 60.0
"""How often what ran is written down, and what is past its time is dropped."""
FIGURES_S = 10.0
BROKER_S = 30.0
GC_THRESHOLD = 50_000
LISTEN_S = 5.0
"""How often it is asked who has fallen silent: a small part of the minute within which it is to be told."""

_log = logging.getLogger("vonggac.collecting")


def inlets(sources: Sequence[Source], home: Path) -> list[tuple[str, Input]]:
    """(source id, input) of everything that is looked at again and again; what listeners feed comes by `soc.app.receiving`."""
    return [
        (source.id, inlet)
        for source in sources
        if isinstance(source.input, PullSpec)
        for inlet in source.input.inputs(home)
    ]


def collect_until(app: Application, stop: threading.Event) -> None:
    """Take in and process until `stop` is set. What an engine fails is tried again; what comes meanwhile waits in the spool."""
    watch = app.engine_watch
    sources = list(app.sources.registered.values())
    followed = [canary_inlet(app.home), *inlets(sources, app.home)]
    allowances = {source.id: source.limits.allowance for source in sources}
    pulling = Pulling(app.collector, followed, allowances, app.settings.spool_limit_records)
    moving = _Moving(app)
    efforts = (
        Effort("intake", pulling.take_in, watch),
        Effort("moving", moving.step, watch),
        Effort("upkeep", moving.tend, watch, every_s=NOTE_S),
        Effort("broker", lambda: ask_broker(app), watch, every_s=BROKER_S),
        Effort("canary", moving.beat, watch, every_s=BEAT_S),
        Effort("silence", moving.listen, watch, every_s=LISTEN_S),
        Effort("figures", moving.write_figures, watch, every_s=FIGURES_S),
    )
    while not stop.is_set():
        done = sum(effort() for effort in efforts)
        watch.tend()
        if not done:
            stop.wait(IDLE_S)
    pulling.close()
    Effort("upkeep", moving.note, watch)()


def ask_broker(app: Application) -> int:
    """Look whether the broker answers, as whoever asks for a playbook run would; a folder needs no asking."""
    if app.settings.broker_url:
        from playbooks.broker import Lane  # noqa: PLC0415 - brings Celery

        app.broker.depth(Lane.RESPONSE)
    return 0


class _Moving:
    """From the spool on; started at the first step that every engine allows."""

    def __init__(self, app: Application) -> None:
        self._app = app
        self._reloader: Reloader | None = None
        self._looked: Loaded | None = None
        self._refreshed = 0.0

    def step(self) -> int:
        """One batch; gives how many records it had."""
        if self._reloader is None:
            self._reloader = start_reloading(self._app)
            leave_alone_what_stays()
        moved = self._app.pipeline.step().read
        if self._declared_anew():
            self._reloader.again()
        self._reloader.tick()
        self._look_back(self._reloader.loaded)
        return moved

    def _declared_anew(self) -> bool:
        """Take up changed registers and lists, looked for once a second; whether rules have to be compiled with them."""
        now = time.monotonic()
        if now - self._refreshed < LOOK_S:
            return False
        self._refreshed = now
        return self._app.lookups.refresh()

    def _look_back(self, loaded: Loaded | None) -> None:
        """Have what is new among the rules in force looked for in the past; tried again until it is written down."""
        if loaded is None or loaded is self._looked:
            return
        hunt = self._app.look_back.rules_loaded(loaded)
        self._looked = loaded
        if hunt is not None:
            _log.info("hunt %s filed: new rules are looked for back to %s", hunt.short, hunt.window.since.date())

    def tend(self) -> int:
        """What is done once in a while."""
        if self._reloader is not None:
            self._app.pipeline.tick()
            self.note()
            self._app.gap_watch.tend()
            self._app.store.tend()
            drop_expired(self._app)
        return 0

    def listen(self) -> int:
        """Keep what listeners counted, and tell who has fallen silent, once what had come before was moved."""
        if self._reloader is None:
            return 0
        take_intake(self._app.home, lambda sent: self._app.health.take(sent, self._app.clock.now()))
        return self._app.silence_watch.tend()

    def beat(self) -> int:
        """Send a heartbeat, and look where the others are."""
        return self._app.canary.tend() if self._reloader is not None else 0

    def write_figures(self) -> int:
        """For whoever serves the metrics."""
        write_figures(self._app.home, self._app.figures, self._app.clock.now())
        return 0

    def note(self) -> int:
        """Write down what ran."""
        if self._reloader is not None:
            self._app.pipeline.note_runs()
        return 0


def leave_alone_what_stays() -> None:
    """Keep the search for dead cycles off the rules and tables, which stay, and make it rarer: the events of a batch die without it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(GC_THRESHOLD, 20, 20)


def start_reloading(app: Application) -> Reloader:
    """Note which rules run from now on, and watch for others."""
    loaded = app.loaded_rules
    running = loaded.plan.activation.number
    app.pipeline  # noqa: B018 - resumed by the load before this one is noted
    note_loaded(app.rule_sets, loaded, app.clock)
    for number, problem in loaded.failed:
        _log.error("activation %d not loaded, %d runs instead: %s", number, running, problem)
    reloader = Reloader(
        app.rule_sets, app.detector, app.make_detector, app.pipeline, app.clock, running=running, tried=loaded.tried
    )
    reloader.loaded = loaded
    return reloader


def drop_expired(app: Application) -> None:
    """Drop events past the retention of their level, once a day, and quarantined records that are older than any event may be."""
    app.retention.tend()
    oldest = app.retention.oldest_kept
    set_aside = app.quarantine.remove_before(oldest)
    if set_aside:
        _log.info("retention: %d quarantined records from before %s dropped", set_aside, oldest.date())


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    settings = Settings()
    app = Application(settings, writer=True)
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: app.stopping.set())
    with HomeLock(prepare_home(settings.home), PIPELINE_LOCK), app:
        collect_until(app, app.stopping)


if __name__ == "__main__":
    main()
