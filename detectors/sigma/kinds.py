"""Kinds of documents that are no Windows event: Zeek, Suricata, auditd, syslog, web servers, ECS of any shipper.

Facts: data/kinds.yaml, which explains its own form.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, TypeAlias

from detectors.sigma.facts import facts_of
from detectors.sigma.rule import LogSource
from detectors.sigma.values import Document

Fields: TypeAlias = Mapping[str, str]
"""Name in the rule -> name in the document."""

RAW_MARKERS = ("_path", "flow_id", "type")
"""First fields of the kinds that are told without ECS, a platform or a dataset."""


@dataclass(frozen=True, slots=True)
class Condition:
    """A field that must be there, with one of `values` (in lower case) unless that is empty."""

    field: str
    values: frozenset[str]

    def holds(self, value: object) -> bool:
        if value is None:
            return False
        if not self.values:
            return True
        found = value if isinstance(value, list) else (value,)
        return any(not self.values.isdisjoint(_forms(str(item).lower())) for item in found)


def _forms(value: str) -> tuple[str, str]:
    """The value, and what stands before its slash: a daemon names its part behind one."""
    return value, value.partition("/")[0]


@dataclass(frozen=True, slots=True)
class Kind:
    """One entry of the table.

    Attributes:
        when: alternatives, each a list of conditions.
        datasets: values or first parts of `event.dataset`.
        sources: log sources it is, each with the names of fields.
    """

    name: str
    when: tuple[tuple[Condition, ...], ...]
    datasets: frozenset[str]
    sources: tuple[tuple[LogSource, Fields], ...]

    def fields_for(self, source: LogSource) -> Fields | None:
        """The names of fields for a rule of `source`; None when it means other documents."""
        return next((fields for described, fields in self.sources if source.covers(described)), None)


_REMEMBERED = 8192


class Kinds:
    """The table; what a document is depends on a few fields alone, and most documents hold there what one before them held."""

    def __init__(self, kinds: Iterable[Kind]) -> None:
        self._named = {kind.name: kind for kind in kinds}
        first: dict[str, list[tuple[Condition, tuple[Condition, ...], str]]] = defaultdict(list)
        for kind in self._named.values():
            for condition, *others in kind.when:
                first[condition.field].append((condition, tuple(others), kind.name))
        self._first = tuple((field, tuple(entries)) for field, entries in first.items())
        self._raw = tuple((field, entries) for field, entries in self._first if field in RAW_MARKERS)
        every = [condition for kind in self._named.values() for found in kind.when for condition in found]
        self._read = tuple(dict.fromkeys(condition.field for condition in every if condition.values))
        self._present = tuple(
            dict.fromkeys(condition.field for condition in every if condition.field not in self._read)
        )
        self._known = lru_cache(maxsize=_REMEMBERED, typed=True)(self._told_by)

    def __iter__(self) -> Iterator[str]:
        return iter(self._named)

    def __getitem__(self, name: str) -> Kind | None:
        return self._named.get(name)

    def of(self, document: Document, *, raw: bool) -> tuple[str, ...]:
        """Names of the kinds a document is; `raw` looks only at what tells without ECS."""
        get = document.get
        values = [get(field) for field in self._read]
        there = [get(field) is not None for field in self._present]
        try:
            return self._known(raw, *values, *there)
        except TypeError:  # a list among them, which no dictionary remembers
            return self._told_by(raw, *values, *there)

    def _told_by(self, raw: bool, *values: object) -> tuple[str, ...]:
        """The kinds of documents that hold these values; of fields that need only be there, whether they are."""
        told = zip((*self._read, *self._present), values, strict=True)
        telling = {field: value for field, value in told if value is not None and value is not False}
        get = telling.get
        found = [
            name
            for field, entries in (self._raw if raw else self._first)
            if field in telling
            for condition, others, name in entries
            if condition.holds(get(field)) and all(other.holds(get(other.field)) for other in others)
        ]
        return tuple(dict.fromkeys(found))

    def of_dataset(self, dataset: str) -> list[str]:
        """Names of the kinds that a value of `event.dataset` tells."""
        wanted = {dataset.lower(), dataset.lower().partition(".")[0]}
        return [name for name, kind in self._named.items() if wanted & kind.datasets]


@cache
def kinds() -> Kinds:
    """The table shipped with the package."""
    return Kinds(_kind(name, entry) for name, entry in facts_of("kinds").items())


def _kind(name: str, entry: Mapping[str, Any]) -> Kind:
    return Kind(
        name,
        tuple(tuple(_condition(*pair) for pair in found.items()) for found in entry.get("when", ())),
        frozenset(entry.get("dataset", ())),
        tuple((LogSource(**found["source"]), found["fields"]) for found in entry["is"]),
    )


def _condition(field: str, values: Iterable[object] | str | None) -> Condition:
    wanted = [values] if isinstance(values, str) else values or ()
    return Condition(field, frozenset(str(value).lower() for value in wanted))
