"""`soc sources`: who is registered to send, and their tokens."""

from __future__ import annotations

import re
from typing import Annotated, Any

import typer

from collectors.listeners.http_auth import new_token
from collectors.listeners.spec import SOURCE_ID, FeedSpec
from collectors.platform import at_fault, load_platforms
from collectors.sources import Source, load_sources
from soc.cli.context import Json, emit, say, settings
from soc.core.errors import InputError
from soc.core.i18n import msg
from soc.core.ids import sha256

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)


@app.command("list", help=msg("Liệt kê nguồn đã đăng ký").text)
def list_(json: Json = False) -> None:
    platforms, faults = load_platforms(strict=False)
    registered = load_sources(settings().home / "sources.yaml", platforms, at_fault(faults))
    rows = [_row(source) for source in registered.values()]
    if json:
        emit(rows)
        return
    for row in rows:
        typer.echo(
            f"{row['id']:24} {row['kind']:10} {row['listener'] or '-':16} {row['agency']:24} {row['platform']}".rstrip()
        )


@app.command(help=msg("Tạo token mới cho một nguồn gửi bằng HTTP; chỉ hiện một lần, không lưu ở đâu").text)
def token(ident: Annotated[str, typer.Argument(help=msg("Mã nguồn trong sources.yaml").text)]) -> None:
    # the file is not read: a source cannot be registered before it has a token
    if not re.fullmatch(SOURCE_ID, ident):
        raise InputError(
            msg("mã nguồn '{id}' không hợp lệ", id=ident),
            expected=msg("chữ thường, số và các dấu . _ -, tối đa 64 ký tự"),
        )
    fresh = new_token()
    typer.echo(fresh)
    say(msg("thêm dòng này vào input của nguồn {id}; giữ mã băm cũ cho tới khi bên gửi đổi xong token:", id=ident))
    typer.echo(f"token_sha256: [{sha256(fresh.encode())}]", err=True)


def _row(source: Source) -> dict[str, Any]:
    return {
        "id": source.id,
        "kind": source.input.kind,
        "listener": source.input.listener if isinstance(source.input, FeedSpec) else None,
        "agency": source.agency,
        "platform": source.platform,
        "format": source.format,
        "parser": source.parser,
    }
