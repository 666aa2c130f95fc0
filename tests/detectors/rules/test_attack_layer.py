"""Coverage of ATT&CK: what is solid and what hollow, and a layer the Navigator can open."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from detectors.attack_catalogue import attack_catalogue
from detectors.attack_layer import AttackMatrix, matrix_of, navigator_layer
from detectors.attack_proof import FIRED_FILE, RuleProof, measure_fired, proofs_of, read_fired, write_fired
from detectors.checks.attack import attack_table
from detectors.rulepack import cases_of, own_rules, sigma_files
from detectors.sigma import CorrelationRule, Rule, RuleSet
from detectors.testing import Normalise, alerting_rules
from soc.core.errors import InputError
from soc.core.i18n import Lang

SIGMA = own_rules() / "sigma"
FIELDS: dict[str, dict[str, type]] = {
    "": {
        "name": str,
        "versions": dict,
        "domain": str,
        "description": str,
        "sorting": int,
        "layout": dict,
        "hideDisabled": bool,
        "techniques": list,
        "gradient": dict,
        "legendItems": list,
    },
    "versions": {"attack": str, "navigator": str, "layer": str},
    "layout": {"layout": str, "showID": bool, "showName": bool, "expandedSubtechniques": str},
    "gradient": {"colors": list, "minValue": int, "maxValue": int},
    "technique": {
        "techniqueID": str,
        "score": int,
        "color": str,
        "comment": str,
        "enabled": bool,
        "showSubtechniques": bool,
    },
}
"""What we write of the layer format 4.5, with the types that its definition gives."""


def proof(name: str, *attack: str, fired: bool) -> RuleProof:
    return RuleProof(f"id-{name}", name, {"vi": f"Luật {name}", "en": f"Rule {name}"}, "high", attack, fired)


def matrix(*proofs: RuleProof) -> AttackMatrix:
    return matrix_of(proofs, attack_catalogue())


def entries(layer: Mapping[str, Any]) -> dict[str, Any]:
    return {entry["techniqueID"]: entry for entry in layer["techniques"]}


def assert_typed(found: Mapping[str, Any], kind: str) -> None:
    for name, value in found.items():
        assert isinstance(value, FIELDS[kind][name]), name


def test_the_catalogue_knows_tactics_in_the_order_of_the_matrix_and_techniques_with_theirs() -> None:
    catalogue = attack_catalogue()
    assert [tactic.id for tactic in catalogue.tactics][:3] == [
        "reconnaissance",
        "resource-development",
        "initial-access",
    ]
    assert {tactic.id for tactic in catalogue.tactics} == set(attack_table().tactics)
    assert catalogue.techniques["T1110.003"].name == "Password Spraying"
    known = {tactic.id for tactic in catalogue.tactics}
    for technique in catalogue.techniques.values():
        assert technique.tactics
        assert set(technique.tactics) <= known
        assert technique.parent in catalogue.techniques


def test_a_cell_is_solid_when_one_of_its_rules_fired_and_hollow_otherwise() -> None:
    found = matrix(proof("a", "T1190", fired=True), proof("b", "T1190", fired=False), proof("c", "T1046", fired=False))
    assert found.cells["T1190"].is_solid
    assert [rule.name for rule in found.cells["T1190"].claimed] == ["b"]
    assert not found.cells["T1046"].is_solid
    assert (found.solid, found.hollow) == (1, 1)


def test_a_technique_takes_over_what_its_sub_techniques_have() -> None:
    found = matrix(proof("a", "T1110.003", "T1110.001", fired=True), proof("b", "T1110.002", fired=False))
    cell = found.cells["T1110"]
    assert cell.is_solid
    assert cell.rules == ()
    assert [rule.name for rule in cell.fired] == ["a"]
    assert [(part.technique.id, part.is_solid) for part in cell.parts] == [
        ("T1110.001", True),
        ("T1110.002", False),
        ("T1110.003", True),
    ]


def test_a_technique_stands_under_each_of_its_tactics() -> None:
    columns = {tactic.id: cells for tactic, cells, _ in matrix(proof("a", "T1053.005", fired=True)).columns()}
    assert [tactic for tactic, cells in columns.items() if cells] == [
        "execution",
        "persistence",
        "privilege-escalation",
    ]


def test_ids_that_this_version_does_not_have_and_rules_without_any_are_told() -> None:
    found = matrix(proof("a", "T9999", fired=True), proof("b", fired=True))
    assert found.unknown == ("T9999",)
    assert [rule.name for rule in found.outside] == ["b"]
    assert not found.cells


def test_techniques_of_other_matrices_are_cells_of_their_own_and_stay_out_of_the_layer() -> None:
    found = matrix(proof("a", "T0801", "AML.T0051", "T1046", fired=True))
    assert [(cell.technique.id, cell.is_solid) for cell in found.others] == [("AML.T0051", True), ("T0801", True)]
    assert found.unknown == ()
    assert {entry["techniqueID"] for entry in navigator_layer(found, Lang.EN)["techniques"]} == {"T1046"}


def test_the_layer_has_the_fields_of_format_4_5_and_no_others() -> None:
    layer = navigator_layer(matrix(proof("a", "T1110.003", fired=True), proof("c", "T1046", fired=False)), Lang.EN)
    assert_typed(layer, "")
    for kind in ("versions", "layout", "gradient"):
        assert_typed(layer[kind], kind)
    assert layer["versions"]["layer"] == "4.5"
    assert layer["domain"] == "enterprise-attack"
    assert layer["gradient"]["maxValue"] > layer["gradient"]["minValue"]
    for entry in layer["techniques"]:
        assert_typed(entry, "technique")
        assert re.fullmatch(r"T\d{4}(\.\d{3})?", entry["techniqueID"])
        assert re.fullmatch(r"#[0-9a-f]{6}", entry["color"])
    assert all(set(item) == {"label", "color"} for item in layer["legendItems"])


def test_score_colour_and_comment_tell_the_rules_that_fired_from_those_that_claim() -> None:
    layer = navigator_layer(
        matrix(proof("a", "T1190", fired=True), proof("b", "T1190", fired=False), proof("c", "T1046", fired=False)),
        Lang.VI,
    )
    solid, hollow = entries(layer)["T1190"], entries(layer)["T1046"]
    assert (solid["score"], hollow["score"]) == (1, 0)
    assert solid["color"] != hollow["color"]
    assert solid["comment"] == "■ a: Luật a\n□ b: Luật b"


def test_a_rule_is_proven_by_a_case_that_fired_and_by_nothing_else(tmp_path: Path, normalise: Normalise) -> None:
    for name in ("onestop_mass_export", "onestop_night_approval_outside"):
        source = SIGMA / "one_stop" / f"{name}.yml"
        shutil.copy(source, tmp_path)
        shutil.copy(cases_of(source), tmp_path)
    broken = cases_of(tmp_path / "onestop_night_approval_outside.yml")
    broken.unlink()
    proofs = proofs_of(RuleSet.load([tmp_path]), measure_fired([tmp_path], normalise))
    assert {rule.name: rule.fired for rule in proofs} == {
        "onestop_mass_export": True,
        "onestop_night_approval_outside": False,
    }


def test_a_measurement_is_read_back_and_a_folder_without_one_proves_nothing(tmp_path: Path) -> None:
    write_fired(tmp_path / FIRED_FILE, frozenset({"b", "a"}))
    (tmp_path / "other").mkdir()
    assert read_fired([tmp_path, tmp_path / "other"]) == {"a", "b"}


@pytest.mark.parametrize("content", ["{", '{"a": 1}', "[1]"])
def test_a_broken_measurement_is_refused_with_its_place(content: str, tmp_path: Path) -> None:
    (tmp_path / FIRED_FILE).write_text(content)
    with pytest.raises(InputError, match="không đọc được kết quả đo luật"):
        read_fired([tmp_path])


def test_every_technique_of_our_rules_is_in_force() -> None:
    ruleset = RuleSet.load(sigma_files(SIGMA))
    assert matrix_of(proofs_of(ruleset, frozenset()), attack_catalogue()).unknown == ()


@pytest.mark.parametrize("rule", alerting_rules(RuleSet.load(sigma_files(SIGMA))), ids=lambda rule: rule.name)
def test_tactics_and_techniques_of_a_rule_belong_together(rule: Rule | CorrelationRule) -> None:
    catalogue = attack_catalogue()
    tactics = {tag.removeprefix("attack.") for tag in rule.tags} & {tactic.id for tactic in catalogue.tactics}
    enterprise = [ident for ident in rule.attack if ident not in catalogue.others]
    of_technique = {ident: set(catalogue.techniques[ident].tactics) for ident in enterprise}
    assert all(found & tactics for found in of_technique.values()), of_technique
    assert tactics <= set().union(*of_technique.values())
