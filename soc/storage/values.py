"""What a field value means to a search: the one definition that every event store follows.

- *keyword* (every field that `soc.core.ecs` does not list): compared whole, letter case folded, marks kept: `user.name:ADMIN` finds
  "admin", `tran bien` does not find "Trấn Biên". Only the first `KEYWORD_CHARS` characters count. A number or boolean in a keyword
  field is its text; a range with numeric bounds reads numbers, and text that is a plain decimal number, as numbers.
- *text* (`message`, `event.original`, `error.message`): compared word by word, letter case and Vietnamese marks folded, đ as d, so
  `tran bien` finds "Trấn Biên". A word is a run of letters, digits and underscores.
- *free words* (a query without a field) look into every text field and, word by word too, into `HOT_FIELDS`.
- *ip*: compared as addresses; an IPv4 address equals its IPv4-mapped IPv6 form. *date*: instants in microseconds of the epoch.
  *long*, *float*: numbers. *boolean*: `true`, `false`.

A field with several values matches when any of them does.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from ipaddress import IPv4Address, ip_address
from typing import TypeAlias
from unicodedata import is_normalized

from soc.core.clock import iso, parse_iso
from soc.core.ecs import LONG_MAX, LONG_MIN, TYPES, FieldType, field_type
from soc.core.event import Scalar, Value

Key: TypeAlias = str | int | float
"""What values of a field are compared and ordered by: folded text, or a number (also for addresses and instants)."""

KEYWORD_CHARS = 4096
WORD_CHARS = 255
BREAK = "\0"

TEXT_FIELDS = tuple(sorted(name for name, kind in TYPES.items() if kind is FieldType.TEXT))
HOT_FIELDS = (
    "event.action",
    "event.code",
    "host.name",
    "user.name",
    "user.email",
    "source.ip",
    "destination.ip",
    "source.user.name",
    "url.original",
    "url.path",
    "url.domain",
    "process.name",
    "process.command_line",
    "file.name",
    "file.path",
    "rule.name",
    "soc.platform",
    "soc.agency",
    "soc.unit",
)
"""Keyword fields that free words look into, besides the text fields."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
_MAPPED_IPV4 = 0xFFFF << 32
_MARKS = re.compile("[\u0300-\u036f]")
_WORD = re.compile(rf"\w{{1,{WORD_CHARS}}}|{BREAK}")
_ASCII_WORDS = bytes(at if chr(at).isalnum() or chr(at) in f"_{BREAK}" else ord(" ") for at in range(128)) + bytes(128)
_DECIMAL = re.compile(r"-?[0-9]{1,15}(\.[0-9]{1,15})?")
_STROKED_D = str.maketrans("đ", "d")
_RUNS = bytes(ord("w") if at >= 128 or chr(at).isalnum() or at == ord("_") else ord(" ") for at in range(256))
_LONG_RUN = b"w" * (WORD_CHARS + 1)
_LONG_WORD = re.compile(rf"\w{{{WORD_CHARS + 1}}}")


def fold(text: str) -> str:
    """`text` as keywords are compared: letter case folded, composed; NUL, which the index keeps for itself, becomes U+FFFD."""
    return (text.lower() if text.isascii() else _nfc(_nfc(text).casefold())).replace("\0", "\ufffd")


def _nfc(text: str) -> str:
    return unicodedata.normalize("NFC", text)


def fold_words(text: str) -> str:
    """`text` as words are compared: `fold` without marks, đ as d."""
    if text.isascii():
        return text.lower()
    bare = _MARKS.sub("", unicodedata.normalize("NFD", text.casefold()))
    return _nfc(bare.translate(_STROKED_D))


def words(text: str) -> list[str]:
    """The words of `text` in order, folded; a longer run than `WORD_CHARS` counts as several words."""
    return words_of([text])


def words_of(texts: Sequence[str]) -> list[str]:
    """The words of several texts, with `BREAK`, which is no word, between two texts."""
    text = f" {BREAK} ".join([text.replace(BREAK, " ") for text in texts])
    if text.isascii():
        found = (
            text.lower().encode().translate(_ASCII_WORDS).decode().split()
        )  # some six times faster than the expression
        if len(text) <= WORD_CHARS or len(max(found, key=len, default="")) <= WORD_CHARS:
            return found
        return _WORD.findall(text.lower())
    return [word for chunk in text.split() for word in (_known(chunk) if len(chunk) <= _CHUNK else _in_chunk(chunk))]


def _in_chunk(chunk: str) -> tuple[str, ...]:
    """The words of a text without blanks: nothing in it folds with what stands beyond a blank."""
    return tuple(_WORD.findall(fold_words(chunk)))


_CHUNK = 48
_known = lru_cache(maxsize=16_384)(_in_chunk)
"""People write with few different words, and folding Vietnamese marks costs ten times as much as finding one that came before."""


def values(value: Value | None) -> list[Scalar]:
    """The values of a field, none for an absent one."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def text_form(value: Scalar) -> str:
    """A value as text: what wildcards match and what a term aggregation shows."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return value if isinstance(value, str) else repr(value)


def micros(moment: datetime) -> int:
    """Microseconds of the epoch."""
    return (moment - _EPOCH) // _MICROSECOND


def from_micros(count: int) -> datetime:
    """The inverse of `micros`."""
    return _EPOCH + timedelta(microseconds=count)


@lru_cache(maxsize=16_384)
def instant(text: str) -> int:
    """An ISO 8601 time with its offset in microseconds of the epoch. Raises ValueError."""
    return micros(parse_iso(text))


@lru_cache(maxsize=16_384)
def address_number(text: str) -> int:
    """An address as a number in the IPv6 space. Raises ValueError."""
    address = ip_address(text)
    return int(address) | _MAPPED_IPV4 if isinstance(address, IPv4Address) else int(address)


def key(kind: FieldType, value: Scalar) -> Key:
    """What `value` is compared by in a field of type `kind`, which is not text.

    Raises:
        ValueError: the value is not of the type; events that went through `soc.core.event.typed` have none.
    """
    # Compared by identity, here and in the layout: an enum member hashes slowly, and this runs for every field of every event.
    if kind is FieldType.KEYWORD:
        return fold(text_form(value)[:KEYWORD_CHARS])
    if kind is FieldType.IP and isinstance(value, str):
        return address_number(value)
    if kind is FieldType.DATE and isinstance(value, str):
        return instant(value)
    if isinstance(value, bool):
        if kind is FieldType.BOOLEAN:
            return "true" if value else "false"
    elif isinstance(value, (int, float)) and (kind is FieldType.LONG or kind is FieldType.FLOAT):
        return _number_key(kind, value)
    raise ValueError(value)


def _number_key(kind: FieldType, value: float) -> Key:
    if type(value) is int and kind is FieldType.LONG and LONG_MIN <= value <= LONG_MAX:
        return value
    if not math.isfinite(value):
        raise ValueError(value)
    if kind is FieldType.FLOAT:
        return float(value) + 0.0  # -0.0 and 0.0 are one number, so they need one key
    if value != int(value) or not LONG_MIN <= value <= LONG_MAX:
        raise ValueError(value)
    return int(value)


def number(value: Scalar) -> float | None:
    """A keyword value as a number: numbers, and text that is a plain decimal of up to 15 digits."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        return float(value) + 0.0 if _DECIMAL.fullmatch(value) else None
    return float(value) + 0.0


def keys(name: str, value: Value | None) -> dict[Key, Scalar]:
    """The different keys of a field, each with the value as aggregations show it: the smallest spelling of those that fold alike."""
    kind = field_type(name)
    found: dict[Key, Scalar] = {}
    for one in values(value):
        at = key(kind, one)
        seen = shown(kind, at, one)
        found[at] = min(found.get(at, seen), seen)
    return found


def shown(kind: FieldType, at: Key, value: Scalar) -> Scalar:
    """The value of key `at` as an aggregation shows it: text of keywords and addresses, instants in the ECS form, numbers."""
    if kind in {FieldType.KEYWORD, FieldType.IP}:
        return text_form(value)[:KEYWORD_CHARS].replace("\0", "\ufffd")
    return plain(kind, at)


def plain(kind: FieldType, at: Key) -> Scalar:
    """A key of a type that has one spelling for each key, as an aggregation shows it."""
    if kind is FieldType.DATE:
        return iso(from_micros(int(at)))
    return at == "true" if kind is FieldType.BOOLEAN else at


def numbers(name: str, value: Value | None) -> set[int | float]:
    """The different numbers of a field as ranges and statistics read them; dates in microseconds of the epoch."""
    kind = field_type(name)
    if kind in {FieldType.LONG, FieldType.FLOAT, FieldType.DATE}:
        return {at for at in keys(name, value) if not isinstance(at, str)}
    return {found for one in values(value) if (found := number(one)) is not None}


def sort_key(name: str, value: Value | None, *, ascending: bool) -> Key | None:
    """What an event is sorted by: its smallest key when ascending, else its largest; None without a value."""
    found = keys(name, value)
    if not found:
        return None
    return min(found) if ascending else max(found)


def hot_texts(fields: Mapping[str, Value]) -> Iterator[str]:
    """The values of `HOT_FIELDS` as texts that free words look into."""
    for name in HOT_FIELDS:
        if name in fields:
            for one in values(fields[name]):
                yield text_form(one)[:KEYWORD_CHARS]


def altered_fields(fields: Mapping[str, Value], raw: bytes = b"") -> list[str]:
    """The fields with a value that searches see otherwise than letter for letter, so that a text in it may not be found.

    Such are: a keyword that is longer than `KEYWORD_CHARS`, holds NUL, is not composed, or does not fold one letter to one; a text field
    with a word longer than `WORD_CHARS`; a list without values, which is there and yet not found to exist. In every other keyword the
    folded key has the letters of the value at the same places, simple case folding applied.

    Args:
        raw: the JSON of the event, where it is at hand: most need no look at each value then.
    """
    if not raw or len(raw) > KEYWORD_CHARS or b"\\u0000" in raw or b"[]" in raw or _has_run(raw):
        return [name for name, value in fields.items() if is_altered(name, value)]
    if raw.isascii():
        return []
    return [name for name, value in fields.items() if _may_be_altered(value) and is_altered(name, value)]


def _may_be_altered(value: Value) -> bool:
    """Of an event that is short, and holds neither NUL nor long words nor empty lists: only letters beyond ASCII may fold oddly."""
    return not (value.isascii() if type(value) is str else type(value) is int)


def is_altered(name: str, value: Value) -> bool:
    """Whether searches see a value of a field otherwise than it is: see `altered_fields`."""
    if isinstance(value, list):
        return not value or any(is_altered(name, one) for one in value)
    if not isinstance(value, str):
        return False
    if name in TEXT_FIELDS:
        return _has_run(value.encode()) and _LONG_WORD.search(fold_words(value)) is not None
    if len(value) > KEYWORD_CHARS or BREAK in value:
        return True
    if value.isascii():
        return False
    return not (_known_to_fold(value) if len(value) <= _CHUNK else _folds_by_letter(value))


def _has_run(text: bytes) -> bool:
    """Whether there may be a word of more than `WORD_CHARS` letters: folding makes none longer than its UTF-8."""
    return _LONG_RUN in text.translate(_RUNS)


def _folds_by_letter(text: str) -> bool:
    folded = text.casefold()
    return len(folded) == len(text) and is_normalized("NFC", text) and is_normalized("NFC", folded)


_known_to_fold = lru_cache(maxsize=4096)(_folds_by_letter)
