"""`soc rules list --state`, `gaps`, `redo`: what the rules can see, where they did not look, and making that good."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from detectors.detector import title_of
from detectors.sigma import RuleSet
from soc.access.principal import SYSTEM
from soc.app.application import Application
from soc.app.gaps import Gap
from soc.app.ledger_view import STATE_LABELS, RuleStates
from soc.cli.context import Json, console, emit, local, moment_of, say, settings
from soc.cli.hunts import wait_for
from soc.cli.rule_paths import find_rule, sigma_paths
from soc.cli.rule_reasons import reason_of, reason_without_source
from soc.core.clock import ALL_TIME, Window
from soc.core.errors import NotFoundError
from soc.core.i18n import Lang, Message, msg
from soc.core.scope import PROVINCE

EXIT_OPEN = 1


def list_states(paths: list[Path] | None, *, json: bool) -> None:
    """Alerting rules with their state on each source and the reason; the rules and definitions that run unless others are named."""
    with Application(settings()) as soc:
        rulesets = (
            [RuleSet.load(sigma_paths(paths))] if paths else [soc.rules, soc.profiles.ruleset, soc.absences.ruleset]
        )
        platforms = soc.platforms
        found = [
            (one, reason_without_source(one.rule, ruleset, platforms))
            for ruleset in rulesets
            for one in soc.ledger.states(ruleset, PROVINCE)
            if ruleset is not soc.absences.ruleset or one.rule.id in soc.absences.dues
        ]
    if json:
        emit(_state_row(one, unfed) for one, unfed in found)
        return
    for one, unfed in found:
        _show_states(one, unfed, settings().lang)


def _show_states(one: RuleStates, unfed: Message, lang: Lang) -> None:
    name = one.rule.name or one.rule.id
    typer.echo(f"{name:36} {STATE_LABELS[one.state].render(lang):16} {title_of(one.rule)[lang.value]}")
    if not one.feeds:
        typer.echo(f"    {unfed.render(lang)}")
    for source, feed in one.feeds.items():
        state = STATE_LABELS[feed.state.value].render(lang)
        typer.echo(f"    {source:40} {state:16} {reason_of(feed).render(lang)}")


def _state_row(one: RuleStates, unfed: Message) -> dict[str, object]:
    return {
        "id": one.rule.id,
        "name": one.rule.name,
        "title": title_of(one.rule),
        "state": one.state,
        "reason": None if one.feeds else _in_all(unfed),
        "sources": {
            source: {"state": feed.state.value, "blind": list(feed.blind), "reason": _in_all(reason_of(feed))}
            for source, feed in one.feeds.items()
        },
    }


def _in_all(text: Message) -> dict[str, str]:
    return {lang.value: text.render(lang) for lang in Lang}


def gaps(
    all_: Annotated[bool, typer.Option("--all", help=msg("Cả khoảng trống đã khép").text)] = False,
    json: Json = False,
) -> None:
    with Application(settings()) as soc:
        found = soc.gaps.all(PROVINCE, closed=all_)
    if json:
        emit(_gap_row(gap) for gap in found)
    else:
        _show(found)
    if any(gap.closed is None for gap in found):
        raise typer.Exit(EXIT_OPEN)


def redo(
    ident: Annotated[str, typer.Argument(help=msg("Mã khoảng trống, hoặc mã hay tên luật mới bật").text)],
    since: Annotated[str | None, typer.Option(help=msg("Từ lúc, ISO 8601 có múi giờ").text)] = None,
    until: Annotated[str | None, typer.Option(help=msg("Đến lúc, ISO 8601 có múi giờ").text)] = None,
) -> None:
    with Application(settings()) as soc:
        gap = soc.gaps.get(ident)
        if gap is not None:
            done = soc.redo.run(gap)
            if done.fault is not None:
                say(done.fault)
                raise typer.Exit(EXIT_OPEN)
            say(msg("đã chạy lại {events} sự kiện, {alerts} cảnh báo", events=gap.events, alerts=done.alerts))
            return
        window = Window(moment_of(since) if since else ALL_TIME.since, moment_of(until) if until else soc.clock.now())
        hunt = wait_for(soc, soc.look_back.rule(soc.loaded_rules, _rule_id(soc, ident), window))
        stated = soc.hunts.statement(SYSTEM, hunt.id)
    if stated is None:
        say(msg("đợt rà soát {id}: {state}", id=hunt.short, state=hunt.state.label))
        raise typer.Exit(EXIT_OPEN)
    say(msg("đã chạy lại luật {rule} trên quá khứ, {alerts} cảnh báo", rule=ident, alerts=stated.raised))


def _rule_id(soc: Application, ident: str) -> str:
    try:
        return find_rule(soc.rules, ident).id
    except NotFoundError as problem:
        raise NotFoundError(
            msg("không có khoảng trống hay luật '{id}'", id=ident), advice=msg("xem mã bằng: soc rules gaps")
        ) from problem


def _gap_row(gap: Gap) -> dict[str, object]:
    row = asdict(gap) | {"kind": gap.kind.value, "ids": sorted(gap.ids)}
    return row | {"reason": {lang.value: gap.reason.render(lang) for lang in Lang}}


def _show(found: list[Gap]) -> None:
    lang = settings().lang
    table = Table(box=None, show_header=False)
    for gap in found:
        state = local(gap.closed) if gap.closed else msg("đang mở").render(lang)
        count, reason = str(gap.events), gap.reason.render(lang)
        table.add_row(
            gap.id[:8], gap.kind.label.render(lang), gap.source or gap.rule, count, local(gap.first), state, reason
        )
    console().print(table)
