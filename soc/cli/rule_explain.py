"""`soc rules explain`: why a rule fired or did not, for the events of a file."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from detectors.sigma import CorrelationRule, Rule, RuleSet
from detectors.sigma.adapt import adapt
from detectors.sigma.moments import from_us, moment_us
from detectors.sigma.values import Document
from detectors.sigma.why import why
from detectors.sigma.why_correlation import why_correlation
from soc.cli.context import Json, emit, settings
from soc.cli.event_files import events_of
from soc.cli.explanation_text import correlation_lines, why_lines
from soc.cli.rule_paths import find_rule, sigma_paths
from soc.core.clock import iso
from soc.core.errors import InputError
from soc.core.i18n import Lang, msg

EXIT_UNREADABLE = 2
Events = list[tuple[int, Document]]


def explain(
    rule: Annotated[str, typer.Argument(help=msg("Mã, tên hoặc tệp của luật").text)],
    event: Annotated[Path, typer.Option("--event", exists=True, help=msg("Tệp có một hoặc nhiều sự kiện").text)],
    record: Annotated[int | None, typer.Option(help=msg("Số thứ tự của sự kiện trong tệp, từ 0").text)] = None,
    rules: Annotated[
        list[Path] | None, typer.Option(help=msg("Tệp hoặc thư mục luật; mặc định là luật đi kèm").text)
    ] = None,
    platform: Annotated[str | None, typer.Option(help=msg("Nền tảng đã ghi các tệp này").text)] = None,
    parser: Annotated[str | None, typer.Option(help=msg("Bộ đọc, nếu khác bộ đọc của nền tảng").text)] = None,
    limit: Annotated[int, typer.Option(help=msg("Giải thích nhiều nhất chừng này sự kiện").text)] = 20,
    json: Json = False,
) -> None:
    ruleset, chosen = _chosen(rule, rules)
    events = list(events_of(event, platform, parser))
    wanted = [pair for pair in events if record is None or pair[0] == record]
    if not wanted:
        raise InputError(
            msg("tệp có {count} sự kiện, không có sự kiện cần giải thích", count=len(events)),
            where=str(event),
            advice=msg("chọn --record từ 0 đến {last}", last=len(events) - 1) if events else None,
        )
    for one in chosen:
        if isinstance(one, Rule):
            _explain_events(ruleset, one, event, wanted[:limit], json=json)
        else:
            _explain_correlation(ruleset, one, event, events, json=json)
    if len(wanted) > limit:
        sys.stderr.write(msg("còn {count} sự kiện nữa; xem --limit", count=len(wanted) - limit).render(_lang()) + "\n")


def _chosen(ident: str, roots: list[Path] | None) -> tuple[RuleSet, list[Rule | CorrelationRule]]:
    """The rule set and the rules to explain: those of a file that make alerts, or the one with this id or name."""
    file = Path(ident)
    if not file.is_file():
        ruleset = RuleSet.load(sigma_paths(roots))
        return ruleset, [find_rule(ruleset, ident)]
    ruleset = RuleSet.load([file, *(roots or ())])
    for refusal in ruleset.refusals:
        sys.stderr.write(refusal.render(_lang()) + "\n")
    every: list[Rule | CorrelationRule] = [*ruleset.rules, *ruleset.correlations]
    return ruleset, [one for one in every if one.reported and one.where.startswith(f"{file}:")]


def _explain_events(ruleset: RuleSet, rule: Rule, file: Path, events: Events, *, json: bool) -> None:
    for index, document in events:
        found = why(ruleset, rule, document)
        if json:
            emit(
                [
                    {
                        "rule_id": rule.id,
                        "rule": rule.name or rule.title,
                        "file": str(file),
                        "record": index,
                        "fires": found.fires,
                        "logsource": {**_row_of(found.source), "meets": found.source.meets},
                        "tree": found.tree,
                        "exclusions": found.exclusions,
                        "corrections": found.corrections,
                    }
                ]
            )
        else:
            typer.echo("\n".join(_text(rule, file, index, document)))
            typer.echo("\n".join(why_lines(found, _lang())) + "\n")


def _explain_correlation(ruleset: RuleSet, rule: CorrelationRule, file: Path, events: Events, *, json: bool) -> None:
    """Over all events of the file: one alone says nothing about a window."""
    found = why_correlation(ruleset, rule, (document for _, document in events))
    if json:
        emit(
            [
                {
                    "rule_id": rule.id,
                    "rule": rule.name or rule.title,
                    "file": str(file),
                    "fires": found.fires,
                    "type": rule.type.value,
                    "needed": found.needed,
                    "timespan_s": found.span.total_seconds(),
                    "sources": found.sources,
                    "groups": found.groups,
                    "further_groups": found.further_groups,
                }
            ]
        )
    else:
        typer.echo(f"# {rule.name or rule.id}: {rule.title} ({rule.where})")
        typer.echo("\n".join(correlation_lines(found, _lang())) + "\n")


def _row_of(source: object) -> dict[str, object]:
    return {name: getattr(source, name) for name in ("wanted", "differs", "found", "expected", "fields")}


def _text(rule: Rule, file: Path, index: int, document: Document) -> Iterator[str]:
    moment = moment_us(adapt(document))
    yield f"# {rule.name or rule.id}: {rule.title} ({rule.where})"
    yield f"# {file}#{index} {'' if moment is None else iso(from_us(moment))}"


def _lang() -> Lang:
    return settings().lang
