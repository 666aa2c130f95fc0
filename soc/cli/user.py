"""`soc user`: accounts of the console."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

import typer
from rich.table import Table

from soc.access.accounts import NewAccount
from soc.access.principal import SYSTEM, Role
from soc.app.application import Application
from soc.cli.context import Json, console, emit, say, settings
from soc.core.i18n import msg

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)


@app.command(help=msg("Thêm tài khoản; mật khẩu một lần được in ra đúng một lần").text)
def add(
    name: str,
    role: Annotated[Role, typer.Option(help=msg("Vai trò").text)],
    agency: Annotated[str, typer.Option(help=msg("Cơ quan").text)],
    display: Annotated[str, typer.Option(help=msg("Tên hiển thị").text)] = "",
    expires_days: Annotated[
        int | None, typer.Option(min=1, help=msg("Hết hạn sau số ngày này; bắt buộc với đánh giá viên").text)
    ] = None,
) -> None:
    with Application(settings()) as soc:
        expires = soc.clock.now() + timedelta(days=expires_days) if expires_days else None
        new = NewAccount(name=name, display_name=display or name, role=role, agency=agency, expires=expires)
        password = soc.accounts.add(SYSTEM, new)
    typer.echo(password)
    say(msg("mật khẩu một lần của {name} ở dòng trên; phải đổi khi đăng nhập lần đầu", name=name))


@app.command("list", help=msg("Liệt kê tài khoản").text)
def list_(json: Json = False) -> None:
    with Application(settings()) as soc:
        accounts = soc.accounts.all(SYSTEM)
    if json:
        emit(
            {"name": a.name, "role": a.role, "agency": a.agency, "locked": a.locked, "expires": a.expires}
            for a in accounts
        )
        return
    table = Table(box=None, show_header=False)
    for account in accounts:
        table.add_row(
            account.name, account.role.label.render(settings().lang), account.agency, str(account.expires or "")
        )
    console().print(table)


@app.command(help=msg("Khóa tài khoản và kết thúc các phiên của nó").text)
def lock(name: str) -> None:
    with Application(settings()) as soc:
        soc.accounts.set_locked(SYSTEM, name, locked=True)


@app.command(help=msg("Mở khóa tài khoản").text)
def unlock(name: str) -> None:
    with Application(settings()) as soc:
        soc.accounts.set_locked(SYSTEM, name, locked=False)


@app.command(help=msg("Đặt lại mật khẩu; mật khẩu một lần được in ra").text)
def reset(name: str) -> None:
    with Application(settings()) as soc:
        typer.echo(soc.accounts.reset_password(SYSTEM, name))
