"""Definitions that begin with a Sigma rule: the rule says which events are looked at, a section of its own what is remembered of them.

    title: ...              everything that a Sigma rule has: id, logsource, detection, level, tags, `vonggac`
    new_terms: {...}        first seen           (`detectors.newterms`)
    baseline: {...}         rate or rarity       (`detectors.baselines`)

They lie in `rules/newterms` and `rules/baselines` as `<name>.yaml`; the suffix keeps `soc detect` from taking a selection for a finding.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import lru_cache
from ipaddress import ip_address, ip_network
from itertools import islice, product
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from detectors.sigma.rule import Rule
from detectors.sigma.ruleset import RuleSet
from detectors.sigma.yaml12 import load_documents
from soc.core.clock import parse_iso
from soc.core.errors import DefinitionError
from soc.core.event import Event
from soc.core.i18n import msg

Names: TypeAlias = tuple[tuple[str, str], ...]
"""Field -> value, in the order of the definition."""
Kinds: TypeAlias = Mapping[str, type[BaseModel]]
"""Name of a section -> its model."""
MAX_COMBINATIONS = 16
"""Of the values of list fields; an event with more is looked at in these."""
MAX_VALUE = 256
_SPAN = re.compile(r"(\d{1,5})([mhdw])", re.ASCII)
_LINE = re.compile(r"(?::\d+){1,2}$", re.ASCII)
_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1), "w": timedelta(weeks=1)}


def _span(value: object) -> object:
    found = _SPAN.fullmatch(value) if isinstance(value, str) else None
    if found is None:
        raise ValueError(f"{value!r} is no span such as 30m, 12h, 14d, 4w")
    return int(found[1]) * _UNITS[found[2]]


Span = Annotated[timedelta, BeforeValidator(_span)]
"""Written `30m`, `12h`, `14d` or `4w`."""
Form = Literal["network", "lower"]
"""How a value is taken: `network` = the /24 (IPv6: /48) of an address, `lower` = without letter case."""


class Section(BaseModel):
    """What every section has.

    Attributes:
        per: fields that name the entity; the agency always belongs to it.
        forms: field -> how its value is taken; written `as`.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    per: tuple[str, ...] = ()
    forms: Mapping[str, Form] = Field(default_factory=dict, alias="as")


@dataclass(frozen=True, slots=True)
class Definitions:
    """What was loaded.

    Attributes:
        ruleset: the selecting rules of all sound definitions.
        sections: rule id -> its section.
        refusals: every fault, with its place.
    """

    ruleset: RuleSet
    sections: Mapping[str, BaseModel]
    refusals: tuple[DefinitionError, ...]


def load_definitions(paths: Iterable[Path], kinds: Kinds) -> Definitions:
    """Definition files and folders.

    Args:
        kinds: name of a section -> its model.
    """
    ruleset = RuleSet.load(paths)
    sections: dict[str, BaseModel] = {}
    refusals = list(ruleset.refusals)
    for rule in ruleset.rules:
        try:
            sections[rule.id] = section_of(rule, kinds)
        except Refused as refused:
            refusals += refused.faults
    kept = tuple(rule for rule in ruleset.rules if rule.id in sections)
    return Definitions(replace(ruleset, rules=kept), MappingProxyType(sections), tuple(refusals))


class Refused(Exception):  # noqa: N818 - no error of its own
    """The faults of one definition, on their way to its loader."""

    def __init__(self, faults: list[DefinitionError]) -> None:
        super().__init__(faults)
        self.faults = faults


def section_of(rule: Rule, kinds: Kinds) -> BaseModel:
    """The one section of a definition. Raises Refused when it has none, several, or one that makes no sense."""
    present = [kind for kind in kinds if kind in rule.custom]
    if len(present) != 1:
        fault = DefinitionError(
            msg("định nghĩa có {count} phần trong số {kinds}", count=len(present), kinds=", ".join(kinds)),
            expected=msg("đúng một phần"),
            where=rule.where,
            advice=msg("xem docs/detectors.md"),
        )
        raise Refused([fault])
    kind = present[0]
    try:
        return kinds[kind].model_validate(rule.custom[kind])
    except ValidationError as problem:
        raise Refused([_fault(rule, kind, error["loc"], error["msg"]) for error in problem.errors()]) from problem


def _fault(rule: Rule, kind: str, place: tuple[object, ...], rule_broken: str) -> DefinitionError:
    path = (kind, *place)
    return DefinitionError(
        msg("phần {kind} sai tại '{place}'", kind=kind, place=".".join(map(str, path))),
        expected=msg("theo quy tắc: {rule}", rule=rule_broken),
        where=_place(rule, path),
        advice=msg("xem docs/detectors.md"),
    )


def _place(rule: Rule, path: tuple[object, ...]) -> str:
    """file:line:column of a key of the document that the rule came from."""
    file = _LINE.sub("", rule.where)
    for document in load_documents(Path(file).read_bytes()):
        if isinstance(document.content, Mapping) and document.content.get("title") == rule.title:
            line, column = document.place(path)
            return f"{file}:{line}:{column}"
    return rule.where


def combinations(fields: Mapping[str, object], names: Sequence[str], forms: Mapping[str, Form]) -> Iterable[Names]:
    """The values of `names` in an event, each combination of list values once; nothing when one of the fields is absent."""
    single: list[tuple[str, str]] = []
    for name in names:
        value = fields.get(name)
        if type(value) is not str or not value:
            return _combined(fields, names, forms)
        single.append((name, _formed(value, forms.get(name))))
    return (tuple(single),)


def _combined(fields: Mapping[str, object], names: Sequence[str], forms: Mapping[str, Form]) -> Iterator[Names]:
    """With numbers, lists and absent fields among them."""
    found = [[(name, value) for value in _values(fields.get(name), forms.get(name))] for name in names]
    return islice(product(*found), MAX_COMBINATIONS)


def _values(value: object, form: Form | None) -> list[str]:
    parts = value if isinstance(value, (list, tuple)) else (value,)
    kept = (_formed(str(part), form) for part in parts if part is not None and part != "")
    return list(dict.fromkeys(islice(kept, MAX_COMBINATIONS)))


def _formed(text: str, form: Form | None) -> str:
    if form == "network":
        return network_of(text)
    return (text.lower() if form == "lower" else text)[:MAX_VALUE]


@lru_cache(maxsize=16384)
def network_of(address: str) -> str:
    """The /24 of an IPv4 or /48 of an IPv6 address; the text itself when it is no address."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address[:MAX_VALUE]
    return str(ip_network((ip, 24 if ip.version == 4 else 48), strict=False))


def named_in(rule: Rule, fields: Mapping[str, object]) -> Names:
    """`vonggac: {entities: [...]}` of a definition, as far as an event has them."""
    ours = rule.custom.get("vonggac")
    named = ours.get("entities", []) if isinstance(ours, Mapping) else []
    return tuple(pair for name in named for pair in next(iter(combinations(fields, [str(name)], {})), ()))


def moment_of(event: Event) -> datetime:
    """When an event happened, but never later than it was received: one sensor years ahead must not age what is remembered."""
    happened = event.timestamp
    received = event.fields.get("soc.received")
    return min(happened, parse_iso(str(received))) if received is not None else happened
