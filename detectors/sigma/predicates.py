"""The tests a rule makes on one value. Each is a small value object; `holds` is its plain meaning.

The decision table never calls `holds` on the hot path: it knows each kind and finds the ones that hold for a value in bulk
(`scanner.py`). `holds` is what explanations, constants and the last word on a hit use. Source: Sigma rules specification
2.1.0 and its appendix of modifiers.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from types import MappingProxyType
from typing import TypeAlias

from detectors.sigma.backtracking import is_exponential
from detectors.sigma.folding import fold
from detectors.sigma.linear import LinearSearch
from detectors.sigma.values import number, text


class Place(StrEnum):
    """Where in the value a literal must stand."""

    EQUALS = "equals"
    CONTAINS = "contains"
    STARTSWITH = "startswith"
    ENDSWITH = "endswith"


def stands(place: Place, needle: str, value: str) -> bool:
    """Whether `needle` stands at `place` of `value`; both already folded."""
    if place is Place.EQUALS:
        return value == needle
    if place is Place.CONTAINS:
        return needle in value
    return value.startswith(needle) if place is Place.STARTSWITH else value.endswith(needle)


@dataclass(frozen=True, slots=True)
class Literal:
    """Plain text without regard to case; `needle` is folded."""

    place: Place
    needle: str

    def holds(self, scalar: object) -> bool:
        return scalar is not None and stands(self.place, self.needle, fold(text(scalar)))


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression, searched. `folded`: a translated wildcard pattern that looks at the folded value.

    `shown` is the text of the rule, for explanations. `needed` is a folded text every match contains, "" when unknown.
    """

    regex: str
    flags: int = 0
    folded: bool = False
    shown: str = ""
    needed: str = ""

    def holds(self, scalar: object) -> bool:
        if scalar is None:
            return False
        value = text(scalar)
        return compiled(self.regex, self.flags).search(fold(value) if self.folded else value) is not None


@dataclass(frozen=True, slots=True)
class Anything:
    """The lone wildcard: any value but null."""

    def holds(self, scalar: object) -> bool:
        return scalar is not None


@dataclass(frozen=True, slots=True)
class Numeral:
    """A number in a rule: the same number, or its digits as text. `true` is not 1."""

    number: int | float

    def holds(self, scalar: object) -> bool:
        if isinstance(scalar, (int, float)) and not isinstance(scalar, bool):
            return scalar == self.number
        return isinstance(scalar, str) and fold(scalar) == str(self.number)


@dataclass(frozen=True, slots=True)
class Compare:
    """An order between numbers; numbers written as text count, what is no number never holds."""

    op: str
    bound: int | float

    def holds(self, scalar: object) -> bool:
        found = number(scalar)
        return found is not None and ORDER[self.op](found, self.bound)


@dataclass(frozen=True, slots=True)
class Network:
    """An address inside a network; an IPv4-mapped IPv6 address is an IPv6 address."""

    cidr: str

    def holds(self, scalar: object) -> bool:
        try:
            address = ip_address(text(scalar))
        except ValueError:
            return False
        net = network(self.cidr)
        return address.version == net.version and address in net


@dataclass(frozen=True, slots=True)
class TimePart:
    """A part of a time as written, without moving it to another zone; weeks are those of ISO 8601."""

    part: str
    op: str
    bound: int | float

    def holds(self, scalar: object) -> bool:
        found = time_part(self.part, scalar)
        return found is not None and ORDER[self.op](found, self.bound)


@dataclass(frozen=True, slots=True)
class Null:
    """Null, or no such field at all."""

    def holds(self, scalar: object) -> bool:
        return scalar is None


@dataclass(frozen=True, slots=True)
class Exists:
    """Whether the document has the field, whatever its value. Needs the document, not the value."""

    wanted: bool

    def holds(self, scalar: object) -> bool:
        return (scalar is not None) is self.wanted


@dataclass(frozen=True, slots=True)
class SameAs:
    """The value of another field, as plain text without regard to case. Needs the document."""

    other: str
    place: Place

    def holds(self, scalar: object) -> bool:
        return False


Test: TypeAlias = Literal | Pattern | Anything | Numeral | Compare | Network | TimePart | Null | Exists | SameAs

ORDER: Mapping[str, Callable[[float, float], bool]] = MappingProxyType(
    {
        "lt": operator.lt,
        "lte": operator.le,
        "gt": operator.gt,
        "gte": operator.ge,
        "eq": operator.eq,
        "neq": operator.ne,
    }
)
TIME_PARTS = ("minute", "hour", "day", "week", "month", "year")


@cache
def compiled(regex: str, flags: int) -> re.Pattern[str] | LinearSearch:
    """The expression, compiled once; the rules bound how many there are. No text can make its search take exponential time.

    Raises:
        ValueError: (re.error) not an expression.
        NotLinearError: exponential in Python's `re`, and no automaton runs it.
    """
    found = re.compile(regex, flags)
    return LinearSearch.compile(regex, flags) if is_exponential(regex, flags) else found


@cache
def network(cidr: str) -> IPv4Network | IPv6Network:
    """The network, parsed once."""
    return ip_network(cidr)


def time_part(part: str, scalar: object) -> int | None:
    """`part` of an ISO 8601 time as written; None for what is no such time."""
    if not isinstance(scalar, str):
        return None
    try:
        moment = datetime.fromisoformat(scalar)
    except ValueError:
        return None
    return moment.isocalendar().week if part == "week" else int(getattr(moment, part))


def needs_document(test: Test) -> bool:
    """Whether the value of the field alone cannot decide the test."""
    return isinstance(test, (Exists, SameAs))
