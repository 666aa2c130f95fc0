"""Bytes as text: nothing raises, nothing is lost, and a guess says that it is one."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collectors.text import decode, detect_utf16

SENTENCE = "Người dùng đăng nhập thất bại từ 192.0.2.7"


@pytest.mark.parametrize(
    ("data", "text", "charset", "assumed"),
    [
        (b"plain", "plain", "utf-8", False),
        (SENTENCE.encode(), SENTENCE, "utf-8", False),
        (b"\xef\xbb\xbf" + SENTENCE.encode(), SENTENCE, "utf-8", False),
        (SENTENCE.encode("utf-16"), SENTENCE, "utf-16-le", False),
        (b"\xfe\xff" + SENTENCE.encode("utf-16-be"), SENTENCE, "utf-16-be", False),
        (SENTENCE.encode("utf-16-le"), SENTENCE, "utf-16-le", True),
        ("café déjà vu, não".encode("latin-1"), "café déjà vu, não", "latin-1", True),
        ("nhà và cửa".replace("ử", "ư\u0309").encode("cp1258"), "nhà và cửa", "windows-1258", True),
        (b"", "", "utf-8", False),
    ],
)
def test_charsets_are_told_apart(data: bytes, text: str, charset: str, assumed: bool) -> None:
    decoded = decode(data)
    assert (decoded.text, decoded.charset, decoded.assumed) == (text, charset, assumed)


def test_a_known_charset_is_used_and_damage_to_it_is_marked() -> None:
    assert decode(SENTENCE.encode("utf-16-le"), "utf-16-le").text == SENTENCE
    damaged = decode(b"a\0b", "utf-16-le")
    assert damaged.text == "a\ufffd"
    assert damaged.assumed


def test_an_unknown_charset_name_is_ignored() -> None:
    assert decode(b"abc", "klingon").text == "abc"


def test_decomposed_letters_are_composed() -> None:
    assert decode(unicodedata.normalize("NFD", SENTENCE).encode()).text == SENTENCE


def test_nul_inside_stays_visible_and_nul_padding_goes() -> None:
    assert decode(b"\0\0\0user=a\0dmin\0").text == "user=a\u2400dmin"


def test_a_file_of_nuls_is_not_utf16() -> None:
    assert detect_utf16(b"\0" * 4096) == ""
    assert detect_utf16(b"") == ""


@given(st.binary(max_size=200))
def test_decoding_never_raises_and_gives_text_that_can_be_kept(data: bytes) -> None:
    text = decode(data).text
    assert "\0" not in text
    assert unicodedata.is_normalized("NFC", text)
    assert text.encode("utf-8").decode("utf-8") == text


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\0\ufeff"), max_size=200))
def test_utf8_comes_back_as_it_was(text: str) -> None:
    assert decode(text.encode()).text == unicodedata.normalize("NFC", text)
