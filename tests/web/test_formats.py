"""Dates, numbers, hostile text and the geometry of drawings."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from soc.core.clock import Window
from soc.core.errors import InputError
from soc.core.i18n import Lang
from soc.storage.events import Bucket
from soc.web.charts import histogram, interval_for, ring, rounded
from soc.web.formats import Formats, to_type, typed_day, typed_moment
from soc.web.visible import shown
from soc.web.visit import preferred

MOMENT = datetime(2026, 11, 22, 3, 42, 7, 412_000, tzinfo=UTC)
VI, EN = Formats(Lang.VI), Formats(Lang.EN)


def test_moments_are_shown_in_local_time_and_the_readers_form() -> None:
    assert (VI.moment(MOMENT), EN.moment(MOMENT)) == ("22/11/2026 10:42", "22 Nov 2026 10:42")
    assert VI.second(MOMENT) == "22/11/2026 10:42:07.412"
    assert VI.long_moment(MOMENT).endswith("22/11/2026 10:42")
    assert EN.day(date(2026, 3, 4)) == "4 Mar 2026"


@pytest.mark.parametrize(
    ("number", "form"),
    [(2**63, "9.223.372.036.854.775.808"), (-1.25e21, "-1,25e+21"), (1.7e308, "1,7e+308"), (float("-inf"), "-∞")],
)
def test_a_number_too_long_to_read_is_shown_in_its_scientific_form(number: float, form: str) -> None:
    assert VI.number(number) == form


def test_what_is_typed_comes_back_as_it_was_understood() -> None:
    assert to_type(MOMENT) == "22/11/2026 10:42"
    assert typed_moment(to_type(MOMENT)) == MOMENT.replace(second=0, microsecond=0)


def test_numbers_and_sizes_have_the_readers_separators() -> None:
    assert (VI.number(1234.5), EN.number(1234.5)) == ("1.234,5", "1,234.5")
    assert (VI.percent(78.4), EN.percent(0)) == ("78,4%", "0.0%")
    assert (VI.size(20_000_000), VI.size(1_234_567), VI.size(12), EN.size(99_999)) == (
        "20 MB",
        "1,2 MB",
        "0,1 kB",
        "100 kB",
    )


def test_spans_name_their_two_largest_units() -> None:
    assert VI.span(timedelta(hours=21, minutes=32, seconds=59)) == "21 giờ 32 phút"
    assert VI.span(-timedelta(days=2, hours=3)) == "2 ngày 3 giờ"
    assert EN.span(timedelta(seconds=30)) == "0 min"


@pytest.mark.parametrize("text", ["22/11/2026", " 22/11/2026 ", "2026-11-22"])
def test_a_typed_day_is_read_the_local_way_or_as_iso(text: str) -> None:
    assert typed_day(text) == date(2026, 11, 22)


@pytest.mark.parametrize("text", ["", "31/02/2026", "11-22-2026", "22/11/26", "hôm nay", "22/11/2026 10:00"])
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(InputError) as problem:
        typed_day(text)
    assert "22/11/2026" in str(problem.value.expected)


@given(day=st.dates(date(1900, 1, 1), date(2199, 12, 31)))
@settings(max_examples=25, deadline=None, derandomize=True)
def test_a_shown_day_can_be_typed_back(day: date) -> None:
    assert typed_day(VI.day(day)) == day


@pytest.mark.parametrize("text", ["22/11/2026 10:42", "2026-11-22T10:42", "2026-11-22T03:42:00Z"])
def test_a_typed_moment_is_local_time_unless_it_says_otherwise(text: str) -> None:
    assert typed_moment(text) == datetime(2026, 11, 22, 3, 42, tzinfo=UTC)


def test_a_typed_day_is_its_midnight_and_nonsense_is_refused() -> None:
    assert typed_moment("22/11/2026") == datetime(2026, 11, 21, 17, 0, tzinfo=UTC)
    for text in ("22/11/2026 25:00", "x", "0001-01-01"):
        with pytest.raises(InputError):
            typed_moment(text)


@given(text=st.text())
@settings(max_examples=100, deadline=None, derandomize=True)
def test_shown_text_holds_no_markup_of_its_own(text: str) -> None:
    html = str(shown(text)).replace('<span class="mark">', "").replace("</span>", "")
    assert not set("<>\"'") & set(html)


def test_what_one_would_not_see_is_marked() -> None:
    assert shown("a\u202eb\u200bc\x00\u2028") == (
        'a<span class="mark">U+202E</span>b<span class="mark">U+200B</span>c'
        '<span class="mark">U+0000</span><span class="mark">U+2028</span>'
    )
    assert shown("hai dòng\nmột\tthẻ <b>") == "hai dòng\nmột\tthẻ &lt;b&gt;"


def test_a_ring_is_drawn_to_scale() -> None:
    half = ring(50)
    assert half.dash == pytest.approx(half.gap, abs=0.02)
    assert (ring(0).dash, ring(100).gap, ring(130).gap) == (0, 0, 0)


def test_a_single_event_is_visible_beside_a_thousand() -> None:
    start = datetime(2026, 11, 22, tzinfo=UTC)
    hour = timedelta(hours=1)
    chart = histogram([Bucket(start, 1000), Bucket(start + hour, 1), Bucket(start + 2 * hour, 0)], hour)
    assert [bar.height for bar in chart.bars] == [100, 1, 0]
    assert chart.peak == 1000
    assert chart.bars[-1].x + chart.bars[-1].width <= chart.width
    assert histogram([], hour).bars == ()


@pytest.mark.parametrize("days", [0.04, 1, 7, 30, 365])
def test_a_window_of_any_length_has_a_readable_number_of_bars(days: float) -> None:
    window = Window(MOMENT - timedelta(days=days), MOMENT)
    interval = interval_for(window)
    assert 10 <= (window.until - window.since) / interval <= 64


def test_bars_of_a_day_begin_at_local_midnight() -> None:
    window = rounded(Window(MOMENT - timedelta(days=30), MOMENT), timedelta(days=1))
    assert window.since == datetime(2026, 10, 22, 17, 0, tzinfo=UTC)
    assert window.until == MOMENT


@pytest.mark.parametrize(
    ("accept", "lang"),
    [
        ("vi-VN,vi;q=0.9,en;q=0.8", Lang.VI),
        ("en-US,en", Lang.EN),
        ("fr,en;q=0.5", Lang.EN),
        ("", Lang.VI),
        ("fr", Lang.VI),
    ],
)
def test_the_browsers_first_known_language_is_taken(accept: str, lang: Lang) -> None:
    assert preferred(accept, Lang.VI) is lang
