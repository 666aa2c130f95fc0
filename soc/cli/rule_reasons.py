"""Why a rule is ready, partly blind, blind or without a source, in words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from collectors.platform import Platform
from detectors.feeds import Feed
from detectors.sigma.correlation_rules import CorrelationRule
from detectors.sigma.rule import LogSource, Rule
from detectors.sigma.ruleset import RuleSet
from detectors.sigma.state import RuleState
from soc.app.ledger_view import every_rule
from soc.core.i18n import Message, msg


def reason_of(feed: Feed) -> Message:
    """Why a rule is in its state on a source."""
    fields = ", ".join(feed.blind)
    if feed.state is RuleState.READY:
        return (
            msg("đã thấy mọi trường cần có")
            if not feed.blind
            else msg("khớp được dù chưa thấy: {fields}", fields=fields)
        )
    if feed.state is RuleState.PARTLY_BLIND:
        return msg("một nhánh của điều kiện không thể đúng, chưa thấy: {fields}", fields=fields)
    return msg("không nhánh nào của điều kiện có thể đúng, chưa thấy: {fields}", fields=fields)


def reason_without_source(rule: Rule | CorrelationRule, ruleset: RuleSet, platforms: Mapping[str, Platform]) -> Message:
    """What would have to come, and which platforms write it."""
    wanted = list(dict.fromkeys(_logsources(rule, ruleset)))
    logs = "; ".join(_words(one) for one in wanted)
    able = sorted({name for one in wanted for name in _platforms_with(one, platforms)})
    if not able:
        return msg("chưa nguồn nào gửi sự kiện của {logs}", logs=logs)
    return msg("chưa nguồn nào gửi sự kiện của {logs}; nền tảng ghi được: {names}", logs=logs, names=", ".join(able))


def _logsources(rule: Rule | CorrelationRule, ruleset: RuleSet) -> Iterator[LogSource]:
    if isinstance(rule, Rule):
        yield rule.logsource
        return
    known = {one.id: one for one in every_rule(ruleset)}
    for ident in rule.sources:
        if ident in known:
            yield from _logsources(known[ident], ruleset)


def _words(source: LogSource) -> str:
    parts = (source.product, source.category, source.service)
    return "/".join(part for part in parts if part) or "*"


def _platforms_with(source: LogSource, platforms: Mapping[str, Platform]) -> Iterator[str]:
    for name, platform in platforms.items():
        if source.product in ("", name) and any(
            source.service in ("", one.logsource.service) and source.category in ("", one.logsource.category)
            for one in platform.formats
        ):
            yield name
