"""`soc normalise`: one ECS document (or error) per input line, in order; nothing is stored."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, BinaryIO

import typer

from collectors.normalise import normalise_line
from collectors.options import parser_of
from collectors.parsing import ParseContext, Parser
from collectors.text import decode
from soc.cli.context import emit, moment_of, settings, zone_of
from soc.core.errors import InputError
from soc.core.i18n import msg


def normalise(
    parser: Annotated[str, typer.Option(help=msg("Bộ đọc, ví dụ nginx").text)],
    file: Annotated[str, typer.Argument(help=msg("Tệp, hoặc - cho đầu vào chuẩn").text)] = "-",
    timezone: Annotated[str, typer.Option(help=msg("Múi giờ của giờ không ghi múi").text)] = "UTC",
    received: Annotated[str, typer.Option(help=msg("Lúc nhận, ISO 8601 hoặc now").text)] = "now",
) -> None:
    context = ParseContext(moment_of(received), zone_of(timezone))
    reader = parser_of(parser)
    with sys.stdin.buffer if file == "-" else Path(file).open("rb") as stream:
        emit(_document(reader, line, context) for line in _lines(stream))


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    for line in stream:
        yield line.rstrip(b"\r\n")


def _document(parser: Parser, line: bytes, context: ParseContext) -> dict[str, object]:
    try:
        return normalise_line(parser, decode(line).text, context)
    except InputError as problem:
        return {"error": problem.render(settings().lang)}
