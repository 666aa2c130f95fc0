"""One line in the log when an engine is lost and one when it is back, however often it is asked in between."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Lock
from time import monotonic

CALM_S = 10.0
_LOG = logging.getLogger(__name__)


class Outage:
    """What a process knows of one engine. May be told by any thread.

    Args:
        engine: its name in the log.
        meanwhile: what becomes of the work until it is back.
    """

    def __init__(self, engine: str, meanwhile: str, now: Callable[[], float] = monotonic) -> None:
        self.engine, self.meanwhile, self._now = engine, meanwhile, now
        self._lock = Lock()
        self._lost = False
        self._returned: float | None = None

    def lost(self, reason: str) -> None:
        """It did not answer."""
        with self._lock:
            news = not self._lost and not self._just_returned()
            self._lost = self._lost or news
        if news:
            _LOG.error("%s does not answer: %s; %s", self.engine, reason, self.meanwhile)

    def back(self) -> None:
        """It did answer."""
        with self._lock:
            news, self._lost = self._lost, False
            if news:
                self._returned = self._now()
        if news:
            _LOG.warning("%s answers again", self.engine)

    def _just_returned(self) -> bool:
        """A connection of the process may find out later than another that it was cut; what it says is no news."""
        return self._returned is not None and self._now() - self._returned < CALM_S
