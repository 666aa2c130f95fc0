"""Fields that no event of a rule's log source has: the typing error that keeps a rule silent for ever.

What is known of a log source decides how sure that is. A platform of ours has the fields its mapping writes and nothing else. Of a Windows
log by Sysmon, and of a generic log source, the fields are known from the field's own documentation. Of any other log source only this is
said: a name that one rule alone uses, and that differs by a letter or two from one that many rules use.
"""

from __future__ import annotations

import difflib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files

import yaml

from detectors.checks.detections import items_of
from detectors.checks.issue import Issue, IssueSeverity, RuleDocument
from detectors.sigma.correlation_rules import CorrelationRule
from detectors.sigma.faults import RuleFault
from detectors.sigma.kinds import kinds
from detectors.sigma.metadata import logsource_of
from detectors.sigma.routing import facts
from detectors.sigma.rule import LogSource, Rule
from soc.core.event import MARKS
from soc.core.i18n import msg

_ALWAYS = frozenset(
    {
        "@timestamp",
        "ecs.version",
        "event.created",
        "event.id",
        "event.ingested",
        "event.original",
        "message",
        "network.forwarded_ip",
        "soc.log_type",
        "soc.redacted",
    }
)
"""What events of every platform may have besides what their mapping writes."""
_OFTEN = 8
"""A name that so many rules of a log source use is taken for a true one."""
_SIMILAR = 0.9


@dataclass(frozen=True, slots=True)
class FieldBook:
    """What the caller knows of fields.

    Attributes:
        platforms: product -> names and prefixes (ending in `.`) that its events have.
        always: names and prefixes of every event of ours, whatever its platform.
    """

    platforms: Mapping[str, frozenset[str]] = field(default_factory=dict)
    always: frozenset[str] = frozenset()


class FieldCheck:
    """Looks at all rules first, to learn what names are usual, then at each."""

    def __init__(self, book: FieldBook, rules: Iterable[RuleDocument]) -> None:
        self._book = book
        self._usual: dict[tuple[str, str], Counter[str]] = defaultdict(Counter)
        for rule in rules:
            source = _source(rule)
            if source is not None:
                self._usual[_kind(source)].update({item.field for item in items_of(rule) if item.field})

    def check(self, rule: RuleDocument) -> Iterator[Issue]:
        """Issues of one rule, each name once."""
        source = _source(rule)
        seen: set[str] = set()
        for item in items_of(rule):
            if source is not None and item.field and item.field not in seen:
                seen.add(item.field)
                yield from self._name(rule, source, item.field, item.path)

    def check_correlation(
        self, document: RuleDocument, rule: CorrelationRule, rules: Mapping[str, Rule]
    ) -> Iterator[Issue]:
        """Issues of the fields that a correlation groups by and measures, in each of its rules; inner correlations aside."""
        listed: list[tuple[str, tuple[object, ...]]] = [(name, ("correlation", "group-by")) for name in rule.group_by]
        listed += [(name, ("correlation", "condition", "field")) for name in rule.criteria.fields]
        told: set[tuple[str, LogSource]] = set()
        for one in (rules[source] for source in rule.sources if source in rules):
            for name, path in listed:
                own = rule.field_for(name, one.id)
                if (own, one.logsource) not in told and one.logsource.product in self._book.platforms:
                    told.add((own, one.logsource))
                    yield from self._name(document, one.logsource, own, path)

    def _name(self, rule: RuleDocument, source: LogSource, name: str, path: tuple[object, ...]) -> Iterator[Issue]:
        if source.product in self._book.platforms:
            known = self._book.platforms[source.product] | self._book.always | set(MARKS) | _ALWAYS
            if not _is_among(name, known):
                yield _issue(rule, name, path, source, known, IssueSeverity.ERROR)
            return
        known = frozenset(_known(source))
        if known:
            if not _is_among(name, known | self._book.always) and "." not in name:
                yield _issue(rule, name, path, source, known, IssueSeverity.WARNING)
            return
        yield from self._rare(rule, source, name, path)

    def _rare(self, rule: RuleDocument, source: LogSource, name: str, path: tuple[object, ...]) -> Iterator[Issue]:
        usual = self._usual[_kind(source)]
        if usual[name] > 1:
            return
        often = [one for one, count in usual.items() if count >= _OFTEN and abs(len(one) - len(name)) <= 1]
        if _near(name, often, _SIMILAR):
            yield _issue(rule, name, path, source, often, IssueSeverity.WARNING)


def _source(rule: RuleDocument) -> LogSource | None:
    try:
        return logsource_of(rule.content)
    except RuleFault:
        return None


def _kind(source: LogSource) -> tuple[str, str]:
    return source.product, source.category or source.service


def _is_among(name: str, known: Iterable[str]) -> bool:
    return name in known or any(one.endswith(".") and name.startswith(one) for one in known)


def _known(source: LogSource) -> Iterator[str]:
    """The names that rules for a log source may use, in Sigma's words; none where they can't be known."""
    table = _table()
    if source.product in ("windows", "linux") and not source.service and source.category in table["categories"]:
        yield from table["categories"][source.category]
        yield from table["windows_system"]
        for log in (*facts().categories.get(source.category, ()), *facts().linux.get(source.category, ())):
            yield from log.fields
            yield from log.fields.values()
    elif not source.product and not source.service and source.category in table["generic"]:
        kind = kinds()[source.category]
        fields = (kind.fields_for(source) if kind is not None else None) or {}
        yield from (*fields, *fields.values(), *table["generic"][source.category])


@cache
def _table() -> Mapping[str, Mapping[str, list[str]]]:
    text = (files("detectors.checks") / "data" / "fields.yaml").read_text("utf-8")
    return yaml.safe_load(text)  # type: ignore[no-any-return]


def _near(name: str, known: Iterable[str], cutoff: float) -> str | None:
    folded = {one.lower(): one for one in known if one != name}
    found = difflib.get_close_matches(name.lower(), folded, 1, cutoff)
    return folded[found[0]] if found else None


def _issue(
    rule: RuleDocument,
    name: str,
    path: tuple[object, ...],
    source: LogSource,
    known: Iterable[str],
    severity: IssueSeverity,
) -> Issue:
    parts = (source.product, source.category, source.service)
    near = _near(name, known, 0.6)
    return rule.issue(
        "field",
        severity,
        msg("trường {field} không có trong nguồn {source}", field=name, source="/".join(p for p in parts if p)),
        path,
        advice=msg("có phải ý là {near}?", near=near) if near else None,
    )
