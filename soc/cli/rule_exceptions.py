"""`soc rules exception`: exceptions of rules, from the draft over the replay to the decision."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from detectors.exceptions.acts import State
from detectors.exceptions.managed import ManagedException, Proposal
from detectors.exceptions.tally import Hidden
from soc.app.application import Application
from soc.app.exceptions import ReplayReport
from soc.cli.context import As, Json, console, emit, local, moment_of, principal_of, say, settings
from soc.core.clock import LOCAL_ZONE, Window
from soc.core.errors import InputError
from soc.core.i18n import Lang, msg

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    rich_markup_mode=None,
    help=msg("Ngoại lệ của luật: đề xuất, thử trên kho, phê duyệt, kết thúc").text,
)
Agencies = Annotated[
    list[str] | None, typer.Option("--agency", help=msg("Cơ quan, đơn vị được áp dụng; nêu được nhiều lần").text)
]
Province = Annotated[bool, typer.Option("--province", help=msg("Áp dụng cho toàn tỉnh").text)]
Reason = Annotated[str, typer.Option(help=msg("Lý do, ghi vào nhật ký kiểm toán").text)]
MAX_SAMPLES = 3


@app.command("list", help=msg("Các ngoại lệ với trạng thái, hạn và số lần đã ẩn").text)
def list_(
    state: Annotated[list[State] | None, typer.Option(help=msg("Chỉ những trạng thái này").text)] = None,
    as_: As = None,
    json: Json = False,
) -> None:
    with Application(settings()) as soc:
        found = soc.exceptions.all(principal_of(soc, as_), state or ())
    if json:
        emit(_row(one) for one in found)
        return
    lang = settings().lang
    table = Table(box=None, show_header=False)
    for one in found:
        mark = "!" if one.asks_review else ""
        whose = _whose(one.proposal.agencies, lang)
        expires = local(one.proposal.expires)
        table.add_row(one.id, one.state.label.render(lang), f"{expires}{mark}", whose, str(one.count), one.title)
    console().print(table)


@app.command(help=msg("Một ngoại lệ: bộ lọc, các quyết định, và những gì đã ẩn").text)
def show(ident: str, as_: As = None, json: Json = False) -> None:
    with Application(settings()) as soc:
        found = soc.exceptions.get(principal_of(soc, as_), ident)
    if json:
        emit([_row(found)])
        return
    lang = settings().lang
    typer.echo(f"{found.id}  {found.state.label.render(lang)}  {found.title}")
    typer.echo(f"{found.proposal.reason}\n{_whose(found.proposal.agencies, lang)}  {local(found.proposal.expires)}")
    typer.echo(f"\n{found.proposal.filter.strip()}\n")
    typer.echo(f"{local(found.proposed)}  {found.proposed_by}")
    for act in found.acts:
        typer.echo(f"{local(act.at)}  {act.by:14} {act.kind.label.render(lang)}  {act.reason}")
    _print_hidden(found.hidden)


@app.command(help=msg("Bản nháp bộ lọc từ một cảnh báo, ra stdout").text)
def draft(alert: str, as_: As = None) -> None:
    with Application(settings()) as soc:
        who = principal_of(soc, as_)
        typer.echo(soc.exceptions.draft(who, soc.incident_reader.alert(who, alert).alert, settings().lang), nl=False)


@app.command(help=msg("Đề xuất một ngoại lệ từ tệp bộ lọc Sigma; người khác phê duyệt mới có hiệu lực").text)
def propose(
    file: Annotated[Path, typer.Argument(help=msg("Tệp YAML của bộ lọc").text, exists=True, dir_okay=False)],
    reason: Reason,
    expires: Annotated[str, typer.Option(help=msg("Ngày cuối còn hiệu lực, như 2027-03-31; nhiều nhất 12 tháng").text)],
    agency: Agencies = None,
    province: Province = False,
    owner: Annotated[str, typer.Option(help=msg("Tài khoản chịu trách nhiệm; mặc định là người đề xuất").text)] = "",
    alert: Annotated[str, typer.Option(help=msg("Mã cảnh báo là lý do đề xuất").text)] = "",
    as_: As = None,
) -> None:
    what = Proposal(_text(file), reason, _agencies(agency, province), _last_day(expires), owner, alert)
    with Application(settings()) as soc:
        made = soc.exceptions.propose(principal_of(soc, as_), what)
    typer.echo(made.id)


@app.command(help=msg("Phê duyệt: từ bây giờ ẩn những lần khớp mà bộ lọc nêu").text)
def approve(ident: str, reason: Reason = "", as_: As = None) -> None:
    with Application(settings()) as soc:
        _say_state(soc.exceptions.approve(principal_of(soc, as_), ident, reason))


@app.command(help=msg("Từ chối một đề xuất").text)
def reject(ident: str, reason: Reason, as_: As = None) -> None:
    with Application(settings()) as soc:
        _say_state(soc.exceptions.reject(principal_of(soc, as_), ident, reason))


@app.command(help=msg("Kết thúc ngay một ngoại lệ, hoặc rút một đề xuất").text)
def end(ident: str, reason: Reason, as_: As = None) -> None:
    with Application(settings()) as soc:
        _say_state(soc.exceptions.end(principal_of(soc, as_), ident, reason))


@app.command(help=msg("Hoàn tác quyết định mới nhất; mọi thứ trở lại như trước đó").text)
def undo(ident: str, reason: Reason, as_: As = None) -> None:
    with Application(settings()) as soc:
        _say_state(soc.exceptions.undo(principal_of(soc, as_), ident, reason))


@app.command(help=msg("Thử trên kho: bộ lọc này lẽ ra đã ẩn những gì; không thay đổi gì").text)
def replay(
    what: Annotated[str, typer.Argument(help=msg("Tệp YAML của bộ lọc, hoặc mã một đề xuất").text)],
    since: Annotated[str, typer.Option(help=msg("Từ lúc, ISO 8601 có múi giờ").text)],
    until: Annotated[str, typer.Option(help=msg("Đến lúc, ISO 8601 có múi giờ").text)] = "now",
    agency: Agencies = None,
    province: Province = False,
    as_: As = None,
    json: Json = False,
) -> None:
    window = Window(moment_of(since), moment_of(until))
    with Application(settings()) as soc:
        who = principal_of(soc, as_)
        if Path(what).is_file():
            tried = Proposal(_text(Path(what)), "", _agencies(agency, province), window.until)
        else:
            tried = soc.exceptions.get(who, what).proposal
        report = soc.exception_replay.run(who, tried, window)
    if json:
        emit([_report_row(report)])
        return
    _print_hidden(report.hidden)
    say(
        msg(
            "đã đọc {read} sự kiện: ẩn {hidden} lần khớp; {alerts} cảnh báo còn {left}",
            read=report.read,
            hidden=report.count,
            alerts=report.alerts,
            left=report.alerts_left,
        )
    )


def _text(file: Path) -> str:
    try:
        return file.read_text("utf-8")
    except UnicodeDecodeError as problem:
        raise InputError(msg("tệp không phải YAML UTF-8: {reason}", reason=str(problem)), where=str(file)) from problem


def _agencies(agency: list[str] | None, province: bool) -> frozenset[str] | None:
    if province == bool(agency):
        raise InputError(msg("cần đúng một trong hai: --agency hoặc --province"))
    return None if province else frozenset(agency or ())


def _last_day(text: str) -> datetime:
    """The end of a local day."""
    try:
        day = date.fromisoformat(text)
    except ValueError as problem:
        raise InputError(
            msg("không hiểu ngày {text}", text=repr(text)), expected=msg("năm-tháng-ngày, như 2027-03-31")
        ) from problem
    return datetime.combine(day + timedelta(days=1), time(), LOCAL_ZONE)


def _whose(agencies: frozenset[str] | None, lang: Lang) -> str:
    return msg("toàn tỉnh").render(lang) if agencies is None else ", ".join(sorted(agencies))


def _say_state(found: ManagedException) -> None:
    typer.echo(f"{found.id}  {found.state.label.render(settings().lang)}")


def _print_hidden(hidden: tuple[Hidden, ...]) -> None:
    table = Table(box=None, show_header=False)
    for one in hidden:
        samples = " ".join(one.event_ids[:MAX_SAMPLES])
        table.add_row(one.day, one.rule_id, one.agency, str(one.count), local(one.first), local(one.last), samples)
    console().print(table)


def _row(found: ManagedException) -> dict[str, object]:
    proposal, standing = found.proposal, found.standing
    return {
        "id": found.id,
        "title": found.title,
        "state": found.state.value,
        "asks_review": found.asks_review,
        "filter": proposal.filter,
        "reason": proposal.reason,
        "owner": proposal.owner,
        "agencies": None if proposal.agencies is None else sorted(proposal.agencies),
        "expires": proposal.expires,
        "proposed": found.proposed,
        "proposed_by": found.proposed_by,
        "approved_by": standing.approved.by if standing.approved else None,
        "acts": [asdict(act) for act in found.acts],
        "count": found.count,
        "first": found.first,
        "last": found.last,
        "hidden": [asdict(one) for one in found.hidden],
    }


def _report_row(report: ReplayReport) -> dict[str, object]:
    return {
        "since": report.window.since,
        "until": report.window.until,
        "read": report.read,
        "complete": report.complete,
        "alerts": report.alerts,
        "alerts_left": report.alerts_left,
        "count": report.count,
        "hidden": [asdict(one) for one in report.hidden],
    }
