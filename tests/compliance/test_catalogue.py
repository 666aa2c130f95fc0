"""The catalogue of the 4-layer model and the log duties of the levels."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from collectors.platform import LOG_TYPES
from soc.compliance.catalogue import Catalogue, Confidence, EvidenceKind, load_catalogue, load_levels
from soc.compliance.measures import MEASURES
from soc.core.errors import FaultsError


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load_catalogue()


def test_every_layer_has_its_criteria(catalogue: Catalogue) -> None:
    """44 criteria: 12, 12, 10 and 10."""
    day = date(2026, 11, 20)
    assert [len(catalogue.of_layer(layer, day)) for layer in (1, 2, 3, 4)] == [12, 12, 10, 10]


def test_the_deadlines_of_decree_331_do_not_apply_before_it_was_in_force(catalogue: Catalogue) -> None:
    """The 24 h / 72 h rule began on 2026-08-19."""
    before = {criterion.id for criterion in catalogue.of_layer(4, date(2026, 8, 18))}
    after = {criterion.id for criterion in catalogue.of_layer(4, date(2026, 8, 19))}
    assert after - before == {"L4-05"}


def test_only_texts_in_force_are_cited(catalogue: Catalogue) -> None:
    """L1-01 rests on Decree 331/2026 only from the day it is in force."""
    criterion = catalogue.criterion("L1-01")
    assert criterion is not None
    assert not any("331/2026" in text for text in catalogue.citations(criterion, date(2026, 8, 1)))
    assert "NĐ 331/2026/NĐ-CP, Điều 31.1" in catalogue.citations(criterion, date(2026, 11, 1))


def test_each_measured_criterion_is_in_the_catalogue_with_a_target(catalogue: Catalogue) -> None:
    """No measure without a criterion to judge by."""
    for ident in MEASURES:
        criterion = catalogue.criterion(ident)
        assert criterion is not None
        assert criterion.target is not None
        assert criterion.evidence_kind is EvidenceKind.TELEMETRY


def test_own_measures_stay_marked_as_proposals(catalogue: Catalogue) -> None:
    """The times of detection and response are never law."""
    proposed = {criterion.id for criterion in catalogue.criteria if criterion.confidence is Confidence.PROPOSED}
    assert {"L1-04", "L1-11", "L2-03", "L2-07", "L2-08", "L3-10", "L4-03", "L4-09"} == proposed


def test_the_hash_follows_the_content_and_not_the_layout(catalogue: Catalogue, tmp_path: Path) -> None:
    """A comment changes nothing; a changed word does."""
    text = Path("soc/compliance/catalogues/four_layer.yaml").read_text("utf-8")
    same, other = tmp_path / "same.yaml", tmp_path / "other.yaml"
    same.write_text("# a comment\n" + text, "utf-8")
    other.write_text(text.replace("Lực lượng tại chỗ", "Lực lượng khác", 1), "utf-8")
    assert load_catalogue(same).hash == catalogue.hash
    assert load_catalogue(other).hash != catalogue.hash


def test_all_faults_are_reported_with_their_lines(tmp_path: Path) -> None:
    """An unknown key, a missing one and a wrong value in one pass."""
    text = Path("soc/compliance/catalogues/four_layer.yaml").read_text("utf-8").splitlines()
    first = next(number for number, line in enumerate(text) if line.strip() == "- id: L1-01")
    text[first + 1] = "    layr: 1"
    period = next(n for n in range(first, len(text)) if text[n].strip().startswith("period:"))
    text[period] = "    period: week"
    path = tmp_path / "broken.yaml"
    path.write_text("\n".join(text), "utf-8")
    with pytest.raises(FaultsError) as caught:
        load_catalogue(path)
    assert len(caught.value.faults) == 3
    assert {f"{path}:{first + 2}", f"{path}:{period + 1}"} <= {fault.where for fault in caught.value.faults}


def test_a_reference_to_an_unknown_text_is_refused(tmp_path: Path) -> None:
    """Every legal basis must be listed with its validity."""
    text = Path("soc/compliance/catalogues/four_layer.yaml").read_text("utf-8")
    path = tmp_path / "dangling.yaml"
    path.write_text(text.replace("{text: tt12,", "{text: tt99,"), "utf-8")
    with pytest.raises(FaultsError, match="tt99"):
        load_catalogue(path)


def test_levels_ask_for_more_logs_and_longer_retention_as_they_rise() -> None:
    """TCVN 14423:2026 x.8.2.1: 1, 3, 6 and 12 months for levels 2 to 5, none for level 1."""
    levels = load_levels()
    assert [levels.levels[level].retention_months for level in (1, 2, 3, 4, 5)] == [None, 1, 3, 6, 12]
    assert [len(levels.levels[level].required) for level in (1, 2, 3, 4, 5)] == [3, 3, 4, 5, 5]


def test_log_types_that_stand_for_a_duty_exist_in_the_platform_registry() -> None:
    """A word that no platform can declare would make a duty that nobody can meet."""
    named = {name for required in load_levels().required_types.values() for name in required.met_by}
    assert named <= set(LOG_TYPES)
