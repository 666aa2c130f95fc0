"""The Vietnamese charsets from before Unicode, in which old offices, databases and fonts still write.

- *TCVN3* (ABC fonts, `.VnTime`): one byte a letter. The capital fonts (`.VnTimeH`) use the same bytes, so a capital with a tone comes out
  small: the text does not say which font it was in.
- *VNI* (VNI-Windows): a vowel and a second byte for its mark and tone.

Both are ordinary Latin-1 to whoever does not know, so nothing tells them for sure: they are read where they are declared (`charset:` of a
source or format), and elsewhere only suspected, by pairs of bytes that neither Latin-1 prose nor the other charset has.

Sources: TCVN 5712:1993 (VN3); the VNI-Windows table of the fonts, from general knowledge, checked by round trip.
"""

from __future__ import annotations

import re
import unicodedata

TCVN3, VNI = "tcvn3", "vni"
LEGACY = (TCVN3, VNI)
LEAST_PAIRS = 3
"""So many telling pairs make a suspicion; French has one now and then."""

_TCVN3 = dict(
    zip(
        bytes(
            (
                *range(0xA1, 0xAF),
                *range(0xB5, 0xBA),
                *range(0xBB, 0xBF),
                *range(0xC6, 0xCD),
                *range(0xCE, 0xD9),
                *range(0xDC, 0xE0),
            )
        )
        + bytes((*range(0xE1, 0xF0), *range(0xF1, 0xFF))),
        "ĂÂÊÔƠƯĐăâêôơưđ" + "àảãáạ" + "ằẳẵắ" + "ặầẩẫấậè" + "ẻẽéẹềểễếệìỉ" + "ĩíịò" + "ỏõóọồổỗốộờởỡớợù" + "ủũúụừửữứựỳỷỹýỵ",
        strict=True,
    )
)
_TCVN3_TABLE = "".join(chr(code) if code < 0x80 else _TCVN3.get(code, "\ufffd") for code in range(256))

_GRAVE, _ACUTE, _HOOK, _TILDE, _DOT, _CIRCUMFLEX, _BREVE = (
    "\u0300",
    "\u0301",
    "\u0309",
    "\u0303",
    "\u0323",
    "\u0302",
    "\u0306",
)
_VNI_MARKS = {
    **dict(zip("øùûõï", (_GRAVE, _ACUTE, _HOOK, _TILDE, _DOT), strict=True)),
    **dict(zip("âàáåãä", (_CIRCUMFLEX + tone for tone in ("", _GRAVE, _ACUTE, _HOOK, _TILDE, _DOT)), strict=True)),
    **dict(zip("êèéúüë", (_BREVE + tone for tone in ("", _GRAVE, _ACUTE, _HOOK, _TILDE, _DOT)), strict=True)),
}
_VNI_LETTERS = {"ô": "ơ", "ö": "ư", "ñ": "đ", "ì": "ì", "í": "í", "æ": "ỉ", "ó": "ĩ", "ò": "ị", "î": "ỵ"}


def _vni_pairs() -> dict[str, str]:
    """Every pair that is a letter: circumflex over a, e, o; breve over a; tones over all vowels, ơ and ư."""
    pairs: dict[str, str] = {}
    for base in "aeouyôö":
        for second, marks in _VNI_MARKS.items():
            letter = unicodedata.normalize("NFC", _VNI_LETTERS.get(base, base) + marks)
            if len(letter) == 1:
                pairs[base + second] = letter
                pairs[(base + second).upper()] = letter.upper()
                pairs[base.upper() + second] = letter.upper()
    return pairs


_PAIRS = _vni_pairs()
_SINGLES = _VNI_LETTERS | {key.upper(): value.upper() for key, value in _VNI_LETTERS.items()}
_VNI = re.compile("|".join(map(re.escape, (*_PAIRS, *_SINGLES))))

_TCVN3_SIGN = re.compile(
    rb"[a-zA-Z][\xa8-\xae\xb5-\xb9\xbb-\xbe]|[\xa8-\xae\xb5-\xb9\xbb-\xbe][a-z]|[\xac\xad\xae][\xcb-\xfe]"
)
_VNI_SIGN = re.compile(
    rb"[aeouAEOU][\xf8\xfb\xef\xf5\xe5\xe3\xe4\xe0\xe1\xe2]|[\xf4\xf6][\xf8\xf9\xfb\xf5\xef]|\xf1[a-z\xf6\xf4]"
)


def decode_legacy(data: bytes, charset: str) -> str:
    """`data` in TCVN3 or VNI as Unicode (NFC). What stands for no letter becomes U+FFFD (TCVN3) or stays as Latin-1 (VNI).

    Text that is UTF-8 already is taken for what it shows: true Unicode stays, and what was once misread as Latin-1 and saved so is mended.
    """
    text = _latin_shape(data)
    if text is None:
        return unicodedata.normalize("NFC", data.decode("utf-8"))
    if charset == TCVN3:
        return text.translate(_FROM_TCVN3)
    return _VNI.sub(lambda found: _PAIRS.get(found[0]) or _SINGLES[found[0]], text)


_FROM_TCVN3 = {code: _TCVN3_TABLE[code] for code in range(0x80, 0x100)}


def _latin_shape(data: bytes) -> str | None:
    """The bytes as characters of Latin-1; None when the text is Unicode beyond it."""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")
    return text if all(ord(char) < 0x100 for char in text) else None


def suspected(data: bytes) -> str:
    """`tcvn3`, `vni` or empty, for bytes that are no UTF-8: what they look like; nothing is decoded by it."""
    tcvn3, vni = len(_TCVN3_SIGN.findall(data)), len(_VNI_SIGN.findall(data))
    if max(tcvn3, vni) < LEAST_PAIRS or tcvn3 == vni:
        return ""
    return TCVN3 if tcvn3 > vni else VNI
