"""`soc normalise`: one ECS document (or error) per input line, in order; nothing is stored."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
import yaml

from collectors.explain import explain_line
from collectors.normalise import normalise_line
from collectors.options import parser_of
from collectors.parsing import ParseContext, Parser
from collectors.text import decode
from soc.cli.context import emit, moment_of, settings, zone_of
from soc.cli.normalise_text import explanation_lines
from soc.core.errors import InputError
from soc.core.i18n import msg


def normalise(
    parser: Annotated[str, typer.Option(help=msg("Bộ đọc, ví dụ nginx").text)],
    file: Annotated[str, typer.Argument(help=msg("Tệp, hoặc - cho đầu vào chuẩn").text)] = "-",
    timezone: Annotated[str, typer.Option(help=msg("Múi giờ của giờ không ghi múi").text)] = "UTC",
    received: Annotated[str, typer.Option(help=msg("Lúc nhận, ISO 8601 hoặc now").text)] = "now",
    option: Annotated[list[str] | None, typer.Option(help=msg("Lựa chọn của bộ đọc, tên=giá trị YAML").text)] = None,
    explain: Annotated[bool, typer.Option("--explain", help=msg("Giải thích từng bước đọc của mỗi dòng").text)] = False,
) -> None:
    context = ParseContext(moment_of(received), zone_of(timezone))
    reader = parser_of(parser, _options(option or []))
    with sys.stdin.buffer if file == "-" else Path(file).open("rb") as stream:
        if explain:
            _explain(reader, stream, context)
        else:
            emit(_document(reader, line, context) for line in _lines(stream))


def _options(given: list[str]) -> dict[str, object]:
    """`name=value`, the value in YAML: a number, a list in brackets, or a text."""
    options: dict[str, object] = {}
    for one in given:
        name, equals, value = one.partition("=")
        try:
            options[name] = yaml.safe_load(value) if equals and value.strip() else value
        except yaml.YAMLError as problem:
            raise InputError(
                msg("không đọc được giá trị của lựa chọn '{name}'", name=name),
                expected=msg("một giá trị YAML"),
                where="--option",
                advice=msg("đặt giá trị trong dấu nháy"),
            ) from problem
    return options


def _explain(parser: Parser, stream: BinaryIO, context: ParseContext) -> None:
    lang = settings().lang
    for number, line in enumerate(_lines(stream), start=1):
        explanation = explain_line(parser, decode(line).text, context)
        sys.stdout.write("\n".join(explanation_lines(number, explanation, lang)) + "\n")


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    for line in stream:
        yield line.rstrip(b"\r\n")


def _document(parser: Parser, line: bytes, context: ParseContext) -> dict[str, object]:
    try:
        return normalise_line(parser, decode(line).text, context)
    except InputError as problem:
        return {"error": problem.render(settings().lang)}
