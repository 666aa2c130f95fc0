"""Coverage of ATT&CK: solid and hollow techniques, the way to the rules, the layer to take away."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

from detectors.attack_proof import FIRED_FILE
from soc.app.attack_coverage import AttackCoverage
from tests.web.house import Browser, House

SITE_RULE = """
title: Something of the site
id: 7d3f6c1e-5d0d-4b4e-9d5c-2f8f6f3f6a10
tags: [attack.collection, attack.t1115]
logsource: {product: one_stop}
detection: {a: {event.action: X}, condition: a}
level: medium
"""


def cell(page: str, technique: str) -> str:
    """The row of a technique."""
    return page.split(f">{technique} ", 1)[0].rpartition("<tr>")[2]


def test_the_page_counts_and_marks_techniques_and_leads_to_the_rules(
    house: House, visitor: Callable[..., Browser]
) -> None:
    page = visitor("ts.01", lang="en").get("/rules/coverage").text
    assert "Coverage of ATT&amp;CK" in page
    assert "techniques proven" in page
    assert "Credential Access" in page
    assert "■" in cell(page, "T1110")
    assert "/rules?set=vonggac&amp;q=" in page


def test_a_technique_that_rules_only_claim_is_hollow(
    house: House, visitor: Callable[..., Browser], tmp_path: Path
) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "site.yml").write_text(SITE_RULE, "utf-8")
    page = visitor("ts.01").get("/rules/coverage").text
    assert "□" in cell(page, "T1115")
    assert "1 mới khai" in page
    assert "/rules?set=site&amp;q=7d3f6c1e" in page


def test_a_measurement_of_the_site_makes_its_techniques_solid(
    house: House, visitor: Callable[..., Browser], tmp_path: Path
) -> None:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "site.yml").write_text(SITE_RULE, "utf-8")
    (tmp_path / "rules" / FIRED_FILE).write_text('["7d3f6c1e-5d0d-4b4e-9d5c-2f8f6f3f6a10"]')
    assert "■" in cell(visitor("ts.01").get("/rules/coverage").text, "T1115")


def test_the_layer_is_a_file_in_the_language_of_the_visitor(house: House, visitor: Callable[..., Browser]) -> None:
    answer = visitor("dg.01", lang="en").get("/rules/coverage/layer")
    assert answer.headers["content-disposition"].startswith("attachment")
    layer = json.loads(answer.content)
    assert layer["versions"]["layer"] == "4.5"
    assert "proven" in layer["description"]


def test_rules_are_loaded_once_for_each_activation(house: House) -> None:
    coverage: AttackCoverage = house.attack
    assert coverage.covered() is coverage.covered()
