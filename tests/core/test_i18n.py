"""Both languages are complete."""

from __future__ import annotations

from collections.abc import Iterator

from babel.messages.extract import extract_from_file
from babel.messages.pofile import read_po

from soc.core.i18n import PACKAGES, Lang, catalogue_files, msg
from tests.conftest import ROOT

KEYWORDS = {"msg": None, "_": None}


def sentences() -> Iterator[tuple[str, str]]:
    """(sentence, place) of every sentence in the source and in the templates."""
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*")):
            if "node_modules" in path.parts or path.suffix not in {".py", ".html", ".jinja"}:
                continue
            method = "python" if path.suffix == ".py" else "jinja2.ext:babel_extract"
            for line, text, _comments, _context in extract_from_file(method, path, keywords=KEYWORDS):
                yield str(text), f"{path.relative_to(ROOT)}:{line}"


def entries() -> Iterator[tuple[str, str, str]]:
    """(catalogue, sentence, English) of every entry."""
    for path in catalogue_files(Lang.EN):
        with path.open("rb") as stream:
            for entry in read_po(stream):
                if entry.id:
                    yield str(path.relative_to(ROOT)), str(entry.id), str(entry.string)


def test_every_sentence_has_its_english() -> None:
    """A missing entry would show Vietnamese on an English page."""
    known = {text for _, text, english in entries() if english}
    missing = [f"{place}: {text}" for text, place in sentences() if text not in known]
    assert not missing, "\n".join(missing)


def test_no_english_entry_is_unused() -> None:
    """An unused entry is a sentence that was reworded and lost its translation."""
    used = {text for text, _ in sentences()}
    unused = [f"{catalogue}: {text}" for catalogue, text, _ in entries() if text not in used]
    assert not unused, "\n".join(unused)


def test_no_sentence_has_two_translations() -> None:
    """One wording for one idea, whichever package says it."""
    seen: dict[str, str] = {}
    for catalogue, text, english in entries():
        assert seen.setdefault(text, english) == english, f"{catalogue}: {text}"


def test_a_message_fills_in_its_parts_in_the_language_asked_for() -> None:
    """Parts that are messages are rendered in the same language."""
    inner = msg("kiểu {kind}", kind="ip")
    assert msg("cần {expected}", expected=inner).render(Lang.EN) == "expected type ip"
    assert msg("cần {expected}", expected=inner).render(Lang.VI) == "cần kiểu ip"
