"""What the province and its agencies declare: registers and lists, one YAML file each in `SOC_HOME/lookups/`.

    # lookups/units.yaml
    kind: units
    units: {xa-mau-12: [192.0.2.0/26], so-mau: [192.0.2.64/26]}

    # lookups/disabled_accounts.yaml: %disabled_accounts% of `expand`, and soc.lookup.disabled_accounts as a flag
    kind: list
    field: user.name
    values: [cb.cu.01]
    agencies: {xa-mau-12: [cb.nghi.02]}

    # a list of the same name that comes with the suite (soc/core/lists) is added to, and `without` takes values out of it

    # lookups/consumer_ip.yaml: soc.lookup.consumer_ip is true for a listed pair, false for a listed consumer from elsewhere
    kind: pairs
    fields: [soc.api.consumer, source.ip]
    pairs: {svc-etl: [192.0.2.7, 198.51.100.0/24]}

docs/enrich.md lists every kind. Times are local unless they carry an offset. A file with a fault is refused whole, with all its faults; the
others are taken. What was in force before a fault stays in force.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from fnmatch import translate
from functools import cache
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, TypeAlias, TypeVar

from pydantic import BaseModel, ConfigDict, Field, RootModel, field_validator, model_validator

from collectors.calendar import Day
from collectors.definition import DefinitionProblem, read_definition, validated
from collectors.enrich.names import NameFile, Names, shipped_names
from collectors.enrich.networks import Networks
from collectors.platform import NetworkText
from soc.core.clock import LOCAL_ZONE
from soc.core.errors import DefinitionError, FaultsError
from soc.core.event import Scalar
from soc.core.i18n import msg
from soc.core.shipped_lists import shipped_lists

Item = TypeVar("Item")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class UnitFile(_Strict):
    """Which networks belong to which unit."""

    kind: Literal["units"]
    units: dict[str, list[NetworkText]]


class Asset(_Strict):
    """A machine: its addresses and names, where it stands, what it serves and who owns it."""

    addresses: list[NetworkText] = []
    names: list[str] = []
    site: str | None = None
    system: str | None = None
    owner: str | None = None


class AssetFile(_Strict):
    """The register of assets."""

    kind: Literal["assets"]
    assets: list[Asset]


class Batch(_Strict):
    """A declared run of many records: who does it on which platform, on which days, between which local times (over midnight too)."""

    platform: str
    accounts: list[str] = Field(min_length=1)
    days: list[Day] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    since: time
    until: time


class BatchFile(_Strict):
    """The register of batches."""

    kind: Literal["batches"]
    batches: list[Batch]


class Span(_Strict):
    """From, to."""

    since: datetime
    until: datetime

    @field_validator("since", "until")
    @classmethod
    def _in_utc(cls, value: datetime) -> datetime:
        return (value if value.tzinfo else value.replace(tzinfo=LOCAL_ZONE)).astimezone(UTC)

    @model_validator(mode="after")
    def _ordered(self) -> Span:
        if self.since >= self.until:
            raise DefinitionProblem(msg("khoảng thời gian kết thúc trước khi bắt đầu"), msg("since trước until"))
        return self

    def holds(self, moment: datetime) -> bool:
        """Whether `moment` lies within; the start does, the end does not."""
        return self.since <= moment < self.until


class Change(Span):
    """An approved change; without hosts it holds for every host of the platform, without accounts for every account."""

    ticket: str
    platform: str
    hosts: list[str] = []
    accounts: list[str] = []


class ChangeFile(_Strict):
    """The register of change tickets."""

    kind: Literal["changes"]
    changes: list[Change]


class Meeting(Span):
    """A meeting that is on the schedule."""

    room: str


class MeetingFile(_Strict):
    """The schedule of meetings; `unscheduled` rooms may be opened at any time."""

    kind: Literal["meetings"]
    meetings: list[Meeting]


class Paper(_Strict):
    """Which unit a document belongs to, and whether others may read it."""

    owner: str
    shared: bool = False


class DocumentFile(_Strict):
    """The register of documents."""

    kind: Literal["documents"]
    documents: dict[str, Paper]


class StationFile(_Strict):
    """Highest allowed value by station and parameter; the station `*` stands for all."""

    kind: Literal["stations"]
    limits: dict[str, dict[str, float]]


class ListFile(_Strict):
    """Values of the province and of single agencies; with a `field` also a flag on the events of whom it concerns.

    Attributes:
        values: texts; `*` stands for any run of characters. Addresses may be networks.
        without: values of the shipped list of the same name that do not count here.
        datasets: only events of these are flagged; none = all.
    """

    kind: Literal["list"]
    field: str | None = None
    datasets: list[str] = []
    values: list[str | int] = []
    agencies: dict[str, list[str | int]] = {}
    without: list[str | int] = []


class PairFile(_Strict):
    """What may go with what: first value -> second values, which may be networks."""

    kind: Literal["pairs"]
    fields: Annotated[list[str], Field(min_length=2, max_length=2)]
    pairs: dict[str, list[str | int]]


AnyFile: TypeAlias = (
    UnitFile
    | AssetFile
    | BatchFile
    | ChangeFile
    | MeetingFile
    | DocumentFile
    | StationFile
    | ListFile
    | PairFile
    | NameFile
)


class LookupFile(RootModel[Annotated[AnyFile, Field(discriminator="kind")]]):
    """Any of them."""


@dataclass(frozen=True, slots=True)
class Values:
    """Texts compared without regard to case, patterns with `*`, and networks."""

    exact: frozenset[str]
    pattern: re.Pattern[str] | None
    networks: Networks

    @classmethod
    def of(cls, values: Sequence[str | int]) -> Values:
        """The values of a list."""
        folded = _folded(values)
        patterns = [translate(text) for text in sorted(folded) if "*" in text]
        return cls(folded, re.compile("|".join(patterns)) if patterns else None, Networks({"": _networks(values)}))

    def __bool__(self) -> bool:
        return bool(self.exact)

    def __contains__(self, value: Scalar) -> bool:
        text = str(value).casefold()
        if text in self.exact or (self.pattern is not None and self.pattern.match(text) is not None):
            return True
        return bool(self.networks) and text in self.networks


@dataclass(frozen=True, slots=True)
class Listed:
    """A list as an enricher asks it."""

    field: str
    datasets: frozenset[str]
    values: Values
    agencies: Mapping[str, Values]

    def has(self, agency: str, value: Scalar) -> bool:
        """Whether the province or `agency` lists `value`."""
        return value in self.values or (agency in self.agencies and value in self.agencies[agency])


@dataclass(frozen=True, slots=True)
class Pairs:
    """What may go with what."""

    fields: tuple[str, str]
    values: Mapping[str, frozenset[str]]
    networks: Mapping[str, Networks]

    def has(self, first: Scalar, second: Scalar) -> bool | None:
        """Whether the pair is listed; None when the first value is listed with nothing."""
        key = str(first).casefold()
        if key not in self.values:
            return None
        return str(second).casefold() in self.values[key] or str(second) in self.networks[key]


@dataclass(frozen=True, slots=True)
class Lookups:
    """Everything declared, ready to be asked. The in-memory twin of the files: tests build it directly.

    Attributes:
        placeholders: name -> values for Sigma's `expand`: those of the province and of all agencies, as a rule is compiled once for all.
    """

    units: Networks = field(default_factory=lambda: Networks({}))
    assets: Mapping[str, Asset] = field(default_factory=dict)
    asset_networks: Networks = field(default_factory=lambda: Networks({}))
    batches: Mapping[str, Sequence[Batch]] = field(default_factory=dict)
    changes: Mapping[str, Sequence[Change]] = field(default_factory=dict)
    meetings: Mapping[str, Sequence[Meeting]] = field(default_factory=dict)
    documents: Mapping[str, Paper] = field(default_factory=dict)
    limits: Mapping[str, Mapping[str, float]] = field(default_factory=dict)
    lists: Mapping[str, Listed] = field(default_factory=dict)
    pairs: Mapping[str, Pairs] = field(default_factory=dict)
    placeholders: Mapping[str, Sequence[str]] = field(default_factory=dict)
    names: Names = field(default_factory=lambda: Names.of(shipped_names()))


def load_lookups(folder: Path) -> tuple[Lookups, tuple[DefinitionError, ...]]:
    """What the sound files of `folder` declare beside what is shipped, and every fault of the others."""
    files: dict[str, AnyFile] = {}
    faults: list[DefinitionError] = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            files[path.stem] = validated(read_definition(path), LookupFile).root
        except FaultsError as problem:
            faults += problem.faults
    return lookups_of(files), tuple(faults)


def parsed_lookups(contents: Mapping[str, object]) -> Lookups:
    """What a case declares: name -> the content of such a file. Raises pydantic's ValidationError."""
    return lookups_of({name: LookupFile.model_validate(content).root for name, content in contents.items()})


@cache
def _shipped() -> Mapping[str, ListFile]:
    return {name: ListFile.model_validate(content) for name, content in shipped_lists().items()}


def _lists(files: Mapping[str, AnyFile]) -> dict[str, ListFile]:
    """The shipped lists with what the site adds to them and takes out, and its own."""
    found = dict(_shipped())
    for name, own in files.items():
        if isinstance(own, ListFile):
            found[name] = _added(found[name], own) if name in found else own
    return found


def _added(shipped: ListFile, own: ListFile) -> ListFile:
    gone = _folded(own.without)
    values = [value for value in shipped.values if str(value).casefold() not in gone]
    return ListFile(
        kind="list",
        field=own.field or shipped.field,
        datasets=own.datasets or shipped.datasets,
        values=[*values, *own.values],
        agencies=own.agencies,
    )


def lookups_of(files: Mapping[str, AnyFile]) -> Lookups:
    """The declarations by name, put together and beside what is shipped; of a kind there may be several files."""
    made = list(files.items())
    lists = _lists(files)
    assets = [asset for _, one in made if isinstance(one, AssetFile) for asset in one.assets]
    units: dict[str, list[str]] = {}
    for _, one in made:
        if isinstance(one, UnitFile):
            for unit, networks in one.units.items():
                units.setdefault(unit, []).extend(networks)
    named = {name.casefold(): asset for asset in assets for name in asset.names}
    numbered = {f"#{number}": asset for number, asset in enumerate(assets)}
    return Lookups(
        units=Networks(units),
        assets=named | numbered,
        asset_networks=Networks({number: asset.addresses for number, asset in numbered.items()}),
        batches=_grouped([(b.platform, b) for _, one in made if isinstance(one, BatchFile) for b in one.batches]),
        changes=_grouped([(c.platform, c) for _, one in made if isinstance(one, ChangeFile) for c in one.changes]),
        meetings=_grouped(
            [(m.room.casefold(), m) for _, one in made if isinstance(one, MeetingFile) for m in one.meetings]
        ),
        documents={key: doc for _, one in made if isinstance(one, DocumentFile) for key, doc in one.documents.items()},
        limits={key: limits for _, one in made if isinstance(one, StationFile) for key, limits in one.limits.items()},
        lists={name: _listed(one) for name, one in lists.items() if one.field and (one.values or one.agencies)},
        pairs={name: _pairs(one) for name, one in made if isinstance(one, PairFile)},
        placeholders={name: _values(one) for name, one in lists.items()},
        names=Names.of(
            [*shipped_names(), *(name for _, one in made if isinstance(one, NameFile) for name in one.names)]
        ),
    )


def _grouped(items: Sequence[tuple[str, Item]]) -> dict[str, list[Item]]:
    grouped: dict[str, list[Item]] = {}
    for key, item in items:
        grouped.setdefault(key, []).append(item)
    return grouped


def _folded(values: Iterable[str | int]) -> frozenset[str]:
    return frozenset(str(value).casefold() for value in values)


def _listed(spec: ListFile) -> Listed:
    agencies = {agency: Values.of(values) for agency, values in spec.agencies.items()}
    return Listed(spec.field or "", frozenset(spec.datasets), Values.of(spec.values), agencies)


def _values(spec: ListFile) -> list[str]:
    every = [*spec.values, *(value for values in spec.agencies.values() for value in values)]
    return sorted({str(value) for value in every})


def _pairs(spec: PairFile) -> Pairs:
    networks = {key.casefold(): Networks({"": _networks(values)}) for key, values in spec.pairs.items()}
    return Pairs(
        (spec.fields[0], spec.fields[1]),
        {key.casefold(): _folded(values) for key, values in spec.pairs.items()},
        networks,
    )


def _networks(values: Sequence[str | int]) -> list[str]:
    found = []
    for value in values:
        try:
            found.append(str(ip_network(str(value), strict=False)))
        except ValueError:
            continue
    return found
