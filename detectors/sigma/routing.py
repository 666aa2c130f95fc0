"""Which rules meet which event: log sources against the kind of document, with the names of fields that fit it.

A document names its kind: a Windows channel and event number, a platform of ours and its dataset, one of the shapes in
data/kinds.yaml, or nothing. One that names nothing meets every rule that isn't tied to Windows logs, under the names of the
rule. With the pipeline `none` every document meets every rule. Facts: data/windows.yaml, data/kinds.yaml.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import NamedTuple

from detectors.sigma.facts import facts_of
from detectors.sigma.kinds import Fields, kinds
from detectors.sigma.rule import LogSource
from detectors.sigma.values import Document

_DECLARED = ("soc.logsource.product", "soc.logsource.category", "soc.logsource.service")
SAME: Fields = MappingProxyType({})
CONSTANT_FIELDS = ("Channel", "EventID", "Provider_Name", "soc.platform", "event.dataset")
"""Fields whose value is part of the origin, and so the same for every document of a group."""


class Origin(NamedTuple):
    """What a document says of where it comes from: the key under which its group of rules is kept.

    A tuple, because one is made and hashed for every event.
    """

    channel: str | int | None = None
    event_id: str | int | None = None
    provider: str | int | None = None
    platform: str | int | None = None
    dataset: str | int | None = None
    declared: tuple[object, ...] = ()
    """Product, category and service that the platform of the source declares (`soc.logsource.*`)."""
    kinds: tuple[str, ...] = ()
    """Names of the kinds in data/kinds.yaml that the document is."""

    @property
    def is_known(self) -> bool:
        return self != _NOWHERE

    @property
    def constants(self) -> Mapping[str, object]:
        """CONSTANT_FIELDS with their values; those a document lacks are left out."""
        values = (self.channel, self.event_id, self.provider, self.platform, self.dataset)
        return {name: value for name, value in zip(CONSTANT_FIELDS, values, strict=True) if value is not None}


_NOWHERE = Origin()
_ECS = "ecs"
"""Among the kinds of every ECS document, so that one is never taken for a document that names nothing."""


@dataclass(frozen=True, slots=True)
class WindowsLog:
    """One Windows log that a log source means: its channel (folded), event numbers (none = any), names of fields."""

    channel: str
    events: frozenset[str]
    fields: Fields = field(default_factory=dict, compare=False)

    def has(self, origin: Origin) -> bool:
        return self.channel == str(origin.channel).lower() and (not self.events or str(origin.event_id) in self.events)


@dataclass(frozen=True, slots=True)
class Facts:
    """The tables of data/, read once."""

    services: Mapping[str, tuple[WindowsLog, ...]]
    categories: Mapping[str, tuple[WindowsLog, ...]]
    linux: Mapping[str, tuple[WindowsLog, ...]]


@cache
def facts() -> Facts:
    """The routing tables shipped with the package."""
    windows = facts_of("windows")
    return Facts(
        services={
            name: tuple(WindowsLog(c.lower(), frozenset()) for c in found)
            for name, found in windows["services"].items()
        },
        categories={name: _logs(found) for name, found in windows["categories"].items()},
        linux={name: _logs(found) for name, found in windows["linux_categories"].items()},
    )


def _logs(found: Iterable[Mapping[str, object]]) -> tuple[WindowsLog, ...]:
    return tuple(
        WindowsLog(
            str(log["channel"]).lower(),
            frozenset(map(str, log["events"])),  # type: ignore[call-overload]
            log.get("fields", SAME),  # type: ignore[arg-type]
        )
        for log in found
    )


def origin_of(document: Document) -> Origin:
    """The origin of an adapted document."""
    get = document.get
    provider = get("Provider_Name")
    channel = get("Channel")
    if channel is not None:
        named = _plain(channel)
        return Origin(
            named,
            _plain(get("EventID")),
            _plain(get("SourceName") if provider is None else provider),
            _plain(get("soc.platform")),
            _plain(get("event.dataset")),
            kinds=() if named is not None else (_ECS,),  # a channel that is no text says something all the same
        )
    platform, dataset = _plain(get("soc.platform")), _plain(get("event.dataset"))
    if platform is None and dataset is None and "ecs.version" not in document:
        found = kinds().of(document, raw=True)
        return Origin(kinds=found) if found else _NOWHERE
    declared = tuple(_plain(get(name)) for name in _DECLARED)
    return Origin(platform=platform, dataset=dataset, declared=declared, kinds=(_ECS, *kinds().of(document, raw=False)))


def _plain(value: object) -> str | int | None:
    """Texts and whole numbers can be part of a key; True is not 1, and 1.0 is not either."""
    return value if type(value) is str or type(value) is int else None


def select(sources: Iterable[LogSource], origin: Origin) -> dict[LogSource, Fields]:
    """The log sources that mean documents of `origin`, each with the names its fields have there."""
    found = ((source, fields_for(source, origin)) for source in sources)
    return {source: fields for source, fields in found if fields is not None}


def fields_for(source: LogSource, origin: Origin) -> Fields | None:
    """How a rule for `source` reads documents of `origin`; None when they are none of its business."""
    if not origin.is_known:
        return None if source.product == "windows" else SAME
    if source.product and source.product in _words(origin.platform, *origin.declared[:1]):
        return SAME if _suits(source, origin) else None
    if source.service and not source.product and origin.platform is not None and _suits(source, origin):
        return SAME  # a format that several platforms write, a Windows log of theirs too: one rule for all of them
    if origin.channel is not None:
        return _windows(source, origin)
    return _generic(source, origin)


def _words(*values: object) -> frozenset[str]:
    return frozenset(str(value).lower() for value in values if value is not None)


def _suits(source: LogSource, origin: Origin) -> bool:
    """Whether a rule for a platform means this dataset and this category of it."""
    services = _words(origin.dataset, *origin.declared[2:])
    categories = _words(*origin.kinds, *origin.declared[1:2])
    return source.service in ("", *services) and source.category in ("", *categories)


def _generic(source: LogSource, origin: Origin) -> Fields | None:
    """A rule for a kind of log, whatever the platform."""
    named = (*origin.kinds, *(kinds().of_dataset(origin.dataset) if isinstance(origin.dataset, str) else ()))
    for kind in filter(None, (kinds()[name] for name in named)):
        fields = kind.fields_for(source)
        if fields is not None:
            return fields
    if source.product or source.service or source.category not in _words(*origin.declared[1:2]):
        return None
    declared = kinds()[source.category]
    return (declared.fields_for(source) if declared is not None else None) or SAME


def _windows(source: LogSource, origin: Origin) -> Fields | None:
    if source.product not in ("windows", "linux", ""):
        return None
    if source.category:
        return _category(source, origin)
    if source.service:
        logs = facts().services.get(source.service, ())
        return SAME if source.product != "linux" and any(log.has(origin) for log in logs) else None
    on_linux = str(origin.channel).lower().startswith("linux-")
    return SAME if (source.product == "linux") is on_linux else None


def _category(source: LogSource, origin: Origin) -> Fields | None:
    tables = {
        "windows": (facts().categories,),
        "linux": (facts().linux,),
        "": (facts().categories, facts().linux),
    }[source.product]
    for table in tables:
        for log in table.get(source.category, ()):
            if log.has(origin):
                return log.fields
    return None


__all__ = ["CONSTANT_FIELDS", "SAME", "Fields", "Origin", "WindowsLog", "fields_for", "origin_of", "select"]
