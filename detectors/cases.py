"""The file of cases beside a rule: events it must catch and events it must leave alone.

platform: one_stop                   # who wrote the raw lines; not needed where all events are documents.
                                     # platform/format where a platform has several formats; else its first
lookups:                             # what the province declares, as in SOC_HOME/lookups: name -> content of the file
  kiosk: {kind: list, field: source.ip, values: [198.51.100.9]}
must_fire:
  - name: an officer exports 18,450 dossiers in the evening
    rule: onestop_mass_export        # the rule of the file's name when left out
    entities: {user.name: canbo.01}  # what the alert must be about
    lines:                           # raw, in the true format of the platform
      - '{"thoiGian": ...}'
      - repeat: 12                   # twelve lines, {{n}} {{iso}} {{utc}} {{epoch_ms}} {{date}} {{time}} {{compact}} filled in,
                                     # and as programs write it {{syslog}} {{ctime}} {{clf}}
        start: "2026-11-17T01:30:00+07:00"
        every_s: 20
        agency: xa-mau-02            # of another agency than the rest
        platform: commune_network/bind_query   # of another platform or format than the rest
        line: '{"time": "{{iso}}", ...}'
  - name: a program is started
    documents:                       # as `soc detect` reads them: EVTX, Winlogbeat, Zeek, ECS, flat or nested
      - {"@timestamp": "2026-11-17T01:30:00Z", Channel: Security, EventID: 4688, ...}
      - repeat: 12                   # the same keys as for lines
        start: "2026-11-17T01:30:00+07:00"
        document: {"@timestamp": "{{iso}}", ...}
must_not_fire:
  - name: ...
    until: "2026-11-18T03:31:00+07:00"   # nothing more comes until then; for what waits for something
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import yaml
from pydantic import (
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    field_validator,
    model_validator,
)

from detectors.rulepack import cases_of
from detectors.sigma.yaml12 import load_documents
from soc.core.clock import LOCAL_ZONE
from soc.core.errors import DefinitionError
from soc.core.i18n import msg

AGENCY = "co-quan-thu"
Content: TypeAlias = Mapping[str, object]
_MARK = re.compile(r"\{\{(\w+)\}\}")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Repeated(_Strict):
    """Events made of one pattern."""

    repeat: Annotated[int, Field(ge=1, le=100_000)] = 1
    start: AwareDatetime | None = None
    every_s: Annotated[float, Field(ge=0)] = 0
    agency: str = AGENCY
    platform: str | None = None

    def _moments(self) -> Iterator[tuple[int, datetime | None]]:
        for number in range(self.repeat):
            yield number, None if self.start is None else self.start + timedelta(seconds=self.every_s * number)


class Series(_Repeated):
    """Raw lines made of one pattern."""

    line: str

    def lines(self) -> Iterator[str]:
        """The pattern filled in, once for each repetition."""
        for number, moment in self._moments():
            yield _filled(self.line, number, moment)


class DocumentSeries(_Repeated):
    """Documents made of one pattern."""

    document: dict[str, Any]

    def documents(self) -> Iterator[Content]:
        """The pattern with every text in it filled in, once for each repetition."""
        for number, moment in self._moments():
            yield {name: _filled_in(value, number, moment) for name, value in self.document.items()}


def _as_series(entry: object) -> object:
    return {"line": entry} if isinstance(entry, str) else entry


def _as_document_series(entry: object) -> object:
    is_series = isinstance(entry, dict) and isinstance(entry.get("document"), dict)
    return entry if is_series or not isinstance(entry, dict) else {"document": entry}


class Case(_Strict):
    """One scene: its raw lines come first, then its documents."""

    name: str
    rule: str | None = None
    entities: dict[str, str] = {}
    lookups: dict[str, dict[str, Any]] = {}
    until: AwareDatetime | None = None
    lines: list[Annotated[Series, BeforeValidator(_as_series)]] = []
    documents: list[Annotated[DocumentSeries, BeforeValidator(_as_document_series)]] = []

    @model_validator(mode="after")
    def _has_events(self) -> Case:
        if not self.lines and not self.documents:
            raise ValueError("needs lines or documents")
        return self


class Cases(_Strict):
    """The file beside a rule; `lookups` of a single case add to those of the file, name by name."""

    platform: str | None = None
    lookups: dict[str, dict[str, Any]] = {}
    must_fire: Annotated[list[Case], Field(min_length=1)]
    must_not_fire: Annotated[list[Case], Field(min_length=1)]

    @field_validator("must_fire", "must_not_fire")
    @classmethod
    def _tell_apart(cls, cases: list[Case]) -> list[Case]:
        names = [case.name for case in cases]
        if len(set(names)) < len(names):
            raise ValueError("two cases of the same name")
        return cases

    @model_validator(mode="after")
    def _lines_have_a_platform(self) -> Cases:
        series = [one for case in (*self.must_fire, *self.must_not_fire) for one in case.lines]
        if self.platform is None and any(one.platform is None for one in series):
            raise ValueError("raw lines need a platform")
        return self


def load_cases(rule_file: Path) -> Cases:
    """The cases beside `rule_file`. Raises DefinitionError: none there, not readable, or only one of the two kinds."""
    path = cases_of(rule_file)
    try:
        found = [document.content for document in load_documents(path.read_bytes())]
        return Cases.model_validate(found[0] if len(found) == 1 else found)
    except FileNotFoundError as problem:
        raise DefinitionError(
            msg("luật không có ca thử"),
            expected=msg("tệp {name} bên cạnh, có must_fire và must_not_fire", name=path.name),
            where=f"{rule_file}:1",
            advice=msg("viết ít nhất một ca phải bắt và một ca giống mà lành"),
        ) from problem
    except ValidationError as problem:
        raise case_fault(path, problem) from problem
    except (OSError, UnicodeDecodeError, yaml.YAMLError, ValueError) as problem:
        raise DefinitionError(
            msg("không đọc được ca thử: {reason}", reason=str(problem)), where=f"{path}:1"
        ) from problem


def case_fault(path: Path, problem: ValidationError) -> DefinitionError:
    """The first fault of what a file of cases says."""
    first = problem.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return DefinitionError(
        msg("ca thử sai ở {place}: {reason}", place=place or "-", reason=first["msg"]),
        expected=msg("platform, must_fire và must_not_fire, mỗi phần ít nhất một ca"),
        where=f"{path}:1",
        advice=msg("xem docs/write-a-rule.md"),
    )


def _filled_in(value: object, number: int, moment: datetime | None) -> object:
    if isinstance(value, str):
        return _filled(value, number, moment)
    if isinstance(value, dict):
        return {name: _filled_in(inner, number, moment) for name, inner in value.items()}
    if isinstance(value, list):
        return [_filled_in(inner, number, moment) for inner in value]
    return value


def _filled(pattern: str, number: int, moment: datetime | None) -> str:
    forms = _forms(number, moment)
    return _MARK.sub(lambda mark: forms.get(mark[1], mark[0]), pattern)


def _forms(number: int, moment: datetime | None) -> Mapping[str, str]:
    count = {"n": f"{number + 1:04d}"}
    if moment is None:
        return count
    local = moment.astimezone(LOCAL_ZONE)
    return count | {
        "iso": local.isoformat(),
        "epoch_ms": str(int(moment.timestamp() * 1000)),
        "date": f"{local:%Y-%m-%d}",
        "time": f"{local:%H:%M:%S}",
        "syslog": f"{local:%b} {local.day:2d} {local:%H:%M:%S}",
        "ctime": f"{local:%a %b} {local.day:2d} {local:%H:%M:%S %Y}",
        "clf": f"{local:%d/%b/%Y:%H:%M:%S %z}",
        "compact": f"{local:%Y%m%d%H%M%S}",
        "utc": f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}"[:-3],
    }
