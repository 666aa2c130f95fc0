"""The event: one ECS document, held flat (dotted names) from the parser to the store.

Flat, because rules, mappings and stores all speak in dotted names, and reading one costs a single look-up. `document()` gives
the nested form of the standard. Source: Elastic Common Schema 8.17 field reference; `soc.*` is ours (docs/architecture.md).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import TypeAlias

import orjson

from soc.core.clock import parse_iso
from soc.core.ecs import LONG_MAX, LONG_MIN, TYPES, FieldType, coerce

Scalar: TypeAlias = str | int | float | bool
Value: TypeAlias = Scalar | list[Scalar]
Fields: TypeAlias = dict[str, Value]
"""Dotted ECS name -> value. No None, no empty list, no nested objects: an absent thing has no key."""

MARKS = (
    "soc.platform",
    "soc.agency",
    "soc.source",
    "soc.seq",
    "soc.parser",
    "soc.exercise",
    "soc.received",
)
"""Set by us from the registered source, never from a log line: `soc.agency` decides who may see the event."""


@dataclass(frozen=True, slots=True)
class Event:
    """An ECS document; `fields` always holds `@timestamp`, `event.id` and the marks of ours (`soc.exercise` only in exercises)."""

    fields: Mapping[str, Value]

    @property
    def id(self) -> str:
        return str(self.fields["event.id"])

    @property
    def timestamp(self) -> datetime:
        return parse_iso(str(self.fields["@timestamp"]))

    @property
    def agency(self) -> str:
        return str(self.fields["soc.agency"])

    @property
    def platform(self) -> str:
        return str(self.fields["soc.platform"])

    @property
    def source(self) -> str:
        return str(self.fields["soc.source"])

    @property
    def exercise(self) -> str | None:
        run = self.fields.get("soc.exercise")
        return None if run is None else str(run)

    @property
    def original(self) -> str:
        """The raw record after redaction, `event.original`."""
        return str(self.fields.get("event.original", ""))

    def document(self) -> dict[str, object]:
        """The nested ECS document."""
        return nest(self.fields)

    def to_json(self) -> bytes:
        """The flat form as JSON, keys sorted: the form that is stored and hashed."""
        return orjson.dumps(self.fields, option=orjson.OPT_SORT_KEYS)

    @classmethod
    def from_json(cls, data: bytes | str) -> Event:
        """The inverse of `to_json`."""
        return cls(orjson.loads(data))


def typed(fields: Mapping[str, object]) -> Fields:
    """`fields` with every ECS type enforced and empty values left out.

    Raises:
        TypeConflictError: a value that its type cannot hold; names the field.
    """
    checked: Fields = dict(fields)  # type: ignore[arg-type]  # what is of no ECS type yet is dealt with below
    names = tuple(fields)
    longs, others = _with_a_type(names) if len(names) <= _MOST_NAMES else _told_apart(names)
    for name in longs:  # looked at here: a call for each of them is what most events would spend their time on
        value = checked[name]
        if type(value) is not int or not LONG_MIN <= value <= LONG_MAX:
            _check(checked, name)
    for name in others:
        _check(checked, name)
    for name in [name for name, value in checked.items() if type(value) not in _KEPT]:
        _check(checked, name)
    if "" in checked.values():
        return {name: value for name, value in checked.items() if value != ""}
    return checked


_KEPT = frozenset({str, int, float, bool})
"""Types of values that a keyword field keeps as they are: two fields of three."""
_MOST_NAMES = 512


def _told_apart(names: Sequence[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The fields of whole numbers among `names`, and those of another type than keyword."""
    kinds = {name: TYPES[name] for name in names if name in TYPES}
    longs = tuple(name for name, kind in kinds.items() if kind is FieldType.LONG)
    return longs, tuple(name for name, kind in kinds.items() if kind is not FieldType.LONG)


_with_a_type = lru_cache(maxsize=1024)(_told_apart)
"""Records of one source mostly have the same fields."""


def _check(fields: Fields, name: str) -> None:
    found = coerce(name, fields[name])
    if found is None:
        del fields[name]
    else:
        fields[name] = found


def nest(fields: Mapping[str, object]) -> dict[str, object]:
    """Dotted names as nested objects. A name that is both a value and a prefix keeps its value under the dotted name."""
    root: dict[str, object] = {}
    for name in sorted(fields):
        *parents, leaf = name.split(".")
        node = root
        for parent in parents:
            child = node.setdefault(parent, {})
            if not isinstance(child, dict):
                root[name] = fields[name]
                break
            node = child
        else:
            node[leaf] = fields[name]
    return root


def flatten(document: Mapping[str, object], prefix: str = "") -> dict[str, object]:
    """A nested object as dotted names; lists stay values, lists of objects are kept as lists of their JSON text."""
    flat: dict[str, object] = {}
    for key, value in document.items():
        name = f"{prefix}{key}"
        if isinstance(value, Mapping):
            flat.update(flatten(value, f"{name}."))
        elif isinstance(value, list):
            flat[name] = [orjson.dumps(item).decode() if isinstance(item, (dict, list)) else item for item in value]
        else:
            flat[name] = value
    return flat
