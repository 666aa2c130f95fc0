"""Numbers, dates and times as people read them, in both languages. The only place of this package that formats one.

Vietnamese `1.234,5` and `ngày 22 tháng 11 năm 2026`; English `1,234.5` and `22 November 2026`; times in Asia/Ho_Chi_Minh.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from babel.dates import format_datetime
from babel.numbers import format_decimal

from soc.compliance.assessment import Figure, Names
from soc.core.clock import LOCAL_ZONE
from soc.core.i18n import Lang, Message, msg


@dataclass(frozen=True, slots=True)
class Wording:
    """How things are written in one language."""

    lang: Lang

    def say(self, message: Message) -> str:
        """A sentence; fractions in it are written as the language writes them."""
        return Message(message.text, {name: self._part(value) for name, value in message.values.items()}).render(
            self.lang
        )

    def _part(self, value: object) -> object:
        if isinstance(value, Message):
            return self.say(value)
        return self.number(value, 2) if isinstance(value, float) else value

    def name(self, names: Names) -> str:
        """The name in this language, the Vietnamese one where there is no other."""
        return names.get(self.lang.value) or names["vi"]

    def number(self, value: float, digits: int = 1) -> str:
        """At most `digits` decimals, thousands grouped."""
        return format_decimal(round(value, digits), locale=self.lang.value)

    def value(self, value: float | None, unit: str) -> str:
        """A number with its unit; "Chưa đo" where there is none."""
        if value is None:
            return self.say(msg("Chưa đo"))
        written = self.number(value)
        match unit:
            case "percent":
                return f"{written}%"
            case "minutes":
                return self.say(msg("{value} phút", value=written))
            case "hours":
                return self.say(msg("{value} giờ", value=written))
            case _:
                return written

    def figure(self, figure: Figure) -> str:
        """A figure with its denominator, `50% (1/2)`."""
        written = self.value(figure.value, figure.unit)
        if figure.value is None or figure.denominator is None:
            return written
        return f"{written} ({self.number(figure.numerator or 0)}/{self.number(figure.denominator)})"

    def day(self, moment: datetime) -> str:
        """`16/11/2026` or `16 Nov 2026`."""
        pattern = "dd/MM/yyyy" if self.lang is Lang.VI else "d MMM yyyy"
        return format_datetime(moment.astimezone(LOCAL_ZONE), pattern, locale=self.lang.value)

    def moment(self, moment: datetime | None) -> str:
        """`16/11/2026 08:00` or `16 Nov 2026 08:00`; a dash for none."""
        if moment is None:
            return "–"
        local = moment.astimezone(LOCAL_ZONE)
        return f"{self.day(moment)} {local:%H:%M}"

    def official_date(self, moment: datetime) -> str:
        """As on an official paper: days under 10 and months 1 and 2 with a leading 0 (Decree 30/2020, Annex I)."""
        local = moment.astimezone(LOCAL_ZONE)
        if self.lang is Lang.EN:
            return format_datetime(local, "d MMMM yyyy", locale="en")
        month = f"{local.month:02d}" if local.month < 3 else str(local.month)
        return f"ngày {local.day:02d} tháng {month} năm {local.year}"
