"""What a store can say of one test on one field: the events for which it may hold, and those for which it surely does.

A rule compares values in NFC and simple case folding. Where a value is not `Altered` the store's key of a keyword is just that, sign for
sign, so a text of the rule stands in the one where it stands in the other, whatever its script; events where it is altered may always
match. Text fields are kept by the word: only words that stand whole inside a plain-ASCII stretch of a text can be asked for, a word at its
edge with a wildcard. Numbers, addresses and booleans are asked for by what the text of the rule stands for; dates, which a store keeps
as instants, only by the presence of the field.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from detectors.sigma.predicates import (
    Anything,
    Compare,
    Exists,
    Literal,
    Network,
    Null,
    Numeral,
    Pattern,
    Place,
    SameAs,
    Test,
    network,
)
from detectors.sigma.texts import is_sure
from soc.core.ecs import LONG_MAX, LONG_MIN, FieldType, field_type
from soc.storage import conditions as asked
from soc.storage.conditions import (
    NOTHING,
    Altered,
    Between,
    Condition,
    Equals,
    Like,
    Wild,
    Words,
    all_of,
    any_of,
    none_of,
)
from soc.storage.values import address_number

_LEAST_TEXT = 2
"""A shorter text that a pattern needs stands nearly everywhere."""
_ASCII = re.compile(r"[\x00-\x7f]+")
_WORD = re.compile(r"\w+", re.ASCII)
_I = re.compile("(i)")


@dataclass(frozen=True, slots=True)
class Bounds:
    """`most` holds for every event for which a test holds, `least` for none for which it does not."""

    most: Condition
    least: Condition = NOTHING


def bounds(field: str, test: Test) -> Bounds:
    """What a store can say of `test` on the field of that name in the store."""
    held, strange = asked.Exists(field), Altered(field)
    match test:
        case Exists(True):
            return Bounds(present(field), held)
        case Null() | Exists(False):
            return Bounds(none_of(held), none_of(present(field)))
        case Anything() | Literal(Place.CONTAINS | Place.STARTSWITH | Place.ENDSWITH, ""):
            return Bounds(held, held)
        case SameAs(other):
            return Bounds(all_of((held, asked.Exists(other))))
    found = _OF_TYPE[field_type(field)](field, test)
    if found.most == held:
        return found
    return Bounds(any_of((found.most, strange)), all_of((found.least, none_of(strange))))


def present(field: str) -> Condition:
    """Events that have a field, be it a list without values, which does not exist to a search."""
    return any_of((asked.Exists(field), Altered(field)))


def _keyword(field: str, test: Test) -> Bounds:
    match test:
        case Literal(Place.EQUALS, needle):
            return Bounds(Equals(field, needle), Equals(field, needle))
        case Literal(place, needle):
            return Bounds(_placed(field, place, needle))
        case Pattern() if len(test.needed) >= _LEAST_TEXT:
            return Bounds(Like(field, (Wild.ANY, *_needed(test), Wild.ANY)))
        case Numeral(number):
            spelled = [Equals(field, text) for text in _spellings(number)]
            return Bounds(any_of(spelled), spelled[0])
        case Network(cidr):
            return Bounds(_network_text(field, cidr))
        case _:
            return Bounds(asked.Exists(field))


def _placed(field: str, place: Place, needle: str) -> Condition:
    before = () if place is Place.STARTSWITH else (Wild.ANY,)
    after = () if place is Place.ENDSWITH else (Wild.ANY,)
    return Like(field, (*before, needle, *after))


def _needed(pattern: Pattern) -> tuple[str | Wild, ...]:
    """The text without which a pattern cannot match. Where that is not sure for an `i`, which re.IGNORECASE takes `ı` for too, any sign."""
    if is_sure(pattern):
        return (pattern.needed,)
    return tuple(Wild.ONE if part == "i" else part for part in _I.split(pattern.needed) if part)


def _spellings(number: float) -> list[str]:
    """The texts of all numbers that are equal to this one, its own first."""
    found = [str(number)]
    if isinstance(number, float) and number.is_integer():
        found.append(str(int(number)))
    if isinstance(number, int) and abs(number) < 1 << 1000:
        found.append(repr(float(number)))
    if not number:
        found.append("-0.0")
    return list(dict.fromkeys(found))


def _network_text(field: str, cidr: str) -> Condition:
    """Addresses written as text: an IPv4 address has one spelling, whose first numbers the network gives."""
    net = network(cidr)
    if net.version == 6:
        return Like(field, (Wild.ANY, ":", Wild.ANY))
    given = str(net.network_address).split(".")[: net.prefixlen // 8]
    if len(given) == 4:
        return Equals(field, ".".join(given))
    return Like(field, (".".join([*given, ""]), Wild.ANY, ".", Wild.ANY) if given else (Wild.ANY, ".", Wild.ANY))


def _text(field: str, test: Test) -> Bounds:
    match test:
        case Literal(place, needle):
            starts, ends = place in (Place.EQUALS, Place.STARTSWITH), place in (Place.EQUALS, Place.ENDSWITH)
            return Bounds(_worded(field, needle, starts=starts, ends=ends))
        case Pattern() if is_sure(test):
            return Bounds(_worded(field, test.needed, starts=False, ends=False))
        case Numeral(number):
            return Bounds(any_of(_worded(field, text, starts=True, ends=True) for text in _spellings(number)))
        case _:
            return Bounds(asked.Exists(field))


def _worded(field: str, text: str, *, starts: bool, ends: bool) -> Condition:
    """Values that hold a text, by its words.

    Beyond ASCII a sign may join words or vanish when they are made, so such a sign is like an edge: the word beside it may go on.
    """
    parts = [asked.Exists(field)]
    rows: list[Condition] = []
    for stretch in _ASCII.finditer(text):
        is_first, is_last = starts and stretch.start() == 0, ends and stretch.end() == len(text)
        rows += _rows(field, stretch[0], starts=is_first, ends=is_last)
    return all_of(rows or parts)


def _rows(field: str, text: str, *, starts: bool, ends: bool) -> Iterator[Condition]:
    """The whole words in a row; for want of any the words at the edges."""
    found = list(_WORD.finditer(text))
    cut_before = [word.start() == 0 and not starts for word in found]
    cut_after = [word.end() == len(text) and not ends for word in found]
    edges = list(zip(found, cut_before, cut_after, strict=True))
    whole = tuple((word[0].lower(),) for word, before, after in edges if not before and not after)
    if whole:
        yield Words(field, whole)
        return
    for word, before, after in edges:
        head, tail = (Wild.ANY,) if before else (), (Wild.ANY,) if after else ()
        yield Words(field, ((*head, word[0].lower(), *tail),))


def _address(field: str, test: Test) -> Bounds:
    match test:
        case Literal(Place.EQUALS, needle):
            return Bounds(_parsed(field, needle, address_number))
        case Network(cidr):
            net = network(cidr)
            first, last = (address_number(str(net[end])) for end in (0, -1))
            return Bounds(Between(field, first, last))
        case _:
            return Bounds(asked.Exists(field))


def _parsed(field: str, text: str, read: Callable[[str], int | float]) -> Condition:
    """The value that a text stands for; no value of the field is written in any text that stands for none."""
    try:
        return Equals(field, read(text))
    except (ValueError, OverflowError):
        return NOTHING


def _whole(text: str) -> int:
    """A whole number that the field can hold, in any spelling of a number. Raises ValueError or OverflowError."""
    try:
        found = int(text)
    except ValueError:
        found = int(float(text))
    if not LONG_MIN <= found <= LONG_MAX:
        raise OverflowError(text)
    return found


def _long(field: str, test: Test) -> Bounds:
    match test:
        case Literal(Place.EQUALS, needle):
            return Bounds(_parsed(field, needle, _whole))
        case Numeral(number):
            is_whole = isinstance(number, int) or number.is_integer()
            return Bounds(_parsed(field, str(int(number)), _whole) if is_whole else NOTHING)
        case Compare(op, bound) if isinstance(bound, int) or math.isfinite(bound):
            below, above = (min(max(round_(bound), LONG_MIN), LONG_MAX) for round_ in (math.floor, math.ceil))
            return Bounds(_ordered(field, op, below, above))
        case _:
            return Bounds(asked.Exists(field))


def _float(field: str, test: Test) -> Bounds:
    match test:
        case Numeral(number) if abs(number) < 1 << 53:
            return Bounds(Equals(field, float(number) + 0.0))
        case Compare(op, bound) if abs(bound) < 1 << 53:
            return Bounds(_ordered(field, op, float(bound) + 0.0, float(bound) + 0.0))
        case _:
            return Bounds(asked.Exists(field))


def _ordered(field: str, op: str, below: float, above: float) -> Condition:
    """A comparison with a bound that lies from `below` to `above`, the bound taken in."""
    match op:
        case "gt" | "gte":
            return Between(field, below, None)
        case "lt" | "lte":
            return Between(field, None, above)
        case "eq":
            return Between(field, below, above)
        case _:
            return asked.Exists(field)


def _boolean(field: str, test: Test) -> Bounds:
    match test:
        case Literal(Place.EQUALS, "true" | "false" as word):
            return Bounds(Equals(field, word), Equals(field, word))
        case _:
            return Bounds(asked.Exists(field))


def _other(field: str, _test: Test) -> Bounds:
    return Bounds(asked.Exists(field))


_OF_TYPE: dict[FieldType, Callable[[str, Test], Bounds]] = {
    FieldType.KEYWORD: _keyword,
    FieldType.TEXT: _text,
    FieldType.IP: _address,
    FieldType.LONG: _long,
    FieldType.FLOAT: _float,
    FieldType.BOOLEAN: _boolean,
    FieldType.DATE: _other,
}
