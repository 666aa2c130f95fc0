"""`soc exercise`: list scenarios and runs, plan, run, score."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer
from rich.table import Table

from soc.access.principal import SYSTEM
from soc.app.application import Application
from soc.app.exercising import run_exercise
from soc.cli.context import Json, console, emit, moment_of, say, settings
from soc.core.clock import ShiftedClock, SystemClock
from soc.core.i18n import Lang, msg
from soc.exercises.model import Score
from soc.exercises.scenario import Names

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)


@app.command("list", help=msg("Kịch bản có sẵn và các đợt đã lập").text)
def list_(json: Json = False) -> None:
    with Application(settings()) as soc:
        scenarios, runs = soc.scenarios, soc.exercises.runs(SYSTEM)
    lang = settings().lang
    if json:
        emit(
            {"scenario": s.id, "version": s.version, "hash": s.hash, "title": s.title.model_dump()}
            for s in scenarios.values()
        )
        emit({"run": r.code, "scenario": r.scenario.id, "agency": r.agency, "state": r.state} for r in runs)
        return
    table = Table(box=None, show_header=False)
    for scenario in scenarios.values():
        table.add_row(scenario.id, _text(scenario.title, lang))
    for run in runs:
        table.add_row(run.code, run.scenario.id, run.agency, run.state.label.render(lang))
    console().print(table)


@app.command(help=msg("Đóng băng một kịch bản thành một đợt diễn tập").text)
def plan(
    scenario: str,
    agency: Annotated[str, typer.Option(help=msg("Cơ quan diễn tập").text)],
    start: Annotated[str, typer.Option(help=msg("Giờ bắt đầu ghi trong nhật ký, ISO 8601 hoặc now").text)] = "now",
) -> None:
    with Application(settings()) as soc:
        emit([{"run": soc.exercises.plan(SYSTEM, scenario, agency, moment_of(start)).code}])


@app.command(help=msg("Chạy một đợt đã lập qua đường ống thật, rồi chấm").text)
def run(code: str, json: Json = False) -> None:
    clock = ShiftedClock(SystemClock())
    with Application(settings(), clock, writer=True) as soc:
        lang = settings().lang
        score = run_exercise(
            soc, clock, SYSTEM, code, lambda inject: say(msg("đã chèn: {title}", title=_text(inject.title, lang)))
        )
    show_score(score, json=json)


@app.command("score", help=msg("Kết quả của một đợt").text)
def score_(code: str, json: Json = False) -> None:
    with Application(settings()) as soc:
        show_score(soc.exercises.score(SYSTEM, code), json=json)


def show_score(score: Score, *, json: bool = False) -> None:
    """The score as a table or as JSON lines."""
    lang = settings().lang
    if json:
        emit(asdict(inject) | {"inject": inject.inject.id} for inject in score.injects)
        return
    headings = (msg("Tình huống"), msg("Kỳ vọng"), msg("Phát hiện"), msg("Giây"))
    table = Table(*(heading.render(lang) for heading in headings), box=None)
    for inject in score.injects:
        minutes = inject.inject.expect.within_minutes if inject.inject.expect else None
        wanted = msg("trong {minutes} phút", minutes=minutes) if minutes else msg("không yêu cầu")
        found = msg("có") if inject.in_time else msg("không") if inject.expected else msg("–")
        seconds = "" if inject.seconds is None else f"{inject.seconds:.1f}"
        table.add_row(_text(inject.inject.title, lang), wanted.render(lang), found.render(lang), seconds)
    console().print(table)
    extra = len(score.unexpected)
    say(
        msg(
            "phát hiện {found}/{wanted}; luật báo thêm: {extra}",
            found=score.detected,
            wanted=score.expected,
            extra=extra,
        )
    )


def _text(names: Names, lang: Lang) -> str:
    return names.en if lang is Lang.EN else names.vi
