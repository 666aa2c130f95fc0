"""Field tables: raw names to ECS, declared in YAML, so that a format is adapted by editing data, not code.

    absent: ["-", "null"]                     values that mean nothing
    set: {event.kind: event}                  constants
    fields:
      taiKhoan: user.name                     raw name -> ECS name
      certSerial: [x509.serial_number, soc.signature.serial]
      thoiGian: "@timestamp"                  a time in any usual form
      ketQua: {to: event.outcome, values: {OK: success, LOI: failure}, otherwise: unknown}
      latencies.request: {to: event.duration, as: ms_to_ns}
      tepTin: {to: file, as: file}            writes file.name, file.extension, file.path
      matKhau: []                             left out
    when:
      - if: {status: {gte: 400}}              all conditions must hold
        set: {event.outcome: failure}         replaces
        add: {event.type: [denied]}           appends to a list
    keep: keycloak                            raw names not listed stay, as keycloak.<name>; without it they are left out

Conditions read the raw names and values. Where several raw names lead to one ECS name, the first that holds a value wins, in the order
of the table. docs/add-a-platform.md lists the transforms and the conditions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import tzinfo
from functools import cache
from pathlib import Path
from typing import TypeAlias

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from collectors.definition import DefinitionProblem, advice_for, read_definition, validated
from collectors.parsing import ParseContext, Record
from collectors.transforms import SCALARS, SPREADS, TRANSFORMS, Scalar, Spread
from soc.core.ecs import FieldType, field_type
from soc.core.errors import ParseError
from soc.core.event import MARKS
from soc.core.i18n import msg

RESERVED = (*MARKS, "event.id", "event.original", "event.ingested", "ecs.version", "soc.redacted", "soc.log_type")
RESERVED_PREFIXES = ("soc.time.", "soc.net.", "soc.baseline.", "soc.batch.", "soc.logsource.")
"""Ours alone: marks come from the registered source, the others from the normaliser and the enrichers, never from a log line."""

Plain: TypeAlias = str | int | float | bool
Test: TypeAlias = Callable[[object], bool]

_NAME = re.compile(r"@?[A-Za-z_][\w-]*(\.[\w@:-]+)*")


def is_reserved(name: str) -> bool:
    """Whether only we may set the field `name`."""
    return name in RESERVED or name.startswith(RESERVED_PREFIXES)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Condition(_Strict):
    """What a raw value must be. Text compares exactly, `re` searches; a number may be written as digits in the record."""

    is_: Plain | list[Plain] | None = Field(default=None, alias="is")
    is_not: Plain | list[Plain] | None = Field(default=None, alias="not")
    lt: float | None = None
    lte: float | None = None
    gt: float | None = None
    gte: float | None = None
    startswith: str | None = None
    endswith: str | None = None
    contains: str | None = None
    exists: bool | None = None

    def tests(self) -> list[Test]:
        """One test for each thing asked."""
        made = [make(getattr(self, name)) for name, make in _TESTS.items() if getattr(self, name) is not None]
        return made or [lambda value: value is not None]


class FieldRule(_Strict):
    """Where one raw field goes and how it changes on the way."""

    to: list[str]
    as_: str | None = Field(default=None, alias="as")
    values: dict[str, Plain] = {}
    otherwise: Plain | None = None

    @field_validator("to", mode="before")
    @classmethod
    def _one_or_more(cls, value: object) -> object:
        return [value] if isinstance(value, str) else value

    @field_validator("to")
    @classmethod
    def _ours_are_no_targets(cls, value: list[str]) -> list[str]:
        for name in value:
            check_target(name)
        return value

    @field_validator("as_")
    @classmethod
    def _known_transform(cls, value: str | None) -> str | None:
        if value is not None and value not in TRANSFORMS:
            raise DefinitionProblem(msg("phép biến đổi lạ '{name}'", name=value), advice=advice_for(value, TRANSFORMS))
        return value


class CaseRule(_Strict):
    """Fields that depend on conditions; all conditions of `if` must hold."""

    if_: dict[str, Condition] = Field(alias="if", min_length=1)
    set_: dict[str, Plain | list[Plain]] = Field(default={}, alias="set")
    add: dict[str, list[Plain]] = {}

    @field_validator("if_", mode="before")
    @classmethod
    def _short_form(cls, value: object) -> object:
        """`{type: LOGIN}` and `{type: [A, B]}` mean `{type: {is: ...}}`."""
        if not isinstance(value, Mapping):
            return value
        return {name: wanted if isinstance(wanted, Mapping) else {"is": wanted} for name, wanted in value.items()}

    @field_validator("set_", "add")
    @classmethod
    def _ours_are_no_targets(cls, value: dict[str, object]) -> dict[str, object]:
        for name in value:
            check_target(name)
        return value


class TableSpec(_Strict):
    """A field table as written in YAML."""

    absent: list[Plain] = []
    set_: dict[str, Plain | list[Plain]] = Field(default={}, alias="set")
    fields: dict[str, FieldRule] = {}
    when: list[CaseRule] = []
    keep: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _short_form(cls, value: object) -> object:
        """`raw: name` and `raw: [a, b]` mean `raw: {to: ...}`."""
        if not isinstance(value, Mapping) or not isinstance(value.get("fields"), Mapping):
            return value
        fields = {raw: {"to": rule} if isinstance(rule, (str, list)) else rule for raw, rule in value["fields"].items()}
        return {**value, "fields": fields}

    @field_validator("set_")
    @classmethod
    def _ours_are_no_targets(cls, value: dict[str, object]) -> dict[str, object]:
        for name in value:
            check_target(name)
        return value

    @field_validator("keep")
    @classmethod
    def _prefix_is_a_name(cls, value: str | None) -> str | None:
        if value is not None:
            check_target(value)
        return value


def check_target(name: str) -> None:
    """Refuse a target that is no field name, or that only we may set. Raises DefinitionProblem."""
    if is_reserved(name) or is_reserved(f"{name}.") or name == "soc":
        raise DefinitionProblem(
            msg("trường '{name}' là dấu của hệ thống, nhật ký không được ghi vào", name=name),
            expected=msg("một trường ECS hoặc trường nghiệp vụ soc.*"),
            advice=msg("đơn vị ghi trong nhật ký đi vào soc.unit"),
        )
    if not _NAME.fullmatch(name):
        raise DefinitionProblem(
            msg("'{name}' không phải tên trường", name=name), msg("tên ECS cách bằng dấu chấm, ví dụ user.name")
        )


def _as_number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def _compare(holds: Callable[[float, float], bool]) -> Callable[[float], Test]:
    def make(limit: float) -> Test:
        return lambda value: (number := _as_number(value)) is not None and holds(number, limit)

    return make


def _one_of(wanted: Plain | list[Plain]) -> Test:
    texts = {str(one) for one in (wanted if isinstance(wanted, list) else [wanted])}
    return lambda value: value is not None and str(value) in texts


def _none_of(unwanted: Plain | list[Plain]) -> Test:
    found = _one_of(unwanted)
    return lambda value: not found(value)


_TESTS: dict[str, Callable[..., Test]] = {
    "is_": _one_of,
    "is_not": _none_of,
    "lt": _compare(lambda number, limit: number < limit),
    "lte": _compare(lambda number, limit: number <= limit),
    "gt": _compare(lambda number, limit: number > limit),
    "gte": _compare(lambda number, limit: number >= limit),
    "startswith": lambda part: lambda value: isinstance(value, str) and value.startswith(part),
    "endswith": lambda part: lambda value: isinstance(value, str) and value.endswith(part),
    "contains": lambda part: lambda value: isinstance(value, str) and part in value,
    "exists": lambda wanted: lambda value: (value is not None) is wanted,
}


@dataclass(frozen=True, slots=True)
class _Case:
    tests: tuple[tuple[str, Test], ...]
    constants: tuple[tuple[str, object], ...]
    additions: tuple[tuple[str, tuple[Plain, ...]], ...]

    def holds(self, raw: Mapping[str, object]) -> bool:
        for name, test in self.tests:  # noqa: SIM110 - a plain loop: some five cases are asked of every record
            if not test(raw.get(name)):
                return False
        return True


@dataclass(frozen=True, slots=True)
class _Step:
    """One raw field, worked out: where it goes and by which transform."""

    name: str
    spread: Spread | None
    targets: tuple[tuple[str, Scalar | None], ...]
    values: Mapping[str, Plain]
    otherwise: Plain | None
    transform: str

    @classmethod
    def of(cls, name: str, rule: FieldRule) -> _Step:
        targets = tuple((target, _transform(rule, target)) for target in rule.to)
        return cls(name, SPREADS.get(rule.as_ or ""), targets, rule.values, rule.otherwise, rule.as_ or "time")

    def run(self, fields: Record, value: object, zone: tzinfo) -> None:
        """Write what becomes of `value`; a target that holds a value keeps it."""
        for target, transform in self.targets:
            if self.spread is not None:
                _spread(fields, self.spread, target, value)
            elif target not in fields:
                changed = value if transform is None else transform(value, zone)
                if self.values:
                    changed = self.values.get(str(changed), changed if self.otherwise is None else self.otherwise)
                if changed is not None:
                    fields[target] = changed

    def refusal(self) -> ParseError:
        return ParseError(
            msg("trường '{name}' có giá trị không đọc được", name=self.name),
            expected=msg("giá trị cho phép biến đổi {transform}", transform=self.transform),
            where=self.name,
            advice=msg("sửa bảng ánh xạ của nền tảng nếu nguồn ghi dạng khác"),
        )


def _transform(rule: FieldRule, target: str) -> Scalar | None:
    """The transform that the rule names; a date field reads any usual time without being told."""
    name = rule.as_ or ("time" if field_type(target) is FieldType.DATE else "")
    return SCALARS.get(name)


@dataclass(frozen=True, slots=True)
class FieldTable:
    """A table ready to use; `of` makes one of its YAML form."""

    steps: tuple[_Step, ...]
    named: frozenset[str]
    constants: Mapping[str, object]
    cases: tuple[_Case, ...]
    absent: frozenset[object]
    keep: str

    @classmethod
    def of(cls, spec: TableSpec) -> FieldTable:
        """Compile `spec`."""
        cases = tuple(
            _Case(
                tuple((name, test) for name, wanted in case.if_.items() for test in wanted.tests()),
                tuple(case.set_.items()),
                tuple((name, tuple(values)) for name, values in case.add.items()),
            )
            for case in spec.when
        )
        steps = tuple(_Step.of(name, rule) for name, rule in spec.fields.items())
        return cls(steps, frozenset(spec.fields), spec.set_, cases, frozenset(spec.absent), spec.keep or "")

    def apply(self, record: Mapping[str, object], context: ParseContext) -> Record:
        """The ECS fields of `record`.

        Raises:
            ParseError: a transform cannot read its value; names the raw field.
        """
        absent = self.absent
        raw = {
            name: value
            for name, value in record.items()
            if value is not None and (type(value) is list or value not in absent)
        }
        fields: Record = {
            name: list(value) if isinstance(value, list) else value for name, value in self.constants.items()
        }
        fields.update(self._moved(raw, context))
        if self.keep:
            prefix = f"{self.keep}."
            fields.update({prefix + name: value for name, value in raw.items() if name not in self.named})
        for case in self.cases:
            if case.holds(raw):
                _settle(fields, case)
        return fields

    def refine(self, fields: Mapping[str, object], context: ParseContext) -> Record:
        """`fields` of a parser that speaks ECS already, with this table on top: what it names moves, all else stays."""
        refined = {name: value for name, value in fields.items() if name not in self.named}
        refined.update(self.apply(fields, context))
        return refined

    def _moved(self, raw: Mapping[str, object], context: ParseContext) -> Record:
        moved: Record = {}
        for step in self.steps:
            if step.name in raw:
                try:
                    step.run(moved, raw[step.name], context.zone)
                except (ValueError, OverflowError) as problem:
                    raise step.refusal() from problem
        return moved


def _spread(fields: Record, spread: Spread, prefix: str, value: object) -> None:
    made: Record = {}
    spread(made, prefix, str(value))
    for target, part in made.items():
        fields.setdefault(target, part)


def _settle(fields: Record, case: _Case) -> None:
    for name, value in case.constants:
        fields[name] = list(value) if isinstance(value, list) else value
    for name, values in case.additions:
        present = fields.get(name, [])
        listed: Sequence[object] = present if isinstance(present, list) else [present]
        fields[name] = [*listed, *(value for value in values if value not in listed)]


@cache
def bundled_table(name: str) -> FieldTable:
    """The field table that a parser of ours ships, ready to be applied."""
    return FieldTable.of(table_spec(name))


def table_spec(name: str) -> TableSpec:
    """The field table that a parser of ours ships, `collectors/parsers/<name>.yaml`, as written."""
    return validated(read_definition(_table_file(name)), TableSpec)


def has_table(name: str) -> bool:
    """Whether the parser ships a field table; the others name their fields in code."""
    return _table_file(name).is_file()


def _table_file(name: str) -> Path:
    return Path(__file__).parent / "parsers" / f"{name}.yaml"
