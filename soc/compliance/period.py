"""Reporting periods: `2026-11`, `2026-Q4`, `2026-H2`, `2026`, in local time."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, datetime

from soc.core.clock import LOCAL_ZONE, Window, to_utc
from soc.core.errors import InputError
from soc.core.i18n import Message, msg

_FORM = re.compile(r"^(?P<year>20\d\d)(?:-(?:Q(?P<quarter>[1-4])|H(?P<half>[12])|(?P<month>0[1-9]|1[0-2])))?$")
_ROMAN = ("I", "II", "III", "IV")


@dataclass(frozen=True, slots=True)
class Period:
    """Whole months of one year; `text` is the form a person types."""

    text: str
    year: int
    first_month: int
    months: int

    @property
    def window(self) -> Window:
        """From the first midnight of the period to the first one after it, as UTC."""
        end = self.first_month + self.months
        return Window(_midnight(self.year, self.first_month), _midnight(self.year + (end > 12), (end - 1) % 12 + 1))

    @property
    def last_day(self) -> date:
        """The last day that belongs to the period, in local time."""
        return date.fromordinal(self.window.until.astimezone(LOCAL_ZONE).date().toordinal() - 1)

    @property
    def label(self) -> Message:
        """As an official paper names it: "Quý IV năm 2026"."""
        if self.months == 1:
            return msg("Tháng {month} năm {year}", month=self.first_month, year=self.year)
        if self.months == 3:
            return msg("Quý {number} năm {year}", number=_ROMAN[(self.first_month - 1) // 3], year=self.year)
        if self.months == 6 and self.first_month == 1:
            return msg("6 tháng đầu năm {year}", year=self.year)
        if self.months == 6:
            return msg("6 tháng cuối năm {year}", year=self.year)
        return msg("Năm {year}", year=self.year)


def parse_period(text: str) -> Period:
    """A period from its text. Raises InputError for anything else."""
    match = _FORM.match(text.strip())
    if match is None:
        raise InputError(
            msg("không hiểu kỳ '{text}'", text=text[:40]),
            expected=msg("2026-11, 2026-Q4, 2026-H2 hoặc 2026"),
        )
    year = int(match["year"])
    if match["month"]:
        return Period(text.strip(), year, int(match["month"]), 1)
    if match["quarter"]:
        return Period(text.strip(), year, 3 * int(match["quarter"]) - 2, 3)
    if match["half"]:
        return Period(text.strip(), year, 6 * int(match["half"]) - 5, 6)
    return Period(text.strip(), year, 1, 12)


def _midnight(year: int, month: int) -> datetime:
    return to_utc(datetime(year, month, 1, tzinfo=LOCAL_ZONE))
