"""The platforms of the province: one YAML each, read with all faults at once.

A platform says who owns it, how its records are read and mapped, which kinds of log it owes, when its people work, and how long it may
stay silent. Everything a screen or a report shows of it carries its confidence.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, overload

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from collectors.calendar import CalendarOrName
from collectors.definition import Definition, DefinitionProblem, advice_for, read_definition, validated
from collectors.field_masks import RedactSpec
from collectors.mapping import TableSpec
from collectors.options import check_options
from collectors.parsers import PARSERS
from collectors.platform_terms import (
    LOG_TYPES,
    Charset,
    Confidence,
    Id,
    InputKind,
    Klass,
    LogType,
    NetworkText,
    ThreatId,
)
from collectors.reuse import Reuses
from collectors.targets import table_problems
from soc.core.errors import DefinitionError, FaultsError, NotFoundError
from soc.core.i18n import Lang, msg

__all__ = [
    "FOLDER",
    "LOG_TYPES",
    "Charset",
    "Confidence",
    "Confidences",
    "Format",
    "LogSource",
    "NetworkText",
    "Platform",
    "Rhythm",
    "WayIn",
    "at_fault",
    "load_platform",
    "load_platforms",
    "platform_of",
]

FOLDER = Path(__file__).with_name("platforms")
"""The platforms shipped with the suite."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LogSource(_Strict):
    """Which Sigma rules apply. Source: Sigma rules specification 2.1, `logsource`."""

    product: str | None = None
    category: str | None = None
    service: str | None = None

    @model_validator(mode="after")
    def _names_something(self) -> LogSource:
        if self.product is None and self.category is None and self.service is None:
            raise DefinitionProblem(msg("logsource trống"), msg("ít nhất một trong product, category, service"))
        return self


class Format(_Strict):
    """One form of record of a platform.

    Attributes:
        id: unique within the platform.
        reuse: `<platform>/<format>` that it was taken over from; None for a platform's own. See `collectors.reuse`.
        parser: id of a parser in `collectors.parsers.PARSERS`.
        envelope: `syslog` when the records may come inside a syslog header that the parser itself does not take off.
        fidelity: how well the form is known; `assumed` = to be replaced with real samples.
        source: where the form was read.
        log_type: the kind of log that these records prove.
        options: what the parser wants to know besides; docs/add-a-platform.md lists the parsers that take some.
        charset: in which its records are written, where that cannot be told from them (`collectors.text`); empty = find out.
        fields: field table on top of the parser.
    """

    id: Id
    reuse: str | None = None
    parser: str
    options: dict[str, Any] = {}
    envelope: Literal["syslog"] | None = None
    fidelity: Literal[Confidence.READ, Confidence.GENERAL, Confidence.ASSUMED]
    source: str
    log_type: LogType
    logsource: LogSource
    charset: Charset = ""
    fields: TableSpec = TableSpec()

    @field_validator("parser")
    @classmethod
    def _parser_exists(cls, value: str) -> str:
        if value not in PARSERS:
            raise DefinitionProblem(
                msg("không có bộ đọc '{name}'", name=value), advice=advice_for(value, sorted(PARSERS))
            )
        return value

    @model_validator(mode="after")
    def _options_fit(self) -> Format:
        check_options(self.parser, self.options)
        return self


class Rhythm(_Strict):
    """The longest silence that is still normal, in minutes, and what a person should know about the load.

    Attributes:
        in_hours_minutes: since the last event, or since work began after it.
        off_hours_minutes: since the last event, at any hour.
        quiet_days_off: a day without working hours (weekend, holiday) may pass without an event: it does not count.
    """

    in_hours_minutes: int = Field(ge=1)
    off_hours_minutes: int = Field(ge=1)
    quiet_days_off: bool = False
    note_vi: str = ""
    note_en: str = ""


class WayIn(_Strict):
    """A way in that fits the platform; the note says what must first be switched on at the source, and where."""

    kind: InputKind
    note_vi: str = ""
    note_en: str = ""

    def note(self, lang: Lang) -> str:
        """The note in `lang`; empty where nothing has to be done."""
        return self.note_vi if lang is Lang.VI else self.note_en


def _way_in(value: object) -> object:
    """`syslog` for short."""
    return {"kind": value} if isinstance(value, str) else value


class Confidences(_Strict):
    """Confidence of the facts of a platform, by group."""

    name: Confidence
    owner: Confidence
    log_types: Confidence
    level: Confidence


class Platform(_Strict):
    """One platform of the province.

    Attributes:
        proposed_level: legal security level 1-5 proposed for it; the owner decides the real one. None for national systems.
        level_reason: the criterion it rests on, with its article; for a platform without a level, why it has none.
        log_types: the kinds of log it owes.
        calendar: written out, or the name of one in `calendars.yaml`.
        inputs: ways in that fit, and what has to be switched on first.
        threats: ids of the threats that can show in its logs; each is to be answered by a rule of ours.
        formats: at least one; none only while the keepers of all that it reuses have faults (its records wait in quarantine).
        trusted_proxies: machines whose forwarded-for list is believed; a source may add its own.
        redact: what is masked by the name of its field, or by a form of this platform.
    """

    id: Id
    name_vi: str
    name_en: str
    klass: Klass
    owner: str | None
    proposed_level: int | None = Field(ge=1, le=5)
    level_reason_vi: str = Field(min_length=1)
    level_reason_en: str = Field(min_length=1)
    confidence: Confidences
    source: str
    log_types: list[LogType] = Field(min_length=1)
    formats: list[Format]
    calendar: CalendarOrName
    rhythm: Rhythm
    inputs: list[Annotated[WayIn, BeforeValidator(_way_in)]] = []
    threats: list[ThreatId] = []
    trusted_proxies: list[NetworkText] = []
    redact: RedactSpec = RedactSpec()

    @field_validator("formats")
    @classmethod
    def _formats_differ(cls, value: list[Format]) -> list[Format]:
        ids = [one.id for one in value]
        for place, name in enumerate(ids):
            if name in ids[:place]:
                raise DefinitionProblem(msg("mã khuôn '{name}' lặp lại", name=name), place=(place, "id"))
        return value

    @field_validator("threats")
    @classmethod
    def _threats_differ(cls, value: list[str]) -> list[str]:
        for place, name in enumerate(value):
            if name in value[:place]:
                raise DefinitionProblem(msg("mối đe dọa '{name}' lặp lại", name=name), place=(place,))
        return value

    @model_validator(mode="after")
    def _formats_prove_what_is_owed(self) -> Platform:
        for place, one in enumerate(self.formats):
            if one.log_type not in self.log_types:
                raise DefinitionProblem(
                    msg("loại nhật ký '{name}' không có trong log_types của nền tảng", name=one.log_type),
                    advice=advice_for(one.log_type, self.log_types),
                    place=("formats", place, "log_type"),
                )
        return self

    def name(self, lang: Lang) -> str:
        """The name in `lang`."""
        return self.name_vi if lang is Lang.VI else self.name_en

    def find_format(self, id: str | None = None) -> Format | None:  # noqa: A002 - the word of the glossary
        """As `format`; None where there is none, as while the keeper of a reused one has a fault."""
        if id is None:
            return self.formats[0] if self.formats else None
        return next((one for one in self.formats if one.id == id), None)

    def format(self, id: str | None = None) -> Format:  # noqa: A002 - the word of the glossary
        """The format called `id`; without one, the only or first format. Raises NotFoundError."""
        found = self.find_format(id)
        if found is not None:
            return found
        raise NotFoundError(
            msg("nền tảng {platform} không có khuôn '{name}'", platform=self.id, name=id or "*"),
            advice=advice_for(id or "", [one.id for one in self.formats]),
        )


@overload
def load_platforms(folder: Path = ..., *, strict: Literal[True] = ...) -> dict[str, Platform]: ...
@overload
def load_platforms(
    folder: Path = ..., *, strict: Literal[False]
) -> tuple[dict[str, Platform], tuple[DefinitionError, ...]]: ...
def load_platforms(
    folder: Path = FOLDER, *, strict: bool = True
) -> dict[str, Platform] | tuple[dict[str, Platform], tuple[DefinitionError, ...]]:
    """Every platform of `folder` (`*.yaml`) by id, in the order of the file names.

    Args:
        folder: one file a platform, named `<id>.yaml`.
        strict: False to get the good ones together with the faults of the others, in place of an exception.

    Raises:
        FaultsError: (strict) all faults of all files, each with file:line.
    """
    platforms: dict[str, Platform] = {}
    definitions, faults = _read_all(folder)
    reuses = _reuses(definitions, folder)
    for id in definitions:  # noqa: A001 - the word of the glossary
        try:
            platforms[id] = _platform(id, reuses, faults)
        except FaultsError as problem:
            faults += problem.faults
    if not strict:
        return platforms, tuple(faults)
    if faults:
        raise FaultsError(faults)
    return platforms


def load_platform(path: Path) -> Platform:
    """The platform in the file `path`; formats that it reuses come from the files beside it. Raises FaultsError."""
    definitions = {path.stem: read_definition(path)}
    if _names_a_keeper(definitions[path.stem]):
        definitions = _read_all(path.parent)[0] | definitions
    faults: list[DefinitionError] = []
    platform = _platform(path.stem, _reuses(definitions, path.parent), faults)
    if faults:
        raise FaultsError(faults)
    return platform


def _read_all(folder: Path) -> tuple[dict[str, Definition], list[DefinitionError]]:
    """The files of `folder` that are YAML, and the faults of the others."""
    definitions: dict[str, Definition] = {}
    faults: list[DefinitionError] = []
    for path in sorted(folder.glob("*.yaml")):
        try:
            definitions[path.stem] = read_definition(path)
        except FaultsError as problem:
            faults += problem.faults
    return definitions, faults


def _reuses(definitions: Mapping[str, Definition], folder: Path) -> Reuses:
    unreadable = frozenset(path.stem for path in folder.glob("*.yaml")) - definitions.keys()
    return Reuses(definitions, unreadable, _is_format)


def _names_a_keeper(definition: Definition) -> bool:
    return any(place[-1:] == ("reuse",) for place in definition.lines)


def _is_format(written: dict[str, Any]) -> bool:
    try:
        return not any(table_problems(Format.model_validate(written).fields))
    except ValidationError:
        return False


def _platform(id: str, reuses: Reuses, missing: list[DefinitionError]) -> Platform:  # noqa: A002
    """One platform of a folder; formats that it cannot have for a fault elsewhere go to `missing`. Raises FaultsError."""
    resolved = reuses.resolved(id)
    missing += resolved.missing
    definition = resolved.definition
    faults = [*resolved.faults, *_id_faults(definition, id, reuses.platforms), *_table_faults(definition)]
    try:
        platform = validated(definition, Platform)
    except FaultsError as problem:
        raise FaultsError([*faults, *problem.faults]) from problem
    if not platform.formats and not resolved.missing and not faults:
        faults.append(definition.fault(("formats",), msg("nền tảng không có khuôn nào"), msg("ít nhất một khuôn")))
    if faults:
        raise FaultsError(faults)
    return platform


def _id_faults(definition: Definition, expected: str, others: Collection[str]) -> Iterator[DefinitionError]:
    """A file is named after its id, so that two cannot have one."""
    id = definition.data.get("id") if isinstance(definition.data, dict) else None  # noqa: A001
    if id is None or id == expected:
        return
    if id in others:
        found = msg("mã '{id}' đã là của {id}.yaml", id=id)
        yield definition.fault(("id",), found, advice=msg("đặt mã khác, và tên tệp theo mã"))
    else:
        yield definition.fault(
            ("id",), msg("mã '{id}' khác tên tệp", id=str(id)), msg("tên tệp {name}.yaml", name=str(id))
        )


def _table_faults(definition: Definition) -> Iterator[DefinitionError]:
    """What is wrong with the field tables, of a file that has other faults as well; those of a reused one are told at its keeper."""
    formats = definition.data.get("formats") if isinstance(definition.data, dict) else None
    for place, written in enumerate(formats if isinstance(formats, list) else []):
        if not isinstance(written, dict) or "reuse" in written or "fields" not in written:
            continue
        try:
            table = TableSpec.model_validate(written["fields"])
        except ValidationError:
            continue
        for problem in table_problems(table):
            at = ("formats", place, "fields", *problem.place)
            yield definition.fault(at, problem.found, problem.expected, problem.advice)


_FILE = re.compile(r"([^/\\]+)\.yaml(?::\d+)*", re.ASCII)


def at_fault(faults: Iterable[DefinitionError]) -> frozenset[str]:
    """Ids of the platforms that `load_platforms` told faults of: they are known, though they may be missing or lack formats."""
    return frozenset(found[1] for fault in faults if (found := _FILE.search(fault.where)) is not None)


def platform_of(platforms: Mapping[str, Platform], id: str) -> Platform:  # noqa: A002
    """The platform called `id`. Raises NotFoundError with a close match."""
    if id in platforms:
        return platforms[id]
    raise NotFoundError(msg("không có nền tảng '{id}'", id=id), advice=advice_for(id, sorted(platforms)))
