"""The HTML form: self-contained, accessible, and safe with hostile names."""

from __future__ import annotations

import re
from html.parser import HTMLParser

import pytest

from reports.document import BarChart, Letterhead
from reports.kinds import KINDS
from reports.render.html import render_html
from soc.compliance.assessment import Assessment
from soc.core.i18n import Lang

HEAD = Letterhead("", "TỈNH MẪU", "…/BC-TM", "Tỉnh Mẫu")


class Reader(HTMLParser):
    """Collects tags and their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


@pytest.fixture(scope="module")
def page(frozen: Assessment) -> str:
    return render_html(KINDS["periodic_4layer"].build(frozen, HEAD, Lang.VI)).decode()


def test_it_asks_for_nothing_from_outside(page: str) -> None:
    """No script, no link, no picture, no font by address."""
    reader = Reader()
    reader.feed(page)
    assert {tag for tag, _ in reader.tags} & {"script", "link", "img", "iframe", "object"} == set()
    assert "url(" not in re.sub(r"url\(#[\w-]+\)", "", page)
    assert not any(name in attributes for _, attributes in reader.tags for name in ("src", "href", "onclick"))


def test_a_hostile_name_stays_text(page: str) -> None:
    """An agency is called `<b>&</b>` here."""
    assert "Mẫu 02 &lt;b&gt;&amp;&lt;/b&gt;" in page
    assert "<b>&" not in page


def test_every_chart_has_a_table_of_the_same_numbers(page: str, frozen: Assessment) -> None:
    document = KINDS["periodic_4layer"].build(frozen, HEAD, Lang.VI)
    charts = sum(
        isinstance(block, BarChart)
        for block in (*document.summary, *(b for section in document.sections for b in section.blocks))
    )
    assert page.count('<table class="twin">') == page.count("<svg") == charts


def test_headings_and_tables_can_be_read_aloud(page: str) -> None:
    """One h1, then h2; every data table has a caption and scoped heads; ids are unique; the language is named."""
    reader = Reader()
    reader.feed(page)
    names = [tag for tag, _ in reader.tags]
    assert names.count("h1") == 1
    assert {name for name in names if re.fullmatch(r"h[1-6]", name)} == {"h1", "h2"}
    data = [
        attributes for tag, attributes in reader.tags if tag == "table" and attributes.get("role") != "presentation"
    ]
    assert names.count("caption") == len(data)
    assert all(attributes.get("scope") for tag, attributes in reader.tags if tag == "th")
    ids = [attributes["id"] for _, attributes in reader.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert ("html", {"lang": "vi"}) in reader.tags


def test_sample_data_is_marked(page: str) -> None:
    assert "DỮ LIỆU MẪU / SAMPLE DATA" in page
