"""Ready, partly blind, blind: what a rule can find where only some of its fields are ever sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from detectors.sigma import RuleSet
from detectors.sigma.state import RuleState, best_state, state_of

RULE = """\
title: t
logsource: {{product: test}}
detection:
    a: {{A: 1}}
    b: {{B: 1}}
    same: {{A|fieldref: B}}
    gone: {{B|exists: false}}
    none: {{B: null}}
    words: [mimikatz]
    condition: {condition}
"""


@pytest.mark.parametrize(
    ("condition", "state"),
    [
        ("a", RuleState.READY),
        ("a or b", RuleState.PARTLY_BLIND),
        ("a and b", RuleState.BLIND),
        ("b", RuleState.BLIND),
        ("a and not b", RuleState.PARTLY_BLIND),
        ("a and (b or b)", RuleState.BLIND),
        ("same", RuleState.BLIND),
        ("a and gone", RuleState.READY),
        ("a and none", RuleState.READY),
        ("a and not gone", RuleState.BLIND),
        ("a and not none", RuleState.BLIND),
        ("words", RuleState.READY),
        ("words and b", RuleState.BLIND),
    ],
)
def test_a_rule_is_blind_when_no_way_through_its_condition_is_open(
    tmp_path: Path, condition: str, state: RuleState
) -> None:
    """Only field A was ever seen."""
    file = tmp_path / "r.yml"
    file.write_text(RULE.format(condition=condition), "utf-8")
    ruleset = RuleSet.load([file], "none")
    assert state_of(ruleset.rules[0].program, ruleset.atoms, {"A"}) is state


def test_names_of_the_log_count_and_not_those_of_the_rule(tmp_path: Path) -> None:
    """As Image is NewProcessName in the Security log."""
    file = tmp_path / "r.yml"
    file.write_text(RULE.format(condition="a"), "utf-8")
    ruleset = RuleSet.load([file], "none")
    program = ruleset.rules[0].program
    assert state_of(program, ruleset.atoms, {"X"}, {"A": "X"}) is RuleState.READY
    assert state_of(program, ruleset.atoms, {"A"}, {"A": "X"}) is RuleState.BLIND


def test_one_kind_of_document_that_feeds_the_rule_is_enough() -> None:
    """And a source that sends nothing leaves it blind."""
    assert best_state([RuleState.BLIND, RuleState.READY, RuleState.PARTLY_BLIND]) is RuleState.READY
    assert best_state([]) is RuleState.BLIND
