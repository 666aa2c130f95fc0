"""Personal numbers in raw text: found by their structure or by the name in front of them, replaced by keyed hashes.

| what | by structure | kept instead |
|---|---|---|
| citizen number | 12 digits: province, sex and century, year of birth | `cccd:` and 16 hexadecimal digits |
| mobile number | `0` or `84`, a prefix of an operator, 7 digits, with or without separators | `phone:` ... |
| vehicle plate | province, series, 4 or 5 digits, with its hyphen or dot | `plate:` ... |
| patient code | only by name, or by the pattern that a platform declares | `patient:` ... |
| card number | issuer, length, check digit | nothing |

The hash is keyed, so the same citizen can be followed through the logs but not named from them. A number must stand alone: dossier codes,
epoch times, serials, hashes and coordinates stay as they are. What has no structure of its own (nine digits, a plate without its
separator) counts only behind a telling name. Fixed lines (02x) stay: they are numbers of offices.

Sources: Circular 59/2021/TT-BCA with the annexes of Circular 07/2016/TT-BCA (citizen number); the numbering plan of Circular
25/2015/TT-BTTTT as amended (mobile prefixes); Circular 24/2023/TT-BCA annex 02 (plates); ISO/IEC 7812-1 (card number). The lists of
prefixes and plate provinces are from general knowledge of these texts, not compared word for word.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from typing import TypeAlias

from collectors.secret_masks import MASK, Span, named

HASH_DIGITS = 16


class Kind(StrEnum):
    """What a keyed hash stands for; its label in the text."""

    CITIZEN = "cccd"
    PHONE = "phone"
    PLATE = "plate"
    PATIENT = "patient"
    OTHER = "pseudo"


@dataclass(frozen=True, slots=True)
class Pseudonyms:
    """Makes keyed hashes.

    Args:
        key: the same key gives the same hash for the same person.
        latest_birth_year: a citizen number with a later year of birth is none.
        tail_digits: how many of the last characters are kept behind the hash, 0 to 3, for comparing with a paper file.
    """

    key: bytes
    latest_birth_year: int = 2099
    tail_digits: int = 0

    def of(self, kind: Kind, normal: str) -> str:
        """The hash of a value in its normal form: digits, national form of a phone, a plate without separators."""
        known = normal if kind is Kind.CITIZEN else f"{kind}:{normal}"
        hashed = hmac.digest(self.key, known.encode("utf-8", "surrogatepass"), hashlib.sha256).hex()[:HASH_DIGITS]
        tail = f":{normal[-self.tail_digits :]}" if self.tail_digits and len(normal) > 2 * self.tail_digits else ""
        return f"{kind}:{hashed}{tail}"

    def of_text(self, kind: Kind, value: str) -> str:
        """The hash of a value as somebody wrote it; what is a hash already stays."""
        return value if HASHED.fullmatch(value) else self.of(kind, normal_form(kind, value))


PersonalReader: TypeAlias = Callable[[str, int, int, Pseudonyms], list[Span]]
"""Gives the spans to replace, for a word or shape found from start to end."""

TEMPLATE_LENGTH = 64


def template_pattern(template: str) -> str:
    """A declared form as a regular expression: `#` is a digit, `@` a capital letter, all else stands for itself; alone on both sides.

    No more than that can be declared, so no form that somebody writes can take long on a hostile line.
    """
    body = "".join({"#": r"\d", "@": "[A-Z]"}.get(char, re.escape(char)) for char in template)
    return rf"(?<![^\W_]){body}(?![^\W_])"


HASHED = re.compile(rf"(?:{'|'.join(Kind)}):[0-9a-f]{{{HASH_DIGITS}}}(?::[\w-]{{1,3}})?")

_PROVINCES = frozenset(
    f"{code:03d}"
    for code in (
        *(1, 2, 4, 6, 8, 10, 11, 12, 14, 15, 17, 19, 20, 22, 24, 25, 26, 27, 30, 31, 33, 34, 35, 36, 37, 38, 40, 42),
        *(44, 45, 46, 48, 49, 51, 52, 54, 56, 58, 60, 62, 64, 66, 67, 68, 70, 72, 74, 75, 77, 79, 80, 82, 83, 84, 86),
        *(87, 89, 91, 92, 93, 94, 95, 96),
    )
)
"""Codes of the 63 provinces that numbers were given out under; a number outlives the merger of its province."""

_MOBILE_STARTS = ("03", "05", "07", "08", "09", "84")
_MOBILE = re.compile(r"(?:0|(?:00)?84)((?:3[2-9]|5[25689]|7[06-9]|8[1-9]|9[0-46-9])\d{7})", re.ASCII)

# No letter or digit beside it, unless that belongs to an escape (%3A, \n, \x22, \u0022); not the last group of a UUID, not a
# part of a decimal number or dotted code, not a hash of ours.
_ALONE_LEFT = (
    rf"(?:(?<![^\W_])(?<!%)(?<!\d\.)(?<!-[0-9a-fA-F]{{4}}-){''.join(f'(?<!{kind}:)' for kind in Kind)}"
    r"|(?<=%[0-9A-Fa-f]{2})|(?<=\\[nrt])|(?<=\\x[0-9A-Fa-f]{2})|(?<=\\u[0-9a-fA-F]{4}))"
)
_ALONE_RIGHT = r"(?![^\W_])(?!\.\d)"
_CARD_GROUPS = r"\d{4}(?P<a>[ -])\d{4}(?P=a)\d{4}(?P=a)\d{4}(?:(?P=a)\d{3})?|3\d{3}(?P<b>[ -])\d{6}(?P=b)\d{4,5}"
_CITIZEN_GROUPS = r"\d{3}(?P<c>[ .-])\d{3}(?P=c)\d{3}(?P=c)\d{3}"
_PHONE_GROUPS = (
    r"84(?P<d>[ .-])(?:\d{3}(?P=d)\d{3}(?P=d)\d{3}|\d{2}(?P=d)\d{3}(?P=d)\d{4}|\d{9})|84\d{3}(?P<e>[ .-])\d{3}(?P=e)\d{3}"
    r"|0\d{3}(?P<f>[ .-])\d{3}(?P=f)\d{3}|0\d{2}(?P<g>[ .-])\d{3}(?P=g)\d{4}|0\d(?P<h>[ .-])\d{4}(?P=h)\d{4}|0\d{3}[ -]\d{6}"
)
_NUMBER = re.compile(
    rf"{_ALONE_LEFT}(?:\d{{10,19}}|{_CARD_GROUPS}|{_CITIZEN_GROUPS}|{_PHONE_GROUPS}){_ALONE_RIGHT}", re.ASCII
)
_SEPARATORS = str.maketrans("", "", " .-+()")

# ten digits behind such a name count or number something; FortiGate's `logid="0814044032"` looks like a phone
_COUNTS = re.compile(
    r"(?:log_?id|event_?id|session_?id|msg_?id|message_?id|request_?id|trace_?id|trans(?:action)?_?id|txn(?:_?id)?|order_?id|record_?id"
    r"|serial|seq|sn|pid|tid|code|bytes?|size|len(?:gth)?|duration|offset|time|stamp|ts|epoch|port)[\"'\\]{0,4}\s?[:=]\s?[\"'\\]{0,4}\Z",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"[A-Z0-9][-#]\Z", re.ASCII)
"""`DH-0912345678` is an order."""

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

_NO_PLATES = {10, 13, 42, 44, 45, 46, 87, 91, 96}
_PLATE_PROVINCES = frozenset(f"{code}" for code in range(11, 100) if code not in _NO_PLATES)
_SERIES = "ABCDEFGHKLMNPRSTUVXYZ"
_PLATE = re.compile(
    rf"{_ALONE_LEFT}(?P<province>\d\d)-?[{_SERIES}][{_SERIES}1-9]?(?:[- ]\d{{3}}\.\d\d|-(?:\d{{5}}|(?!19|20)\d{{4}})){_ALONE_RIGHT}",
    re.ASCII,
)
_PLATE_TEXT = re.compile(r"\d\d[ -]?[A-Za-zĐđ][A-Za-z0-9Đđ]?[ -]?\d{3}\.?\d{1,2}", re.ASCII)


def is_citizen_number(digits: str, latest_birth_year: int = 2099) -> bool:
    """12 digits: province, then sex and century (0-1: 19xx, 2-3: 20xx), then the year of birth, then six more."""
    if len(digits) != 12 or digits[:3] not in _PROVINCES or digits[3] not in "0123":
        return False
    return digits[3] in "01" or 2000 + int(digits[4:6]) <= latest_birth_year


def is_card_number(digits: str) -> bool:
    """13 to 19 digits of a known issuer with its length and a right check digit."""
    known = any(len(digits) in _LENGTHS.get(digits[:width], ()) for width in range(1, 5))
    return known and _check_digit_holds(digits)


def is_plate(text: str) -> bool:
    """Province code, series, four or five digits, with the hyphen or dot of a plate."""
    found = _PLATE.fullmatch(text)
    return found is not None and found["province"] in _PLATE_PROVINCES


def mobile_number(digits: str) -> str | None:
    """The national form (`0912345678`) of a mobile number in any form without separators; None when it is none."""
    found = _MOBILE.fullmatch(digits)
    return "0" + found[1] if found else None


def normal_form(kind: Kind, value: str) -> str:
    """What is hashed of `value`: two ways to write one thing give one hash."""
    if kind is Kind.OTHER:
        return value.strip()
    bare = value.strip().translate(_SEPARATORS)
    if kind is Kind.PHONE:
        return mobile_number(bare) or mobile_number("0" + bare) or bare
    return bare.upper() if kind in (Kind.PLATE, Kind.PATIENT) else bare


def _check_digit_holds(digits: str) -> bool:
    """Luhn: ISO/IEC 7812-1 annex B."""
    odd = sum(map(int, digits[-1::-2]))
    return (odd + sum(_DOUBLED[int(digit)] for digit in digits[-2::-2])) % 10 == 0


def _run(text: str, start: int, _end: int, pseudonyms: Pseudonyms) -> list[Span]:
    """Ten digits and more without a separator, looked at once for the whole run."""
    if start and text[start - 1].isdigit():
        return []
    before = text[max(0, start - 5) : start]
    if "%" not in before and "\\" not in before and not _may_be_personal(text[start : start + 20]):
        return []
    # the first digits of the run may belong to an escape: %22075..., \x22075..., \u0022075...
    for skipped in (0, 1, 2, 4) if "%" in before or "\\" in before else (0,):
        found = _NUMBER.match(text, start + skipped)
        span = _substitute(found, text, 0, pseudonyms) if found else None
        if span:
            return [span]
    return []


def _may_be_personal(digits: str) -> bool:
    """A cheap answer for the many runs of digits that are times and serials. `digits`: at most 20 characters, the run first."""
    size = len(digits) - len(digits.lstrip("0123456789"))
    if size < 12:
        return digits.startswith(_MOBILE_STARTS)
    if size == 12:
        return digits[0] == "0"
    return digits.startswith("0084") or (digits[0] in "234569" and is_card_number(digits[:size]))


def _groups(text: str, start: int, end: int, pseudonyms: Pseudonyms) -> list[Span]:
    """Digits in groups: whatever begins within the shape, which may stand right before it by chance."""
    offset = max(0, start - 8)
    window = text[offset : end + 24]
    spans = (
        _substitute(found, window, offset, pseudonyms)
        for found in _NUMBER.finditer(window, start - offset)
        if found.start() + offset < end
    )
    return [span for span in spans if span]


def _substitute(found: re.Match[str], text: str, offset: int, pseudonyms: Pseudonyms) -> Span | None:
    digits = found[0].translate(_SEPARATORS)
    begin, stop = found.start() + offset, found.end() + offset
    if is_citizen_number(digits, pseudonyms.latest_birth_year):
        return begin, stop, pseudonyms.of(Kind.CITIZEN, digits)
    if len(digits) >= 13 and is_card_number(digits):
        return begin, stop, "0" if _is_json_number(found, text) else MASK
    national = mobile_number(digits)
    if national is None or _is_counted(found, text):
        return None
    quote = '"' if _is_json_number(found, text) else ""
    return begin, stop, f"{quote}{pseudonyms.of(Kind.PHONE, national)}{quote}"


def _is_counted(found: re.Match[str], text: str) -> bool:
    before = text[max(0, found.start() - 40) : found.start()]
    return _COUNTS.search(before) is not None or _NUMBERED.search(before) is not None


def _is_json_number(found: re.Match[str], text: str) -> bool:
    """A number without quotes in a JSON record: a bare word in its place would make the whole record unreadable."""
    if not found.string.startswith(("{", "[")) or not found[0].isdigit():
        return False
    before, after = text[: found.start()][-4:].rstrip(), text[found.end() : found.end() + 4].lstrip()
    return before.endswith((":", "[", ",")) and after.startswith((",", "}", "]"))


def _plates(text: str, start: int, end: int, pseudonyms: Pseudonyms) -> list[Span]:
    found = _PLATE.match(text, start)
    if found is None or found["province"] not in _PLATE_PROVINCES:
        return []
    return [(start, found.end(), pseudonyms.of(Kind.PLATE, normal_form(Kind.PLATE, found[0])))]


def _behind_name(kind: Kind, looks: Callable[[str], bool]) -> PersonalReader:
    """Hashes the value behind a telling name when it looks like one of its kind."""

    def read(text: str, start: int, end: int, pseudonyms: Pseudonyms) -> list[Span]:
        if HASHED.match(text, start):
            return []
        return [
            (begin, stop, mask.replace(MASK, pseudonyms.of(kind, normal_form(kind, text[begin:stop].strip("\"'")))))
            for begin, stop, mask in named(text, start, end)
            if looks(text[begin:stop].strip("\"'"))
        ]

    return read


def _looks_numeric(value: str) -> bool:
    bare = value.strip().translate(_SEPARATORS)
    return 6 <= len(bare) <= 20 and bare.isdigit()


def _looks_like_plate(value: str) -> bool:
    return _PLATE_TEXT.fullmatch(value.strip()) is not None


def _looks_like_code(value: str) -> bool:
    return len(value) <= 64 and any(char.isdigit() for char in value) and not HASHED.match(value)


NAMES: dict[Kind, tuple[str, ...]] = {
    Kind.CITIZEN: (
        *("cccd", "cmnd", "sodinhdanh", "so_dinh_danh", "citizenid", "citizen_id", "sogiayto", "so_giay_to"),
        *("nationalid", "national_id", "identitynumber", "identity_number"),
    ),
    Kind.PHONE: (
        *("phone", "phonenumber", "phone_number", "phone-number", "mobile", "mobilenumber", "mobile_number", "msisdn"),
        *("sodienthoai", "so_dien_thoai", "dienthoai", "dien_thoai", "sdt", "sđt", "điện thoại"),
    ),
    Kind.PLATE: (
        *("bienso", "bien_so", "biensoxe", "bien_so_xe", "bienkiemsoat", "bien_kiem_soat", "bks"),
        *("licenseplate", "license_plate", "plate", "plateno", "plate_no", "platenumber", "plate_number"),
    ),
    Kind.PATIENT: (
        *("mabenhnhan", "ma_benh_nhan", "mabn", "ma_bn", "patientid", "patient_id", "patient-id"),
        *("sobhyt", "so_bhyt", "mathebhyt", "ma_the_bhyt", "thebhyt", "the_bhyt"),
    ),
}
"""Last part of a name, in small letters -> what stands behind it."""

LOOKS: dict[Kind, Callable[[str], bool]] = {
    Kind.CITIZEN: _looks_numeric,
    Kind.PHONE: _looks_numeric,
    Kind.PLATE: _looks_like_plate,
    Kind.PATIENT: _looks_like_code,
}
"""Whether a value behind such a name is one; `phone` may as well name a model."""


def _shapes() -> Iterator[tuple[str, PersonalReader]]:
    """Every shape to look for, with `0` for any digit and letters in lower case."""
    yield "0" * 10, _run
    for separator in " -":
        yield from ((shape.replace("_", separator), _groups) for shape in ("0000_0000_0000", "0000_000000_0000"))
        yield f"0000{separator}000000", _groups
    for separator in " .-":
        for shape in ("0000_000_000", "000_000_0000", "00000_000_000", "00_000_000_000", "00_00_000_0000"):
            yield shape.replace("_", separator), _groups
        for shape in ("000_000_000_000", "00_0000_0000", "00_000000000"):
            yield shape.replace("_", separator), _groups
    letters = _SERIES.lower()
    series = [*letters, *(f"{letter}0" for letter in letters), *map("".join, product(letters, letters))]
    for one in series:
        yield from ((f"00{one}-000", _plates), (f"00{one} 000.00", _plates), (f"00-{one} 000.00", _plates))


PERSONAL: dict[str, PersonalReader] = {
    **{name: _behind_name(kind, LOOKS[kind]) for kind, names in NAMES.items() for name in names},
    **dict(_shapes()),
}
"""Word or shape -> its reader. In a shape `0` stands for any digit; letters are small."""
