"""The searches of a rule as written, item by item, so that an issue points at its own line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from detectors.checks.issue import RuleDocument


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a search: `field|modifier: values`, or keywords (`field` "").

    Attributes:
        path: to the key (to the search, for keywords).
    """

    path: tuple[object, ...]
    field: str
    modifiers: tuple[str, ...]
    values: tuple[object, ...]

    def path_of(self, index: int) -> tuple[object, ...]:
        """The path to a value; the item itself where the value is no list."""
        return (*self.path, index) if len(self.values) > 1 else self.path


def items_of(rule: RuleDocument) -> Iterator[Item]:
    """Every item of a detection rule or filter, in the order written."""
    for section in ("detection", "filter"):
        found = rule.content.get(section)
        for name, value in found.items() if isinstance(found, dict) else ():
            if name not in ("condition", "rules"):
                yield from _items((section, name), value)


def searches_of(rule: RuleDocument) -> tuple[str, ...]:
    """The names of the searches of a detection rule."""
    found = rule.content.get("detection")
    return tuple(str(name) for name in found if name != "condition") if isinstance(found, dict) else ()


def _items(path: tuple[object, ...], value: object) -> Iterator[Item]:
    if isinstance(value, dict):
        for key, inner in value.items():
            field, *modifiers = str(key).split("|")
            values = tuple(inner) if isinstance(inner, list) else (inner,)
            yield Item((*path, key), field, tuple(modifiers), values)
    elif isinstance(value, list) and any(isinstance(inner, (dict, list)) for inner in value):
        for index, inner in enumerate(value):
            yield from _items((*path, index), inner)
    else:
        yield Item(path, "", (), tuple(value) if isinstance(value, list) else (value,))
