"""The suite as an actor on an incident, whether that is real or belongs to an exercise."""

from __future__ import annotations

from dataclasses import replace

from soc.access.principal import SYSTEM, Principal


def suite_for(exercise: str | None) -> Principal:
    """The principal with which the suite acts by itself: on real incidents, or on those of one exercise run."""
    return SYSTEM if exercise is None else replace(SYSTEM, scope=SYSTEM.scope.during(exercise))
