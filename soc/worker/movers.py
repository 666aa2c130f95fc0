"""The kinds of work that workers move on, each by its lane. A new kind of job in the background is one line in MOVERS."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from playbooks.broker import ADVANCE, Lane
from soc.app.hunt_model import ADVANCE as HUNT

if TYPE_CHECKING:
    from soc.app.application import Application


def _nothing() -> None:
    """For a mover that holds no leases."""


@dataclass(frozen=True, slots=True)
class Mover:
    """One kind of work. Its state is in SQL, under leases; a message only says "look at this one".

    Attributes:
        task: name of the Celery task, and of its schedule.
        move: do the next piece of the job with this id, and ask for the piece after; a job that needs nothing, is in other
            hands or does not exist is left alone, as a message may come twice, late, or never. A piece should take seconds, so
            that a worker can stop.
        sweep: ask for every job that should move and is in nobody's hands; returns how many. Called every few seconds.
        release: give back the leases that this process holds, as it ends before their work has.
    """

    task: str
    move: Callable[[str], None]
    sweep: Callable[[], int]
    release: Callable[[], None] = _nothing


def _playbook_runs(parts: Application) -> Mover:
    runs = parts.playbook_runs
    return Mover(ADVANCE, runs.advance, runs.sweep, runs.release)


def _hunts(parts: Application) -> Mover:
    hunts = parts.hunt_mover
    return Mover(HUNT, hunts.move, hunts.sweep, hunts.release)


MOVERS: Mapping[Lane, Sequence[Callable[[Application], Mover]]] = {
    Lane.RESPONSE: (_playbook_runs,),
    Lane.LONG: (_hunts,),
}
"""Lane -> what makes its movers. Only what a lane needs is built in its process."""


def make_movers(parts: Application, lane: Lane) -> list[Mover]:
    """The movers of a lane."""
    return [make(parts) for make in MOVERS[lane]]
