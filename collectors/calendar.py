"""Working hours of a platform: spans of the local day, working days, holidays and make-up days.

The working spans are taken literally: with 07:30-11:30 and 13:00-17:00 (the administrative hours of the province) the lunch break is
outside. A platform whose work goes on over lunch declares one span. The start of a span lies inside, its end outside.
Calendars that several platforms share have names, in `calendars.yaml`.
"""

from __future__ import annotations

import re
from datetime import date, datetime, time
from functools import cache
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, PrivateAttr, field_validator

from collectors.definition import DefinitionProblem, advice_for, read_definition, validated
from soc.core.clock import LOCAL_ZONE
from soc.core.i18n import msg

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Day: TypeAlias = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Span: TypeAlias = tuple[time, time]

REMEMBERED_DAYS = 1000
"""Days whose spans are kept ready; events come from few days at a time."""

_SPAN = re.compile(r"([0-2]\d:[0-5]\d)-([0-2]\d:[0-5]\d)", re.ASCII)


class HolidayYear(BaseModel):
    """Days off and make-up working days of one year, as its official notice sets them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    source: str
    off: dict[date, str]
    working: dict[date, str] = {}


class Holidays(BaseModel):
    """Days off that fall on the same date each year (`MM-DD`), and the notices by year."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    every_year: dict[str, str]
    years: dict[int, HolidayYear]

    def is_off(self, day: date) -> bool:
        """Whether `day` is a holiday."""
        noticed = self.years.get(day.year)
        return f"{day:%m-%d}" in self.every_year or (noticed is not None and day in noticed.off)

    def is_made_up(self, day: date) -> bool:
        """Whether `day` is worked in place of another, though a day of rest by the week."""
        noticed = self.years.get(day.year)
        return noticed is not None and day in noticed.working

    def kind_of(self, day: date) -> Literal["weekday", "weekend", "holiday"]:
        """What people do on `day`, for whatever compares like days with like: a day worked in place of another is a weekday."""
        if self.is_off(day):
            return "holiday"
        return "weekend" if day.weekday() >= 5 and not self.is_made_up(day) else "weekday"


@cache
def vietnam() -> Holidays:
    """The public holidays shipped with the suite; a year without its notice knows only the fixed dates."""
    return validated(read_definition(Path(__file__).with_name("holidays.yaml")), Holidays)


class Calendar(BaseModel):
    """When people work on a platform.

    Attributes:
        hours: working spans of a working day, local time, `HH:MM-HH:MM`.
        days: working days of the week.
        saturday: spans of a Saturday that is worked in part; empty = none.
        holidays: False for what runs around the clock.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    hours: list[str] = Field(min_length=1)
    days: list[Day] = ["mon", "tue", "wed", "thu", "fri"]
    saturday: list[str] = []
    holidays: bool = True
    _spans: tuple[Span, ...] = PrivateAttr(default=())
    _saturday: tuple[Span, ...] = PrivateAttr(default=())
    _worked_on: dict[date, tuple[Span, ...]] = PrivateAttr(default_factory=dict)

    @field_validator("hours", "saturday")
    @classmethod
    def _spans_are_ordered(cls, value: list[str]) -> list[str]:
        for place, text in enumerate(value):
            _span(text, place)
        return value

    def model_post_init(self, _context: object) -> None:
        self._spans = tuple(_span(text) for text in self.hours)
        self._saturday = tuple(_span(text) for text in self.saturday)

    def in_hours(self, moment: datetime) -> bool:
        """Whether `moment` (aware) falls within working hours, local time."""
        local = moment.astimezone(LOCAL_ZONE)
        clock = local.time()
        return any(start <= clock < end for start, end in self.spans_on(local.date()))

    def spans_on(self, day: date) -> tuple[Span, ...]:
        """The working spans of a local day, in order; none on a day off. An end of 24:00 is the last instant of the day."""
        known = self._worked_on
        spans = known.get(day)
        if spans is None:
            if len(known) >= REMEMBERED_DAYS:
                known.clear()
            spans = known[day] = self._worked(day)
        return spans

    def _worked(self, day: date) -> tuple[Span, ...]:
        if self.holidays and vietnam().is_off(day):
            return ()
        name = DAYS[day.weekday()]
        if name in self.days or (self.holidays and vietnam().is_made_up(day)):
            return self._spans
        return self._saturday if name == "sat" else ()


class NamedCalendar(Calendar):
    """A calendar that platforms call by its name."""

    name_vi: str
    name_en: str


class CalendarBook(BaseModel):
    """The calendars that have a name."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    calendars: dict[str, NamedCalendar]


@cache
def named_calendars() -> dict[str, NamedCalendar]:
    """The calendars shipped with the suite, by name."""
    return validated(read_definition(Path(__file__).with_name("calendars.yaml")), CalendarBook).calendars


def _by_name(value: object) -> object:
    """A calendar of `calendars.yaml` where a name was written."""
    if not isinstance(value, str):
        return value
    known = named_calendars()
    if value not in known:
        raise DefinitionProblem(msg("không có lịch '{name}'", name=value), advice=advice_for(value, sorted(known)))
    return known[value]


CalendarOrName: TypeAlias = Annotated[Calendar, BeforeValidator(_by_name)]
"""A calendar written out, or the name of one in `calendars.yaml`."""


def _span(text: str, place: int = 0) -> Span:
    """`07:30-11:30` as two times; an end of 24:00 means the end of the day."""
    found = _SPAN.fullmatch(text)
    start, end = (_clock(found[1]), _clock(found[2])) if found is not None else (None, None)
    if start is None or end is None or start >= end:
        raise DefinitionProblem(
            msg("khoảng giờ '{span}' không hợp lệ", span=text),
            msg("HH:MM-HH:MM trong một ngày, ví dụ 07:30-11:30"),
            place=(place,),
        )
    return start, end


def _clock(text: str) -> time | None:
    if text == "24:00":
        return time.max
    try:
        return time.fromisoformat(text)
    except ValueError:
        return None
