"""The ways logs write a time, each as an aware UTC datetime.

Every function raises ValueError for what it cannot read; a parser turns that into a ParseError or leaves the time out.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from functools import lru_cache

_MONTH_NAMES = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
MONTHS = {name: number for number, name in enumerate(_MONTH_NAMES, start=1)}
_LABEL = r"(?: ([A-Z]{3,4}(?:[+-]\d{1,2}(?::?\d{2})?)?|[+-]\d{2}:?\d{2}))?"
_TEXT_TIME = re.compile(
    r"(?:[A-Z][a-z]{2},? )?([A-Z][a-z]{2}) {1,2}(\d{1,2}),? (?:(\d{4}) )?(\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?)(?: (\d{4}))?"
    + _LABEL
)
_DAY_FIRST = re.compile(r"(\d{1,2})[- /]([A-Z][a-z]{2})[- /](\d{4})[ T:](\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?)" + _LABEL)
_ISO_FRACTION = re.compile(r"([.,]\d{6})\d+")
_EPOCH_UNITS = ((10**17, 10**9), (10**14, 10**6), (10**11, 10**3))
_FUTURE = timedelta(days=1)


def utc(moment: datetime, zone: tzinfo) -> datetime:
    """`moment` in UTC, read in `zone` when it carries no offset. Raises ValueError when UTC would leave the calendar."""
    aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=zone)
    try:
        return aware.astimezone(UTC)
    except OverflowError as problem:
        raise ValueError(str(moment)) from problem


@lru_cache(maxsize=64)
def offset_zone(text: str) -> tzinfo:
    """`+0700` or `+07:00` as a zone."""
    digits = text[1:].replace(":", "")
    if len(digits) != 4 or text[0] not in "+-" or not (digits.isascii() and digits.isdecimal()):
        raise ValueError(text)
    step = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(step if text[0] == "+" else -step)


_LABELS: dict[float, str] = {
    -9: "AKST",
    -8: "PST",
    -7: "MST PDT",
    -6: "CST MDT",
    -5: "EST CDT",
    -4: "AST EDT",
    -3: "BRT ART",
    0: "UTC GMT WET",
    1: "WEST BST CET",
    2: "CEST EET SAST",
    3: "EEST MSK TRT",
    4: "GST",
    5: "PKT",
    5.5: "IST",
    7: "ICT WIB",
    8: "HKT SGT MYT PHT AWST",
    9: "JST KST",
    9.5: "ACST",
    10: "AEST",
    11: "AEDT",
    12: "NZST",
    13: "NZDT",
}
_ZONE_HOURS = {label: hours for hours, labels in _LABELS.items() for label in labels.split(" ")}
_SEASONS = (datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC))
_LABELLED_OFFSET = re.compile(r"(?:UTC|GMT)?([+-])(\d{1,2})(?::?(\d{2}))?")


@lru_cache(maxsize=256)
def label_zone(label: str, source: tzinfo) -> tzinfo | None:
    """The zone that a device's label (`ICT`, `CET`, `GMT+7`, `+07:00`) means; None for a label that its operator made up.

    A label that the source's own zone uses means that zone (CST in Shanghai is not CST in Chicago). Source: tz database, abbreviations.
    """
    offset = _LABELLED_OFFSET.fullmatch(label)
    if offset is not None:
        step = timedelta(hours=int(offset[2]), minutes=int(offset[3] or 0))
        return timezone(step if offset[1] == "+" else -step) if step < timedelta(days=1) else None
    if any(label == season.astimezone(source).tzname() for season in _SEASONS):
        return source
    hours = _ZONE_HOURS.get(label.upper())
    return None if hours is None else timezone(timedelta(hours=hours))


def iso_time(text: str, zone: tzinfo) -> datetime:
    """ISO 8601 and its usual relatives: a blank for the T, a comma for the point, nanoseconds, `2026/11/17`, an offset or none."""
    plain = _ISO_FRACTION.sub(r"\1", text.strip())
    if plain[4:5] == "/" and plain[7:8] == "/":
        plain = plain.replace("/", "-", 2)
    return utc(datetime.fromisoformat(plain.replace(" +", "+").replace(" -", "-")), zone)


@lru_cache(maxsize=4096)
def clf_time(text: str) -> datetime:
    """`17/Nov/2026:03:20:01 +0700`, the time of the common log format."""
    if len(text) != 26 or text[2] != "/" or text[11] != ":":
        raise ValueError(text)
    month = MONTHS.get(text[3:6].lower(), 0)
    clock = f"{text[7:11]}-{month:02}-{text[:2]}T{text[12:20]}"
    return utc(datetime.fromisoformat(clock), offset_zone(text[21:]))


def epoch_time(value: float) -> datetime:
    """Seconds since 1970, or milli-, micro-, nanoseconds, told apart by magnitude (unambiguous for 1973 to 5138)."""
    for limit, per_second in _EPOCH_UNITS:
        if abs(value) >= limit:
            whole, rest = divmod(int(value), per_second)
            return _from_epoch(whole) + timedelta(microseconds=rest * 10**6 // per_second)
    return _from_epoch(value)


def _from_epoch(seconds: float) -> datetime:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError) as problem:
        raise ValueError(str(seconds)) from problem


def text_time(text: str, zone: tzinfo) -> datetime:
    """`Mon Aug  1 03:34:23 2022`, `Feb 28 2021 18:20:54`, `Oct 12 2022 12:50:31 UTC`, `Aug 16 2017 05:00:40 GMT+00:00`."""
    found = _TEXT_TIME.fullmatch(text.strip())
    if found is None:
        raise ValueError(text)
    name, day, year_before, clock, year_after, label = found.groups()
    year = year_before or year_after
    if year is None:
        raise ValueError(text)
    return _spelt_time(year, name, day, clock, label, zone)


def day_first_time(text: str, zone: tzinfo) -> datetime:
    """`20-May-2024 09:08:10`, `17 Nov 2026 08:00:00 UTC`, `17/Nov/2026:08:00:00`."""
    found = _DAY_FIRST.fullmatch(text.strip())
    if found is None:
        raise ValueError(text)
    day, name, year, clock, label = found.groups()
    return _spelt_time(year, name, day, clock, label, zone)


def _spelt_time(year: str, name: str, day: str, clock: str, label: str | None, zone: tzinfo) -> datetime:
    month = MONTHS.get(name.lower(), 0)
    moment = datetime.fromisoformat(f"{year}-{month:02}-{int(day):02}T{clock}")
    return utc(moment, (label_zone(label, zone) if label else None) or zone)


def any_time(value: object, zone: tzinfo) -> datetime:
    """Any of the forms above; a number or a text of digits is an epoch time."""
    if isinstance(value, datetime):
        return utc(value, zone)
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return epoch_time(value)
    if not isinstance(value, str):
        raise ValueError(repr(value))  # noqa: TRY004 - one kind of refusal for all readings
    text = value.strip()
    if text.isascii() and text.replace(".", "", 1).isdecimal() and len(text) >= 9:
        return epoch_time(float(text) if "." in text else int(text))
    if text[:1].isalpha():
        return text_time(text, zone)
    return day_first_time(text, zone) if text[2:3] in {"-", "/", " "} else iso_time(text, zone)


def yearless_time(month: int, day: int, clock: str, received: datetime, zone: tzinfo) -> datetime:
    """A time without a year: the year that puts it nearest before `received`, allowing one day of a fast clock.

    So a record of 31 December read on 1 January falls in the old year, and one whose clock runs ahead over New Year's night in the new
    one; 29 February falls in the last leap year. Source: RFC 3164 section 4.1.2 (TIMESTAMP has no year).
    """
    limit = received + _FUTURE
    this_year = received.astimezone(zone).year
    for year in range(this_year + 1, this_year - 9, -1):
        try:
            day_of_year = date(year, month, day)
        except ValueError:
            continue
        moment = utc(datetime.fromisoformat(f"{day_of_year.isoformat()}T{clock}"), zone)
        if moment <= limit:
            return moment
    raise ValueError(f"{month}-{day}")
