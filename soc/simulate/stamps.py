"""Times as each format writes them, from epoch seconds, without building a datetime per line.

The part up to the hour is made once an hour and kept; minute and second come from a table. The province is seven hours ahead of UTC.
"""

from __future__ import annotations

import time
from functools import lru_cache

LOCAL_S = 7 * 3600
"""How far the clocks of the province are ahead of UTC, in seconds."""

_CLOCK = tuple(f"{second // 60:02d}:{second % 60:02d}" for second in range(3600))
_DIGITS = tuple(text.replace(":", "") for text in _CLOCK)


@lru_cache(maxsize=4096)
def _hour(form: str, hour: int) -> str:
    return time.strftime(form, time.gmtime(hour * 3600))


def _stamp(form: str, at: float, shift_s: int = LOCAL_S) -> str:
    second = int(at) + shift_s
    return _hour(form, second // 3600) + _CLOCK[second % 3600]


def _ms(at: float) -> str:
    return f"{int(at * 1000) % 1000:03d}"


def iso(at: float) -> str:
    """`2026-11-17T08:12:41+07:00`"""
    return _stamp("%Y-%m-%dT%H:", at) + "+07:00"


def iso_us(at: float) -> str:
    """`2026-11-17T10:12:01.112233+0700`, as Suricata writes it."""
    return f"{_stamp('%Y-%m-%dT%H:', at)}.{int(at * 1e6) % 1000000:06d}+0700"


def iso_ms(at: float) -> str:
    """`2026-11-17T08:12:41.512` in local time."""
    return f"{_stamp('%Y-%m-%dT%H:', at)}.{_ms(at)}"


def comma_ms(at: float) -> str:
    """`2026-11-17 08:12:41,687`, as log4j writes it."""
    return f"{_stamp('%Y-%m-%d %H:', at)},{_ms(at)}"


def plain(at: float) -> str:
    """`2026-11-17 08:12:41`"""
    return _stamp("%Y-%m-%d %H:", at)


def plain_ms(at: float) -> str:
    """`2026-11-17 08:12:41.687`"""
    return f"{_stamp('%Y-%m-%d %H:', at)}.{_ms(at)}"


def digits(at: float) -> str:
    """`20261117081241`"""
    second = int(at) + LOCAL_S
    return _hour("%Y%m%d%H", second // 3600) + _DIGITS[second % 3600]


def utc(at: float) -> str:
    """`2026-11-17T01:12:41Z`"""
    return _stamp("%Y-%m-%dT%H:", at, 0) + "Z"


def utc_ms(at: float) -> str:
    """`2026-11-17T01:12:41.687Z`"""
    return f"{_stamp('%Y-%m-%dT%H:', at, 0)}.{_ms(at)}Z"


def utc_bare_ms(at: float) -> str:
    """`2026-11-17T01:12:41.687`: UTC without saying so, as GeoServer does."""
    return f"{_stamp('%Y-%m-%dT%H:', at, 0)}.{_ms(at)}"


def utc_plain(at: float) -> str:
    """`2026-11-17 01:12:41`: UTC without saying so, as IIS does."""
    return _stamp("%Y-%m-%d %H:", at, 0)


def utc_month(at: float) -> str:
    """`17-Nov-2026 01:12:41` in UTC, as ESET writes it."""
    return _stamp("%d-%b-%Y %H:", at, 0)


def bind(at: float) -> str:
    """`17-Nov-2026 08:12:41.687`"""
    return f"{_stamp('%d-%b-%Y %H:', at)}.{_ms(at)}"


def syslog(at: float) -> str:
    """`Nov 17 08:12:41` (RFC 3164: no year; a day below ten has a space before it)."""
    return _stamp("%b %e %H:", at)


def clf(at: float) -> str:
    """`17/Nov/2026:08:12:41 +0700`"""
    return _stamp("%d/%b/%Y:%H:", at) + " +0700"


def ctime(at: float) -> str:
    """`Tue Nov 17 08:12:41 2026`"""
    second = int(at) + LOCAL_S
    hour = second // 3600
    return f"{_hour('%a %b %e %H:', hour)}{_CLOCK[second % 3600]}{_hour(' %Y', hour)}"


def day(at: float) -> str:
    """`2026-11-17`"""
    return _hour("%Y-%m-%d", (int(at) + LOCAL_S) // 3600)


def clock(at: float) -> str:
    """`08:12:41`"""
    return _stamp("%H:", at)


def yymmdd(at: float) -> str:
    """`261117`, as dossier numbers carry it."""
    return _hour("%y%m%d", (int(at) + LOCAL_S) // 3600)


def form(pattern: str, at: float) -> str:
    """Any other form: `pattern` is that of strftime up to the hour, minute and second follow it."""
    return _stamp(pattern, at)
