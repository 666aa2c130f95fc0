"""Correlation rules as data: what is counted, over which time, by which fields.

Parsed here and not by pySigma, which refuses ranges (`gt: 1` with `lte: 3`) and fractions in a condition. Source: Sigma
correlation rules specification 2.1.0.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING

from detectors.sigma.conditions import parse_condition
from detectors.sigma.faults import RuleFault
from detectors.sigma.predicates import ORDER
from detectors.sigma.sequence import terms
from detectors.sigma.tree import Leaf, Node
from soc.core.i18n import msg
from soc.core.ids import digest
from soc.core.severity import Severity

if TYPE_CHECKING:
    from detectors.sigma.rule import Rule

_SPAN = re.compile(r"([0-9]{1,9})([smhdw])", re.ASCII)
_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_KEYS = frozenset({"type", "rules", "group-by", "timespan", "condition", "aliases", "generate"})


class CorrelationType(StrEnum):
    """The types of the specification."""

    EVENT_COUNT = "event_count"
    VALUE_COUNT = "value_count"
    TEMPORAL = "temporal"
    TEMPORAL_ORDERED = "temporal_ordered"
    VALUE_SUM = "value_sum"
    VALUE_AVG = "value_avg"
    VALUE_PERCENTILE = "value_percentile"
    VALUE_MEDIAN = "value_median"

    @property
    def is_temporal(self) -> bool:
        return self in (CorrelationType.TEMPORAL, CorrelationType.TEMPORAL_ORDERED)

    @property
    def reads_values(self) -> bool:
        return self.value.startswith("value_")


@dataclass(frozen=True, slots=True)
class Criteria:
    """Bounds that must all hold for the measured number, with the field that is measured."""

    bounds: tuple[tuple[str, float], ...] = ()
    fields: tuple[str, ...] = ()
    percentile: float = 50.0

    def hold(self, measured: float) -> bool:
        """Whether every bound holds for `measured`."""
        return all(ORDER[op](measured, bound) for op, bound in self.bounds)


@dataclass(frozen=True, slots=True, eq=False)
class CorrelationRule:
    """A correlation rule, its references resolved.

    Attributes:
        sources: ids of the rules it looks at, in the order written.
        group_by: fields (or aliases) whose values keep events apart; none puts all events together.
        span_us: length of the window in microseconds.
        aliases: alias -> rule id -> field.
        expression: extended condition of a temporal or temporal_ordered rule; leaves are indexes of `sources`.
        generate: whether the rules it looks at are reported on their own as well.
        digest: of its content and, once resolved, of all the rules it looks at, however far down.
        The other attributes are those of `Rule`.
    """

    id: str
    title: str
    name: str
    level: Severity
    version: str
    description: str
    tags: tuple[str, ...]
    attack: tuple[str, ...]
    falsepositives: tuple[str, ...]
    where: str
    type: CorrelationType
    references: tuple[str, ...]
    group_by: tuple[str, ...]
    span_us: int
    criteria: Criteria
    aliases: Mapping[str, Mapping[str, str]]
    generate: bool
    expression: Node | None = None
    sources: tuple[str, ...] = ()
    reported: bool = True
    custom: Mapping[str, object] = field(default_factory=dict)
    digest: str = ""

    def field_for(self, group: str, source: str) -> str:
        """The field of events of rule `source` that holds the grouping value `group`."""
        return self.aliases.get(group, {}).get(source, group)


def parse_correlation(content: Mapping[str, object], described: Mapping[str, object]) -> CorrelationRule:
    """The rule of a document with a `correlation` section, references not yet resolved.

    Raises:
        RuleFault: unknown type or key, missing part, bad time span or condition.
    """
    section = content["correlation"]
    if not isinstance(section, dict):
        raise RuleFault(msg("phần correlation không phải là ánh xạ"), ("correlation",))
    try:
        return _parse(section, described)
    except RuleFault as fault:
        raise fault.at("correlation") from None


def _parse(section: Mapping[str, object], described: Mapping[str, object]) -> CorrelationRule:
    unknown = sorted(str(key) for key in section if key not in _KEYS)
    if unknown:
        raise RuleFault(
            msg("khóa lạ trong correlation: {names}", names=", ".join(unknown)),
            (unknown[0],),
            expected=msg("một trong: {names}", names=", ".join(sorted(_KEYS))),
        )
    kind = _type(section.get("type"))
    references, expression = _references(kind, section)
    custom = described["custom"]
    return CorrelationRule(
        **{
            **described,
            "custom": {k: v for k, v in custom.items() if k not in {"correlation", "errors", "source"}},  # type: ignore[attr-defined]
        },  # type: ignore[arg-type]
        type=kind,
        references=references,
        group_by=_names(section.get("group-by"), "group-by"),
        span_us=_span(section.get("timespan")),
        criteria=_criteria(kind, section.get("condition"), len(references)),
        aliases=_aliases(section.get("aliases")),
        generate=_flag(section.get("generate", False)),
        expression=expression,
    )


def _type(found: object) -> CorrelationType:
    try:
        return CorrelationType(str(found))
    except ValueError:
        raise RuleFault(
            msg("loại tương quan lạ: {found}", found=str(found)),
            ("type",),
            expected=msg("một trong: {names}", names=", ".join(CorrelationType)),
        ) from None


def _span(found: object) -> int:
    matched = _SPAN.fullmatch(found) if isinstance(found, str) else None
    if matched is None or int(matched[1]) == 0:
        raise RuleFault(
            msg("timespan sai: {found}", found=str(found)),
            ("timespan",),
            expected=msg("số lớn hơn 0 và một chữ s, m, h, d hoặc w, như 5m"),
        )
    return int(matched[1]) * _SECONDS[matched[2]] * 1_000_000


def _names(found: object, key: str) -> tuple[str, ...]:
    if found is None:
        return ()
    names = [found] if isinstance(found, str) else found
    if not isinstance(names, list) or not all(isinstance(name, str) and name for name in names):
        raise RuleFault(msg("{key} không phải là tên hay danh sách tên", key=key), (key,))
    return tuple(names)


def _flag(found: object) -> bool:
    if not isinstance(found, bool):
        raise RuleFault(msg("generate không phải là true hay false"), ("generate",))
    return found


def _aliases(found: object) -> Mapping[str, Mapping[str, str]]:
    if found is None:
        return {}
    if not isinstance(found, dict) or not all(isinstance(mapping, dict) for mapping in found.values()):
        raise RuleFault(msg("aliases không phải là ánh xạ bí danh -> quy tắc -> trường"), ("aliases",))
    return {str(alias): {str(rule): str(name) for rule, name in mapping.items()} for alias, mapping in found.items()}


def _references(kind: CorrelationType, section: Mapping[str, object]) -> tuple[tuple[str, ...], Node | None]:
    references = _names(section.get("rules"), "rules")
    condition = section.get("condition")
    if not isinstance(condition, str):
        if not references:
            raise RuleFault(msg("tương quan không nêu quy tắc nào"), ("rules",))
        return references, None
    if not kind.is_temporal:
        raise RuleFault(
            msg("điều kiện dạng biểu thức chỉ dùng được với temporal và temporal_ordered"),
            ("condition",),
            advice=msg("dùng điều kiện đếm, như gte: 3"),
        )
    references, expression = _expression(condition, references)
    if kind is CorrelationType.TEMPORAL_ORDERED:
        terms(expression)  # refuses one that is too wide
    return references, expression


def _expression(condition: str, listed: Sequence[str]) -> tuple[tuple[str, ...], Node]:
    """An extended condition: its words are names of rules, which the `rules` list need not repeat."""
    words = [word for word in re.findall(r"[^\s()]+", condition) if word.lower() not in {"and", "or", "not"}]
    references = tuple(dict.fromkeys((*listed, *words)))
    if listed and set(words) != set(listed):
        raise RuleFault(msg("điều kiện và danh sách rules nêu những quy tắc khác nhau"), ("condition",))
    index = {name: position for position, name in enumerate(references)}
    try:
        return references, parse_condition(condition, references, lambda name: Leaf(index[name]))
    except RuleFault as fault:
        raise fault.at("condition") from None


def _criteria(kind: CorrelationType, found: object, rules: int) -> Criteria:
    if kind.is_temporal and (found is None or isinstance(found, str)):
        return Criteria((("gte", float(rules)),))
    if not isinstance(found, dict):
        raise RuleFault(msg("tương quan {kind} thiếu condition", kind=kind), ("condition",), expected=msg("như gte: 3"))
    unknown = sorted(str(key) for key in found if key not in ORDER and key not in ("field", "percentile"))
    if unknown:
        raise RuleFault(
            msg("khóa lạ trong condition: {names}", names=", ".join(unknown)),
            ("condition", unknown[0]),
            expected=msg("một trong: {names}", names=", ".join((*ORDER, "field", "percentile"))),
        )
    bounds = tuple((str(op), _number(bound, op)) for op, bound in found.items() if op in ORDER)
    if not bounds:
        raise RuleFault(msg("condition không có phép so sánh"), ("condition",), expected=msg("như gte: 3"))
    fields = _names(found.get("field"), "field")
    if kind.reads_values and not fields:
        raise RuleFault(msg("tương quan {kind} cần field trong condition", kind=kind), ("condition",))
    if len(fields) > 1 and kind is not CorrelationType.VALUE_COUNT:
        raise RuleFault(msg("tương quan {kind} chỉ đọc được một field", kind=kind), ("condition", "field"))
    return Criteria(bounds, fields, _percentile(found.get("percentile", 50)))


def _number(found: object, op: object) -> float:
    if isinstance(found, bool) or not isinstance(found, (int, float)):
        raise RuleFault(msg("{op} trong condition không phải là số", op=str(op)), ("condition", op))
    return found


def _percentile(found: object) -> float:
    value = _number(found, "percentile")
    if not 0 <= value <= 100:
        raise RuleFault(msg("percentile nằm ngoài khoảng 0 đến 100"), ("condition", "percentile"))
    return value


Refused = list[tuple[CorrelationRule, RuleFault]]


def order_correlations(
    found: Sequence[CorrelationRule], rules: Iterable[Rule]
) -> tuple[tuple[CorrelationRule, ...], Refused, frozenset[str]]:
    """Correlations with their references resolved, each after those it looks at.

    Returns:
        The correlations; those refused, with their fault; ids of the detection rules that are not reported on their own.
    """
    rules = tuple(rules)
    digests = {rule.id: rule.digest for rule in rules}
    known: dict[str, str] = {}
    every: tuple[Rule | CorrelationRule, ...] = (*rules, *found)
    for rule in every:
        for key in filter(None, (rule.id, rule.name)):
            known.setdefault(key, rule.id)
    pending, kept, refused = {c.id: c for c in found}, [], []
    progress = True
    while pending and progress:
        progress = False
        for correlation in list(pending.values()):
            missing = [reference for reference in correlation.references if reference not in known]
            sources = tuple(known.get(reference, "") for reference in correlation.references)
            if missing:
                refused.append((correlation, _unknown_rule(missing[0])))
            elif all(source in digests for source in sources):
                kept.append(_resolved(correlation, sources, known, digests))
                digests[correlation.id] = kept[-1].digest
            else:
                continue
            del pending[correlation.id]
            progress = True
    refused.extend((correlation, _stuck(correlation, pending, known, digests)) for correlation in pending.values())
    return _with_reporting(kept), refused, _silent(kept)


def _unknown_rule(reference: str) -> RuleFault:
    return RuleFault(
        msg("tương quan nêu quy tắc {name} không có hoặc đã bị từ chối", name=reference),
        ("correlation", "rules"),
        expected=msg("id hoặc name của một quy tắc trong bộ đang nạp"),
    )


def _stuck(
    correlation: CorrelationRule,
    pending: Mapping[str, CorrelationRule],
    known: Mapping[str, str],
    kept: Mapping[str, str],
) -> RuleFault:
    """Left over: part of a cycle, or built on a correlation that was refused."""
    way = _way_round(correlation, pending, known)
    if way:
        return RuleFault(
            msg("tương quan nằm trong một vòng tham chiếu: {way}", way=" -> ".join(way)), ("correlation", "rules")
        )
    return _unknown_rule(next(r for r in correlation.references if known[r] not in kept))


def _way_round(
    correlation: CorrelationRule, pending: Mapping[str, CorrelationRule], known: Mapping[str, str]
) -> list[str]:
    """Names along the shortest way from a correlation back to itself; empty where there is none."""
    ways = [(correlation, [_shown(correlation)])]
    seen: set[str] = set()
    for current, way in ways:  # grows while it is walked
        for reference in current.references:
            following = pending.get(known.get(reference, ""))
            if following is correlation:
                return [*way, _shown(correlation)]
            if following is not None and following.id not in seen:
                seen.add(following.id)
                ways.append((following, [*way, _shown(following)]))
    return []


def _shown(correlation: CorrelationRule) -> str:
    return correlation.name or correlation.title


def _resolved(
    correlation: CorrelationRule, sources: tuple[str, ...], known: Mapping[str, str], digests: Mapping[str, str]
) -> CorrelationRule:
    aliases = {
        alias: {known.get(reference, reference): name for reference, name in mapping.items()}
        for alias, mapping in correlation.aliases.items()
    }
    whole = digest(correlation.digest, *(digests[source] for source in sources))
    return replace(correlation, sources=sources, aliases=aliases, digest=whole)


def _silent(kept: Sequence[CorrelationRule]) -> frozenset[str]:
    """Rules that only feed correlations: none of those asks to report them."""
    loud = {source for correlation in kept if correlation.generate for source in correlation.sources}
    return frozenset(source for correlation in kept for source in correlation.sources if source not in loud)


def _with_reporting(kept: Sequence[CorrelationRule]) -> tuple[CorrelationRule, ...]:
    silent = _silent(kept)
    return tuple(replace(c, reported=False) if c.id in silent else c for c in kept)
