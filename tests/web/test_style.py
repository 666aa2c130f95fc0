"""The style sheet: contrast of every pair of tokens, the browser floor, the size."""

from __future__ import annotations

import gzip
import re
from itertools import product
from pathlib import Path

import pytest

from soc.web.assets import load_assets
from tests.conftest import ROOT

CSS = re.sub(r"/\*.*?\*/", "", (ROOT / "soc" / "web" / "static" / "console.css").read_text("utf-8"), flags=re.DOTALL)
TEMPLATES = sorted((ROOT / "soc" / "web" / "templates").rglob("*.html"))


def tokens(selector: str) -> dict[str, str]:
    """The colours that a theme sets; dark ones override the light ones."""
    block = CSS[CSS.index(selector + " {") :]
    found = re.findall(r"--([a-z0-9-]+): (#[0-9A-Fa-f]{6});", block[: block.index("}")])
    return dict(found)


LIGHT = tokens(":root")
THEMES = {"light": LIGHT, "dark": LIGHT | tokens(':root[data-theme="dark"]')}
SURFACES = ("page", "surface", "raised")
TEXTS = ("text", "muted", "link")
PAIRS = [
    *product(TEXTS, SURFACES),
    *product(("ok", "warn", "bad", "low"), (*SURFACES, "selected")),
    ("info", "page"),
    ("text", "selected"),
    ("text", "note"),
    ("warn", "note"),
    ("bad", "page"),
    ("band-text", "band"),
    ("on-action", "link"),
    ("on-critical", "critical"),
    ("on-high", "high"),
    ("on-medium", "medium"),
    ("page", "text"),
]
"""(ink, ground) of text: 4.5 to 1 at least, WCAG 2.2 success criterion 1.4.3."""
SHAPES = [*product(("border", "focus"), SURFACES), *product([f"layer-{n}" for n in range(1, 5)], SURFACES)]
"""(shape, ground) of controls and drawings: 3 to 1 at least, 1.4.11."""


def luminance(colour: str) -> float:
    """Relative luminance. Source: WCAG 2.2, definition of relative luminance."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def test_the_formula_knows_black_on_white() -> None:
    assert contrast("#000000", "#FFFFFF") == pytest.approx(21)


@pytest.mark.parametrize("theme", THEMES)
def test_text_is_readable_on_every_ground_it_stands_on(theme: str) -> None:
    known = THEMES[theme]
    weak = [(ink, ground) for ink, ground in PAIRS if contrast(known[ink], known[ground]) < 4.5]
    assert not weak


@pytest.mark.parametrize("theme", THEMES)
def test_controls_and_drawings_stand_out(theme: str) -> None:
    known = THEMES[theme]
    weak = [(shape, ground) for shape, ground in SHAPES if contrast(known[shape], known[ground]) < 3]
    assert not weak


def test_the_two_ways_into_the_dark_theme_have_the_same_colours() -> None:
    assert tokens(':root[data-theme="dark"]') == tokens(':root[data-theme="system"]')


def test_colours_stand_in_tokens_only() -> None:
    rules = CSS[CSS.index("*, *::before") :]
    assert not re.findall(r"#[0-9A-Fa-f]{3,8}\b", rules)


def test_every_token_that_is_used_is_set_and_every_one_set_is_used() -> None:
    used = set(re.findall(r"var\(--([a-z0-9-]+)\)", CSS))
    assert used == set(LIGHT)
    assert set(THEMES["dark"]) == set(LIGHT)


@pytest.mark.parametrize(
    "feature",
    [
        "color-mix",
        "subgrid",
        "@container",
        "@layer",
        ":has(",
        "popover",
        "view-transition",
        "oklch",
        "&",
        "@import",
        "url(",
    ],
)
def test_nothing_is_newer_than_the_browser_floor_and_nothing_is_fetched(feature: str) -> None:
    assert feature not in CSS


def test_no_rule_is_nested() -> None:
    depth, deepest = 0, 0
    for character in CSS:
        depth += (character == "{") - (character == "}")
        deepest = max(deepest, depth)
    assert depth == 0
    assert deepest == 2  # a rule inside a media query, no deeper


def test_vietnamese_capitals_are_not_cut() -> None:
    heights = [float(height) for height in re.findall(r"line-height: ([0-9.]+)", CSS)]
    assert min(heights) >= 1.3
    assert "text-transform" not in CSS
    assert "letter-spacing" not in CSS
    rules = re.findall(r"([^{}]+)\{([^{}]*)\}", CSS)
    fixed = {selector.strip() for selector, body in rules if re.search(r"(?<![-\w])height: [0-9.]+(?:px|rem)", body)}
    assert fixed == {".brand svg", ".visually-hidden", ".ring", ".histogram"}


def test_weights_are_within_their_budgets() -> None:
    known = load_assets()
    style, own, htmx = (known.find(known.url(name)) for name in ("console.css", "console.js", "htmx.js"))
    assert style is not None
    assert own is not None
    assert htmx is not None
    assert len(style.data) <= 20_000
    assert len(gzip.compress(own.data)) + len(gzip.compress(htmx.data)) <= 25_000


def test_a_page_names_every_asset_by_its_hash() -> None:
    assert re.fullmatch(r"/static/console\.[0-9a-f]{12}\.css", load_assets().url("console.css"))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_templates_hold_no_inline_style_handler_or_unsafe_filter(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"\sstyle=|<style|\son[a-z]+=|\|\s*safe\b|javascript:|https?://", text)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_every_form_that_writes_carries_its_token(path: Path) -> None:
    forms = re.findall(r"<form[^>]*method=\"post\".*?</form>", path.read_text(encoding="utf-8"), re.DOTALL)
    assert all("ui.token(csrf)" in form for form in forms)
