"""Whether the field table of a platform writes where ECS has a place for it, in a type that the place can hold.

A table that the mapping can run may still be wrong for ever: `usr.name` is a field nobody searches, a text in `source.port` sends every
record to quarantine. Such a file is refused with its line. Source: Elastic Common Schema 8.17, field sets and field reference.
"""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches

from collectors.definition import DefinitionProblem, Place
from collectors.mapping import CaseRule, FieldRule, Plain, TableSpec
from collectors.transforms import SPREADS
from soc.core.ecs import TYPES, FieldType, coerce, field_type
from soc.core.errors import TypeConflictError
from soc.core.i18n import Message, msg

FIELD_SETS = frozenset(
    {
        "@timestamp",
        "agent",
        "client",
        "cloud",
        "container",
        "data_stream",
        "destination",
        "device",
        "dll",
        "dns",
        "ecs",
        "elf",
    }
    | {
        "email",
        "error",
        "event",
        "faas",
        "file",
        "gen_ai",
        "group",
        "host",
        "http",
        "labels",
        "log",
        "message",
        "network",
    }
    | {
        "observer",
        "orchestrator",
        "organization",
        "package",
        "process",
        "registry",
        "related",
        "rule",
        "server",
        "service",
    }
    | {"soc", "source", "span", "tags", "threat", "tls", "trace", "transaction", "url", "user", "user_agent", "volume"}
    | {"vulnerability", "winlog", "x509"}
)
"""First parts of field names: those of ECS, `winlog` of Windows events, and `soc` for what ECS has no word for."""

_WHOLE = frozenset({"message", "tags", "labels", "@timestamp"})
"""Field sets that are fields themselves."""
OBJECTS = FIELD_SETS - _WHOLE
"""Names under which an event has fields, never a value."""
_DATES = frozenset({"time", "iso8601", "device_time", "clf_time", "epoch_s", "epoch_ms", "epoch_us", "epoch_ns"})
_WHOLES = frozenset({"int", "count", "port", "pid", "cef_severity", "s_to_ns", "ms_to_ns"})
_IPS = frozenset({"ip", "addresses", "in_parentheses"})
_TEXTS = frozenset({"lower", "upper", "basename", "http_version", "transport", "sid", "outcome", "unbraced"})
_MADE = {
    **dict.fromkeys(_DATES, FieldType.DATE),
    **dict.fromkeys(_WHOLES, FieldType.LONG),
    **dict.fromkeys(_IPS, FieldType.IP),
    **dict.fromkeys(_TEXTS, FieldType.KEYWORD),
    "float": FieldType.FLOAT,
}
"""Transform -> what it makes; those that are not named make what they were given."""
_HOLDS = {FieldType.FLOAT: {FieldType.FLOAT, FieldType.LONG}, FieldType.LONG: {FieldType.LONG, FieldType.FLOAT}}


def table_problems(table: TableSpec) -> Iterator[DefinitionProblem]:
    """What is wrong with the targets of `table`, each with its place below the table."""
    for name, constant in table.set_.items():
        yield from _constant(("set", name), name, constant)
    for raw, rule in table.fields.items():
        yield from _rule(("fields", raw), rule)
    for place, case in enumerate(table.when):
        yield from _case(("when", place), case)


def _case(at: Place, case: CaseRule) -> Iterator[DefinitionProblem]:
    for key, constants in (("set", case.set_), ("add", case.add)):
        for name, constant in constants.items():
            yield from _constant((*at, key, name), name, constant)


def _constant(at: Place, name: str, constant: Plain | list[Plain]) -> Iterator[DefinitionProblem]:
    yield from _name(at, name)
    for one in constant if isinstance(constant, list) else [constant]:
        yield from _value(at, name, one)


def _value(at: Place, name: str, value: Plain) -> Iterator[DefinitionProblem]:
    try:
        coerce(name, value)
    except TypeConflictError:
        yield DefinitionProblem(
            msg("'{value}' không hợp kiểu của trường '{name}'", value=value, name=name),
            msg("kiểu {kind}", kind=field_type(name).value),
            place=at,
        )


def _rule(at: Place, rule: FieldRule) -> Iterator[DefinitionProblem]:
    for name in rule.to:
        yield from _name(at, name, is_prefix=rule.as_ in SPREADS)
        yield from _transformed(at, name, rule)
        given = [*rule.values.values(), *([] if rule.otherwise is None else [rule.otherwise])]
        for value in given:
            yield from _value((*at, "values"), name, value)


def _transformed(at: Place, name: str, rule: FieldRule) -> Iterator[DefinitionProblem]:
    wanted, made = TYPES.get(name), _MADE.get(rule.as_ or "")
    if wanted is None or rule.values:
        return
    if rule.as_ in SPREADS and rule.as_ not in {"url"}:
        yield DefinitionProblem(
            msg(
                "as: {transform} viết nhiều trường dưới '{name}', mà '{name}' là một trường",
                transform=rule.as_,
                name=name,
            ),
            advice=msg("ghi to: {parent}", parent=name.rpartition(".")[0] or name),
            place=(*at, "as"),
        )
    elif made is not None and wanted is not FieldType.TEXT and made not in _HOLDS.get(wanted, {wanted}):
        yield DefinitionProblem(
            msg(
                "as: {transform} cho kiểu {made}, trường '{name}' không chứa được",
                transform=rule.as_,
                made=made.value,
                name=name,
            ),
            msg("kiểu {kind}", kind=wanted.value),
            place=(*at, "as"),
        )


def _name(at: Place, name: str, *, is_prefix: bool = False) -> Iterator[DefinitionProblem]:
    """The field set must be one; a whole set holds nothing itself; a name that differs by a letter from a typed one is a slip."""
    first, dot, _ = name.partition(".")
    if first not in FIELD_SETS:
        yield DefinitionProblem(
            msg("ECS không có nhóm trường '{name}'", name=first),
            msg("một trường ECS hoặc trường nghiệp vụ soc.*"),
            _near(first),
            at,
        )
    elif not dot and not is_prefix and name not in _WHOLE:
        yield DefinitionProblem(
            msg("'{name}' là một nhóm trường, không phải trường", name=name),
            msg("ví dụ {name}.name", name=name),
            place=at,
        )
    elif not is_prefix and (meant := _swapped(name)):
        yield DefinitionProblem(msg("ECS không có trường '{name}'", name=name), None, _meant(meant), at)


def _swapped(name: str) -> str | None:
    """The typed field whose letters `name` has in another order; alike names with other letters may both be right."""
    if name in TYPES:
        return None
    close = get_close_matches(name, TYPES, n=1, cutoff=_SLIP)
    return close[0] if close and sorted(close[0]) == sorted(name) else None


_SLIP = 0.85
"""How alike a name must be to one with swapped letters."""


def _near(first: str) -> Message:
    close = get_close_matches(first, FIELD_SETS, n=1)
    return _meant(close[0]) if close else msg("tên riêng của phần mềm đi vào soc.* hoặc dùng keep")


def _meant(name: str) -> Message:
    return msg("có phải '{name}'?", name=name)
