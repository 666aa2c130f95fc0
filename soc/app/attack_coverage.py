"""What the rules that run cover of ATT&CK, worked out once for each activation and not for each visit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from detectors.attack_catalogue import attack_catalogue
from detectors.attack_layer import AttackMatrix, matrix_of
from detectors.attack_proof import proofs_of, read_fired
from detectors.rulesets.model import OWN, SITE
from detectors.rulesets.service import RuleSets
from soc.access.principal import SYSTEM
from soc.app.rule_loading import load_wanted


@dataclass(frozen=True, slots=True)
class Covered:
    """The matrix, and in which set each of its rules is found: rule id -> reference of `RuleSets.rules_of`."""

    matrix: AttackMatrix
    sets: Mapping[str, str]


class AttackCoverage:
    """Coverage by the rules of the activation in force.

    Args:
        proven: folders of rules with a kept measurement (`detectors.attack_proof.FIRED_FILE`).
    """

    def __init__(self, sets: RuleSets, proven: Sequence[Path]) -> None:
        self._sets, self._proven = sets, tuple(proven)
        self._lock = Lock()
        self._made: tuple[int, Covered] | None = None

    def covered(self) -> Covered:
        """What is covered now; the rules are loaded anew only after another activation.

        Raises:
            InputError: a kept measurement cannot be read.
            EngineError, SetupError: no rules can be loaded.
        """
        wanted = self._sets.wanted()
        with self._lock:
            if self._made is None or self._made[0] != wanted:
                self._made = wanted, self._make()
            return self._made[1]

    def _make(self) -> Covered:
        loaded = load_wanted(self._sets)
        proofs = proofs_of(loaded.ruleset, read_fired(self._proven))
        activation = loaded.plan.activation
        references = [member.label for member in activation.members]
        references += [SITE] * activation.site + [OWN] * activation.own
        found = {entry.rule.id: name for name in references for entry in self._sets.rules_of(SYSTEM, name)}
        return Covered(matrix_of(proofs, attack_catalogue()), found)
