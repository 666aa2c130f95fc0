"""A document as one self-contained HTML file: no script, no outside address, every chart with its table."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from reports.charts import bar_chart
from reports.document import BarChart, Block, Bullets, Document, Paragraph, Table
from reports.fonts import Face
from soc.core.i18n import msg

_TEMPLATES = Path(__file__).with_name("templates")


def render_html(document: Document) -> bytes:
    """The document as UTF-8 HTML; the accessible form of the report, as the PDF is not tagged."""
    return _render(document, faces=()).encode()


def print_html(document: Document, faces: Sequence[Face]) -> str:
    """The document as the HTML that the PDF is made from: with its fonts, and margins for paper."""
    return _render(document, faces=faces)


def _render(document: Document, faces: Sequence[Face]) -> str:
    words = {
        "nation": msg("CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM").render(document.lang),
        "motto": msg("Độc lập - Tự do - Hạnh phúc").render(document.lang),
        "sample": "DỮ LIỆU MẪU / SAMPLE DATA",
        "number": msg("Số: {number}", number=document.letterhead.number).render(document.lang),
        "addressee": msg("Kính gửi: {addressee}", addressee=document.letterhead.addressee).render(document.lang),
        "recipients": msg("Nơi nhận:").render(document.lang),
        "summary": msg("Tóm tắt").render(document.lang),
        "place_date": f"{document.letterhead.place}, {document.date}",
    }
    return _template().render(document=document, words=words, faces=faces)


@cache
def _template() -> Template:
    environment = Environment(
        loader=FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["svg"] = _svg
    environment.filters["kind"] = _kind
    return environment.get_template("document.html")


def _svg(chart: BarChart, ident: str) -> Markup:
    return Markup(bar_chart(chart, ident))  # noqa: S704 - made by us; every text in it is escaped there


def _kind(block: Block) -> str:
    return {Paragraph: "paragraph", Bullets: "bullets", Table: "table", BarChart: "chart"}[type(block)]
