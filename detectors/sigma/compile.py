"""From pySigma's detections to a boolean program over atoms."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from sigma.conditions import ConditionAND
from sigma.rule import SigmaDetection, SigmaDetectionItem, SigmaDetections
from sigma.types import (
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
    SigmaString,
    SigmaTimestampPart,
    SigmaType,
    SpecialChars,
)

from detectors.sigma.conditions import parse_condition
from detectors.sigma.expressions import checked_regex
from detectors.sigma.faults import RuleFault
from detectors.sigma.folding import fold
from detectors.sigma.labels import Labels, search_labels
from detectors.sigma.modifiers import DASH, DASHES, PartCompare
from detectors.sigma.normal import Normal
from detectors.sigma.predicates import (
    Anything,
    Compare,
    Exists,
    Literal,
    Network,
    Null,
    Numeral,
    Pattern,
    Place,
    SameAs,
    Test,
    TimePart,
)
from detectors.sigma.required import required_text
from detectors.sigma.tree import FALSE, Atom, AtomTable, Leaf, Node, Not, all_of, some_of
from soc.core.i18n import msg

_MAX_DASHES = 2
"""Up to so many dashes of `windash` become literals (5 or 25 of them); more become one pattern."""


class Compiler:
    """Compiles detections into programs over one table of atoms."""

    def __init__(self, atoms: AtomTable, normal: Normal) -> None:
        self._atoms, self._normal = atoms, normal

    def program(self, detections: SigmaDetections) -> tuple[Node, Labels]:
        """The program of a rule, and where its searches stand in it; several conditions are alternatives.

        Raises:
            RuleFault: condition or value that cannot be compiled; its path begins at the detection.
        """
        named = dict(detections.detections)
        parts: dict[str, Node] = {}

        def node(name: str) -> Node:
            if name not in parts:
                parts[name] = self._placed(name, named[name])
            return parts[name]

        for name in named:
            node(name)
        program = some_of(tuple(self._condition(c.condition, named, node) for c in detections.parsed_condition))
        return program, search_labels(program, parts)

    def _condition(self, text: object, named: dict[str, SigmaDetection], node: Callable[[str], Node]) -> Node:
        if not isinstance(text, str):
            raise RuleFault(msg("điều kiện không phải là chuỗi: {text}", text=str(text)), ("condition",))
        try:
            return parse_condition(text, named, node)
        except RuleFault as fault:
            raise fault.at("condition") from None

    def _placed(self, name: str, detection: SigmaDetection) -> Node:
        try:
            return self._detection(detection)
        except RuleFault as fault:
            raise fault.at(name) from None

    def _detection(self, detection: SigmaDetection) -> Node:
        parts = tuple(
            self._item(item) if isinstance(item, SigmaDetectionItem) else self._detection(item)
            for item in detection.detection_items
        )
        return (all_of if detection.item_linking is ConditionAND else some_of)(parts)

    def _item(self, item: SigmaDetectionItem) -> Node:
        values: Sequence[SigmaType] = item.value or [SigmaNull()]
        parts = tuple(self._value(item.field, value) for value in values)
        node = (all_of if item.value_linking is ConditionAND else some_of)(parts)
        return Not(node) if item.negated else node

    def _value(self, field: str | None, value: SigmaType) -> Node:
        if isinstance(value, SigmaExpansion):
            return some_of(tuple(self._value(field, inner) for inner in value.values)) if value.values else FALSE
        tests = self._tests(field, value)
        name = None if field is None else self._normal(field)
        return some_of(tuple(Leaf(self._atoms.number(Atom(name, test))) for test in tests))

    def _tests(self, field: str | None, value: SigmaType) -> Sequence[Test]:
        if isinstance(value, SigmaString):
            return [self._text(parts, value, keyword=field is None) for parts in _dash_variants(value)]
        if field is None:
            return [_keyword_test(value)]
        return [_field_test(value)]

    def _text(self, parts: Sequence[object], value: SigmaString, *, keyword: bool) -> Test:
        """A text with wildcards as a literal where one suffices, else as a pattern."""
        cased = isinstance(value, SigmaCasedString)
        shaped = [self._normal(part) if isinstance(part, str) else part for part in parts]
        if not cased:
            shaped = [fold(part) if isinstance(part, str) else part for part in shaped]
            literal = _literal(shaped, keyword=keyword)
            if literal is not None:
                return literal
        return _pattern(shaped, str(value), anchored=not keyword, folded=not cased)


def _dash_variants(value: SigmaString) -> list[list[object]]:
    """The value once for each choice of dashes, or once with the choice left open when there are too many."""
    dashes = sum(isinstance(part, Placeholder) and part.name == DASH for part in value.s)
    if not 0 < dashes <= _MAX_DASHES:
        return [list(value.s)]
    return [list(variant.s) for variant in value.replace_placeholders(lambda _: iter(DASHES))]


def _literal(parts: Sequence[object], *, keyword: bool) -> Test | None:
    texts = [part for part in parts if isinstance(part, str)]
    if len(texts) > 1 or any(part is not SpecialChars.WILDCARD_MULTI for part in parts if not isinstance(part, str)):
        return None
    if not texts:
        return Anything() if parts else Literal(Place.EQUALS, "")
    free_start, free_end = parts[0] is SpecialChars.WILDCARD_MULTI, parts[-1] is SpecialChars.WILDCARD_MULTI
    if keyword or (free_start and free_end):
        return Literal(Place.CONTAINS, texts[0])
    return Literal(Place.ENDSWITH if free_start else Place.STARTSWITH if free_end else Place.EQUALS, texts[0])


def _pattern(parts: Sequence[object], shown: str, *, anchored: bool, folded: bool) -> Pattern:
    texts = [fold(part) for part in parts if isinstance(part, str)]
    body = _wildcards(parts, anchored=anchored)
    return Pattern(body, re.DOTALL, folded=folded, shown=shown, needed=max(texts, key=len, default=""))


def _wildcards(parts: Sequence[object], *, anchored: bool) -> str:
    """A wildcard pattern as an expression, in time linear in the text however many stars it has.

    Between two stars the first place that fits is as good as any later one; atomic groups keep `re` from trying those.
    """
    pieces = [""]
    for part in parts:
        if part is SpecialChars.WILDCARD_MULTI:
            pieces.append("")
        else:
            pieces[-1] += _regex_part(part)
    if not anchored:
        pieces = ["", *pieces, ""]
    if len(pieces) == 1:
        return rf"\A{pieces[0]}\Z"
    first, *between, last = pieces
    inner = [piece for piece in between if piece]
    if len(inner) < 2:
        return rf"\A{first}.*{''.join(f'{piece}.*' for piece in inner)}{last}\Z"
    return rf"\A{first}{''.join(f'(?>.*?{piece})' for piece in inner)}.*{last}\Z"


def _regex_part(part: object) -> str:
    if isinstance(part, str):
        return re.escape(part)
    if isinstance(part, Placeholder):
        if part.name != DASH:
            raise RuleFault(msg("chỗ điền %{name}% chưa có giá trị", name=part.name))
        return f"[{re.escape(DASHES)}]"
    return "."


def _regex(value: SigmaRegularExpression) -> Pattern:
    source, flags = checked_regex(value)
    return Pattern(source, flags, shown=source, needed=required_text(source, flags))


def _keyword_test(value: SigmaType) -> Test:
    if isinstance(value, SigmaNumber) and not isinstance(value, SigmaTimestampPart):
        return Literal(Place.CONTAINS, str(value.number))
    if isinstance(value, SigmaBool):
        return Literal(Place.CONTAINS, str(value.boolean).lower())
    if isinstance(value, SigmaRegularExpression):
        return _regex(value)
    raise RuleFault(
        msg("từ khóa không gắn với trường nào mà có giá trị loại {kind}", kind=type(value).__name__),
        expected=msg("chuỗi, số hoặc biểu thức chính quy"),
    )


def _field_test(value: SigmaType) -> Test:  # noqa: PLR0911 - one line for each type of value
    match value:
        case PartCompare():
            return TimePart(value.timestamp_part.name.lower(), value.op, value.number)
        case SigmaTimestampPart():
            return TimePart(value.timestamp_part.name.lower(), "eq", value.number)
        case SigmaNumber():
            return Numeral(value.number)
        case SigmaBool():
            return Literal(Place.EQUALS, str(value.boolean).lower())
        case SigmaNull():
            return Null()
        case SigmaExists():
            return Exists(bool(value))
        case SigmaRegularExpression():
            return _regex(value)
        case SigmaCIDRExpression():
            return Network(value.cidr)
        case SigmaCompareExpression():
            return Compare(value.op.name.lower(), value.number.number)
        case SigmaFieldReference():
            return SameAs(value.field, _reference_place(value))
    raise RuleFault(msg("loại giá trị {kind} không dùng để dò trong sự kiện được", kind=type(value).__name__))


def _reference_place(value: SigmaFieldReference) -> Place:
    if value.starts_with and value.ends_with:
        return Place.CONTAINS
    return Place.STARTSWITH if value.starts_with else Place.ENDSWITH if value.ends_with else Place.EQUALS
