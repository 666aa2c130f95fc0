"""What the commands share: settings, the application, and how data is put on stdout."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson
import typer

from soc.access.principal import SYSTEM, Principal
from soc.core.clock import LOCAL_ZONE, parse_iso
from soc.core.errors import InputError
from soc.core.i18n import Message, msg

if TYPE_CHECKING:  # `soc normalise` must not pay for building the whole graph
    from rich.console import Console

    from soc.app.application import Application
    from soc.core.settings import Settings


PLAIN_WIDTH = 150


def settings() -> Settings:
    """The settings of this call."""
    from soc.core.settings import Settings  # noqa: PLC0415 - reading settings costs a quarter of a second to import

    return Settings()


def console() -> Console:
    """The terminal, or wide enough for our tables where the output goes to a file."""
    from rich.console import Console  # noqa: PLC0415 - only tables need it

    return Console() if sys.stdout.isatty() else Console(width=PLAIN_WIDTH)


def say(message: Message) -> None:
    """A sentence for the person, on stderr, in the language of the settings."""
    sys.stderr.write(message.render(settings().lang) + "\n")


def emit(rows: Iterable[object]) -> None:
    """One JSON document per line on stdout."""
    for row in rows:
        sys.stdout.buffer.write(orjson.dumps(row, default=str, option=orjson.OPT_APPEND_NEWLINE))
    sys.stdout.buffer.flush()


def moment_of(text: str) -> datetime:
    """The time a person typed: ISO 8601 with its offset, or `now`. Raises InputError."""
    if text == "now":
        return datetime.now(UTC)
    try:
        return parse_iso(text)
    except ValueError as problem:
        raise InputError(
            msg("không hiểu thời gian {text}", text=repr(text)),
            expected=msg("ISO 8601 có múi giờ, ví dụ 2026-11-17T08:00:00+07:00, hoặc now"),
        ) from problem


def zone_of(name: str) -> ZoneInfo:
    """The time zone of a name. Raises InputError."""
    try:
        return ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError) as problem:
        raise InputError(
            msg("không có múi giờ {name}", name=repr(name)), expected=msg("tên IANA, ví dụ Asia/Ho_Chi_Minh hoặc UTC")
        ) from problem


def principal_of(app: Application, name: str | None) -> Principal:
    """Who a command acts as: the account named with `--as`, else the suite itself (whoever runs it holds the home anyway)."""
    return SYSTEM if name is None else app.accounts.principal(name)


As = Annotated[
    str | None, typer.Option("--as", help=msg("Làm với tư cách tài khoản này; ghi vào nhật ký kiểm toán").text)
]
Json = Annotated[bool, typer.Option("--json", help=msg("Mỗi dòng một tài liệu JSON").text)]


def local(moment: datetime | None) -> str:
    """A time as a person of the province reads it; "" for none."""
    return "" if moment is None else moment.astimezone(LOCAL_ZONE).strftime("%d/%m/%Y %H:%M")
