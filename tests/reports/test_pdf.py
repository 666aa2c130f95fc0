"""The PDF: layout of Decree 30/2020, embedded Vietnamese letters, marks on every page, and the same bytes each time."""

from __future__ import annotations

import io
import re
import subprocess
from dataclasses import replace
from functools import cache
from pathlib import Path

import pikepdf
import pytest
from pypdf import PdfReader

from reports.document import Document, Letterhead
from reports.fonts import faces
from reports.kinds import KINDS
from reports.render.pdf import render_pdf
from soc.compliance.assessment import Assessment
from soc.core.errors import SetupError
from soc.core.i18n import Lang

HEAD = Letterhead(
    "UBND TỈNH MẪU", "SỞ MẪU", "…/BC-SM", "Tỉnh Mẫu", recipients=("Lưu: VT.",), signer_authority=("GIÁM ĐỐC",)
)
MM = 72 / 25.4


@pytest.fixture(scope="module")
def document(frozen: Assessment) -> Document:
    return KINDS["periodic_4layer"].build(frozen, HEAD, Lang.VI)


@pytest.fixture(scope="module")
def pdf(document: Document, frozen: Assessment) -> bytes:
    return render_pdf(document, frozen.made)


@pytest.fixture(scope="module")
def reader(pdf: bytes) -> PdfReader:
    return PdfReader(io.BytesIO(pdf))


def test_stacked_vietnamese_marks_come_from_the_embedded_font(pdf: bytes) -> None:
    """Each letter with two marks maps to a glyph of an embedded Tinos, with an outline of its own."""
    found = {letter: fonts for letter, fonts in _letters(pdf).items() if letter in "ẾỘỮƯƠĐếộữắằẫẩặậ"}
    assert set("ộếậẩ") <= set(found)
    for letter, fonts in found.items():
        assert all("Tinos" in name for name in fonts), letter


def test_every_font_is_tinos_and_embedded(pdf: bytes) -> None:
    """Nothing falls back to a font of the machine."""
    for name, embedded in _fonts(pdf):
        assert re.fullmatch(r"/[A-Z]{6}\+Tinos-(Regular|Bold|Italic|BoldItalic)", name)
        assert embedded


def test_pages_are_a4_with_a_number_from_the_second_on(reader: PdfReader) -> None:
    """Centred in the top margin, not on the first page (Decree 30/2020, Annex I)."""
    for number, page in enumerate(reader.pages, 1):
        assert (float(page.mediabox.width), float(page.mediabox.height)) == pytest.approx((210 * MM, 297 * MM), abs=1)
        at = [(x, y) for text, x, y, _ in _placed(page) if text.strip() == str(number) and y > (297 - 22) * MM]
        assert len(at) == (0 if number == 1 else 1)
        for x, _ in at:
            assert x == pytest.approx((30 + (210 - 45) / 2) * MM, abs=4 * MM)


def test_text_keeps_to_the_margins(reader: PdfReader) -> None:
    """30 mm on the left; a line that ran out to the right would be cut on paper."""
    for page in reader.pages:
        for text, x, y, _ in _placed(page):
            assert x >= 30 * MM - 1 or y > (297 - 22) * MM, text
            assert x < (210 - 15) * MM, text


def test_the_first_page_carries_the_official_heading(reader: PdfReader) -> None:
    text = " ".join(reader.pages[0].extract_text().split())
    for part in (
        "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM",
        "Độc lập - Tự do - Hạnh phúc",
        "UBND TỈNH MẪU",
        "SỞ MẪU",
        "Số: …/BC-SM",
    ):
        assert part in text
    assert "Tỉnh Mẫu, ngày 24 tháng 11 năm 2026" in text


def test_body_text_is_13_point(reader: PdfReader) -> None:
    """Decree 30/2020: 13 to 14 points."""
    sizes = [size for text, _, _, size in _placed(reader.pages[1]) if text.startswith("Trong")]
    assert sizes == [pytest.approx(13, abs=0.1)]


def test_sample_data_is_marked_on_every_page(reader: PdfReader) -> None:
    assert all("DỮ LIỆU MẪU / SAMPLE DATA" in page.extract_text() for page in reader.pages)


def test_real_data_is_not_marked_as_sample(document: Document, frozen: Assessment) -> None:
    real = PdfReader(io.BytesIO(render_pdf(replace(document, sample=False), frozen.made)))
    assert not any("SAMPLE" in page.extract_text() for page in real.pages)


def test_the_same_document_gives_the_same_bytes(document: Document, frozen: Assessment, pdf: bytes) -> None:
    assert render_pdf(document, frozen.made) == pdf


def test_the_file_says_that_it_is_for_keeping(pdf: bytes) -> None:
    """PDF/A-2b: identification, output intent, no encryption, and the same dates in both sets of metadata."""
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        metadata = opened.open_metadata()
        assert (metadata["pdfaid:part"], metadata["pdfaid:conformance"]) == ("2", "B")
        assert opened.Root.OutputIntents[0].S == "/GTS_PDFA1"
        assert not opened.is_encrypted
        assert metadata["dc:title"] == str(opened.docinfo["/Title"])
        assert str(opened.docinfo["/CreationDate"]) == "D:20261124113300Z"
        assert metadata["xmp:CreateDate"] == "2026-11-24T11:33:00Z"


def test_missing_fonts_are_named_with_what_to_do(tmp_path: object) -> None:
    with pytest.raises(SetupError, match=r"\./run setup"):
        faces(tmp_path)  # type: ignore[arg-type]


def _placed(page: object) -> list[tuple[str, float, float, float]]:
    """(text, x, y, size) of each piece of text, in points from the lower left corner."""
    pieces: list[tuple[str, float, float, float]] = []

    def note(text: str, matrix: list[float], place: list[float], _font: object, size: float) -> None:
        if text.strip():
            scale = abs(matrix[3]) or 1
            x = matrix[0] * place[4] + matrix[4]
            y = matrix[3] * place[5] + matrix[5]
            pieces.append((text, x, y, abs(size * place[3] * scale)))

    page.extract_text(visitor_text=note)  # type: ignore[attr-defined]
    return pieces


def _fonts(pdf: bytes) -> list[tuple[str, bool]]:
    found = []
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        for page in opened.pages:
            for font in page.Resources.Font.values():
                base = font.DescendantFonts[0] if "/DescendantFonts" in font else font
                found.append((str(font.BaseFont), "/FontFile2" in base.FontDescriptor))
    return found


def _letters(pdf: bytes) -> dict[str, set[str]]:
    """Letter -> names of the embedded fonts that hold a glyph with an outline for it."""
    found: dict[str, set[str]] = {}
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        fonts = {
            str(f.BaseFont): f for page in opened.pages for f in page.Resources.Font.values() if "/DescendantFonts" in f
        }
        for name, font in fonts.items():
            outlines = _outlines(font.DescendantFonts[0].FontDescriptor.FontFile2.read_bytes())
            for glyph, letter in _unicode_map(font.ToUnicode.read_bytes()):
                if outlines(glyph):
                    found.setdefault(letter, set()).add(name)
    return found


def _unicode_map(cmap: bytes) -> list[tuple[int, str]]:
    """(glyph, letter) of a ToUnicode map. Source: Adobe Technical Note 5411."""
    pairs = re.findall(rb"<([0-9A-Fa-f]{4})>\s*<([0-9A-Fa-f]{4,})>\s*\n", cmap)
    return [(int(glyph, 16), bytes.fromhex(text.decode()).decode("utf-16-be")) for glyph, text in pairs]


def _outlines(font: bytes):  # type: ignore[no-untyped-def]
    """Whether a glyph of a TrueType font has an outline, by the length of its entry in `loca`. Source: OpenType 1.9, loca."""
    tables = {
        font[at : at + 4]: int.from_bytes(font[at + 8 : at + 12], "big")
        for at in range(12, 12 + 16 * int.from_bytes(font[4:6], "big"), 16)
    }
    width = 4 if int.from_bytes(font[tables[b"head"] + 50 : tables[b"head"] + 52], "big") else 2

    @cache
    def place(glyph: int) -> int:
        at = tables[b"loca"] + glyph * width
        return int.from_bytes(font[at : at + width], "big")

    return lambda glyph: place(glyph + 1) > place(glyph)


def test_a_real_renderer_draws_every_page(pdftoppm: str, pdf: bytes, reader: PdfReader, tmp_path: Path) -> None:
    """Poppler, which shares nothing with the engine that made the file, finds ink on each of its pages."""
    (tmp_path / "report.pdf").write_bytes(pdf)
    command = [pdftoppm, "-gray", "-r", "30", str(tmp_path / "report.pdf"), str(tmp_path / "page")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    pages = sorted(tmp_path.glob("page*.pgm"))
    assert len(pages) == len(reader.pages)
    for page in pages:
        assert min(page.read_bytes()[-50_000:]) < 100, f"{page.name} is blank"
