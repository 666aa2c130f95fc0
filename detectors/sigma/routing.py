"""Which rules meet which event: log sources against the kind of document, with the names of fields that fit it.

A document names its kind: a Windows channel and event number, a platform of ours and its dataset, or nothing. One that names
nothing meets every rule that isn't tied to Windows logs, under the names of the rule. With the pipeline `none` every
document meets every rule. Facts: data/windows.yaml, data/ecs.yaml, data/programs.yaml.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

import yaml

from detectors.sigma.rule import LogSource
from detectors.sigma.values import Document

Fields: TypeAlias = Mapping[str, str]
"""Name in the rule -> name in the document."""

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
    """Generic categories whose fields the document has, and what its program or dataset is called in data/programs.yaml."""

    @property
    def is_known(self) -> bool:
        return self != _NOWHERE

    @property
    def constants(self) -> Mapping[str, object]:
        """CONSTANT_FIELDS with their values; those a document lacks are left out."""
        values = (self.channel, self.event_id, self.provider, self.platform, self.dataset)
        return {name: value for name, value in zip(CONSTANT_FIELDS, values, strict=True) if value is not None}


_NOWHERE = Origin()
_LINUX = "linux"
_ECS = "ecs"
"""Among the kinds of every ECS document, so that one is never taken for a document that names nothing."""


@dataclass(frozen=True, slots=True)
class _Log:
    """One Windows log that a log source means: its channel (folded), event numbers (none = any), names of fields."""

    channel: str
    events: frozenset[str]
    fields: Fields = field(default_factory=dict, compare=False)

    def has(self, origin: Origin) -> bool:
        return self.channel == str(origin.channel).lower() and (not self.events or str(origin.event_id) in self.events)


@dataclass(frozen=True, slots=True)
class _Generic:
    """A log source without a product over our events."""

    when: tuple[str, ...]
    fields: Fields


@dataclass(frozen=True, slots=True)
class Facts:
    """The tables of data/, read once."""

    services: Mapping[str, tuple[_Log, ...]]
    categories: Mapping[str, tuple[_Log, ...]]
    linux: Mapping[str, tuple[_Log, ...]]
    generic: Mapping[str, _Generic]
    programs: Mapping[str, tuple[str, ...]]
    """Program -> the kinds of log it writes ("linux/sshd", "mail")."""
    datasets: Mapping[str, tuple[str, ...]]


@cache
def facts() -> Facts:
    """The routing tables shipped with the package."""
    windows, ecs, written = _table("windows.yaml"), _table("ecs.yaml"), _table("programs.yaml")
    writers = {f"{_LINUX}/{name}": found for name, found in written["linux"].items()} | written["categories"]
    return Facts(
        services={
            name: tuple(_Log(c.lower(), frozenset()) for c in found) for name, found in windows["services"].items()
        },
        categories={name: _logs(found) for name, found in windows["categories"].items()},
        linux={name: _logs(found) for name, found in windows["linux_categories"].items()},
        generic={name: _Generic(tuple(found["when"]), found["fields"]) for name, found in ecs.items()},
        programs=_kinds_by(writers, "programs"),
        datasets=_kinds_by(writers, "datasets"),
    )


def _kinds_by(writers: Mapping[str, Mapping[str, list[str]]], part: str) -> Mapping[str, tuple[str, ...]]:
    names = {name for found in writers.values() for name in found[part]}
    return {name: tuple(kind for kind, found in writers.items() if name in found[part]) for name in names}


def _table(name: str) -> Mapping[str, dict]:  # type: ignore[type-arg]
    return yaml.safe_load((files("detectors.sigma") / "data" / name).read_text("utf-8"))  # type: ignore[no-any-return]


def _logs(found: Iterable[Mapping[str, object]]) -> tuple[_Log, ...]:
    return tuple(
        _Log(
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
        return Origin(
            _plain(channel),
            _plain(get("EventID")),
            _plain(get("SourceName") if provider is None else provider),
            _plain(get("soc.platform")),
            _plain(get("event.dataset")),
        )
    platform, dataset = _plain(get("soc.platform")), _plain(get("event.dataset"))
    if platform is None and dataset is None and "ecs.version" not in document:
        return _NOWHERE
    declared = tuple(_plain(get(name)) for name in _DECLARED)
    shown = (name for name, found in facts().generic.items() if any(field in document for field in found.when))
    kinds = (_ECS, *shown, *_written_by(get("process.name"), dataset))
    return Origin(platform=platform, dataset=dataset, declared=declared, kinds=kinds)


def _written_by(program: object, dataset: str | int | None) -> tuple[str, ...]:
    """Bounded by the tables, whatever programs a host invents, as it becomes part of a key."""
    known = facts()
    by_program = known.programs.get(program.partition("/")[0].lower(), ()) if isinstance(program, str) else ()
    by_dataset = known.datasets.get(str(dataset), ())
    return by_program if not by_dataset else tuple(dict.fromkeys((*by_program, *by_dataset)))


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
    """A rule for a kind of log, whatever the product, or for a service of Linux."""
    if source.product == _LINUX and source.service and not source.category:
        return SAME if f"{_LINUX}/{source.service}" in origin.kinds else None
    if source.product or source.service or source.category not in _words(*origin.kinds, *origin.declared[1:2]):
        return None
    table = facts().generic.get(source.category)
    return SAME if table is None else table.fields


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
