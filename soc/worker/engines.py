"""What a worker says of the engines it needs: one line when one does not answer, one when it does again, however often it was tried."""

from __future__ import annotations

import logging
from threading import Lock

from soc.core.errors import EngineError
from soc.core.i18n import Lang

_LOG = logging.getLogger(__name__)


class EngineLog:
    """Keeps account of the engines that do not answer. May be told by any thread."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._met: dict[str, str] = {}  # engine -> the effort that met its fault first, whose success ends it

    def failed(self, effort: str, problem: EngineError) -> None:
        """An effort (a task, a sweep) met an engine that does not take work; it will be tried again by itself."""
        with self._lock:
            news = problem.engine not in self._met
            self._met.setdefault(problem.engine, effort)
        if news:
            _LOG.error("%s: %s; tried again until it works", effort, problem.render(Lang.EN))

    def works(self, effort: str) -> None:
        """An effort succeeded: what it had met is over."""
        with self._lock:
            over = [engine for engine, by in self._met.items() if by == effort]
            for engine in over:
                del self._met[engine]
        for engine in over:
            _LOG.warning("%s: %s answers again", effort, engine or "the engine")
