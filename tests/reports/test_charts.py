"""Charts: well-formed SVG, colour never alone, nothing measured never drawn as zero."""

from __future__ import annotations

from xml.etree import ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports.charts import COLOURS, bar_chart
from reports.document import Bar, BarChart, Fill

SVG = "{http://www.w3.org/2000/svg}"


def chart(*bars: Bar) -> ET.Element:
    return ET.fromstring(bar_chart(BarChart("Biểu đồ", "Lớp", "Điểm", 100, bars), "x"))  # noqa: S314 - our own SVG


def test_layers_differ_by_pattern_as_well_as_colour() -> None:
    """Layer 1 solid, 2 to 4 with three different drawings; four different colours."""
    drawn = chart(*(Bar(str(fill), 50, "50%", fill) for fill in Fill if fill is not Fill.PLAIN))
    drawings = {"".join(child.tag + child.get("d", "") for child in pattern) for pattern in drawn.iter(f"{SVG}pattern")}
    assert len(drawings) == 3
    assert len({COLOURS[fill] for fill in Fill}) == 5


def test_a_bar_is_as_long_as_its_value() -> None:
    full, half = (
        box for box in chart(Bar("a", 100, "100%", Fill.PLAIN), Bar("b", 50, "50%", Fill.PLAIN)).iter(f"{SVG}rect")
    )
    assert float(full.get("width", 0)) == pytest.approx(2 * float(half.get("width", 0)))


def test_not_measured_is_an_empty_dashed_box_and_zero_is_no_box() -> None:
    (box,) = chart(Bar("a", None, "Chưa đo", Fill.LAYER_3)).iter(f"{SVG}rect")
    assert (box.get("fill"), box.get("stroke-dasharray")) == ("none", "4 3")
    assert not list(chart(Bar("a", 0, "0%", Fill.LAYER_3)).iter(f"{SVG}rect"))


@given(st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=120))
@settings(max_examples=50, deadline=None, derandomize=True)
def test_no_label_breaks_out_of_the_picture(label: str) -> None:
    """Names come from outside: they are escaped, and take two lines at most."""
    drawn = chart(Bar(label, 10, "10%", Fill.PLAIN))
    assert len(list(drawn.iter(f"{SVG}text"))) <= 3
    assert {element.tag for element in drawn.iter()} <= {
        f"{SVG}{name}" for name in ("svg", "defs", "rect", "text", "line")
    }
