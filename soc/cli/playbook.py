"""`soc playbook`: validate, plan, approve, run, undo."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from playbooks.loader import load_playbooks, shipped_library
from playbooks.plan import Plan
from soc.app.application import Application
from soc.cli.context import As, Json, emit, local, principal_of, say, settings
from soc.core.i18n import msg

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)


@app.command(help=msg("Kiểm tra kịch bản ứng phó; nêu mọi lỗi một lần").text)
def validate(
    folder: Annotated[Path | None, typer.Argument(help=msg("Thư mục; mặc định là bộ kèm theo").text)] = None,
) -> None:
    with Application(settings()) as soc:
        library = load_playbooks(folder or shipped_library(), soc.actions)
    say(msg("{count} kịch bản hợp lệ", count=len(library)))


@app.command(help=msg("Lập kế hoạch cho một sự cố và xem trước từng bước; chưa làm gì").text)
def plan(incident: str, playbook: str, as_: As = None, json: Json = False) -> None:
    with Application(settings()) as soc:
        who = principal_of(soc, as_)
        made = soc.playbooks.plan(who, incident, playbook)
        obstacles = {dry.step.id: dry.obstacle for dry in soc.playbooks.dry_run(who, made.hash)}
    lang = settings().lang
    if json:
        emit(
            [
                {"hash": made.hash}
                | asdict(made)
                | {"obstacles": {k: v.render(lang) for k, v in obstacles.items() if v is not None}}
            ]
        )
        return
    show_plan(made)
    for step, obstacle in obstacles.items():
        if obstacle is not None:
            typer.echo(f"  ! {step}: {obstacle.render(lang)}")


def show_plan(made: Plan) -> None:
    """A plan as lines: its hash, and a line for each step with its target."""
    typer.echo(f"{made.hash}  {made.incident}  {local(made.expires)}")
    for number, step in enumerate(made.steps, 1):
        target = step.payload.target if step.payload else ""
        typer.echo(f"  {number} {step.id:24} {step.action or '':10} {target}")


@app.command(help=msg("Phê duyệt đúng kế hoạch này; tác giả không tự duyệt").text)
def approve(plan_hash: str, as_: As, reason: Annotated[str, typer.Option(help=msg("Lý do").text)] = "") -> None:
    with Application(settings()) as soc:
        soc.playbooks.approve(principal_of(soc, as_), plan_hash, reason)


@app.command(help=msg("Bắt đầu chạy một kế hoạch; bộ xử lý sẽ đi từng bước").text)
def run(plan_hash: str, as_: As = None) -> None:
    with Application(settings()) as soc:
        started = soc.playbooks.start(principal_of(soc, as_), plan_hash)
    emit([{"run": started.id}])
    if started.stalled:
        say(msg("hàng đợi việc không trả lời; lượt chạy đã được lưu và tự đi tiếp khi có lại"))
