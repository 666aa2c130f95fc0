"""Secrets and personal numbers out of raw text, before anything is written to disk.

- *secrets* (`collectors.secret_masks`): the value behind a telling name, and what shows by itself that it is one, becomes
  `***`. Name and shape of the record stay, so it still parses;
- *citizen numbers* become `cccd:` and 16 hexadecimal digits of a keyed hash: the same citizen can be followed through the
  logs, but not named from them;
- *card numbers* are gone, nothing is kept.

Numbers are checked for structure (province code, century, year; issuer, length, check digit), and they must stand
alone, so dossier codes, epoch times, serials and hashes stay as they are. Time is linear in the length of the text.

Sources: Circular 59/2021/TT-BCA with the annexes of Circular 07/2016/TT-BCA (citizen number); ISO/IEC 7812-1 (card number).
"""

from __future__ import annotations

import hashlib
import hmac
import re
from dataclasses import dataclass

from collectors.secret_masks import MASK, mask_secrets

_PROVINCES = frozenset(
    f"{code:03d}"
    for code in (
        *(1, 2, 4, 6, 8, 10, 11, 12, 14, 15, 17, 19, 20, 22, 24, 25, 26, 27, 30, 31, 33, 34, 35, 36, 37, 38, 40, 42),
        *(44, 45, 46, 48, 49, 51, 52, 54, 56, 58, 60, 62, 64, 66, 67, 68, 70, 72, 74, 75, 77, 79, 80, 82, 83, 84, 86),
        *(87, 89, 91, 92, 93, 94, 95, 96),
    )
)
"""Codes of the 63 provinces that numbers were given out under; a number outlives the merger of its province."""

# No letter or digit beside it, unless that belongs to an escape (%3A, \n, \x22, \u0022); not the last group of a UUID, not a
# part of a decimal number or dotted code, not a hash of ours.
_ALONE_LEFT = (
    r"(?:(?<![^\W_])(?<!%)(?<!\d\.)(?<!-[0-9a-fA-F]{4}-)(?<!cccd:)"
    r"|(?<=%[0-9A-Fa-f]{2})|(?<=\\[nrt])|(?<=\\x[0-9A-Fa-f]{2})|(?<=\\u[0-9a-fA-F]{4}))"
)
_ALONE_RIGHT = r"(?![^\W_])(?!\.\d)"
_GROUPS = r"\d{4}([ -])\d{4}\1\d{4}\1\d{4}(?:\1\d{3})?|3\d{3}([ -])\d{6}\2\d{4,5}"
# the look-ahead goes first: it is the cheapest test and fails nearly everywhere
_NUMBER = re.compile(rf"(?=\d{{4}}){_ALONE_LEFT}(?:\d{{12,19}}|{_GROUPS}){_ALONE_RIGHT}", re.ASCII)
_MAYBE_NUMBER = re.compile(r"\d{4}(?:\d{8}|[ -]\d{4}[ -]\d{4}|[ -]\d{6}[ -])", re.ASCII)

# first digits (from, to), lengths of the number
_ISSUERS: tuple[tuple[int, int, range], ...] = (
    (4, 4, range(13, 20, 3)),  # Visa
    (51, 55, range(16, 17)),  # Mastercard
    (2221, 2720, range(16, 17)),  # Mastercard
    (34, 34, range(15, 16)),  # American Express
    (37, 37, range(15, 16)),  # American Express
    (300, 305, range(14, 20)),  # Diners Club
    (36, 36, range(14, 20)),  # Diners Club
    (38, 39, range(16, 20)),  # Diners Club
    (3528, 3589, range(16, 20)),  # JCB
    (6011, 6011, range(16, 20)),  # Discover
    (644, 649, range(16, 20)),  # Discover
    (65, 65, range(16, 20)),  # Discover
    (62, 62, range(16, 20)),  # UnionPay
    (9704, 9704, range(16, 20, 3)),  # NAPAS, the cards of Vietnamese banks
)
_LENGTHS = {str(prefix): lengths for first, last, lengths in _ISSUERS for prefix in range(first, last + 1)}
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)


@dataclass(frozen=True, slots=True)
class Redacted:
    """Text fit to be kept, and how many values were taken out of it."""

    text: str
    count: int


class Redactor:
    """Masks one text at a time; doing it again changes nothing.

    Args:
        key: key of the hashes of citizen numbers; the same key gives the same hash for the same citizen, so it is derived
            from the master key of the installation (`collectors.crypto.derive_key`).
        latest_birth_year: a citizen number with a later year of birth is none; the current year.
    """

    def __init__(self, key: bytes, latest_birth_year: int = 2099) -> None:
        self._key = key
        self._latest_birth_year = latest_birth_year

    def redact(self, text: str) -> Redacted:
        """`text` without secrets, card numbers and citizen numbers."""
        masked, count = mask_secrets(text)
        if _MAYBE_NUMBER.search(masked) is None:
            return Redacted(masked, count)
        return self._without_numbers(masked, count)

    def _without_numbers(self, text: str, count: int) -> Redacted:
        pieces: list[str] = []
        position = 0
        for found in _NUMBER.finditer(text):
            substitute = self._substitute(found)
            if substitute is not None:
                pieces += text[position : found.start()], substitute
                position = found.end()
                count += 1
        pieces.append(text[position:])
        return Redacted("".join(pieces), count)

    def _substitute(self, found: re.Match[str]) -> str | None:
        digits = found[0].replace(" ", "").replace("-", "")
        if is_citizen_number(digits, self._latest_birth_year):
            return "cccd:" + hmac.digest(self._key, digits.encode(), hashlib.sha256).hex()[:16]
        if is_card_number(digits):
            return "0" if _is_json_number(found) else MASK
        return None


def is_citizen_number(digits: str, latest_birth_year: int = 2099) -> bool:
    """12 digits: province, then sex and century (0-1: 19xx, 2-3: 20xx), then the year of birth, then six more."""
    if len(digits) != 12 or digits[:3] not in _PROVINCES or digits[3] not in "0123":
        return False
    return digits[3] in "01" or 2000 + int(digits[4:6]) <= latest_birth_year


def is_card_number(digits: str) -> bool:
    """13 to 19 digits of a known issuer with its length and a right check digit."""
    known = any(len(digits) in _LENGTHS.get(digits[:width], ()) for width in range(1, 5))
    return known and _check_digit_holds(digits)


def _check_digit_holds(digits: str) -> bool:
    """Luhn: ISO/IEC 7812-1 annex B."""
    odd = sum(map(int, digits[-1::-2]))
    return (odd + sum(_DOUBLED[int(digit)] for digit in digits[-2::-2])) % 10 == 0


def _is_json_number(found: re.Match[str]) -> bool:
    """A number without quotes in a JSON record: a mask in its place would make the whole record unreadable."""
    text = found.string
    if not text.startswith(("{", "[")):
        return False
    before, after = text[: found.start()][-4:].rstrip(), text[found.end() : found.end() + 4].lstrip()
    return before.endswith((":", "[", ",")) and after.startswith((",", "}", "]"))
