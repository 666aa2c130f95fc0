"""What stands around the detection of a rule document: log source, identity, severity, techniques."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sigma.rule import SigmaRule
from sigma.rule.base import SigmaRuleBase

from detectors.sigma.faults import RuleFault
from detectors.sigma.labels import Labels
from detectors.sigma.rule import LogSource, Rule
from detectors.sigma.suppression import suppression_of
from detectors.sigma.tree import Node
from soc.core.i18n import msg
from soc.core.ids import digest
from soc.core.severity import Severity

LONGEST_ID = 200
"""Characters of an identity that tables and pages have room for; a longer name does not become one."""

_SECTIONS = frozenset({"logsource", "detection", "errors", "source"})
"""What pySigma leaves among the custom keys although Sigma defines it."""


def as_mapping(content: object) -> dict[str, object]:
    """The document, which must be a mapping."""
    if not isinstance(content, dict):
        raise RuleFault(
            msg("tài liệu không phải là một quy tắc"), expected=msg("ánh xạ có title, logsource, detection")
        )
    return content


def common_parts(content: dict[str, object]) -> tuple[dict[str, Any], list[RuleFault]]:
    """pySigma's check of everything around the detection: its keyword arguments, and each of its complaints."""
    try:
        common, errors = SigmaRuleBase.from_dict_common_params(content, collect_errors=True)
    except (TypeError, AttributeError, ValueError) as error:
        raise RuleFault(msg("siêu dữ liệu của quy tắc sai: {reason}", reason=str(error))) from error
    return dict(common), [RuleFault(msg("quy tắc sai: {reason}", reason=str(found))) for found in errors]


def logsource_of(content: Mapping[str, object]) -> LogSource:
    """The log source of a rule or filter, in lower case."""
    section = content.get("logsource")
    if not isinstance(section, dict):
        raise RuleFault(
            msg("thiếu phần {key}", key="logsource"), ("logsource",), expected=msg("product, category hoặc service")
        )
    parts = {key: section.get(key) for key in ("product", "category", "service")}
    for key, value in parts.items():
        if value is not None and not isinstance(value, str):
            raise RuleFault(msg("logsource.{key} không phải là chuỗi", key=key), ("logsource", key))
    if not any(parts.values()):
        raise RuleFault(msg("logsource rỗng"), ("logsource",), expected=msg("product, category hoặc service"))
    return LogSource(**{key: str(value).lower() for key, value in parts.items() if value})


def filtered_rules(content: Mapping[str, object]) -> frozenset[str] | None:
    """Ids and names of the rules a filter is about; None for every rule of its log source."""
    section = content["filter"]
    rules = section.get("rules") if isinstance(section, dict) else None
    if isinstance(rules, str):
        rules = [rules]
    if not isinstance(rules, list):
        raise RuleFault(
            msg("bộ lọc không nêu quy tắc nào"),
            ("filter", "rules"),
            expected=msg("any, hoặc danh sách id và tên quy tắc"),
        )
    return None if rules == [] or [str(rule).lower() for rule in rules] == ["any"] else frozenset(map(str, rules))


def described(common: Mapping[str, object], content: Mapping[str, object], where: str) -> Mapping[str, object]:
    """What detection and correlation rules have in common, as keyword arguments.

    Raises:
        RuleFault: `vonggac.suppress` is no period.
    """
    suppression_of(common["custom_attributes"] or {})  # type: ignore[arg-type]
    tags = tuple(str(tag) for tag in common["tags"] or ())  # type: ignore[attr-defined]
    level = common["level"]
    false = common["falsepositives"]
    named = common["name"] if len(str(common["name"])) <= LONGEST_ID else ""
    return {
        "id": str(common["id"] or named or digest(repr(sorted(content, key=str)), str(content))[:32]),
        "title": str(common["title"]),
        "name": str(common["name"] or ""),
        "level": Severity(level.name.lower()) if level is not None else Severity.MEDIUM,  # type: ignore[attr-defined]
        "version": str(common["modified"] or common["date"] or ""),
        "description": str(common["description"] or ""),
        "tags": tags,
        "attack": tuple(_technique(tag) for tag in tags if _technique(tag)),
        "falsepositives": tuple(map(str, false)) if isinstance(false, list) else (),
        "custom": common["custom_attributes"],
        "where": where,
        "digest": digest(str(content)),
    }


def compiled_rule(
    rule: SigmaRule, content: Mapping[str, object], logsource: LogSource, compiled: tuple[Node, Labels], where: str
) -> Rule:
    """The rule with its program and where its searches stand in it."""
    common = {name: getattr(rule, name) for name in rule.__dataclass_fields__ if not name.startswith("_")}
    custom = {key: value for key, value in rule.custom_attributes.items() if key not in _SECTIONS}
    parts = dict(described({**common, "custom_attributes": custom}, content, where))
    program, labels = compiled
    return Rule(logsource=logsource, program=program, labels=labels, **parts)  # type: ignore[arg-type]


def _technique(tag: str) -> str:
    """`attack.t1110.003` -> `T1110.003`, `atlas.aml.t0051` -> `AML.T0051`; "" for every other tag."""
    prefix, _, rest = tag.partition(".")
    if prefix == "atlas":
        return rest.upper()
    is_technique = prefix == "attack" and rest[:1] == "t" and rest[1:2].isdigit()
    return rest.upper() if is_technique else ""
