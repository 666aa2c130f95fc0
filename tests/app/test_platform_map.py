"""The threats that rules answer, the check of the platforms against them, and the map of the five marks."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from collectors.platform import FOLDER, Platform, load_platforms
from soc.app.platform_check import check_platforms
from soc.app.platform_map import Mark, platform_rows
from soc.app.source_desk import SourceReport, SourceState
from soc.app.threat_answers import Answers, answers_of
from soc.core.i18n import Lang

RULE = """title: A worm
id: 5a8f0a58-0000-4000-8000-000000000001
name: worm
level: high
tags: [attack.t1091, atlas.aml.t0051]
vonggac: {title_vi: Một con sâu, threats: [usb-worm, Bad_Id]}
logsource: {service: fortinet}
detection: {s: {a: b}, condition: s}
"""


@pytest.fixture
def answers(tmp_path: Path) -> Answers:
    """One rule, one file with two ledgers of which one answers, a case file, and a file that cannot be read."""
    rules = tmp_path / "rules"
    (rules / "ledger").mkdir(parents=True)
    (rules / "worm.yml").write_text(RULE, "utf-8")
    (rules / "worm.test.yaml").write_text(RULE, "utf-8")
    (rules / "broken.yml").write_text("a: [", "utf-8")
    (rules / "ledger" / "due.yml").write_text(
        "title: Due\nvonggac: {threats: [batch-missing]}\n---\ntitle: Other\n", "utf-8"
    )
    return answers_of(rules)


def test_every_kind_of_definition_answers_threats(answers: Answers) -> None:
    """With its title in both languages and its techniques; what is no id of a threat answers nothing."""
    assert list(answers.of_threat) == ["batch-missing", "usb-worm"]
    (worm,) = answers.of_threat["usb-worm"]
    assert (worm.name, worm.title, worm.level) == ("worm", {"vi": "Một con sâu", "en": "A worm"}, "high")
    assert worm.attack == ("T1091", "AML.T0051")


def test_a_rule_that_names_a_service_looks_at_it_on_every_platform(answers: Answers) -> None:
    assert answers.looks_at("commune_network", "firewall", "fortinet")
    assert not answers.looks_at("commune_network", "firewall", "other")


def test_a_threat_without_a_rule_is_told_with_its_line(tmp_path: Path, answers: Answers) -> None:
    """And a format that no rule looks at is a notice, no fault."""
    folder = tmp_path / "platforms"
    folder.mkdir()
    text = (FOLDER / "antivirus.yaml").read_text("utf-8")
    named = "\nthreats:\n  - usb-worm\n  - usb-wrom\n  - never-heard-of"
    own = re.sub(r"\nthreats:.*?(?=\n\S|\Z)", named, text, flags=re.DOTALL)
    (folder / "antivirus.yaml").write_text(own, "utf-8")
    for keeper in ("commune_network", "data_integration_centre"):
        (folder / f"{keeper}.yaml").write_text((FOLDER / f"{keeper}.yaml").read_text("utf-8"), "utf-8")
    checked = check_platforms(folder, answers)
    told = [one.render(Lang.EN) for one in checked.faults if "antivirus" in one.where]
    line = own.splitlines().index("  - usb-wrom") + 1
    assert told[0].startswith(f"{folder}/antivirus.yaml:{line}: no rule answers threat 'usb-wrom'")
    assert "did you mean 'usb-worm'?" in told[0]
    assert told[1].startswith(f"{folder}/antivirus.yaml:{line + 1}: no rule answers threat 'never-heard-of'")
    assert any("no rule looks at format 'ksc_cef'" in one.render(Lang.EN) for one in checked.notices)
    assert (checked.files, len(checked.platforms)) == (3, 3)


def report(state: SourceState = SourceState.OK, unread: float | None = None) -> SourceReport:
    return SourceReport("tuong-lua-01", "commune_network", "xa-mau-01", "firewall", state, unread_share=unread)


@pytest.fixture(scope="module")
def commune() -> dict[str, Platform]:
    """One platform, as shipped."""
    return {"commune_network": load_platforms(strict=False)[0]["commune_network"]}


def test_what_is_not_known_is_not_counted_as_good(commune: dict[str, Platform], answers: Answers) -> None:
    (row,) = platform_rows(commune, [], answers, None)
    assert [told.mark for told in row.marks.values()] == [Mark.NO, Mark.UNKNOWN, Mark.NO, Mark.PARTLY, Mark.UNKNOWN]
    (row,) = platform_rows(commune, [report()], answers, frozenset())
    assert (row.connected.mark, row.watched.mark, row.exercised.mark) == (Mark.NO, Mark.UNKNOWN, Mark.NO)
    assert row.covered.detail.render(Lang.EN) == f"1/{len(commune['commune_network'].threats)} threats"


def test_a_share_that_cannot_be_read_shows(commune: dict[str, Platform], answers: Answers) -> None:
    marks = [
        platform_rows(commune, [report(unread=share)], answers, frozenset({"commune_network"}))[0]
        for share in (0.0, 0.01, 0.2)
    ]
    assert [row.parsed.mark for row in marks] == [Mark.YES, Mark.PARTLY, Mark.NO]
    assert marks[0].exercised.mark is Mark.YES
