"""Value modifiers: from `field|contains|all: [...]` to pySigma's detection item, and from its values to tests.

pySigma's own modifiers differ from the specification in places that lose detections, so the chain is applied here: it cuts
`base64offset` by characters instead of bytes, puts the byte order mark of `utf16` in as a character, leaves a dash inside a
word alone in `windash`, and refuses non-ASCII text in `wide`. pySigma's value types stay the form between, so that its
processing pipelines work on the rule. Source: Sigma appendix of modifiers 2.1.0.
"""

from __future__ import annotations

import difflib
import re
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from types import MappingProxyType

from sigma.conditions import ConditionAND, ConditionOR
from sigma.exceptions import SigmaError
from sigma.modifiers import modifier_mapping
from sigma.rule import SigmaDetectionItem
from sigma.types import (
    CompareOperators,
    Placeholder,
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaRegularExpressionFlag,
    SigmaString,
    SigmaTimestampPart,
    SigmaType,
    SpecialChars,
    TimestampPart,
    sigma_type,
)

from detectors.sigma.expressions import checked_regex, regex_source
from detectors.sigma.faults import RuleFault
from detectors.sigma.ruleset import Placeholders
from soc.core.i18n import Message, msg

DASH = "_any_dash"
"""Name of the placeholder that stands for any of DASHES; no rule can write it, as it comes from `windash` alone."""
DASHES = "-/\u2013\u2014\u2015"
_MULTI = SpecialChars.WILDCARD_MULTI
_PLACEHOLDER = re.compile(r"\\\\|\\%|%([^%\s\\]+)%")
"""A placeholder, or an escape that must not be taken for the begin of one."""
_COMPARE = MappingProxyType({op.name.lower(): op for op in CompareOperators if op is not CompareOperators.NEQ})
_PARTS = MappingProxyType({part.name.lower(): part for part in TimestampPart})
_FLAGS = MappingProxyType(
    {
        "i": SigmaRegularExpressionFlag.IGNORECASE,
        "ignorecase": SigmaRegularExpressionFlag.IGNORECASE,
        "m": SigmaRegularExpressionFlag.MULTILINE,
        "multiline": SigmaRegularExpressionFlag.MULTILINE,
        "s": SigmaRegularExpressionFlag.DOTALL,
        "dotall": SigmaRegularExpressionFlag.DOTALL,
    }
)


class EncodedString(SigmaString):
    """A text turned into bytes by `wide` or its kin, on the way to base64."""

    data: bytes = b""


class PartCompare(SigmaTimestampPart):
    """`hour|gte: 22`: a part of a time, compared."""

    op: str = "eq"


@dataclass
class _Chain:
    """The state of one detection item while its modifiers are applied from left to right."""

    field: str | None
    names: Sequence[str]
    placeholders: Placeholders
    values: list[SigmaType]
    linking: type[ConditionAND | ConditionOR] = ConditionOR
    negated: bool = False
    done: list[str] = dataclass_field(default_factory=list)

    def run(self) -> None:
        for name in self.names:
            step = _STEPS.get(name)
            if step is None:
                raise _unknown(name)
            step(self, name)
            self.done.append(name)


def detection_item(key: str | None, raw: object, placeholders: Placeholders) -> SigmaDetectionItem:
    """One line of a detection as pySigma's item, modifiers applied.

    Args:
        key: `field|modifier|...`; an empty field or None for keywords.
        raw: the value, or a list of values.
        placeholders: what `expand` puts in.

    Raises:
        RuleFault: unknown or wrongly combined modifier, or a value it cannot take.
    """
    name, *modifiers = (key or "").split("|")
    values = raw if isinstance(raw, list) else [raw]
    _check_values(values, modifiers, is_list=isinstance(raw, list))
    literal = "re" in modifiers
    try:
        typed = [SigmaString.from_str(v) if literal and isinstance(v, str) else _typed(v) for v in values]
        if "expand" in modifiers:  # from the text as written, which no longer stands in what other modifiers make of it
            typed = [_with_placeholders(value) if isinstance(value, SigmaString) else value for value in typed]
        chain = _Chain(name or None, modifiers, placeholders, typed)
        chain.run()
        return SigmaDetectionItem(
            field=chain.field,
            modifiers=[modifier_mapping[modifier] for modifier in modifiers if modifier in modifier_mapping],
            value=[_finished(value) for value in chain.values],
            value_linking=chain.linking,
            negated=chain.negated,
            auto_modifiers=False,
        )
    except (SigmaError, RecursionError) as error:
        raise RuleFault(msg("giá trị của {key} không dùng được: {reason}", key=str(key), reason=str(error))) from error


def _typed(value: object) -> SigmaType:
    """pySigma's type of a value; whole numbers stay exact, which its own number is not above 2^53."""
    typed = sigma_type(value)  # type: ignore[arg-type]
    if isinstance(typed, SigmaNumber) and isinstance(value, int):
        typed.number = value
    return typed


def _check_values(values: Sequence[object], modifiers: Sequence[str], *, is_list: bool) -> None:
    for value in values:
        if not isinstance(value, (str, int, float, bool, type(None))):
            raise RuleFault(msg("giá trị dò tìm không được là danh sách lồng hay ánh xạ: {value}", value=str(value)))
    if is_list and None in values:
        raise RuleFault(
            msg("null nằm trong danh sách giá trị"), advice=msg("tách null thành một phần riêng và nối bằng or")
        )
    if is_list and not values:
        raise RuleFault(msg("danh sách giá trị rỗng"), expected=msg("ít nhất một giá trị"))
    if "all" in modifiers and len(values) < 2:
        raise RuleFault(msg("all đi với một giá trị duy nhất"), advice=msg("bỏ all hoặc thêm giá trị"))


def _unknown(name: str) -> RuleFault:
    near = difflib.get_close_matches(name, _STEPS, 1)
    return RuleFault(
        msg("bộ biến đổi (modifier) lạ: {name}", name=name),
        expected=msg("một trong: {names}", names=", ".join(sorted(_STEPS))),
        advice=msg("có phải ý là {near}?", near=near[0]) if near else None,
    )


def _misused(name: str, expected: Message) -> RuleFault:
    return RuleFault(msg("{name} không dùng được ở đây", name=name), expected=expected)


def _each(chain: _Chain, name: str, change: Callable[[SigmaType], SigmaType]) -> None:
    """Apply `change` to every value, inside expansions too."""

    def apply(value: SigmaType) -> SigmaType:
        return (
            SigmaExpansion([apply(inner) for inner in value.values])
            if isinstance(value, SigmaExpansion)
            else change(value)
        )

    chain.values = [apply(value) for value in chain.values]


def _string(value: SigmaType, name: str) -> SigmaString:
    if isinstance(value, SigmaNumber) and not isinstance(value, SigmaTimestampPart):
        value = SigmaString(str(value.number))
    if not isinstance(value, SigmaString):
        raise _misused(name, msg("giá trị là chuỗi"))
    return value


def _place(starts: bool, ends: bool) -> Callable[[_Chain, str], None]:
    """contains, startswith and endswith: which ends of the value stay free."""

    def change(value: SigmaType, name: str) -> SigmaType:
        if isinstance(value, SigmaFieldReference):
            return SigmaFieldReference(value.field, value.starts_with or ends, value.ends_with or starts)
        if isinstance(value, SigmaRegularExpression):
            return _anchored(value, start=not starts, end=not ends)
        found = _string(value, name)
        if starts and not found.startswith(_MULTI):
            found = _MULTI + found
        if ends and not found.endswith(_MULTI):
            found = found + _MULTI
        return found

    return lambda chain, name: _each(chain, name, lambda value: change(value, name))


def _anchored(value: SigmaRegularExpression, *, start: bool, end: bool) -> SigmaRegularExpression:
    """A regular expression is searched; a place pins it to an end of the value."""
    source = regex_source(value)
    return SigmaRegularExpression(
        SigmaString.from_str((r"\A" if start else "") + f"(?:{source})" + (r"\Z" if end else "")), set(value.flags)
    )


def _all(chain: _Chain, _name: str) -> None:
    chain.linking = ConditionAND


def _neq(chain: _Chain, _name: str) -> None:
    chain.negated = True


def _cased(chain: _Chain, name: str) -> None:
    def change(value: SigmaType) -> SigmaType:
        found = SigmaCasedString("")
        found.s = _string(value, name).s
        return found

    _each(chain, name, change)


def _encode(encoding: str, mark: bytes = b"") -> Callable[[_Chain, str], None]:
    def change(value: SigmaType, name: str) -> SigmaType:
        found = EncodedString("")
        found.data = mark + _plain(value, name).encode(encoding)
        return found

    return lambda chain, name: _each(chain, name, lambda value: change(value, name))


def _plain(value: SigmaType, name: str) -> str:
    """The text of a value without wildcards; the parts themselves, since str() would escape them anew."""
    parts = _string(value, name).s
    if not all(isinstance(part, str) for part in parts):
        raise _misused(name, msg("chuỗi không có ký tự đại diện và chỗ điền"))
    return "".join(part for part in parts if isinstance(part, str))


def _data(value: SigmaType, name: str) -> bytes:
    return value.data if isinstance(value, EncodedString) else _plain(value, name).encode()


def _base64(chain: _Chain, name: str) -> None:
    _spread_dashes(chain, name)
    _each(chain, name, lambda value: SigmaString.from_str(b64encode(_data(value, name)).decode()))


def _base64offset(chain: _Chain, name: str) -> None:
    _spread_dashes(chain, name)
    _each(chain, name, lambda value: SigmaExpansion([SigmaString.from_str(s) for s in _offsets(_data(value, name))]))


def _offsets(data: bytes) -> list[str]:
    """The characters of base64 that depend on `data` alone, for each of the three positions it can begin at."""
    found = []
    for shift in range(3):
        encoded = b64encode(b"\0" * shift + data).decode().rstrip("=")
        whole_groups = (shift + len(data)) * 8 // 6
        found.append(encoded[(shift * 8 + 5) // 6 : whole_groups])
    return found


def _spread_dashes(chain: _Chain, name: str) -> None:
    """base64 has no wildcard for a dash: write each of the five out."""

    def spread(value: SigmaType) -> SigmaType:
        if not isinstance(value, SigmaString) or not value.contains_placeholder([DASH]):
            return value
        return SigmaExpansion(list(value.replace_placeholders(lambda _: iter(DASHES))))

    _each(chain, name, spread)


def _windash(chain: _Chain, name: str) -> None:
    pattern = re.compile(f"[{re.escape(DASHES)}]")
    _each(chain, name, lambda value: _string(value, name).replace_with_placeholder(pattern, DASH))


def _re(chain: _Chain, name: str) -> None:
    if chain.done and chain.done != ["expand"]:
        raise _misused(name, msg("re là bộ biến đổi đầu tiên"))

    def change(value: SigmaType) -> SigmaType:
        return _regex(_string(value, name), set())

    _each(chain, name, change)


def _regex(source: SigmaString, flags: set[SigmaRegularExpressionFlag]) -> SigmaRegularExpression:
    """pySigma's expression, whose check runs Python's re; whitespace before inline flags is not forgiven."""
    return SigmaRegularExpression(source, flags)


def _flag(chain: _Chain, name: str) -> None:
    for value in chain.values:
        if not isinstance(value, SigmaRegularExpression):
            raise _misused(name, msg("đứng sau re"))
        value.add_flag(_FLAGS[name])


def _cidr(chain: _Chain, name: str) -> None:
    if chain.done and chain.done != ["expand"]:
        raise _misused(name, msg("cidr là bộ biến đổi đầu tiên"))
    _each(chain, name, lambda value: SigmaCIDRExpression(_plain(value, name)))


def _compare(chain: _Chain, name: str) -> None:
    def change(value: SigmaType) -> SigmaType:
        if isinstance(value, SigmaTimestampPart):
            found = PartCompare(value.timestamp_part, int(value.number))
            found.op = name
            return found
        if isinstance(value, SigmaString):
            raise _misused(name, msg("giá trị là số"))
        if not isinstance(value, SigmaNumber):
            raise _misused(name, msg("giá trị là số"))
        return SigmaCompareExpression(value, _COMPARE[name])

    _each(chain, name, change)


def _time_part(chain: _Chain, name: str) -> None:
    def change(value: SigmaType) -> SigmaType:
        if not isinstance(value, SigmaNumber) or not isinstance(value.number, int):
            raise _misused(name, msg("giá trị là số nguyên"))
        return SigmaTimestampPart(_PARTS[name], value.number)

    _each(chain, name, change)


def _fieldref(chain: _Chain, name: str) -> None:
    _each(chain, name, lambda value: SigmaFieldReference(_plain(value, name)))


def _exists(chain: _Chain, name: str) -> None:
    if chain.field is None or chain.done or not all(isinstance(value, SigmaBool) for value in chain.values):
        raise _misused(name, msg("một trường, exists đứng một mình, giá trị true hoặc false"))
    chain.values = [SigmaExists(value.boolean) for value in chain.values if isinstance(value, SigmaBool)]


def _expand(chain: _Chain, name: str) -> None:
    def change(value: SigmaType) -> SigmaType:
        return SigmaExpansion(_filled(_string(value, name), chain.placeholders))

    _each(chain, name, change)


def _with_placeholders(value: SigmaString) -> SigmaString:
    r"""`%name%` as placeholders, `\%` as a percent sign.

    From the text as written: in the parsed value a plain backslash before a placeholder looks like an escaped percent sign.
    """
    found, begin = SigmaString(""), 0
    parts: list[str | SpecialChars | Placeholder] = []
    for match in _PLACEHOLDER.finditer(value.original):
        if match[1] is None:
            continue
        parts += [*SigmaString(_percents(value.original[begin : match.start()])).s, Placeholder(match[1])]
        begin = match.end()
    found.s = [*parts, *SigmaString(_percents(value.original[begin:])).s]
    return found


def _percents(written: str) -> str:
    return re.sub(r"(\\\\)|\\%", lambda match: match[1] or "%", written)


def _filled(value: SigmaString, placeholders: Placeholders) -> list[SigmaType]:
    open_ = [part.name for part in value.s if isinstance(part, Placeholder) and part.name != DASH]
    missing = [name for name in open_ if name not in placeholders]
    if missing:
        raise RuleFault(
            msg("chỗ điền %{name}% chưa có giá trị", name=missing[0]),
            advice=msg("khai danh sách giá trị trong tệp của --placeholders"),
        )

    def replaced(found: Placeholder) -> Iterator[SigmaString | Placeholder]:
        if found.name == DASH:
            yield found
        else:
            yield from (SigmaString(str(text)) for text in placeholders[found.name])

    return list(value.replace_placeholders(replaced))


def _finished(value: SigmaType) -> SigmaType:
    """The value once the chain has ended; bytes that met no base64 can only be looked for as ASCII."""
    if isinstance(value, SigmaExpansion):
        return SigmaExpansion([_finished(inner) for inner in value.values])
    if isinstance(value, SigmaRegularExpression):
        checked_regex(value)
    if isinstance(value, EncodedString):
        if not value.data.isascii():
            raise _misused("wide", msg("base64 hoặc base64offset theo sau, vì văn bản không thuần ASCII"))
        return SigmaString.from_str(value.data.decode())
    return value


_STEPS: Mapping[str, Callable[[_Chain, str], None]] = MappingProxyType(
    {
        "contains": _place(starts=True, ends=True),
        "startswith": _place(starts=False, ends=True),
        "endswith": _place(starts=True, ends=False),
        "all": _all,
        "neq": _neq,
        "cased": _cased,
        "wide": _encode("utf-16-le"),
        "utf16le": _encode("utf-16-le"),
        "utf16be": _encode("utf-16-be"),
        "utf16": _encode("utf-16-le", b"\xff\xfe"),
        "base64": _base64,
        "base64offset": _base64offset,
        "windash": _windash,
        "re": _re,
        **dict.fromkeys(_FLAGS, _flag),
        "cidr": _cidr,
        **dict.fromkeys(_COMPARE, _compare),
        **dict.fromkeys(_PARTS, _time_part),
        "fieldref": _fieldref,
        "exists": _exists,
        "expand": _expand,
    }
)

__all__ = ["DASH", "DASHES", "PartCompare", "Placeholders", "SigmaNull", "detection_item"]
