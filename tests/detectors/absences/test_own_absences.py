"""Every definition of ours: its cases, and what an alert needs of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from detectors.absences.spec import load_absences, own_absences
from detectors.rulepack import own_rules
from detectors.sigma import RuleSet
from detectors.sigma.ruleset import rule_files
from detectors.testing import Needed, Normalise, run_cases
from soc.cli.rule_cases import case_normaliser

FILES = [file for folder in own_absences() for file in rule_files(folder)]


@pytest.fixture(scope="module")
def normalise() -> Normalise:
    return case_normaliser()


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_a_definition_tells_and_spares_what_its_cases_say(file: Path, normalise: Normalise) -> None:
    results = run_cases(file, normalise, Needed(fire=1, spare=3))
    assert [(result.name, str(result.fault)) for result in results if not result.passed] == []


def test_definitions_tell_what_an_alert_needs() -> None:
    found = load_absences(own_absences())
    assert [str(refusal) for refusal in found.refusals] == []
    for due in found.dues.values():
        ours = due.rule.custom["vonggac"]
        assert isinstance(ours, dict)
        assert set(ours) == {"title_vi", "advice", "entities", "threats"}
        assert due.rule.attack
        assert due.rule.falsepositives


def test_no_definition_shares_its_id_with_a_rule() -> None:
    assert not RuleSet.load([own_rules() / "sigma", *own_absences()]).refusals
