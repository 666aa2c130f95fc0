"""What the commands share: settings, the application, and how data is put on stdout."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from datetime import UTC, datetime
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import orjson

from soc.core.clock import parse_iso
from soc.core.errors import InputError
from soc.core.i18n import Message, msg
from soc.core.settings import Settings


def settings() -> Settings:
    """The settings of this call."""
    return Settings()


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
