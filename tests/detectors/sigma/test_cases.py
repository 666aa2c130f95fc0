"""Our own cases of the specification; cases/README.md explains their form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from detectors.sigma import Engine, RuleSet
from detectors.sigma.yaml12 import load_documents
from soc.core.i18n import Lang

FOLDER = Path(__file__).parent / "cases"
KEYS = {"name", "detection", "filters", "placeholders", "match", "leave", "refused"}


def _cases() -> list[Any]:
    found = []
    for file in sorted(FOLDER.glob("*.yaml")):
        for document in load_documents(file.read_bytes()):
            found += [pytest.param(case, id=f"{file.stem}: {case['name']}") for case in document.content]  # type: ignore[attr-defined]
    return found


def ruleset(folder: Path, case: dict[str, Any]) -> RuleSet:
    """The rule of a case and its filters."""
    source = {"product": "test"}
    rule = {
        "title": "rule",
        "name": "rule_under_test",
        "logsource": source,
        "detection": {"condition": "s", **case["detection"]},
    }
    filters = [
        {
            "title": "filter",
            "logsource": found.pop("logsource", source),
            "filter": {"rules": ["rule_under_test"], **found},
        }
        for found in map(dict, case.get("filters", ()))
    ]
    file = folder / "rule.yml"
    file.write_text(yaml.safe_dump_all([rule, *filters], allow_unicode=True, sort_keys=False), "utf-8")
    return RuleSet.load([file], "none", case.get("placeholders", {}))


@pytest.mark.parametrize("case", _cases())
def test_a_case_of_the_specification_holds(tmp_path: Path, case: dict[str, Any]) -> None:
    """Matches, leaves alone, or refuses; each event twice, the second time out of the memos."""
    assert set(case) <= KEYS
    loaded = ruleset(tmp_path, case)
    if "refused" in case:
        assert [case["refused"] in refusal.render(Lang.EN) for refusal in loaded.refusals] == [True], loaded.refusals
        return
    assert not loaded.refusals, [refusal.render(Lang.EN) for refusal in loaded.refusals]
    engine = Engine(loaded)
    assert case["match"]
    assert case["leave"]
    for event in case["match"] * 2:
        assert engine.match(event), event
    for event in case["leave"] * 2:
        assert not engine.match(event), event
