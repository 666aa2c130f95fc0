"""Bytes as text, always: what a source wrote is kept even where nobody can say for sure in which charset.

The rules, in order:

1. A charset that the input knows (a UTF-16 file) or the source declares (`charset: tcvn3`) is used; what does not decode becomes U+FFFD
   and the record says so.
2. A byte order mark decides and is dropped.
3. Valid UTF-8 is UTF-8.
4. NUL in every other byte is UTF-16 without a mark.
5. Otherwise one byte is one character: Windows-1258 where a Vietnamese combining mark of that page stands behind a vowel,
   Latin-1 else. Neither can fail, so nothing is lost; the five bytes that Windows-1258 leaves open become U+FFFD. What looks like TCVN3 or
   VNI is read as Latin-1 all the same, and `charset` says so: `latin-1?tcvn3`. Somebody who knows the source declares it then.

Then NUL padding at both ends goes (copytruncate leaves megabytes of it), a NUL inside becomes U+2400 (databases refuse the
real one), and the text is put into NFC, the form rules and names are written in. `charset` ends in `-nfd` where the source wrote the
decomposed form throughout, so that the record as it was can be made again; in `-mixed` where it wrote both.

Source: Unicode 15 chapter 23.8 (byte order mark), UAX #15 (NFC); Windows-1258 table of the Unicode consortium.
"""

from __future__ import annotations

import re
import unicodedata
from codecs import BOM_UTF8, BOM_UTF16_BE, BOM_UTF16_LE
from dataclasses import dataclass

from collectors.viet_charsets import LEGACY, decode_legacy, suspected

UTF8, UTF16_LE, UTF16_BE, LATIN1, WINDOWS_1258 = "utf-8", "utf-16-le", "utf-16-be", "latin-1", "windows-1258"
NUL_PICTURE = "\u2400"
_MARKS = ((BOM_UTF8, UTF8), (BOM_UTF16_LE, UTF16_LE), (BOM_UTF16_BE, UTF16_BE))
_SAMPLE = 4096

# grave, hook above, tilde, acute and dot below of Windows-1258, behind a base vowel, are no pair of Latin-1 prose
_TONE_BEHIND_VOWEL = re.compile(
    rb"[aeiouyAEIOUY\xc2\xca\xd4\xd5\xdd\xc3\xe2\xea\xf4\xf5\xfd\xe3][\xcc\xd2\xde\xec\xf2]"
)


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text in NFC; `charset` in which the bytes were read; `assumed` when that was a guess or bytes had to be replaced."""

    text: str
    charset: str
    assumed: bool = False


def decode(data: bytes, charset: str = "") -> Decoded:
    """`data` as text by the rules at the top of this module. Never raises.

    Args:
        data: one record.
        charset: a Python codec name known from the file or the source's settings; empty = find out.
    """
    if data.isascii() and b"\0" not in data and charset in ("", UTF8, *LEGACY):
        return Decoded(data.decode("ascii"), UTF8)
    text, charset, assumed = _known(data, charset) if charset else _found_out(data)
    if "\0" in text:
        text = text.strip("\0").replace("\0", NUL_PICTURE)
    composed = unicodedata.normalize("NFC", text)
    if composed is not text and composed != text and charset == UTF8:
        charset += "-nfd" if unicodedata.normalize("NFD", composed) == text else "-mixed"
    return Decoded(composed, charset, assumed)


def detect_utf16(sample: bytes) -> str:
    """`utf-16-le`, `utf-16-be` or empty, for the beginning of a whole file: by its mark, else by where its NULs stand."""
    if sample.startswith((BOM_UTF16_LE, BOM_UTF16_BE)):
        return UTF16_LE if sample.startswith(BOM_UTF16_LE) else UTF16_BE
    pairs = min(len(sample), _SAMPLE) // 2
    high, low = sample[: 2 * pairs : 2].count(0), sample[1 : 2 * pairs : 2].count(0)
    if pairs and low >= 0.3 * pairs and high <= 0.05 * pairs:
        return UTF16_LE
    if pairs and high >= 0.3 * pairs and low <= 0.05 * pairs:
        return UTF16_BE
    return ""


def _known(data: bytes, charset: str) -> tuple[str, str, bool]:
    if charset in LEGACY:
        text = decode_legacy(data, charset)
        return text, charset, "\ufffd" in text
    try:
        text = data.decode(charset, "replace")
    except LookupError:
        return _found_out(data)
    return text.removeprefix("\ufeff"), charset, "\ufffd" in text


def _found_out(data: bytes) -> tuple[str, str, bool]:
    for mark, charset in _MARKS:
        if data.startswith(mark):
            return _known(data, charset)
    wide = detect_utf16(data) if b"\0" in data else ""
    if wide:
        return data.decode(wide, "replace"), wide, True
    try:
        return data.decode(UTF8), UTF8, False
    except UnicodeDecodeError:
        if suspicion := suspected(data):
            return data.decode(LATIN1), f"{LATIN1}?{suspicion}", True
        charset = WINDOWS_1258 if _TONE_BEHIND_VOWEL.search(data) else LATIN1
        return data.decode(charset, "replace"), charset, True
