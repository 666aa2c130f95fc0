"""New rules under a running stream.

The collecting process asks at the edge of a batch whether another activation is wanted. If so, a thread compiles it and warms it with
the newest events, while batches go on under the old rules; at a later edge the detector takes the new rules over and keeps its memory: a
half-filled window of a rule that stays completes. What cannot be loaded changes nothing, and is audited, logged and told by the doctor.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from detectors.detector import SigmaDetector
from detectors.rulesets.service import RuleSets
from detectors.sigma import RuleSet
from soc.app.rule_loading import Loaded, note_failed, note_loaded, try_activation, unforeseen
from soc.core.clock import Clock
from soc.core.errors import DatabaseError, EngineError, SocError
from soc.core.event import Event
from soc.core.i18n import msg

LOOK_S = 1.0
"""How often the database is asked for a newer activation."""

STALE = -1
"""No activation has this number: whatever is wanted is tried."""

_log = logging.getLogger("vonggac.rules")


class Account(Protocol):
    """What keeps count of which rules ran over how many events; `soc.app.pipeline.Pipeline`."""

    def note_runs(self) -> None:
        """Write down what ran until now."""
        ...

    def begin_runs(self) -> None:
        """Count from now on for rules that are new."""
        ...


@dataclass(slots=True)
class _Preparation:
    """A detector in the making; `outcome` is set by its thread, last of all."""

    number: int
    thread: threading.Thread | None = None
    outcome: tuple[Loaded, SigmaDetector] | SocError | None = None


class Reloader:
    """Brings a detector to the activation that is wanted.

    Args:
        detector: the one the pipeline shows events to.
        make: a detector over rules, set up like it.
        account: told before and after a change.
        running: number of the activation it runs.
        tried: number of the newest activation that was tried at the start; not tried again.

    Attributes:
        running: the activation in force.
        tried: the newest one that was or is being tried.
        loaded: the rules in force, as they were loaded; None before any are known.
    """

    def __init__(
        self,
        sets: RuleSets,
        detector: SigmaDetector,
        make: Callable[[RuleSet], SigmaDetector],
        account: Account,
        clock: Clock,
        *,
        running: int,
        tried: int,
    ) -> None:
        self._sets, self._detector, self._make = sets, detector, make
        self._account, self._clock = account, clock
        self.running, self.tried = running, tried
        self.loaded: Loaded | None = None
        self._preparation: _Preparation | None = None
        self._looked = 0.0

    @property
    def is_preparing(self) -> bool:
        """Whether an activation is being compiled, or waits for the edge of a batch."""
        return self._preparation is not None

    def again(self) -> None:
        """Compile the same activation anew: what its rules are compiled with, the lists of the province, is another now."""
        self.tried = STALE

    def tick(self) -> bool:
        """Take one step; call it between two batches. True when the rules have just changed.

        Raises:
            EngineError: the database does not answer; what was not adopted yet is prepared anew when it does.
        """
        preparing = self._preparation
        if preparing is None:
            self._look()
            return False
        if preparing.thread is not None and preparing.thread.is_alive():
            return False
        self._preparation = None
        try:
            return self._finish(preparing)
        except EngineError:
            self.tried = self.running
            raise

    def _look(self) -> None:
        if time.monotonic() - self._looked < LOOK_S:
            return
        number = self._sets.wanted()
        self._looked = time.monotonic()
        if number == self.tried:
            return
        self.tried = number
        preparation = self._preparation = _Preparation(number)
        work = (preparation, self._detector.recent())
        # A daemon: a stop of the process does not wait for rules that nobody will use.
        preparation.thread = threading.Thread(target=self._prepare, args=work, name="rules", daemon=True)
        preparation.thread.start()

    def _prepare(self, preparation: _Preparation, recent: Sequence[Event]) -> None:
        loaded = try_activation(self._sets, preparation.number)
        if isinstance(loaded, SocError):
            preparation.outcome = loaded
            return
        try:
            detector = self._make(loaded.ruleset)
            detector.warm(recent)
            preparation.outcome = (loaded, detector)
        except Exception as problem:  # a fault of ours in a rule nobody foresaw must not stop the stream
            _log.exception("activation %d cannot be run", preparation.number)
            preparation.outcome = unforeseen(problem)

    def _finish(self, preparation: _Preparation) -> bool:
        outcome = preparation.outcome
        if isinstance(outcome, DatabaseError):
            raise outcome
        if isinstance(outcome, tuple):
            outcome = self._adopt(*outcome)
        if outcome is None:
            return True
        _log.error("activation %d not loaded, %d runs on: %s", preparation.number, self.running, outcome)
        note_failed(self._sets, preparation.number, outcome, self._clock)
        return False

    def _adopt(self, loaded: Loaded, detector: SigmaDetector) -> SocError | None:
        self._account.note_runs()
        try:
            self._detector.adopt(detector)
        except ValueError as problem:
            return EngineError(msg("bộ luật mới không nhận được trạng thái đang giữ: {reason}", reason=str(problem)))
        self.running, self.loaded = loaded.plan.activation.number, loaded
        self._account.begin_runs()
        _log.info(
            "activation %d runs: %d rules, %d correlations, %d refused",
            self.running,
            len(loaded.ruleset.rules),
            len(loaded.ruleset.correlations),
            len(loaded.ruleset.refusals),
        )
        note_loaded(self._sets, loaded, self._clock)
        return None
