"""All the tests on one field at once: the atoms that hold for a value, without trying them one by one.

Exact texts by dictionary, everything else that looks inside a text together (`texts.py`), numbers and networks one by one.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from typing import Any

from detectors.sigma.databases import Databases
from detectors.sigma.folding import fold
from detectors.sigma.normal import Normal
from detectors.sigma.predicates import (
    Anything,
    Compare,
    Literal,
    Network,
    Null,
    Numeral,
    Pattern,
    Place,
    Test,
    TimePart,
    network,
)
from detectors.sigma.texts import Texts
from detectors.sigma.values import leaves, text


class Scanner:
    """Tests on one field; `scan` gives the numbers of those that hold for a value."""

    def __init__(self, tests: Iterable[tuple[int, Test]], normal: Normal, databases: Databases) -> None:
        self._normal = normal
        self._null: list[int] = []
        self._any: list[int] = []
        self._exact: dict[str, list[int]] = {}
        self._numbers: dict[float, list[int]] = {}
        self._others: list[tuple[int, Compare | TimePart]] = []
        self._networks: list[tuple[int, Any]] = []
        literals: dict[str, list[tuple[Place, int]]] = {}
        patterns: list[tuple[int, Pattern]] = []
        for atom, test in tests:
            self._add(atom, test, literals, patterns)
        self._texts = Texts(literals, patterns, databases) if literals or patterns else None

    def _add(
        self,
        atom: int,
        test: Test,
        literals: dict[str, list[tuple[Place, int]]],
        patterns: list[tuple[int, Pattern]],
    ) -> None:
        match test:
            case Literal(Place.EQUALS, needle):
                self._exact.setdefault(needle, []).append(atom)
            case Literal(_, ""):
                self._any.append(atom)
            case Literal(place, needle):
                literals.setdefault(needle, []).append((place, atom))
            case Pattern():
                patterns.append((atom, test))
            case Anything():
                self._any.append(atom)
            case Null():
                self._null.append(atom)
            case Numeral(value):
                self._numbers.setdefault(value, []).append(atom)
                self._exact.setdefault(str(value), []).append(atom)
            case Network(cidr):
                self._networks.append((atom, network(cidr)))
            case Compare() | TimePart():
                self._others.append((atom, test))
            case _:
                raise TypeError(f"{test} needs the document")

    def scan(self, value: object) -> frozenset[int]:
        """Atoms that hold for a value, or for any element of a list."""
        found: set[int] = set()
        if type(value) is str or value is None:
            self._scan(value, found)
        else:
            for leaf in leaves(value):
                self._scan(leaf, found)
        return frozenset(found)

    def _scan(self, scalar: object, found: set[int]) -> None:
        if scalar is None:
            found.update(self._null)
            return
        found.update(self._any)
        if isinstance(scalar, (int, float)) and not isinstance(scalar, bool):
            found.update(self._numbers.get(scalar, ()))
        written = self._normal(text(scalar))
        folded = fold(written)
        found.update(self._exact.get(folded, ()))
        if self._texts is not None:
            self._texts.find(written, folded, found)
        for atom, test in self._others:
            if test.holds(scalar):
                found.add(atom)
        if self._networks:
            self._in_networks(written, found)

    def _in_networks(self, written: str, found: set[int]) -> None:
        try:
            address = ipaddress.ip_address(written)
        except ValueError:
            return
        found.update(atom for atom, net in self._networks if net.version == address.version and address in net)
