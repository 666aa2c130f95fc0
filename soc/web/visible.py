"""Hostile text made visible: control, invisible and direction-changing characters are shown as marks, never obeyed."""

from __future__ import annotations

import unicodedata

from markupsafe import Markup, escape

_KEPT = {"\n", "\t"}
_BRIEF = 160


def brief(value: object) -> str:
    """A value of a field for one cell: several are listed, long ones cut; the page of the event has it whole."""
    text = ", ".join(map(str, value)) if isinstance(value, list) else str(value)
    return text if len(text) <= _BRIEF else text[:_BRIEF] + "…"


def shown(text: object) -> Markup:
    """`text` escaped for HTML, with every character one would not see as a mark of its code point."""
    plain = str(text)
    if plain.isprintable():
        return escape(plain)
    return Markup("").join(_shown(character) for character in plain)


def _shown(character: str) -> Markup:
    # Cf holds the direction marks and zero-width joiners, Zl and Zp break lines where nobody typed one
    if unicodedata.category(character) in {"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"} and character not in _KEPT:
        return Markup('<span class="mark">U+{:04X}</span>').format(ord(character))
    return escape(character)
