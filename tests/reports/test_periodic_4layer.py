"""The periodic report as a document: complete, in both languages, and never claiming more than was proved."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from reports.document import BarChart, Block, Bullets, Document, Letterhead, Paragraph
from reports.kinds import KINDS
from reports.letterhead import blank_letterhead
from soc.compliance.assessment import Assessment, Status
from soc.core.i18n import Lang

HEAD = Letterhead("", "TỈNH MẪU", "…/BC-TM", "Tỉnh Mẫu")
VIETNAMESE = re.compile("[ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệỉịọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]", re.IGNORECASE)


def built(assessment: Assessment, lang: Lang = Lang.VI) -> Document:
    return KINDS["periodic_4layer"].build(assessment, HEAD, lang)


def blocks(document: Document) -> Iterator[Block]:
    yield from document.summary
    for section in (*document.sections, *document.annexes):
        yield from section.blocks


def texts(document: Document) -> Iterator[str]:
    """Every text of ours; table cells are left out, as names and file names stay as they are."""
    yield from (document.type_name, document.subject)
    yield from (label for label, _ in document.cover)
    yield from (section.title for section in (*document.sections, *document.annexes))
    for block in blocks(document):
        match block:
            case Paragraph(text=text):
                yield text
            case Bullets():
                continue
            case BarChart(caption=caption, head=head, unit=unit):
                yield from (caption, head, unit)
            case _:
                yield from (block.caption, *(column.head for column in block.columns))


def test_there_is_a_page_with_a_chart_for_each_layer(frozen: Assessment) -> None:
    sections = built(frozen).sections
    for number in (1, 2, 3, 4):
        section = sections[number - 1]
        assert section.title.startswith(f"Lớp {number}:")
        assert section.own_page
        assert any(isinstance(block, BarChart) for block in section.blocks)


def test_every_criterion_and_every_figure_is_in_the_report(frozen: Assessment) -> None:
    """Nothing judged is left out, and each figure stands in the annex with its snapshot."""
    document = built(frozen)
    cells = {cell for block in blocks(document) for row in getattr(block, "rows", ()) for cell in row}
    assert {result.criterion for layer in frozen.results for result in layer.criteria} <= cells
    assert {figure.snapshot for figure in frozen.all_figures()} <= cells


def test_what_is_not_measured_is_written_out_and_drawn_without_a_value(frozen: Assessment) -> None:
    """Layer 3 has nothing yet: no bar of zero length."""
    chart = next(block for block in built(frozen).summary if isinstance(block, BarChart))
    assert (chart.bars[2].value, chart.bars[2].text) == (None, "Chưa đo")


def test_a_nil_report_proves_what_was_heard_and_what_ran(nil_assessment: Assessment) -> None:
    """Silence is told from not listening."""
    document = built(nil_assessment)
    strong = [block.text for block in document.summary if isinstance(block, Paragraph) and block.strong]
    assert len(strong) == 1
    assert "1 nguồn có tín hiệu và 24 luật phát hiện đã chạy trên 345.600 lượt sự kiện" in strong[0]


def test_a_proposed_measure_is_never_worded_as_a_duty(frozen: Assessment) -> None:
    rows = {row[0]: row[1] for block in blocks(built(frozen)) for row in getattr(block, "rows", ())}
    for layer in frozen.results:
        for result in layer.criteria:
            assert ("đề xuất" in rows[result.criterion]) == (result.confidence == "proposed"), result.criterion


def test_the_english_report_is_english(frozen: Assessment) -> None:
    """Every heading, caption and sentence of ours."""
    left = [text for text in texts(built(frozen, Lang.EN)) if VIETNAMESE.search(text)]
    assert left == []


def test_the_same_assessment_gives_the_same_document(frozen: Assessment) -> None:
    assert built(frozen).hash == built(frozen).hash
    assert built(frozen).hash != built(frozen, Lang.EN).hash


def test_numbers_and_dates_are_written_the_local_way(frozen: Assessment) -> None:
    vietnamese, english = built(frozen), built(frozen, Lang.EN)
    assert "1.401 sự kiện" in vietnamese.summary[0].text  # type: ignore[union-attr]
    assert "1,401 events" in english.summary[0].text  # type: ignore[union-attr]
    assert vietnamese.date == "ngày 24 tháng 11 năm 2026"
    assert english.date == "24 November 2026"


def test_a_report_on_one_agency_is_issued_by_it_under_its_province(frozen: Assessment) -> None:
    """Until somebody fills in the rest, there are dots and no invented names."""
    head = blank_letterhead("tinh-mau", frozen, Lang.VI)
    assert (head.parent_agency, head.agency, head.signer_name) == ("", "TỈNH MẪU", "")


@pytest.mark.parametrize("status", list(Status))
def test_every_status_has_a_word_in_both_languages(status: Status) -> None:
    assert status.label.render(Lang.VI) != status.label.render(Lang.EN)
