"""The rules an installation runs: those of the activation that is wanted, or of the newest one before it that can be loaded."""

from __future__ import annotations

import logging
from dataclasses import dataclass

from detectors.rulesets.importing import kept_refusals
from detectors.rulesets.model import Load, Plan, Refusal
from detectors.rulesets.service import RuleSets
from detectors.sigma import RuleSet
from soc.core.clock import Clock
from soc.core.errors import DefinitionError, EngineError, SocError
from soc.core.i18n import Lang, msg

_log = logging.getLogger("vonggac.rules")


@dataclass(frozen=True, slots=True)
class Loaded:
    """Compiled rules and where they came from.

    Attributes:
        failed: newer activations that could not be loaded, newest first, with the reason.
    """

    plan: Plan
    ruleset: RuleSet
    failed: tuple[tuple[int, SocError], ...] = ()

    @property
    def tried(self) -> int:
        """The newest activation that was tried."""
        return self.failed[0][0] if self.failed else self.plan.activation.number


def load_activation(sets: RuleSets, number: int) -> Loaded:
    """The rules of one activation; broken ones stay out.

    Raises:
        EngineError, NotFoundError: a set is damaged or gone, or nothing in it can run.
    """
    plan = sets.plan(number)
    ruleset = sets.load(plan.files)
    if not ruleset.rules:
        raise EngineError(
            msg("lần kích hoạt {number} không còn luật nào chạy được", number=number),
            advice=msg("quay về bằng: soc rules rollback"),
        )
    return Loaded(plan, ruleset)


def try_activation(sets: RuleSets, number: int) -> Loaded | SocError:
    """The rules of one activation, or why there are none; not even a fault of ours, in a rule nobody foresaw, may stop detection."""
    try:
        return load_activation(sets, number)
    except SocError as problem:
        return problem
    except Exception as problem:
        _log.exception("activation %d cannot be loaded", number)
        return unforeseen(problem)


def unforeseen(problem: Exception) -> EngineError:
    """A fault of ours as an error that can be kept and shown."""
    return EngineError(msg("lỗi bất ngờ khi nạp luật: {reason}", reason=repr(problem)[:200]))


def load_wanted(sets: RuleSets) -> Loaded:
    """The rules that shall run. When they cannot be loaded, those of the newest earlier activation that can: detection never stops for it.

    Raises:
        EngineError, SetupError: not even the own rules can be loaded.
    """
    failed: list[tuple[int, SocError]] = []
    for number in range(sets.wanted(), 0, -1):
        found = try_activation(sets, number)
        if isinstance(found, Loaded):
            return Loaded(found.plan, found.ruleset, tuple(failed))
        failed.append((number, found))
    plan = sets.plan(0)
    return Loaded(plan, sets.load(plan.files), tuple(failed))


def note_loaded(sets: RuleSets, loaded: Loaded, clock: Clock) -> None:
    """Remember a load, and the newer ones that failed before it."""
    for number, problem in reversed(loaded.failed):
        note_failed(sets, number, problem, clock)
    ruleset = loaded.ruleset
    sets.note_load(
        Load(
            clock.now(),
            loaded.plan.activation.number,
            loaded.plan.content,
            True,
            len(ruleset.rules),
            len(ruleset.correlations),
            len(ruleset.refusals),
            kept_refusals([fault for fault in ruleset.refusals if isinstance(fault, DefinitionError)]),
        )
    )


def note_failed(sets: RuleSets, number: int, problem: SocError, clock: Clock) -> None:
    """Remember that an activation could not be loaded."""
    reason = Refusal(problem.where, {lang.value: problem.render(lang) for lang in Lang})
    sets.note_load(Load(clock.now(), number, "", False, 0, 0, 0, (reason,)))
