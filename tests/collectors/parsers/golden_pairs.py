"""The golden pairs of the parsers: `golden/<id>.log` with one record a line, `golden/<id>.json` with the documents they become.

A record of several lines, or one that begins with a quote, is written as a JSON string on its line. `golden/<id>.options.yaml`
holds the options of a parser that takes some.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import orjson
import yaml

from collectors.options import parser_of
from collectors.parsing import ParseContext, Parser

GOLDEN = Path(__file__).with_name("golden")
CONTEXT = ParseContext(datetime(2026, 11, 17, 2, tzinfo=UTC), ZoneInfo("Asia/Ho_Chi_Minh"))


def records_of(parser: str) -> list[str]:
    """The sample records of `parser`; none when it has no file."""
    path = GOLDEN / f"{parser}.log"
    return [_record(line) for line in path.read_text("utf-8").split("\n") if line] if path.is_file() else []


def _record(line: str) -> str:
    if not (line.startswith('"') and line.endswith('"')):
        return line
    try:
        text: str = orjson.loads(line)
    except orjson.JSONDecodeError:
        return line
    return text


def options_of(parser: str) -> dict[str, object]:
    """The options that the samples of `parser` are read with."""
    path = GOLDEN / f"{parser}.options.yaml"
    return yaml.safe_load(path.read_text("utf-8")) if path.is_file() else {}


def reader_of(parser: str) -> Parser:
    """The parser as its samples want it."""
    return parser_of(parser, options_of(parser))
