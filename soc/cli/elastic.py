"""`soc elastic`: make in a cluster what the service needs, and look whether it is all there."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable
from dataclasses import replace
from typing import Annotated

import typer
from pydantic import SecretStr

from soc.app.application import Application
from soc.app.elastic_check import Point, check_cluster
from soc.app.elastic_ilm import lifecycle
from soc.app.elastic_key import ApiKey, read_key, write_key
from soc.app.elastic_setup import ElasticSetup, Outcome, Request, all_requests
from soc.app.findings import State
from soc.cli.context import Json, emit, say, settings
from soc.compliance.catalogue import load_levels
from soc.core.errors import SetupError
from soc.core.i18n import Message, msg
from soc.storage.elastic.client import connect
from soc.storage.elastic.names import Names

ADMIN_USER, ADMIN_PASSWORD = "SOC_ELASTICSEARCH_ADMIN_USER", "SOC_ELASTICSEARCH_ADMIN_PASSWORD"
SIGNS = {State.OK: "✓", State.WARN: "!", State.BAD: "✕"}
OUTCOMES = {Outcome.THERE: msg("đã có"), Outcome.DONE: msg("đã tạo")}

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)


@app.command(help=msg("Tạo mẫu chỉ mục, chỉ mục, vai trò ít quyền nhất và khóa API trong cụm; chạy lại được").text)
def setup(
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help=msg("Chỉ in các yêu cầu sẽ gửi; không nối tới cụm").text)
    ] = False,
    print_ilm: Annotated[
        bool, typer.Option("--print-ilm", help=msg("Chỉ in cấu hình ILM cho cụm có ILM; không gửi gì").text)
    ] = False,
    days: Annotated[int, typer.Option(min=1, max=3650, help=msg("Hạn dùng của khóa API, tính bằng ngày").text)] = 365,
    new_key: Annotated[bool, typer.Option("--new-key", help=msg("Tạo khóa mới dù khóa cũ còn tốt").text)] = False,
    withdraw_old: Annotated[
        bool,
        typer.Option(
            "--withdraw-old", help=msg("Thu hồi các khóa cũ cùng tên; chạy sau khi dịch vụ đã dùng khóa mới").text
        ),
    ] = False,
    show_key: Annotated[
        bool, typer.Option("--show-key", help=msg("In khóa ra stdout thay vì ghi vào thư mục dữ liệu").text)
    ] = False,
    json: Json = False,
) -> None:
    names = Names(settings().elasticsearch_prefix)
    if dry_run or print_ilm:
        requests = all_requests(names, days) if dry_run else list(lifecycle(names, _months))
        _show(requests, json=json)
        if print_ilm:
            say(_ILM)
        return
    with Application(settings()) as soc:
        _set_up(soc, names, days, new_key=new_key, withdraw_old=withdraw_old, show_key=show_key)


@app.command(help=msg("Xem cụm bằng chính quyền của dịch vụ: có gì, thiếu gì, cách cấp").text)
def check(json: Json = False) -> None:
    lang = settings().lang
    with Application(settings()) as soc:
        points = check_cluster(soc.cluster, read_key(soc.home), soc.clock)
    if json:
        emit(_row(point, point.detail.render(lang)) for point in points)
    else:
        for point in points:
            typer.echo(f"{SIGNS[point.state]} {point.name:12} {point.detail.render(lang)}")
        _show((request for point in points for request in point.grant), json=False)
    if any(point.state is State.BAD for point in points):
        raise typer.Exit(1)


def _months(level: int) -> int:
    """How long events of a level are kept: the setting, and no less than the standard states."""
    chosen = settings()
    least = load_levels().levels[level].retention_months or 0
    return max(least, chosen.retention_months_of_level.get(level, chosen.retention_months))


def _set_up(soc: Application, names: Names, days: int, *, new_key: bool, withdraw_old: bool, show_key: bool) -> None:
    user, password = _administrator()
    cluster = replace(soc.cluster, api_key=None, user=user, password=password)
    client = connect(cluster)
    try:
        work = ElasticSetup(client, names, where=cluster.url, clock=soc.clock)
        for step in work.prepare():
            _told(OUTCOMES[step.outcome], step.request)
        held = read_key(soc.home)
        if held is None or new_key or not work.key_is_good(held):
            held = work.make_key(days)
            _keep(soc, held, show=show_key)
        else:
            say(msg("đã có: khóa API {name} ({id})", name=held.name, id=held.id))
        _old_keys(work, held, withdraw=withdraw_old)
    finally:
        client.close()


def _administrator() -> tuple[str, SecretStr]:
    """User and password of somebody who may manage the cluster: from the environment, else asked for; never kept."""
    user, password = os.environ.get(ADMIN_USER, ""), os.environ.get(ADMIN_PASSWORD, "")
    if not (user and password) and not sys.stdin.isatty():
        raise SetupError(
            msg("cần tài khoản quản trị của cụm"),
            expected=msg(
                "biến môi trường {user} và {password}, hoặc một màn hình để hỏi",
                user=ADMIN_USER,
                password=ADMIN_PASSWORD,
            ),
        )
    lang = settings().lang
    user = user or typer.prompt(msg("Tài khoản quản trị của cụm").render(lang), err=True)
    password = password or typer.prompt(msg("Mật khẩu").render(lang), hide_input=True, err=True)
    return user, SecretStr(password)


def _keep(soc: Application, key: ApiKey, *, show: bool) -> None:
    if show:
        typer.echo(f"SOC_ELASTICSEARCH_API_KEY={key.encoded.get_secret_value()}")
        say(msg("đặt dòng trên vào môi trường của dịch vụ; khóa không được ghi ở đâu khác"))
        return
    path = write_key(soc.home, key)
    say(msg("đã tạo: khóa API {name} ({id}), ghi vào {path}", name=key.name, id=key.id, path=str(path)))
    say(msg("khởi động lại 'soc up' để dùng khóa này"))


def _old_keys(work: ElasticSetup, held: ApiKey, *, withdraw: bool) -> None:
    old = work.others(held)
    if old and withdraw:
        work.withdraw(old)
        say(msg("đã thu hồi {count} khóa cũ", count=len(old)))
    elif old:
        say(
            msg(
                "còn {count} khóa cũ có hiệu lực; thu hồi bằng: soc elastic setup --withdraw-old, sau khi khởi động lại dịch vụ",
                count=len(old),
            )
        )


def _told(outcome: Message, request: Request) -> None:
    say(
        msg(
            "{outcome}: {why} ({method} {path})",
            outcome=outcome,
            why=request.why,
            method=request.method,
            path=request.path,
        )
    )


def _show(requests: Iterable[Request], *, json: bool) -> None:
    lang = settings().lang
    if json:
        emit({"method": r.method, "path": r.path, "why": r.why.render(lang), "body": r.body} for r in requests)
        return
    for request in requests:
        typer.echo(f"\n# {request.why.render(lang)}\n{request.text}")


def _row(point: Point, detail: str) -> dict[str, object]:
    grant = [{"method": one.method, "path": one.path, "body": one.body} for one in point.grant]
    return {"point": point.name, "state": point.state, "detail": detail, "figures": point.figures, "grant": grant}


_ILM = msg(
    "không bắt buộc: Vọng Gác tự cuộn và tự xóa chỉ mục trên mọi cụm. Với ILM, cụm xóa cả chỉ mục khi hết hạn kể từ lúc cuộn, "
    "kể cả sự kiện mà sự cố đang mở còn cần. "
    "Không dùng data stream: mã sự kiện phải là duy nhất trên mọi chỉ mục và mỗi cấp độ ghi qua một bí danh"
)
