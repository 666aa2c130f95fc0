"""Verifying a report: law 9 from the file itself, and every way of tampering is found."""

from __future__ import annotations

import io
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pikepdf
import pytest

from reports.document import Letterhead
from reports.embedded import embed, extract, pages_hash
from reports.kinds import KINDS
from reports.render.pdf import render_pdf
from reports.verify import Check, Outcome, all_same, verify_report
from soc.access.principal import Principal, Role
from soc.compliance.assessment import Assessment
from soc.core.errors import InputError
from soc.core.i18n import Lang
from soc.core.scope import Scope

HEAD = Letterhead("", "TỈNH MẪU", "…/BC-TM", "Tỉnh Mẫu")


@pytest.fixture
def file(assessment: Assessment, tmp_path: Path) -> Path:
    path = tmp_path / "bao-cao.pdf"
    path.write_bytes(render_pdf(KINDS["periodic_4layer"].build(assessment, HEAD, Lang.VI), assessment.made))
    return path


def outcome(checks: list[Check], subject: str) -> Outcome:
    return next(check.outcome for check in checks if check.subject == subject)


def test_law_9_every_figure_of_a_report_recomputes(file: Path, house, assessment: Assessment) -> None:  # type: ignore[no-untyped-def]
    """From its stored query, although more facts have come since."""
    house.clock.advance(timedelta(hours=3))
    checks = verify_report(file, house.assessor)
    assert {check.outcome for check in checks} == {Outcome.SAME}
    assert {figure.id for figure in assessment.all_figures()} <= {check.subject for check in checks}


def test_a_report_proves_itself_after_its_events_are_gone(file: Path, house) -> None:  # type: ignore[no-untyped-def]
    """The kept rows give the same values; the check says that it used them."""
    house.store.delete_before(house.clock.now())
    checks = verify_report(file, house.assessor)
    assert all_same(checks)
    assert "dòng đã giữ" in str(next(check.detail for check in checks if check.subject == "overall.events"))


def test_without_a_home_the_file_still_shows_that_its_pages_fit(file: Path) -> None:
    checks = verify_report(file)
    assert outcome(checks, "pages") is Outcome.SAME
    assert outcome(checks, "overall.events") is Outcome.UNKNOWN


def test_a_number_changed_on_the_page_is_found_offline(file: Path) -> None:
    _edit(file, redraw=True)
    assert outcome(verify_report(file), "pages") is Outcome.DIFFERENT


def test_pages_changed_together_with_their_hash_are_found_at_home(file: Path, house) -> None:  # type: ignore[no-untyped-def]
    """The pages are laid out again from the kept assessment."""
    _edit(file, redraw=True, rehash=True)
    checks = verify_report(file, house.assessor)
    assert outcome(checks, "pages") is Outcome.SAME
    assert outcome(checks, "document") is Outcome.DIFFERENT


def test_a_changed_figure_is_found(file: Path, house) -> None:  # type: ignore[no-untyped-def]
    """Only that one: the others still come out the same."""
    _edit(file, figure="L2-01.share")
    checks = verify_report(file, house.assessor)
    different = {check.subject for check in checks if check.outcome is Outcome.DIFFERENT}
    assert different == {"L2-01.share"}


def test_a_figure_left_out_is_found(file: Path, house) -> None:  # type: ignore[no-untyped-def]
    _edit(file, drop="L4-05.on_time")
    assert outcome(verify_report(file, house.assessor), "L4-05.on_time") is Outcome.DIFFERENT


def test_a_file_without_its_private_data_is_no_report(file: Path) -> None:
    with pikepdf.open(file, allow_overwriting_input=True) as pdf:
        del pdf.Root.PieceInfo
        pdf.save(file)
    (check,) = verify_report(file)
    assert check.outcome is Outcome.DIFFERENT


def test_private_data_that_makes_no_sense_is_refused_and_not_believed(file: Path) -> None:
    with pikepdf.open(file, allow_overwriting_input=True) as pdf:
        pdf.Root.PieceInfo["/VongGac"].Private = pdf.make_stream(b'{"version": 1, "figures": 7}')
        pdf.save(file)
    (check,) = verify_report(file)
    assert check.outcome is Outcome.DIFFERENT


def test_something_that_is_no_pdf_is_refused_with_advice(tmp_path: Path) -> None:
    path = tmp_path / "x.pdf"
    path.write_bytes(b"not a pdf")
    with pytest.raises(InputError, match="tải lại"):
        verify_report(path)


def test_law_7_a_foreign_officer_learns_nothing_by_verifying(file: Path, house) -> None:  # type: ignore[no-untyped-def]
    """The assessment of the province is not there for them, so nothing is counted."""
    officer = Principal("cb.mau01", Role.OFFICER, "xa-mau-01", Scope(frozenset({"xa-mau-01"})))
    checks = verify_report(file, house.assessor, officer)
    assert outcome(checks, "assessment") is Outcome.UNKNOWN
    assert outcome(checks, "overall.events") is Outcome.UNKNOWN


def _edit(path: Path, *, redraw: bool = False, rehash: bool = False, figure: str = "", drop: str = "") -> None:
    """Tamper with a report as somebody with a PDF library would."""
    with pikepdf.open(io.BytesIO(path.read_bytes())) as pdf:
        content = extract(pdf)
        if redraw:
            pdf.pages[1].contents_add(b"q 1 0 0 rg 200 500 100 20 re f Q")
        figures = tuple(
            replace(one, value=99.0) if one.id == figure else one for one in content.figures if one.id != drop
        )
        pages = pages_hash(pdf) if rehash else content.pages
        embed(pdf, replace(content, figures=figures, pages=pages), datetime(2026, 11, 24, tzinfo=UTC))
        pdf.save(path)
