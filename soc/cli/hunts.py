"""`soc hunts`: retro-hunts and look-backs that run in the background."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import orjson
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn
from rich.table import Table

from soc.access.principal import Principal
from soc.app.application import Application
from soc.app.hunt_model import Hunt, HuntState, Question, Request
from soc.app.hunt_statement import Statement, statement_json
from soc.app.hunt_words import limit_lines
from soc.app.hunts import Find
from soc.cli.context import As, Json, console, emit, local, principal_of, say, settings
from soc.core.clock import Window
from soc.core.i18n import msg
from soc.core.scope import Scope
from soc.incidents.codec import alert_to_json

if TYPE_CHECKING:
    from detectors.sigma import RuleSet

EXIT_OPEN = 1
"""The hunt that was waited for is not done."""
_SHOWN = 20

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)
Ident = Annotated[str, typer.Argument(help=msg("Mã đợt rà soát, ít nhất tám ký tự đầu").text)]


@dataclass(frozen=True, slots=True)
class Frame:
    """Around the rules of a hunt: where, why and how."""

    window: Window
    exercise: str | None
    reason: str
    raises: bool
    throttle: float


def file_hunt(name: str | None, file: Path, frame: Frame, *, json: bool) -> None:
    """File a hunt for the rules of a file or folder, as the account `name` or as the suite."""
    from detectors.sigma.ruleset import rule_files  # noqa: PLC0415 - the other commands do without the engine

    sound_rules(file)
    with Application(settings()) as soc:
        principal = principal_of(soc, name)
        scope = Scope(principal.scope.agencies, frame.exercise)
        question = Question(rules=soc.hunt_rules.freeze_files(rule_files(file)))
        request = Request(question, frame.window, scope, frame.reason, frame.raises, frame.throttle)
        hunt = soc.hunts.file(principal, request)
    if json:
        emit([hunt_row(hunt)])
    else:
        typer.echo(hunt.id)
    say(msg("đã lập đợt rà soát {id}; theo dõi bằng: soc hunts show {id}", id=hunt.short))


def sound_rules(file: Path) -> RuleSet:
    """The rules of a file or folder. Raises its first fault when a rule is refused: a hunt must not leave one out in silence."""
    from detectors.sigma import RuleSet as Rules  # noqa: PLC0415

    ruleset = Rules.load([file])
    if ruleset.refusals:
        for refusal in ruleset.refusals[1:]:
            say(refusal.as_message())
        raise ruleset.refusals[0]
    return ruleset


def wait_for(soc: Application, hunt: Hunt) -> Hunt:
    """Move a hunt in the foreground, with a bar on stderr."""
    with _bar() as tell:
        return soc.hunt_mover.run(hunt.id, tell)


@app.command("list", help=msg("Liệt kê các đợt rà soát, mới nhất trước").text)
def list_(
    size: Annotated[int, typer.Option(min=1, max=1000, help=msg("Số đợt nhiều nhất").text)] = 30,
    as_: As = None,
    json: Json = False,
) -> None:
    with Application(settings()) as soc:
        found = soc.hunts.all(principal_of(soc, as_), size=size)
    if json:
        emit(hunt_row(hunt) for hunt in found)
        return
    lang = settings().lang
    table = Table(box=None, show_header=False)
    for hunt in found:
        share = f"{hunt.share:.0%}"
        matches = msg("{matches} lần khớp", matches=hunt.matches).render(lang)
        words = (hunt.state.label.render(lang), hunt.kind.label.render(lang), hunt.origin.label.render(lang))
        table.add_row(hunt.short, local(hunt.filed), *words, share, matches, hunt.by, hunt.reason)
    console().print(table)


@app.command("show", help=msg("Xem một đợt: tiến độ, tuyên bố, cảnh báo tìm được").text)
def show(
    ident: Ident,
    statement: Annotated[
        bool,
        typer.Option(
            "--statement", help=msg("Chỉ in tuyên bố dạng JSON, đúng như được băm trong nhật ký kiểm toán").text
        ),
    ] = False,
    finds: Annotated[
        bool, typer.Option("--finds", help=msg("Chỉ in mọi cảnh báo tìm được, mỗi dòng một cái").text)
    ] = False,
    as_: As = None,
    json: Json = False,
) -> None:
    with Application(settings()) as soc:
        principal = principal_of(soc, as_)
        hunt, stated = soc.hunts.get(principal, ident), soc.hunts.statement(principal, ident)
        if statement:
            typer.echo(soc.hunts.export(principal, hunt.id), nl=False)
            return
        if finds:
            emit(orjson.Fragment(alert_to_json(find.alert)) for find in _every(soc, principal, hunt.id))
            return
        some = soc.hunts.finds(principal, hunt.id, size=_SHOWN)
    if json:
        emit([hunt_row(hunt) | {"statement": None if stated is None else orjson.Fragment(statement_json(stated))}])
    else:
        _show(hunt, stated, some)


@app.command("pause", help=msg("Tạm dừng; chạy tiếp được từ lát cắt đã xong cuối cùng").text)
def pause(ident: Ident, as_: As = None) -> None:
    with Application(settings()) as soc:
        hunt = soc.hunts.pause(principal_of(soc, as_), ident)
    _tell(hunt)


@app.command("resume", help=msg("Chạy tiếp một đợt đã tạm dừng hoặc thất bại").text)
def resume(ident: Ident, as_: As = None) -> None:
    with Application(settings()) as soc:
        hunt = soc.hunts.resume(principal_of(soc, as_), ident)
    _tell(hunt)


@app.command("cancel", help=msg("Hủy hẳn; những gì đã tìm được vẫn còn").text)
def cancel(ident: Ident, as_: As = None) -> None:
    with Application(settings()) as soc:
        hunt = soc.hunts.cancel(principal_of(soc, as_), ident)
    _tell(hunt)


@app.command("throttle", help=msg("Đổi phần thời gian được dùng").text)
def throttle(
    ident: Ident,
    share: Annotated[float, typer.Argument(min=0.01, max=1, help=msg("Từ 0.01 đến 1").text)],
    as_: As = None,
) -> None:
    with Application(settings()) as soc:
        hunt = soc.hunts.throttle(principal_of(soc, as_), ident, share)
    _tell(hunt)


@app.command("run", help=msg("Chạy một đợt ngay tại đây, có thanh tiến độ").text)
def run(ident: Ident, as_: As = None, json: Json = False) -> None:
    with Application(settings()) as soc:
        principal = principal_of(soc, as_)
        hunt = wait_for(soc, soc.hunts.get(principal, ident))
        stated = soc.hunts.statement(principal, hunt.id)
    if json:
        emit([hunt_row(hunt)])
    _tell(hunt)
    if stated is not None:
        say(stated.sentence)
    if hunt.state is not HuntState.DONE:
        raise typer.Exit(EXIT_OPEN)


@app.command("raise", help=msg("Đưa các cảnh báo tìm được vào sự cố; cái đã có thì bỏ qua").text)
def raise_(ident: Ident, as_: As = None) -> None:
    with Application(settings()) as soc:
        raised = soc.hunts.raise_finds(principal_of(soc, as_), ident)
    say(msg("{alerts} cảnh báo mới được đưa vào sự cố", alerts=raised))


def hunt_row(hunt: Hunt) -> dict[str, object]:
    """A hunt as JSON."""
    row = asdict(hunt)
    scope, window = hunt.scope, hunt.window
    del row["scope"], row["window"]
    row |= {"since": window.since, "until": window.until, "share": round(hunt.share, 4)}
    row |= {"agencies": None if scope.agencies is None else sorted(scope.agencies), "exercise": scope.exercise}
    return row | {"problem": None if hunt.problem is None else hunt.problem.render(settings().lang)}


@contextmanager
def _bar() -> Iterator[Callable[[Hunt], None]]:
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    lang = settings().lang
    with Progress(*columns, console=Console(stderr=True)) as bars:
        task = bars.add_task("", total=None)

        def tell(hunt: Hunt) -> None:
            said = msg("{events} sự kiện, {matches} lần khớp", events=hunt.covered, matches=hunt.matches).render(lang)
            bars.update(task, total=hunt.slices or None, completed=hunt.slices_done, description=said)

        yield tell


def _every(soc: Application, principal: Principal, ident: str) -> Iterator[Find]:
    after = 0
    while some := soc.hunts.finds(principal, ident, after=after, size=500):
        yield from some
        after = some[-1].number


def _show(hunt: Hunt, stated: Statement | None, finds: list[Find]) -> None:
    lang = settings().lang
    typer.echo(
        f"{hunt.id}  {hunt.state.label.render(lang)}  {hunt.share:.0%}  {hunt.origin.label.render(lang)}  {hunt.reason}"
    )
    if hunt.problem is not None:
        typer.echo(hunt.problem.render(lang))
    if stated is not None:
        typer.echo(stated.sentence.render(lang))
        for rule in stated.rules[:_SHOWN]:
            if rule.matches:
                typer.echo(f"    {rule.matches:>8}  {rule.id}")
        for line in limit_lines(stated.limits, local):
            typer.echo(f"  ! {line.render(lang)}")
    for find in finds:
        about = ", ".join(f"{name}={value}" for name, value in find.alert.entities.items())
        typer.echo(f"  {local(find.alert.first)}  {find.matches:>6}  {find.alert.title[lang.value]}  {about}")
    if hunt.alerts > len(finds):
        typer.echo(msg("và {count} cảnh báo nữa; xem tất cả bằng --finds", count=hunt.alerts - len(finds)).render(lang))


def _tell(hunt: Hunt) -> None:
    say(msg("đợt rà soát {id}: {state}", id=hunt.short, state=hunt.state.label))
    if hunt.problem is not None:
        say(hunt.problem)
