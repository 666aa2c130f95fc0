"""`soc demo`: the main job on the shipped sample."""

from __future__ import annotations

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from soc.app.application import Application
from soc.app.demo import Demo, DemoResult, demo_settings, fresh_home
from soc.app.sample_data import load_sample
from soc.cli.assess import show_assessment
from soc.cli.context import console, settings
from soc.cli.exercise import show_score
from soc.core.clock import ShiftedClock, SystemClock
from soc.core.i18n import Lang, Message, msg
from soc.incidents.reader import IncidentFilter, IncidentSummary, Order


def demo() -> None:
    lang = settings().lang
    home = fresh_home(settings().home / "demo")
    clock = ShiftedClock(SystemClock())
    with Application(demo_settings(home), clock, writer=True) as soc, _bars() as bars:
        result = Demo(soc, clock, load_sample(), _Told(bars, lang)).run()
        who = soc.accounts.principal("truc-ca")
        incidents = soc.incident_reader.page(who, IncidentFilter(), Order.GRAVEST).items
    _summary(result, incidents, lang)


class _Told:
    """Shows the progress of each stage as a bar of its own."""

    def __init__(self, bars: Progress, lang: Lang) -> None:
        self._bars, self._lang = bars, lang
        self._tasks: dict[str, TaskID] = {}

    def __call__(self, stage: Message, done: int, total: int) -> None:
        if stage.text not in self._tasks:
            self._tasks[stage.text] = self._bars.add_task(stage.render(self._lang), total=total)
        self._bars.update(self._tasks[stage.text], completed=done)


def _bars() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=Console(stderr=True))


def _summary(result: DemoResult, incidents: tuple[IncidentSummary, ...], lang: Lang) -> None:
    screen = console()
    screen.rule("DỮ LIỆU MẪU / SAMPLE DATA")
    screen.print(_counts(result, incidents, lang))
    screen.rule(msg("Sự cố đã mở").render(lang))
    screen.print(_incidents(incidents, lang))
    screen.rule(msg("Kịch bản ứng phó, chạy thử").render(lang))
    screen.print(_dry_run(result, lang))
    screen.rule(msg("Diễn tập").render(lang))
    if result.score is not None:
        show_score(result.score)
    screen.rule(msg("Mô hình 4 lớp").render(lang))
    if result.assessment is not None:
        show_assessment(result.assessment, lang, judged_only=True)
    screen.rule(msg("Mở xem").render(lang))
    for path in result.files:
        typer.echo(str(path))
    typer.echo(msg("bảng điều khiển: SOC_HOME={home} ./run soc up", home=str(result.home)).render(lang))
    screen.print(_accounts(result))


def _counts(result: DemoResult, incidents: tuple[IncidentSummary, ...], lang: Lang) -> Table:
    moved = result.moved
    rows: tuple[tuple[Message, object], ...] = (
        (msg("bản ghi đã nhận"), moved.read),
        (msg("sự kiện vào kho"), moved.created),
        (msg("bị cách ly"), moved.quarantined),
        (msg("giá trị nhạy cảm đã che"), result.masked),
        (msg("cảnh báo"), moved.alerts),
        (msg("luật đã báo"), len(result.rules)),
        (msg("sự cố"), len(incidents)),
        (msg("bằng chứng đã nộp, có biên nhận"), ", ".join(result.receipts)),
    )
    table = Table(box=None, show_header=False)
    for label, value in rows:
        table.add_row(label.render(lang), str(value))
    return table


def _incidents(incidents: tuple[IncidentSummary, ...], lang: Lang) -> Table:
    table = Table(box=None, show_header=False)
    for item in incidents:
        row = (
            item.code,
            item.severity.label.render(lang),
            item.title[lang],
            item.entity[1],
            item.agency,
            item.status.label.render(lang),
        )
        table.add_row(*row)
    return table


def _dry_run(result: DemoResult, lang: Lang) -> Table:
    table = Table(box=None, show_header=False)
    for number, dry in enumerate(result.dry_run, 1):
        obstacle = dry.obstacle.render(lang) if dry.obstacle is not None else ""
        table.add_row(str(number), dry.step.title[lang], dry.step.payload.target if dry.step.payload else "", obstacle)
    return table


def _accounts(result: DemoResult) -> Table:
    table = Table(box=None, show_header=False)
    for name, password in result.passwords.items():
        table.add_row(name, password)
    return table
