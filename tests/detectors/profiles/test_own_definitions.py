"""Every definition of ours: its cases, what an alert needs of it, and the refusals of definitions that make no sense."""

from __future__ import annotations

from pathlib import Path

import pytest

from detectors.profiles import load_profiles, own_definitions
from detectors.rulepack import own_rules
from detectors.sigma import RuleSet
from detectors.sigma.ruleset import rule_files
from detectors.testing import Needed, Normalise, run_cases
from soc.cli.rule_cases import case_normaliser
from soc.core.i18n import Lang

FILES = [file for folder in own_definitions() for file in rule_files(folder)]


@pytest.fixture(scope="module")
def normalise() -> Normalise:
    return case_normaliser()


@pytest.mark.parametrize("file", FILES, ids=[file.stem for file in FILES])
def test_a_definition_tells_and_spares_what_its_cases_say(file: Path, normalise: Normalise) -> None:
    results = run_cases(file, normalise, Needed(fire=1, spare=2))
    assert [(result.name, str(result.fault)) for result in results if not result.passed] == []


def test_definitions_of_both_kinds_tell_what_an_alert_needs() -> None:
    found = load_profiles(own_definitions())
    assert [str(refusal) for refusal in found.refusals] == []
    kinds = [kind for rule in found.ruleset.rules for kind in ("new_terms", "baseline") if kind in rule.custom]
    assert (kinds.count("new_terms"), kinds.count("baseline")) == (7, 6)
    for rule in found.ruleset.rules:
        ours = rule.custom["vonggac"]
        assert isinstance(ours, dict)
        assert set(ours) - {"threats"} == {"title_vi", "advice", "entities"}
        assert set(ours["advice"]) == {"vi", "en"}
        assert rule.attack
        assert rule.version
        assert rule.falsepositives
        assert rule.name == Path(rule.where.split(".yaml:")[0]).name


def test_no_definition_shares_its_id_with_a_rule() -> None:
    assert not RuleSet.load([own_rules() / "sigma", *own_definitions()]).refusals


HEAD = """title: T
id: 00000000-0000-4000-8000-000000000199
logsource: {product: lgsp}
detection: {s: {event.action: bad}, condition: s}
level: low
"""


@pytest.mark.parametrize(
    ("section", "line", "told"),
    [
        ("", 1, "has 0 of the sections new_terms, baseline"),
        ("new_terms: {fields: [a]}\nbaseline: {kind: rate, threshold: 3}\n", 1, "has 2 of the sections"),
        ("new_terms:\n  fields: []\n", 7, "new_terms.fields"),
        ("new_terms:\n  fields: [a]\n  learning: 14\n", 8, "no span such as 30m"),
        ("new_terms:\n  fields: [a]\n  feilds: [b]\n", 8, "new_terms.feilds"),
        ("baseline:\n  kind: rate\n  threshold: 0\n", 8, "baseline.threshold"),
        ("baseline:\n  kind: rarity\n  threshold: 3\n", 6, "a rarity needs them"),
        ("baseline:\n  kind: rate\n  slot: 7h\n  threshold: 3\n", 6, "slot must divide a day"),
    ],
)
def test_a_definition_that_makes_no_sense_is_refused_with_its_place(
    tmp_path: Path, section: str, line: int, told: str
) -> None:
    (tmp_path / "bad.yaml").write_text(HEAD + section)
    sound = HEAD.replace("0199", "0200") + "new_terms: {fields: [a]}\n"
    (tmp_path / "good.yaml").write_text(sound)
    found = load_profiles([tmp_path])
    assert len(found.ruleset.rules) == 1
    (refusal,) = found.refusals
    assert f"bad.yaml:{line}" in refusal.where
    assert told in refusal.render(Lang.EN)
