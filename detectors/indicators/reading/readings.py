"""What the readers share: who is being read, and what could not be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from soc.core.clock import parse_iso
from soc.core.i18n import Message


@dataclass(frozen=True, slots=True)
class Reading:
    """A file being read, and what holds for all of it."""

    path: Path
    source: str
    confidence: int


@dataclass(frozen=True, slots=True)
class Unread:
    """A part of a file that gives no indicator: broken, or of a kind that is not matched."""

    where: str
    reason: Message


def time_of(value: object) -> datetime | None:
    """A time as feeds write it: ISO 8601 (UTC where it has no offset), a date, or seconds since 1970; None for nothing and for nonsense."""
    text = str(value).strip() if value not in (None, "", "0") else ""
    if not text:
        return None
    try:
        if text.isascii() and text.isdigit():
            return datetime.fromtimestamp(int(text), UTC)
        moment = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else parse_iso(text)


def confidence_of(value: object, default: int) -> int:
    """A confidence of 0-100; the default for anything else."""
    try:
        number = int(str(value))
    except ValueError:
        return default
    return number if 0 <= number <= 100 else default
