"""Sets, versions, activations and loads as values, and how they stand in SQL."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import orjson

from detectors.rulesets.describe import Described, Kind
from detectors.rulesets.tables import RuleActivationRow, RuleLoadRow, RuleSetRow
from soc.core.errors import InputError
from soc.core.i18n import Lang, msg
from soc.core.severity import Severity

OWN, SITE = "vonggac", "site"
"""Members that are no imported sets: the rules of the suite, and the folder `SOC_HOME/rules`; they follow the installation."""
SHORT = 12
"""Digits of the content hash by which a version is shown; any beginning of at least 4 names it."""
_SLUG = re.compile(r"[a-z0-9]+([._-][a-z0-9]+)*")
_VERSION = re.compile(r"[0-9a-f]{4,64}")


@dataclass(frozen=True, slots=True)
class Refusal:
    """A fault as it is kept: its place inside the set, and the sentence in each language."""

    where: str
    text: Mapping[str, str]

    def render(self, lang: Lang) -> str:
        return self.text.get(lang.value, "")


@dataclass(frozen=True, slots=True)
class RuleEntry:
    """A rule of a set with the file it stands in and the hash of that file."""

    file: str
    sha256: str
    rule: Described


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the files of an import.

    Attributes:
        filtered: left out by the filters.
        other: YAML files that hold no rule.
    """

    filtered: int = 0
    other: int = 0


@dataclass(frozen=True, slots=True)
class Version:
    """One version of an imported set, without the list of its rules.

    Attributes:
        content: SHA-256 over the paths and hashes of its files; the version.
        archive: digest of the ZIP of them among the blobs.
        source: where it came from, as told or the path it was read from.
    """

    name: str
    content: str
    archive: str
    imported: datetime
    imported_by: str
    source: str
    licence: str
    files: int
    rules: int
    refused: int

    @property
    def label(self) -> str:
        """`name@version`, as commands take it."""
        return f"{self.name}@{self.content[:SHORT]}"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a version holds besides its counts."""

    entries: tuple[RuleEntry, ...]
    refusals: tuple[Refusal, ...]
    counts: Counts
    filters: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Member:
    """An imported set in an activation."""

    name: str
    content: str

    @property
    def label(self) -> str:
        return f"{self.name}@{self.content[:SHORT]}"


@dataclass(frozen=True, slots=True)
class Activation:
    """What shall run. Number 0 is the state before anything was activated: own rules and those of the site.

    Attributes:
        members: imported sets in the order given.
        preferred: names of members whose rules win where others have the same id, best first.
        own, site: whether the rules of the suite and of `SOC_HOME/rules` take part.
        restores: the activation that a rollback repeats.
    """

    number: int
    at: datetime | None
    by: str
    note: str
    members: tuple[Member, ...]
    preferred: tuple[str, ...] = ()
    own: bool = True
    site: bool = True
    restores: int | None = None


FIRST = Activation(0, None, "", "", ())


@dataclass(frozen=True, slots=True)
class Plan:
    """What an activation comes to on this machine.

    Attributes:
        files: to load, in the order of precedence.
        content: SHA-256 over their hashes in that order.
        entries: the rules in them.
        overridden: files left out since a preferred member has the same rules, or since another has the very same file.
    """

    activation: Activation
    files: tuple[Path, ...]
    content: str
    entries: tuple[RuleEntry, ...]
    overridden: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Load:
    """One attempt of the collecting process to load an activation.

    Attributes:
        activation: the number that was tried.
        ok: False when the rules loaded before went on running.
        refusals: of a load that worked the rules left out; of one that failed the reason.
    """

    at: datetime
    activation: int
    content: str
    ok: bool
    rules: int
    correlations: int
    refused: int
    refusals: tuple[Refusal, ...]


def check_name(name: str) -> str:
    """The name, if a set may have it. Raises InputError."""
    if _SLUG.fullmatch(name) is None or len(name) > 64 or name in (OWN, SITE):
        raise InputError(
            msg("tên bộ luật {name} không hợp lệ", name=repr(name[:80])),
            expected=msg("chữ thường không dấu, chữ số, dấu chấm, gạch nối; không phải vonggac hay site"),
            advice=msg("đặt tên bằng --name"),
        )
    return name


def split_reference(reference: str) -> tuple[str, str]:
    """Name and beginning of the version of `NAME[@VERSION]`; "" asks for the newest. Raises InputError."""
    name, at, version = reference.partition("@")
    if at and _VERSION.fullmatch(version) is None:
        raise InputError(
            msg("phiên bản {version} không hợp lệ", version=repr(version[:80])),
            expected=msg("ít nhất 4 chữ số thập lục phân đầu của mã nội dung"),
            advice=msg("xem các phiên bản bằng: soc rules sets"),
        )
    return check_name(name), version


def version_of(row: RuleSetRow) -> Version:
    """A version out of its row."""
    return Version(
        row.name,
        row.content,
        row.archive,
        row.imported,
        row.imported_by,
        row.source,
        row.licence,
        row.files,
        row.rules,
        row.refused,
    )


def manifest_json(manifest: Manifest) -> str:
    """A manifest as it stands in SQL."""
    return orjson.dumps(asdict(manifest)).decode()


def manifest_from(body: str) -> Manifest:
    """The inverse of `manifest_json`."""
    found = orjson.loads(body)
    return Manifest(
        tuple(RuleEntry(e["file"], e["sha256"], _described(e["rule"])) for e in found["entries"]),
        refusals_from(found["refusals"]),
        Counts(**found["counts"]),
        found["filters"],
    )


def refusals_from(found: Sequence[Mapping[str, Any]]) -> tuple[Refusal, ...]:
    """Refusals out of JSON values."""
    return tuple(Refusal(each["where"], each["text"]) for each in found)


def activation_of(row: RuleActivationRow) -> Activation:
    """An activation out of its row."""
    return Activation(
        row.number,
        row.at,
        row.by,
        row.note,
        tuple(Member(**member) for member in orjson.loads(row.members)),
        tuple(orjson.loads(row.preferred)),
        row.own,
        row.site,
        row.restores,
    )


def activation_row(made: Activation, at: datetime) -> RuleActivationRow:
    """The row of a new activation."""
    return RuleActivationRow(
        number=made.number,
        at=at,
        by=made.by,
        note=made.note,
        members=orjson.dumps([asdict(member) for member in made.members]).decode(),
        preferred=orjson.dumps(made.preferred).decode(),
        own=made.own,
        site=made.site,
        restores=made.restores,
    )


def load_of(row: RuleLoadRow) -> Load:
    """A load out of its row."""
    return Load(
        row.at,
        row.activation,
        row.content,
        row.state == "loaded",
        row.rules,
        row.correlations,
        row.refused,
        refusals_from(orjson.loads(row.body)),
    )


def load_row(number: int, load: Load) -> RuleLoadRow:
    """The row of a new load."""
    return RuleLoadRow(
        number=number,
        at=load.at,
        activation=load.activation,
        content=load.content,
        state="loaded" if load.ok else "failed",
        rules=load.rules,
        correlations=load.correlations,
        refused=load.refused,
        body=orjson.dumps([asdict(refusal) for refusal in load.refusals]).decode(),
    )


def _described(found: Mapping[str, Any]) -> Described:
    level = found["level"]
    kind = Kind(found["kind"])
    return Described(**{**found, "kind": kind, "level": None if level is None else Severity(level)})
