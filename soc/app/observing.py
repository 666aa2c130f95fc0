"""Showing events to a detector that may break on one of them: the others are detected all the same."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Protocol

from detectors.alert import Alert
from soc.core.errors import SocError
from soc.core.event import Event

_log = logging.getLogger("vonggac.detection")


class Resumable(Protocol):
    """A detector that can be set back."""

    def observe(self, events: Sequence[Event]) -> list[Alert]: ...

    def snapshot(self) -> bytes: ...

    def restore(self, data: bytes) -> None: ...


def observe_apart(
    detector: Resumable, events: Sequence[Event], before: Callable[[], bytes] | None = None
) -> tuple[list[Alert], list[tuple[Event, str]]]:
    """The alerts of the events, and those events on which the detector breaks, each with the reason.

    After a fault the detector is set back and the events are halved, so that a broken one costs a few snapshots and leaves no trace.

    Args:
        before: gives the state of the detector now, asked for after a fault only; without it a snapshot is taken beforehand.
    """
    kept = detector.snapshot() if before is None else b""
    try:
        return detector.observe(events), []
    except SocError:
        raise
    except Exception as fault:
        state = before() if before is not None else kept
        detector.restore(state)
        if len(events) == 1:
            _log.exception("the detector broke on event %s", events[0].id)
            return [], [(events[0], f"{type(fault).__name__}: {fault}")]
    middle = len(events) // 2
    alerts, broken = observe_apart(detector, events[:middle], lambda: state)
    more, others = observe_apart(detector, events[middle:])
    return alerts + more, broken + others


def observe_on(detector: Resumable, events: Sequence[Event]) -> tuple[list[Alert], list[tuple[Event, str]]]:
    """Like `observe_apart`, for a detector that is thrown away afterwards: it is not set back, so no snapshot is taken."""
    alerts: list[Alert] = []
    broken: list[tuple[Event, str]] = []
    for event in events:
        try:
            alerts += detector.observe([event])
        except SocError:
            raise
        except Exception as fault:
            _log.exception("the detector broke on event %s", event.id)
            broken.append((event, f"{type(fault).__name__}: {fault}"))
    return alerts, broken
