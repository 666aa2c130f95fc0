"""Vietnamese text in every form in which it comes: declared charsets are read, others suspected and never guessed in silence."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors import viet_charsets
from collectors.text import decode
from collectors.viet_charsets import TCVN3, VNI, decode_legacy, suspected

SENTENCE = "Người dùng đăng nhập thất bại, mật khẩu hết hạn; cán bộ xã Phước Tân ký hồ sơ"
LETTERS = "àáảãạăằắẳẵặâầấẩẫậđèéẻẽẹêềếểễệìíỉĩịòóỏõọôồốổỗộơờớởỡợùúủũụưừứửữựỳýỷỹỵ"
FRENCH = "Où est le maïs naïf de l'hôtel déjà vu près du château, garçon"
GERMAN = "Für die Größe der Straße müssen wir schöne Äpfel prüfen"


def in_tcvn3(text: str) -> bytes:
    table = {letter: bytes([code]) for code, letter in viet_charsets._TCVN3.items()}
    return b"".join(table.get(char) or char.encode("ascii") for char in text)


def in_vni(text: str) -> bytes:
    table = viet_charsets._SINGLES | viet_charsets._PAIRS
    written = {letter: form for form, letter in table.items()}
    return "".join(written.get(char, char) for char in text).encode("latin-1")


@pytest.mark.parametrize(("charset", "write"), [(TCVN3, in_tcvn3), (VNI, in_vni)])
def test_a_declared_charset_is_read(charset: str, write: object) -> None:
    data = write(SENTENCE)  # type: ignore[operator]
    decoded = decode(data, charset)
    assert (decoded.text, decoded.charset, decoded.assumed) == (SENTENCE, charset, False)
    assert unicodedata.is_normalized("NFC", decoded.text)


@given(st.text(alphabet=LETTERS + "bcdghklmnpqrstvx 0123456789.,", max_size=60))
def test_every_letter_comes_back_from_tcvn3(text: str) -> None:
    assert decode_legacy(in_tcvn3(text), TCVN3) == text


@given(st.lists(st.sampled_from(SENTENCE.lower().split()), max_size=12))
def test_every_word_comes_back_from_vni(words: list[str]) -> None:
    text = " ".join(words)
    assert decode_legacy(in_vni(text), VNI) == text
    assert decode_legacy(in_vni(text.upper()), VNI) == text.upper()


def test_every_vowel_and_tone_has_its_place() -> None:
    """134 letters in VNI; TCVN3 has the capitals in a font of their own, but for seven."""
    assert set(LETTERS + LETTERS.upper()) <= {*viet_charsets._PAIRS.values(), *viet_charsets._SINGLES.values()}
    assert set(LETTERS + "ĂÂÊÔƠƯĐ") == set(viet_charsets._TCVN3.values())


@pytest.mark.parametrize("charset", [TCVN3, VNI])
def test_true_unicode_under_a_wrong_declaration_stays(charset: str) -> None:
    """A source that was renewed and whose declaration was forgotten."""
    assert decode(SENTENCE.encode(), charset).text == SENTENCE


def test_text_that_was_misread_and_saved_as_unicode_is_mended() -> None:
    """`Ngöôøi` as UTF-8, as databases hand it out."""
    assert decode(in_vni("Người").decode("latin-1").encode(), VNI).text == "Người"


@pytest.mark.parametrize(("write", "charset"), [(in_tcvn3, "latin-1?tcvn3"), (in_vni, "latin-1?vni")])
def test_an_undeclared_charset_is_suspected_and_not_guessed(write: object, charset: str) -> None:
    """Read as Latin-1, byte for byte, and marked."""
    data = write(SENTENCE)  # type: ignore[operator]
    decoded = decode(data)
    assert (decoded.charset, decoded.assumed) == (charset, True)
    assert decoded.text.encode("latin-1") == data


@pytest.mark.parametrize("text", [FRENCH, GERMAN])
def test_other_languages_are_not_suspected(text: str) -> None:
    assert suspected(text.encode("latin-1")) == ""


@pytest.mark.parametrize(
    ("text", "charset"),
    [
        (SENTENCE, "utf-8"),
        (unicodedata.normalize("NFD", SENTENCE), "utf-8-nfd"),
        (unicodedata.normalize("NFD", "Người ") + "dùng", "utf-8-mixed"),
    ],
)
def test_the_form_in_which_text_was_written_is_told(text: str, charset: str) -> None:
    """Values are in NFC whatever came; from `-nfd` the record as it was can be made again."""
    decoded = decode(text.encode())
    assert (decoded.text, decoded.charset) == (unicodedata.normalize("NFC", text), charset)
    if charset == "utf-8-nfd":
        assert unicodedata.normalize("NFD", decoded.text) == text


@pytest.mark.parametrize(
    ("charset", "data"),
    [
        ("cp1258", "nhà và cửa".replace("ử", "ư\u0309").encode("cp1258")),
        ("utf-16-le", "nhà và cửa".encode("utf-16-le")),
    ],
)
def test_codecs_of_python_may_be_declared(charset: str, data: bytes) -> None:
    assert decode(data, charset).text == "nhà và cửa"


@given(st.binary(max_size=120), st.sampled_from([TCVN3, VNI]))
def test_nothing_raises_under_a_declaration(data: bytes, charset: str) -> None:
    assert unicodedata.is_normalized("NFC", decode(data, charset).text)
