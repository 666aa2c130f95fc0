"""Building, listing and downloading reports: rights, tenants, audit."""

from __future__ import annotations

from pathlib import Path

import pytest

from reports.letterhead import blank_letterhead
from reports.shelf import ReportService
from reports.verify import Outcome, verify_report
from soc.access.principal import Principal, Role
from soc.compliance.assessment import Assessment
from soc.core.errors import ForbiddenError, InputError, NotFoundError
from soc.core.i18n import Lang
from soc.core.ids import sha256
from soc.core.scope import PROVINCE, Scope

LEAD = Principal("tc.tinh", Role.SHIFT_LEAD, "tinh-mau", PROVINCE)
AUDITOR = Principal("dg.tinh", Role.AUDITOR, "tinh-mau", PROVINCE)
ANALYST = Principal("ts.tinh", Role.ANALYST, "tinh-mau", PROVINCE)


def officer(number: int) -> Principal:
    agency = f"xa-mau-0{number}"
    return Principal(f"cb.mau0{number}", Role.OFFICER, agency, Scope(frozenset({agency})))


@pytest.fixture
def house_url(database_url: str) -> str:
    return database_url


@pytest.fixture
def shelf(house) -> ReportService:  # type: ignore[no-untyped-def]
    return ReportService(
        house.database,
        house.blobs,
        clock=house.clock,
        audit=house.audit,
        assessor=house.assessor,
        letterhead=lambda assessment, lang: blank_letterhead("tinh-mau", assessment, lang),
    )


def test_a_report_has_a_number_and_a_file_for_each_form_and_language(
    shelf: ReportService, assessment: Assessment
) -> None:
    made = shelf.build(LEAD, "periodic_4layer", assessment.id)
    assert made.id == "BC-2026-0001"
    assert [file.name.rpartition("2026-11-")[2] for file in made.files] == ["vi.pdf", "en.pdf", "vi.html", "en.html"]
    assert shelf.get(AUDITOR, made.id) == made
    assert shelf.all(AUDITOR) == [made]


def test_a_file_comes_back_as_it_was_made_and_the_download_is_remembered(
    shelf: ReportService,
    assessment: Assessment,
    house,  # type: ignore[no-untyped-def]
) -> None:
    made = shelf.build(LEAD, "periodic_4layer", assessment.id, forms=["html"], languages=[Lang.VI])
    file, data = shelf.open_file(AUDITOR, made.id, made.files[0].name)
    assert sha256(data) == file.sha256
    with house.database.transaction() as session:
        acts = [
            (entry.actor, entry.action) for entry in house.audit.entries(session) if entry.target == f"report/{made.id}"
        ]
    assert sorted(acts) == [("dg.tinh", "report.download"), ("tc.tinh", "report.build")]


def test_an_exported_report_verifies_byte_for_byte(
    shelf: ReportService,
    assessment: Assessment,
    house,  # type: ignore[no-untyped-def]
    tmp_path: Path,
) -> None:
    made = shelf.build(LEAD, "periodic_4layer", assessment.id, forms=["pdf"], languages=[Lang.EN])
    (path,) = shelf.export(LEAD, made.id, tmp_path / "out")
    checks = verify_report(path, house.assessor, issued=shelf.issued)
    assert checks[0].outcome is Outcome.SAME
    path.write_bytes(path.read_bytes() + b"\n")
    assert verify_report(path, house.assessor, issued=shelf.issued)[0].outcome is Outcome.DIFFERENT


def test_law_7_a_report_of_another_agency_does_not_exist(
    shelf: ReportService,
    assessment: Assessment,
    house,  # type: ignore[no-untyped-def]
) -> None:
    """Neither the province's nor a neighbour's, by any door."""
    own = house.assessor.assess(officer(1), "2026-11")
    mine = shelf.build(officer(1), "periodic_4layer", own.id, forms=["html"], languages=[Lang.VI])
    of_all = shelf.build(LEAD, "periodic_4layer", assessment.id, forms=["html"], languages=[Lang.VI])
    assert [report.id for report in shelf.all(officer(1))] == [mine.id]
    assert shelf.all(officer(2)) == []
    for report in (mine, of_all):
        with pytest.raises(NotFoundError):
            shelf.get(officer(2), report.id)
        with pytest.raises(NotFoundError):
            shelf.open_file(officer(2), report.id, report.files[0].name)
    with pytest.raises(NotFoundError):
        shelf.build(officer(2), "periodic_4layer", own.id)


def test_who_may_not_build_builds_nothing(shelf: ReportService, assessment: Assessment) -> None:
    for person in (AUDITOR, ANALYST):
        with pytest.raises(ForbiddenError):
            shelf.build(person, "periodic_4layer", assessment.id)


def test_unknown_kinds_and_forms_are_refused_with_those_that_exist(
    shelf: ReportService, assessment: Assessment
) -> None:
    with pytest.raises(InputError, match="periodic_4layer"):
        shelf.build(LEAD, "annual", assessment.id)
    with pytest.raises(InputError, match="pdf, html"):
        shelf.build(LEAD, "periodic_4layer", assessment.id, forms=["docx"])


def test_a_file_name_cannot_reach_elsewhere(shelf: ReportService, assessment: Assessment) -> None:
    made = shelf.build(LEAD, "periodic_4layer", assessment.id, forms=["html"], languages=[Lang.VI])
    with pytest.raises(NotFoundError):
        shelf.open_file(LEAD, made.id, "../../etc/passwd")
