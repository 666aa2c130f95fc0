"""Charts as SVG of our own: horizontal bars with the colour and pattern of their layer.

Colour is never alone: each layer has a pattern, each bar its label and its value in words; a bar without a value is an empty
dashed box. Presentation attributes only, no style and no script, so the same picture works in a page, a file and the PDF.
"""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from reports.document import Bar, BarChart, Fill

WIDTH = 660
_LABEL, _VALUE, _ROW, _BAR, _TOP = 250, 120, 34, 20, 8
_SCALE = WIDTH - _LABEL - _VALUE
_LINE = 40
"""Letters of a label that fit on one line beside the bars."""

COLOURS = {
    Fill.LAYER_1: "#0A57C2",
    Fill.LAYER_2: "#015243",
    Fill.LAYER_3: "#9A5200",
    Fill.LAYER_4: "#6B1F73",
    Fill.PLAIN: "#4A5868",
}
"""Colours of the console, light theme."""
_PATTERNS = {
    Fill.LAYER_2: '<path d="M-2 2 L2 -2 M0 8 L8 0 M6 10 L10 6" stroke="{colour}" stroke-width="2.6"/>',
    Fill.LAYER_3: '<circle cx="2" cy="2" r="1.7" fill="{colour}"/><circle cx="6" cy="6" r="1.7" fill="{colour}"/>',
    Fill.LAYER_4: '<path d="M0 0 L8 8 M8 0 L0 8" stroke="{colour}" stroke-width="1.6"/>',
}
"""Diagonal, dots and cross-hatch for layers 2 to 4, drawn on 8 by 8; the others are solid."""


def bar_chart(chart: BarChart, ident: str) -> str:
    """The chart as an `<svg>` element.

    Args:
        ident: makes the ids of its patterns unique within the page.
    """
    height = _TOP * 2 + _ROW * len(chart.bars)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img" '
        f'aria-label="{escape(chart.caption)}" font-family="Tinos, serif" font-size="13" fill="#17202B">',
        "<defs>",
        *(_pattern(fill, f"{ident}-{fill}") for fill in sorted({bar.fill for bar in chart.bars} & _PATTERNS.keys())),
        "</defs>",
        *(part for row, bar in enumerate(chart.bars) for part in _row(chart, bar, _TOP + row * _ROW, ident)),
        f'<line x1="{_LABEL}" y1="{_TOP / 2}" x2="{_LABEL}" y2="{height - _TOP / 2}" stroke="#17202B" stroke-width="1"/>',
        "</svg>",
    ]
    return "".join(parts)


def _row(chart: BarChart, bar: Bar, top: float, ident: str) -> Iterator[str]:
    middle = top + _BAR / 2 + 7
    yield from _label(bar.label, middle)
    length = _SCALE * min(bar.value / chart.maximum, 1) if bar.value is not None and chart.maximum else 0
    colour = COLOURS[bar.fill]
    box = f'x="{_LABEL}" y="{top + 7}" height="{_BAR}"'
    if bar.value is None:
        yield f'<rect {box} width="{_SCALE}" fill="none" stroke="{colour}" stroke-dasharray="4 3"/>'
    elif length:
        fill = f"url(#{ident}-{bar.fill})" if bar.fill in _PATTERNS else colour
        yield f'<rect {box} width="{length:.1f}" fill="{fill}" stroke="{colour}"/>'
    at = _LABEL + (_SCALE if bar.value is None else length) + 6
    yield f'<text x="{at:.1f}" y="{middle + 5}">{escape(bar.text)}</text>'


def _label(text: str, middle: float) -> Iterator[str]:
    lines = _lines(text)
    first = middle + 5 - 7 * (len(lines) - 1)
    for number, line in enumerate(lines):
        yield f'<text x="{_LABEL - 8}" y="{first + 14 * number}" text-anchor="end">{escape(line)}</text>'


def _lines(text: str) -> list[str]:
    """At most two lines; what does not fit ends in an ellipsis (the table beside the chart has it whole)."""
    words, lines = text.split(), [""]
    for word in words:
        longer = f"{lines[-1]} {word}".strip()
        if len(longer) <= _LINE:
            lines[-1] = longer
        elif len(lines) < 2:
            lines.append(word)
        else:
            lines[-1] += "…"
            break
    return lines


def _pattern(fill: Fill, ident: str) -> str:
    drawing = _PATTERNS[fill].format(colour=COLOURS[fill])
    return f'<pattern id="{ident}" width="8" height="8" patternUnits="userSpaceOnUse">{drawing}</pattern>'
