"""Sentences a person reads: Vietnamese in the source, English from the catalogues beside each package.

A sentence is a whole message with named parts, `msg("Không đọc được {path}", path=p)`; nothing is glued together. English
lives in `<package>/locale/en.po` (gettext format, read with Babel). A test extracts every `msg("...")` and every `_("...")`
of the templates and fails on a missing or an unused entry.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cache
from pathlib import Path

PACKAGES = ("soc", "collectors", "detectors", "playbooks", "reports")
"""Top-level packages whose folders may hold a `locale/` folder."""


class Lang(StrEnum):
    """Languages of the suite."""

    VI = "vi"
    EN = "en"


@dataclass(frozen=True, slots=True)
class Message:
    """A sentence with named parts, not yet in any language.

    `text` is the Vietnamese source; a value may itself be a Message and is then rendered in the same language.
    """

    text: str
    values: Mapping[str, object] = field(default_factory=dict)

    def render(self, lang: Lang = Lang.VI) -> str:
        """The sentence in `lang`, parts filled in."""
        parts = {name: v.render(lang) if isinstance(v, Message) else v for name, v in self.values.items()}
        sentence = translate(self.text, lang)
        return sentence.format(**parts) if parts else sentence

    def __str__(self) -> str:
        return self.render()


def msg(text: str, /, **values: object) -> Message:
    """Mark `text` (Vietnamese) for translation and bind its named parts."""
    return Message(text, values)


def translate(text: str, lang: Lang) -> str:
    """`text` in `lang`; the Vietnamese source itself where the catalogue lacks it (a test makes sure that none is lacking)."""
    return text if lang is Lang.VI else _catalogue(lang).get(text, text)


@cache
def _catalogue(lang: Lang) -> Mapping[str, str]:
    from babel.messages.pofile import read_po  # noqa: PLC0415 - Vietnamese needs no catalogue

    entries: dict[str, str] = {}
    for path in catalogue_files(lang):
        with path.open("rb") as stream:
            entries.update((str(entry.id), str(entry.string)) for entry in read_po(stream) if entry.id and entry.string)
    return entries


def catalogue_files(lang: Lang) -> list[Path]:
    """Every catalogue of `lang` in the installed packages, in a stable order."""
    root = Path(__file__).resolve().parents[2]
    return sorted(path for package in PACKAGES for path in (root / package).rglob(f"locale/{lang}.po"))
