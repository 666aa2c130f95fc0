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
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, tzinfo
from functools import cache, lru_cache
from pathlib import Path
from typing import TypeAlias

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from collectors.definition import DefinitionProblem, advice_for, read_definition, validated
from collectors.parsing import ParseContext, Record
from collectors.transforms import SCALARS, SPREADS, TRANSFORMS, ZONED, Spread
from soc.core.ecs import FieldType, field_type
from soc.core.errors import ParseError
from soc.core.event import MARKS
from soc.core.i18n import msg

RESERVED = (
    *MARKS,
    "event.id",
    "event.original",
    "event.ingested",
    "ecs.version",
    "soc.redacted",
    "soc.log_type",
    "soc.enrich",
)
RESERVED_PREFIXES = ("soc.time.", "soc.net.", "soc.baseline.", "soc.batch.", "soc.lookup.", "soc.logsource.")
"""Ours alone: marks come from the registered source, the others from the normaliser and the enrichers, never from a log line."""

Plain: TypeAlias = str | int | float | bool
Test: TypeAlias = Callable[[object], bool]

_REMEMBERED = 2048
"""Values of one raw field whose outcome is remembered."""
_REMEMBERED_CHARS = 128
_PLANS, _REMEMBERED_NAMES = 256, 256
"""Sets of raw names that a table remembers, and the most names in one."""

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

    @classmethod
    def of(cls, case: CaseRule) -> _Case:
        return cls(
            tuple((name, test) for name, wanted in case.if_.items() for test in wanted.tests()),
            tuple(case.set_.items()),
            tuple((name, tuple(values)) for name, values in case.add.items()),
        )

    def holds(self, raw: Mapping[str, object]) -> bool:
        for name, test in self.tests:  # noqa: SIM110 - a plain loop: some five cases are asked of every record
            if not test(raw.get(name)):
                return False
        return True


Part: TypeAlias = tuple[str, object]
"""A field and its value."""
Known: TypeAlias = Callable[[str], Sequence[Part]]
"""What a text becomes, remembered."""


class _Step:
    """One raw field, worked out: where it goes and by which transform.

    What becomes of a text is remembered, since most values of most fields came a moment ago; times are not, they are always new.
    """

    def __init__(self, name: str, rule: FieldRule, absent: frozenset[object]) -> None:
        self.name = name
        self.absent = absent
        dated = any(SCALARS.get(_transform_name(rule, target)) in ZONED for target in rule.to)
        self.known: Known | None = None if dated else lru_cache(maxsize=_REMEMBERED)(self._of_text)
        self._rule = rule
        self._spread = SPREADS.get(rule.as_ or "")
        self._targets = tuple((target, SCALARS.get(_transform_name(rule, target))) for target in rule.to)

    def _of_text(self, value: str) -> Sequence[Part]:
        """What is remembered of a text: without a time in it the zone does not matter."""
        return self.becomes(value, UTC)

    def becomes(self, value: object, zone: tzinfo) -> Sequence[Part]:
        """The fields that `value` becomes, none for one that means nothing. Raises ValueError, OverflowError."""
        if is_absent(value, self.absent):
            return ()
        if self._spread is not None:
            return self._spread_out(self._spread, str(value))
        return [
            (target, changed)
            for target, transform in self._targets
            if (changed := self._said(value if transform is None else transform(value, zone))) is not None
        ]

    def _said(self, value: object) -> object:
        """The word of the table for a value, where the table has words."""
        if not self._rule.values:
            return value
        otherwise = self._rule.otherwise
        return self._rule.values.get(str(value), value if otherwise is None else otherwise)

    def _spread_out(self, spread: Spread, text: str) -> Sequence[Part]:
        parts: list[Part] = []
        for target in self._rule.to:
            made: Record = {}
            spread(made, target, text)
            parts += made.items()
        return parts

    def told(self, value: object, zone: tzinfo, taken: set[str]) -> Told:
        """What becomes of `value`; `taken` are the targets that hold a value already, and those of this step join them."""
        try:
            made = [target for target, _ in self.becomes(value, zone)]
        except (ValueError, OverflowError):
            made = []
        free = tuple(target for target in made if target not in taken)
        taken.update(free)
        return Told(self.name, self._rule.as_ or "", free, meant=tuple(self._rule.to), late=bool(made) and not free)

    def settled(self, fields: Record) -> bool:
        """Whether every target holds a value already, so that one which cannot be read does no harm."""
        return self._spread is None and all(target in fields for target in self._rule.to)

    def refusal(self) -> ParseError:
        return ParseError(
            msg("trường '{name}' có giá trị không đọc được", name=self.name),
            expected=msg("giá trị cho phép biến đổi {transform}", transform=self._rule.as_ or "time"),
            where=self.name,
            advice=msg("sửa bảng ánh xạ của nền tảng nếu nguồn ghi dạng khác"),
        )


@dataclass(frozen=True, slots=True)
class Told:
    """What became of one raw field.

    Attributes:
        transform: its name in the table; empty where the value stays as it is.
        targets: the fields that it wrote; none when it was left out.
        meant: the fields that the table names for it.
        late: another raw field had written all of them before.
        absent: its value means nothing.
    """

    name: str
    transform: str
    targets: tuple[str, ...]
    meant: tuple[str, ...] = ()
    late: bool = False
    absent: bool = False


def is_absent(value: object, absent: frozenset[object]) -> bool:
    """Whether a raw value means nothing."""
    return value is None or (type(value) is not list and value in absent)


def _transform_name(rule: FieldRule, target: str) -> str:
    """The transform that the rule names; a date field reads any usual time without being told."""
    return rule.as_ or ("time" if field_type(target) is FieldType.DATE else "")


@dataclass(frozen=True, slots=True)
class _Plan:
    """What a table does with records of the same raw names, which those of one source mostly share."""

    steps: tuple[tuple[str, Known | None, _Step], ...]
    kept: tuple[tuple[str, str], ...]


class FieldTable:
    """A table ready to use."""

    def __init__(self, spec: TableSpec) -> None:
        self._named = frozenset(spec.fields)
        self._absent = frozenset(spec.absent)
        self._constants = dict(spec.set_)
        self._keep = spec.keep
        self._steps = tuple(_Step(name, rule, self._absent) for name, rule in spec.fields.items())
        self._cases = tuple(_Case.of(case) for case in spec.when)
        self._asked = tuple(dict.fromkeys(name for case in self._cases for name, _ in case.tests))
        self._plan = lru_cache(maxsize=_PLANS)(self._planned)
        self._holding = lru_cache(maxsize=_REMEMBERED, typed=True)(self._cases_of)

    def apply(self, record: Mapping[str, object], context: ParseContext) -> Record:
        """The ECS fields of `record`.

        Raises:
            ParseError: a transform cannot read its value; names the raw field.
        """
        names = tuple(record)
        plan = self._plan(names) if len(names) <= _REMEMBERED_NAMES else self._planned(names)
        fields: Record = {
            name: list(value) if type(value) is list else value for name, value in self._constants.items()
        }
        fields.update(_moved(plan.steps, record, context.zone))
        for name, kept in plan.kept:
            value = record[name]
            if not is_absent(value, self._absent):
                fields[kept] = value
        if self._asked:
            for case in self._cases_for(record):
                _settle(fields, case)
        if context.trace is not None:
            context.trace.mapped(self, record, context.zone)
        return fields

    def told(self, record: Mapping[str, object], zone: tzinfo) -> Iterator[Told]:
        """What becomes of each raw field, in words; for `soc normalise --explain`."""
        taken: set[str] = set()
        steps = {step.name: step for step in self._steps}
        for name in [*(name for name in steps if name in record), *(name for name in record if name not in steps)]:
            if is_absent(record[name], self._absent):
                yield Told(name, "", (), absent=True)
            elif name in steps:
                yield steps[name].told(record[name], zone, taken)
            else:
                kept = () if self._keep is None else (f"{self._keep}.{name}",)
                yield Told(name, "", kept)

    def refine(self, fields: Mapping[str, object], context: ParseContext) -> Record:
        """`fields` of a parser that speaks ECS already, with this table on top: what it names moves, all else stays."""
        refined = {name: value for name, value in fields.items() if name not in self._named}
        refined.update(self.apply(fields, context))
        return refined

    def _planned(self, names: tuple[str, ...]) -> _Plan:
        present = frozenset(names)
        steps = tuple((step.name, step.known, step) for step in self._steps if step.name in present)
        prefix = self._keep
        kept = () if prefix is None else tuple((n, f"{prefix}.{n}") for n in names if n not in self._named)
        return _Plan(steps, kept)

    def _cases_for(self, record: Mapping[str, object]) -> Sequence[_Case]:
        values = tuple([record.get(name) for name in self._asked])
        try:
            return self._holding(*values)
        except TypeError:  # a list among them, which no dictionary remembers
            return self._cases_of(*values)

    def _cases_of(self, *values: object) -> Sequence[_Case]:
        raw = {n: v for n, v in zip(self._asked, values, strict=True) if not is_absent(v, self._absent)}
        return tuple(case for case in self._cases if case.holds(raw))


def _moved(steps: Sequence[tuple[str, Known | None, _Step]], record: Mapping[str, object], zone: tzinfo) -> Record:
    """What the raw fields become; of two that lead to one field the first in the order of the table wins."""
    moved: Record = {}
    for name, known, step in steps:
        value = record[name]
        try:
            # The look-up stands here and saves a call: it runs for every field of every record.
            short = known is not None and type(value) is str and len(value) <= _REMEMBERED_CHARS
            for target, made in known(value) if short else step.becomes(value, zone):  # type: ignore[misc, arg-type]
                if target not in moved:
                    moved[target] = made
        except (ValueError, OverflowError) as problem:
            if not step.settled(moved):
                raise step.refusal() from problem
    return moved


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
    return FieldTable(table_spec(name))


def table_spec(name: str) -> TableSpec:
    """The field table that a parser of ours ships, `collectors/parsers/<name>.yaml`, as written."""
    return validated(read_definition(_table_file(name)), TableSpec)


def has_table(name: str) -> bool:
    """Whether the parser ships a field table; the others name their fields in code."""
    return _table_file(name).is_file()


def _table_file(name: str) -> Path:
    return Path(__file__).parent / "parsers" / f"{name}.yaml"
