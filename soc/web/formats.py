"""Dates, numbers and sizes as a person reads and types them; nothing else in the pages formats one.

Stored UTC, shown Asia/Ho_Chi_Minh. Vietnamese: 22/11/2026 10:42 and 1.234,5; English: 22 Nov 2026 10:42 and 1,234.5.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta

from babel.dates import format_date, format_datetime
from babel.numbers import format_decimal

from soc.core.clock import LOCAL_ZONE
from soc.core.errors import InputError
from soc.core.i18n import Lang, msg

_PLAIN = 10**21
"""Numbers of more digits are shown in their scientific form."""
_TYPED_DAY = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})(?:\s+(\d{1,2}):(\d{2}))?")


class Formats:
    """The forms of one language."""

    def __init__(self, lang: Lang) -> None:
        self._lang = lang

    def moment(self, moment: datetime) -> str:
        """To the minute."""
        pattern = "d MMM yyyy HH:mm" if self._lang is Lang.EN else "dd/MM/yyyy HH:mm"
        return self._time(moment, pattern)

    def second(self, moment: datetime) -> str:
        """To the millisecond: events only."""
        pattern = "d MMM yyyy HH:mm:ss.SSS" if self._lang is Lang.EN else "dd/MM/yyyy HH:mm:ss.SSS"
        return self._time(moment, pattern)

    def hour(self, moment: datetime) -> str:
        """The time of day."""
        return self._time(moment, "HH:mm")

    def long_moment(self, moment: datetime) -> str:
        """With the day of the week."""
        pattern = "EEEE, d MMM yyyy HH:mm" if self._lang is Lang.EN else "EEEE, dd/MM/yyyy HH:mm"
        return self._time(moment, pattern)

    def day(self, day: date) -> str:
        """A date."""
        return format_date(day, "d MMM yyyy" if self._lang is Lang.EN else "dd/MM/yyyy", locale=self._lang.value)

    def number(self, value: float, digits: int | None = None) -> str:
        """A number with its separators; `digits` behind the comma, or as many as it has, at most three."""
        if not -_PLAIN < value < _PLAIN:
            return f"{value:.4g}".replace("inf", "∞").replace(".", "," if self._lang is Lang.VI else ".")
        pattern = "#,##0.###" if digits is None else "#,##0" + ("." + "0" * digits if digits else "")
        return format_decimal(value, pattern, locale=self._lang.value)

    def percent(self, value: float) -> str:
        """A percentage with one decimal."""
        return self.number(value, 1) + "%"

    def size(self, size_bytes: int) -> str:
        """A size in MB of 1.000.000 bytes, small ones in kB."""
        if size_bytes < 100_000:
            return self.number(max(round(size_bytes / 1000, 1), 0.1)) + " kB"
        return self.number(round(size_bytes / 1_000_000, 1)) + " MB"

    def span(self, span: timedelta) -> str:
        """How long, in its two largest units; a negative span is given as its size."""
        minutes = int(abs(span).total_seconds()) // 60
        days, hours = divmod(minutes // 60, 24)
        if days:
            return msg("{days} ngày {hours} giờ", days=days, hours=hours).render(self._lang)
        if hours:
            return msg("{hours} giờ {minutes} phút", hours=hours, minutes=minutes % 60).render(self._lang)
        return msg("{minutes} phút", minutes=minutes).render(self._lang)

    def _time(self, moment: datetime, pattern: str) -> str:
        return format_datetime(moment, pattern, tzinfo=LOCAL_ZONE, locale=self._lang.value)


def typed_day(text: str) -> date:
    """The date a person typed: `d/M/yyyy` or ISO. Raises InputError that names what was expected."""
    match = _TYPED_DAY.fullmatch(text.strip())
    try:
        if match and match[4] is None:
            return date(int(match[3]), int(match[2]), int(match[1]))
        return date.fromisoformat(text.strip())
    except ValueError as problem:
        raise _not_a_day(text) from problem


def typed_moment(text: str) -> datetime:
    """The moment a person typed, `d/M/yyyy HH:mm`, `d/M/yyyy` (its midnight) or ISO, as UTC. Raises InputError."""
    match = _TYPED_DAY.fullmatch(text.strip())
    try:
        if match:
            hour, minute = int(match[4] or 0), int(match[5] or 0)
            found = datetime(int(match[3]), int(match[2]), int(match[1]), hour, minute, tzinfo=LOCAL_ZONE)
        else:
            found = datetime.fromisoformat(text.strip())
        return (found if found.tzinfo else found.replace(tzinfo=LOCAL_ZONE)).astimezone(UTC)
    except (ValueError, OverflowError) as problem:
        raise _not_a_day(text) from problem


def to_type(moment: datetime) -> str:
    """A moment as a person would type it, to the minute: what `typed_moment` reads."""
    return f"{moment.astimezone(LOCAL_ZONE):%d/%m/%Y %H:%M}"


def _not_a_day(text: str) -> InputError:
    return InputError(
        msg("không đọc được ngày {text}", text=repr(text[:40])),
        expected=msg("ngày/tháng/năm, ví dụ 22/11/2026"),
    )
