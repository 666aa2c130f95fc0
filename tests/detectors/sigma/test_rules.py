"""Loading: everything that is wrong is said at once, with its line, and stops nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from detectors.sigma import RuleSet
from soc.core.errors import SetupError
from soc.core.i18n import Lang

GOOD = """\
title: good
id: 5b0a3d10-7f7a-4a55-9a3c-8d5cf1f7b001
logsource: {product: test}
detection:
    selection: {F: x}
    condition: selection
"""


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.write_text(text, "utf-8")
    return file


def refusals(ruleset: RuleSet) -> list[str]:
    return [refusal.render(Lang.EN) for refusal in ruleset.refusals]


def test_faults_of_all_rules_are_collected_with_file_and_line(tmp_path: Path) -> None:
    """The good rule between the bad ones is loaded."""
    text = GOOD + (
        "---\ntitle: bad modifier\nlogsource: {product: test}\ndetection:\n"
        "    selection:\n        F|contians: x\n    condition: selection\n"
        "---\ntitle: bad condition\nlogsource: {product: test}\ndetection:\n"
        "    selection: {F: x}\n    condition: selection and filtre\n"
    )
    file = write(tmp_path, "rules.yml", text)
    other = write(tmp_path, "yaml.yml", "title: 'open\n")
    ruleset = RuleSet.load([tmp_path], "none")
    assert [rule.title for rule in ruleset.rules] == ["good"]
    found = refusals(ruleset)
    assert found[0].startswith(f"{file}:12:9: unknown modifier: contians")
    assert "did you mean contains?" in found[0]
    assert found[1].startswith(f"{file}:19:5: the condition names filtre")
    assert found[2].startswith(f"{other}:")
    assert len(found) == 3


def test_a_duplicate_key_is_refused_as_one_of_the_two_would_be_lost(tmp_path: Path) -> None:
    """YAML 1.2 asks for unique keys."""
    file = write(tmp_path, "r.yml", GOOD.replace("{F: x}", "\n        F: x\n        F: y"))
    assert refusals(RuleSet.load([file], "none"))[0].startswith(f"{file}:7:9: bad YAML: duplicate key 'F'")


def test_the_same_id_in_two_rules_is_refused(tmp_path: Path) -> None:
    """References by id would be open."""
    write(tmp_path, "a.yml", GOOD)
    write(tmp_path, "b.yml", GOOD.replace("good", "other"))
    ruleset = RuleSet.load([tmp_path], "none")
    assert [rule.title for rule in ruleset.rules] == ["good"]
    assert "is used at" in refusals(ruleset)[0]


def test_a_file_named_twice_is_read_once(tmp_path: Path) -> None:
    """Overlapping folders are no fault."""
    file = write(tmp_path, "a.yml", GOOD)
    ruleset = RuleSet.load([tmp_path, file], "none")
    assert len(ruleset.rules) == 1
    assert not ruleset.refusals


def test_an_unreadable_file_is_said(tmp_path: Path) -> None:
    """A path that doesn't exist, and bytes that are no UTF-8."""
    (tmp_path / "latin.yml").write_bytes(b"title: \xe0\xe8\n")
    found = refusals(RuleSet.load([tmp_path / "no.yml", tmp_path / "latin.yml"], "none"))
    assert found[0].startswith(f"{tmp_path / 'no.yml'}: cannot read the rule file")
    assert found[1].startswith(f"{tmp_path / 'latin.yml'}:1:")


def test_a_correlation_on_a_refused_rule_is_refused_as_well(tmp_path: Path) -> None:
    """Never silently without one of its rules."""
    base = GOOD.replace("title: good", "title: base\nname: base").replace("F: x", "F|containz: x")
    correlation = (
        "title: c\ncorrelation:\n    type: event_count\n    rules: [base]\n    timespan: 5m\n    condition: {gte: 2}\n"
    )
    ruleset = RuleSet.load([write(tmp_path, "c.yml", f"{base}---\n{correlation}")], "none")
    assert ruleset.correlations == ()
    assert len(ruleset.refusals) == 2


def test_cases_beside_a_rule_are_no_rules(tmp_path: Path) -> None:
    """`<rule>.test.yaml` belongs to the tests of the pack."""
    write(tmp_path, "a.yml", GOOD)
    write(tmp_path, "a.test.yaml", "must_fire: []\n")
    assert not RuleSet.load([tmp_path]).refusals


def test_an_unknown_pipeline_is_a_matter_of_set_up(tmp_path: Path) -> None:
    """Nothing can run with it."""
    with pytest.raises(SetupError):
        RuleSet.load([tmp_path], str(tmp_path / "no-pipeline.yml"))


def test_a_pipeline_of_pysigma_renames_fields_and_adds_conditions(tmp_path: Path) -> None:
    """The NAME form of --pipeline."""
    from detectors.sigma import Engine

    pipeline = write(
        tmp_path,
        "p.yml",
        "name: p\npriority: 10\ntransformations:\n"
        "  - {id: map, type: field_name_mapping, mapping: {F: data.f}}\n"
        "  - {id: only, type: add_condition, conditions: {origin: here}}\n",
    )
    engine = Engine(RuleSet.load([write(tmp_path, "a.yml", GOOD)], str(pipeline)))
    assert engine.match({"data": {"f": "X"}, "origin": "here"})
    assert not engine.match({"data": {"f": "X"}, "origin": "there"})
    assert not engine.match({"F": "x", "origin": "here"})


def test_nfc_is_applied_with_a_pipeline_and_not_without(tmp_path: Path) -> None:
    """Composed and decomposed letters are different texts only for `none`."""
    from detectors.sigma import Engine

    file = write(tmp_path, "a.yml", GOOD.replace("F: x", "F: Nguye\u0302\u0303n"))
    assert Engine(RuleSet.load([file])).match({"F": "Nguy\u1ec5n"})
    assert not Engine(RuleSet.load([file], "none")).match({"F": "Nguy\u1ec5n"})
