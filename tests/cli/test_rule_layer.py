"""`soc rules layer`: measures by cases, writes the layer, keeps what fired, and says what it could not load."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from detectors.attack_proof import FIRED_FILE
from detectors.rulepack import cases_of, own_rules
from soc.cli.rules import app

RULE = own_rules() / "sigma" / "one_stop" / "onestop_mass_export.yml"


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    folder = tmp_path / "rules"
    folder.mkdir()
    shutil.copy(RULE, folder)
    return folder


def test_a_rule_that_fires_makes_its_technique_solid_and_is_kept(rules: Path, tmp_path: Path) -> None:
    shutil.copy(cases_of(RULE), rules)
    out, fired = tmp_path / "layer.json", rules / FIRED_FILE
    result = CliRunner().invoke(app, ["layer", "--rules", str(rules), "--out", str(out), "--fired", str(fired)])
    assert result.exit_code == 0, result.output
    (entry,) = json.loads(out.read_bytes())["techniques"]
    assert entry["techniqueID"] == "T1213"
    assert entry["score"] == 1
    assert len(json.loads(fired.read_bytes())) == 1


def test_without_cases_the_technique_stays_hollow_and_the_layer_goes_to_stdout(rules: Path) -> None:
    result = CliRunner().invoke(app, ["layer", "--rules", str(rules)])
    assert result.exit_code == 0, result.output
    (entry,) = json.loads(result.stdout)["techniques"]
    assert entry["score"] == 0


def test_a_broken_rule_is_told_and_the_layer_of_the_others_is_written(rules: Path, tmp_path: Path) -> None:
    (rules / "broken.yml").write_text("title: x\nlogsource: {product: lgsp}\ndetection: {s: {a|nope: 1}, condition: s}")
    out = tmp_path / "layer.json"
    result = CliRunner().invoke(app, ["layer", "--rules", str(rules), "--out", str(out)])
    assert result.exit_code == 1
    assert "broken.yml" in result.stderr
    assert json.loads(out.read_bytes())["techniques"]
