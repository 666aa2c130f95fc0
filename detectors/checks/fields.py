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

from detectors.checks.detections import Item, items_of
from detectors.checks.issue import Issue, IssueSeverity, RuleDocument
from detectors.sigma.faults import RuleFault
from detectors.sigma.kinds import kinds
from detectors.sigma.metadata import logsource_of
from detectors.sigma.routing import facts
from detectors.sigma.rule import LogSource
from soc.core.ecs import TYPES
from soc.core.event import MARKS
from soc.core.i18n import msg

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
                yield from self._item(rule, source, item)

    def _item(self, rule: RuleDocument, source: LogSource, item: Item) -> Iterator[Issue]:
        if source.product in self._book.platforms:
            known = self._book.platforms[source.product] | self._book.always | TYPES.keys() | set(MARKS)
            if not _is_among(item.field, known):
                yield _issue(rule, item, source, known, IssueSeverity.ERROR)
            return
        known = frozenset(_known(source))
        if known:
            if not _is_among(item.field, known | self._book.always | TYPES.keys()) and "." not in item.field:
                yield _issue(rule, item, source, known, IssueSeverity.WARNING)
            return
        yield from self._rare(rule, source, item)

    def _rare(self, rule: RuleDocument, source: LogSource, item: Item) -> Iterator[Issue]:
        usual = self._usual[_kind(source)]
        if usual[item.field] > 1:
            return
        often = [name for name, count in usual.items() if count >= _OFTEN and abs(len(name) - len(item.field)) <= 1]
        if _near(item.field, often, _SIMILAR):
            yield _issue(rule, item, source, often, IssueSeverity.WARNING)


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


def _issue(rule: RuleDocument, item: Item, source: LogSource, known: Iterable[str], severity: IssueSeverity) -> Issue:
    parts = (source.product, source.category, source.service)
    near = _near(item.field, known, 0.6)
    return rule.issue(
        "field",
        severity,
        msg("trường {field} không có trong nguồn {source}", field=item.field, source="/".join(p for p in parts if p)),
        item.path,
        advice=msg("có phải ý là {near}?", near=near) if near else None,
    )
