"""Run an exercise through the real pipeline of this process, on a clock that is moved from inject to inject."""

from __future__ import annotations

from collections.abc import Callable

from soc.access.principal import Principal
from soc.app.application import Application
from soc.core.clock import ShiftedClock
from soc.exercises.inlet import InjectInput
from soc.exercises.model import Score
from soc.exercises.scenario import Inject


def run_exercise(
    app: Application,
    clock: ShiftedClock,
    principal: Principal,
    code: str,
    progress: Callable[[Inject], None] = lambda _: None,
) -> Score:
    """Begin a planned run, send its injects in order of time, end it, and give its score.

    Args:
        app: built with `clock` and as the writer.
        clock: set to the end of each inject before it is sent, so that the time to detect is what the pipeline really took.
        progress: called with each inject once its alerts are in.
    """
    run = app.exercises.begin(principal, code)
    for inject in sorted(run.scenario.injects, key=lambda inject: inject.at_minutes):
        clock.set(inject.ends(run.start))
        counts = app.collector.collect(run.source(inject.platform), InjectInput(inject, run.start))
        app.exercises.sent(code, inject, counts.accepted)
        app.pipeline.drain()
        progress(inject)
    app.pipeline.note_runs()
    app.exercises.finish(principal, code)
    return app.exercises.score(principal, code)
