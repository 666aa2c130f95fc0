"""The catalogue of criteria: what each measures, what proves it, which text asks for it and since when.

Catalogues are YAML files in `catalogues/`. The law changed on 2026-07-01, so texts and criteria carry the days on which they
start and stop to apply, and an assessment judges by those of its own period.
"""

from __future__ import annotations

import hashlib
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator

from soc.compliance.definitions import Strict, Text, load
from soc.core.i18n import Message, msg

CATALOGUES = Path(__file__).with_name("catalogues")


class Confidence(StrEnum):
    """How sure we are of a statement about the law. `proposed` is our own measure and is never worded as a duty."""

    VERIFIED = "verified"
    SECONDARY = "verified-secondary"
    GENERAL = "general-knowledge"
    PROPOSED = "proposed"


class EvidenceKind(StrEnum):
    """What proves a criterion."""

    TELEMETRY = "telemetry"
    DOCUMENT = "document"
    ATTESTATION = "attestation"
    EXERCISE = "exercise"


class Cycle(StrEnum):
    """How often a criterion is due."""

    MONTH = "month"
    QUARTER = "quarter"
    HALF_YEAR = "6months"
    YEAR = "year"
    ON_EVENT = "on_event"


class Dated(Strict):
    """Something that applies from one day to another, both included; None = not known, taken as open."""

    valid_from: date | None = None
    valid_to: date | None = None

    def applies(self, day: date) -> bool:
        """Whether it applies on that day."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)


class LegalText(Dated):
    """A law, decree, standard, directive, letter or plan."""

    citation: str
    vi: str
    en: str
    issued: date | None = None
    confidence: Confidence


class Reference(Strict):
    """The place in a text, `Điều 31.2.d`."""

    text: str
    at: str = ""


class Target(Strict):
    """From which value on a figure counts as met or partly met. Always a proposal of the province, never law.

    `higher`: met from `met` on, partly when more than `partly`. `lower`: met up to `met`, partly up to `partly`.
    """

    better: Literal["higher", "lower"]
    met: float
    partly: float


class Owner(StrEnum):
    """Who owes a criterion: each agency, or the province once for all."""

    AGENCY = "agency"
    PROVINCE = "province"


class Criterion(Dated):
    """One measurable demand of a layer; `target` is given where telemetry decides."""

    id: str = Field(pattern=r"^L[1-4]-\d\d$")
    layer: int = Field(ge=1, le=4)
    title: Text
    measure: Text
    evidence_kind: EvidenceKind
    period: Cycle
    legal_basis: tuple[Reference, ...] = Field(min_length=1)
    owed_by: Owner = Owner.AGENCY
    target: Target | None = None
    confidence: Confidence


class Catalogue(Strict):
    """All criteria of one version."""

    id: str
    version: str
    name: Text
    layers: dict[int, Text]
    texts: dict[str, LegalText]
    criteria: tuple[Criterion, ...]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        faults = [*self._repeated(), *self._dangling()]
        if faults:
            raise ValueError("; ".join(faults))
        return self

    def _repeated(self) -> list[str]:
        ids = [criterion.id for criterion in self.criteria]
        return [f"criterion {ident} twice" for ident in sorted({i for i in ids if ids.count(i) > 1})]

    def _dangling(self) -> list[str]:
        unknown = [
            f"{c.id}: no text {r.text}" for c in self.criteria for r in c.legal_basis if r.text not in self.texts
        ]
        return unknown + [f"{c.id}: no layer {c.layer}" for c in self.criteria if c.layer not in self.layers]

    @property
    def hash(self) -> str:
        """SHA-256 over the content, whatever the layout and comments of the file."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    def criterion(self, ident: str) -> Criterion | None:
        """One criterion, None for an unknown id."""
        return next((criterion for criterion in self.criteria if criterion.id == ident), None)

    def of_layer(self, layer: int, day: date) -> list[Criterion]:
        """The criteria of a layer that apply on that day, in the order of the catalogue."""
        return [criterion for criterion in self.criteria if criterion.layer == layer and criterion.applies(day)]

    def citations(self, criterion: Criterion, day: date) -> tuple[str, ...]:
        """The texts behind a criterion that apply on that day, `NĐ 331/2026/NĐ-CP, Điều 31.2.d`."""
        basis = [(self.texts[reference.text], reference.at) for reference in criterion.legal_basis]
        return tuple(f"{text.citation}, {at}" if at else text.citation for text, at in basis if text.applies(day))


class LogType(StrEnum):
    """Log types that the levels ask for. Source: TCVN 14423:2026, x.8.2.1 (verified-secondary)."""

    SYSTEM_ACCESS = "system_access"
    APPLICATION = "application"
    ALERT = "alert"
    PROCESS = "process"
    DATA_ACCESS = "data_access"

    @property
    def label(self) -> Message:
        """The words shown to a person."""
        return _LOG_TYPES[self]


_LOG_TYPES = {
    LogType.SYSTEM_ACCESS: msg("nhật ký truy cập hệ thống"),
    LogType.APPLICATION: msg("nhật ký ứng dụng"),
    LogType.ALERT: msg("cảnh báo của thiết bị bảo vệ"),
    LogType.PROCESS: msg("nhật ký tiến trình"),
    LogType.DATA_ACCESS: msg("nhật ký truy cập dữ liệu"),
}


class RequiredType(Strict):
    """A log type that levels ask for: the platform log types that satisfy it."""

    met_by: tuple[str, ...]

    def met_by_any(self, seen: frozenset[str]) -> bool:
        """Whether one of the log types in `seen` stands for it."""
        return not seen.isdisjoint(self.met_by)


class LevelDuty(Strict):
    """What one level asks of the logs; `retention_months` None = the standard states none."""

    required: tuple[LogType, ...]
    retention_months: int | None = None


class LevelDuties(Strict):
    """Log duties of security levels 1 to 5."""

    id: str
    version: str
    confidence: Confidence
    required_types: dict[LogType, RequiredType]
    levels: dict[int, LevelDuty]

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        lacking = {name for duty in self.levels.values() for name in duty.required} - set(self.required_types)
        if lacking:
            raise ValueError(f"nothing meets required type {', '.join(sorted(lacking))}")
        return self

    @property
    def hash(self) -> str:
        """SHA-256 over the content."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()

    def met(self, level: int, seen: frozenset[str]) -> tuple[LogType, ...]:
        """Those of the level's required types that the log types in `seen` satisfy."""
        return tuple(name for name in self.levels[level].required if self.required_types[name].met_by_any(seen))


def load_catalogue(path: Path = CATALOGUES / "four_layer.yaml") -> Catalogue:
    """The catalogue of a file. Raises FaultsError with all its faults, file:line each."""
    return load(path, Catalogue)


def load_levels(path: Path = CATALOGUES / "levels.yaml") -> LevelDuties:
    """The log duties of the levels. Raises FaultsError with all faults, file:line each."""
    return load(path, LevelDuties)
