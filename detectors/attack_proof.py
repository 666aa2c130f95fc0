"""Which rules have proven themselves: those that fired in a case they must catch, run through the real detector.

A tag says what its author meant to catch; only a case that fired says that the rule does. Measuring takes as long as
`soc rules test`, so the result is kept as a list of rule ids (`FIRED_FILE` beside the rules) and read by whoever shows it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import orjson

from detectors.alert import Names
from detectors.detector import title_of
from detectors.sigma.ruleset import RuleSet
from detectors.testing import CaseResult, Normalise, alerting_rules, run_all
from soc.core.errors import InputError, SocError
from soc.core.i18n import msg

FIRED_FILE = "fired.json"
"""In the root of a folder of rules: ids of the rules of that folder that fired in their cases, sorted."""


@dataclass(frozen=True, slots=True)
class RuleProof:
    """What a rule claims to catch (ATT&CK ids of its tags), and whether it was seen to fire."""

    id: str
    name: str
    title: Names
    level: str
    attack: tuple[str, ...]
    fired: bool


def measure_fired(roots: Iterable[Path], normalise: Normalise) -> frozenset[str]:
    """Ids of the rules at or below `roots` that fired in a case they must catch, in the way the case wants it.

    A file that cannot be tried (no cases, a fault) proves nothing; `soc rules test` tells why.
    """
    outcomes = (outcome for root in roots for outcome in run_all(root, normalise))
    return fired_in(result for outcome in outcomes if not isinstance(outcome, SocError) for result in outcome)


def fired_in(results: Iterable[CaseResult]) -> frozenset[str]:
    """Ids of the rules that fired in those of these cases that had to be caught and were."""
    caught = (result for result in results if result.must_fire and result.passed)
    return frozenset(alert.rule_id for result in caught for alert in result.alerts)


def proofs_of(ruleset: RuleSet, fired: frozenset[str]) -> tuple[RuleProof, ...]:
    """Every rule that makes alerts of its own, in order of loading."""
    return tuple(
        RuleProof(rule.id, rule.name, title_of(rule), rule.level.value, rule.attack, rule.id in fired)
        for rule in alerting_rules(ruleset)
    )


def write_fired(file: Path, fired: frozenset[str]) -> None:
    """Keep a measurement, one id a line, so that a change is seen as a change of lines."""
    file.write_bytes(orjson.dumps(sorted(fired), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))


def read_fired(roots: Iterable[Path]) -> frozenset[str]:
    """What was kept beside the rules in these folders; a folder without a measurement proves nothing.

    Raises:
        InputError: a file that is no list of ids.
    """
    return frozenset(ident for root in roots for ident in _read(root / FIRED_FILE))


def _read(file: Path) -> list[str]:
    try:
        found = orjson.loads(file.read_bytes())
    except FileNotFoundError:
        return []
    except (OSError, orjson.JSONDecodeError) as problem:
        raise _unreadable(file, str(problem)) from problem
    if not isinstance(found, list) or not all(isinstance(ident, str) for ident in found):
        raise _unreadable(file, type(found).__name__)
    return found


def _unreadable(file: Path, reason: str) -> InputError:
    return InputError(
        msg("không đọc được kết quả đo luật: {reason}", reason=reason),
        expected=msg("danh sách JSON các mã luật"),
        where=f"{file}:1",
        advice=msg("đo lại bằng: soc rules layer --fired {file}", file=str(file)),
    )
