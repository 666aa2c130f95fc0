"""IIS: the W3C extended log, the HTTP.sys error log, with the columns that the file declares."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from collectors.parsers.syslog import open_envelope
from collectors.parsing import ParseContext, Record, unreadable
from collectors.times import iso_time
from collectors.transforms import SPREADS
from collectors.values import addresses_in, is_ip, outcome_of, put_address, put_port, whole
from soc.core.i18n import msg

_HEADER = re.compile(r"#(Software|Version|Date|Fields|Remark|Start-Date|End-Date): ?(.*)")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_VALUES = re.compile(r"\"[^\"]*\"|\S+")
_FRONT = "date time s-ip cs-method cs-uri-stem cs-uri-query s-port cs-username c-ip cs(User-Agent)"
_STANDARD = tuple(
    tuple(columns.split())
    for columns in (
        f"{_FRONT} cs(Referer) sc-status sc-substatus sc-win32-status time-taken",
        f"{_FRONT} cs(Referer) sc-status sc-substatus sc-win32-status time-taken X-Forwarded-For",
        f"{_FRONT} sc-status sc-substatus sc-win32-status time-taken",
        f"{_FRONT} sc-status sc-substatus time-taken",
        f"{_FRONT} cs(Referer) sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken",
        _FRONT.replace("s-ip", "s-sitename s-ip") + " sc-status sc-substatus sc-win32-status",
        _FRONT.replace("s-ip", "s-sitename s-ip")
        + " cs(Referer) sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken",
        _FRONT.replace("s-ip", "s-sitename s-computername s-ip").replace("c-ip", "c-ip cs-version")
        + " cs(Cookie) cs(Referer) cs-host sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken",
        _FRONT.replace("s-ip", "s-sitename s-computername s-ip").replace("c-ip", "c-ip cs-version")
        + " cs(Cookie) cs(Referer) cs-host sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken X-Forwarded-For",
        _FRONT.replace("s-ip", "s-sitename")
        + " cs(Cookie) cs(Referer) cs-host sc-status sc-substatus sc-win32-status sc-bytes cs-bytes time-taken",
        "date time c-ip c-port s-ip s-port cs-version cs-method cs-uri streamid sc-status s-siteid s-reason s-queuename",
        "date time c-ip c-port s-ip s-port cs-version cs-method cs-uri sc-status s-siteid s-reason s-queuename",
    )
)
"""Column sets of default installations: IIS 6 to 10, every field ticked, Azure App Service, HTTP.sys."""

_CONSTANT: Record = {
    "event.kind": "event",
    "event.category": ["web"],
    "event.type": ["access"],
    "event.dataset": "iis.access",
    "network.protocol": "http",
}


class IisParser:
    """Requests that IIS or HTTP.sys answered, one a line. Times are UTC always, whatever the zone of the source.

    Without the option `fields` the columns are taken from the default set whose number and kinds of value fit. A header line becomes an
    event of action `log_header`, so that a change of the columns is seen. IIS writes a blank as `+`: it is put back in the agent and the
    user, and left in path and query, where it may be a plus.

    Source: learn.microsoft.com, "W3C Logging" (IIS 6.0 to 10), "Error logging in HTTP APIs", "Enhanced logging" (custom fields).
    """

    class Options(BaseModel):
        """`fields`: the names after `#Fields:`, parted by blanks; empty: found out for each line."""

        model_config = ConfigDict(extra="forbid", frozen=True)

        fields: str = ""

    id: ClassVar[str] = "iis"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def __init__(self, options: Options) -> None:
        self._columns = tuple(options.fields.removeprefix("#Fields:").split())

    def parse(self, text: str, context: ParseContext) -> Record:
        line, outer = text.strip(), Record()
        if not _DAY.match(line) and not line.startswith("#") and (envelope := open_envelope(line, context)) is not None:
            line, outer = envelope.message.strip(), envelope.fields
        header = _HEADER.match(line)
        if header is not None:
            return outer | {**_CONSTANT, "event.type": ["info"], "event.action": "log_header", "message": line}
        values = _VALUES.findall(line) if '"' in line else line.split()
        columns = self._columns if len(self._columns) == len(values) else _columns_of(values)
        if not columns:
            raise unreadable(
                msg("dòng W3C của IIS theo các cột mặc định; nếu khác, khai tùy chọn fields theo dòng #Fields")
            )
        return outer | _fields(dict(zip(columns, values, strict=True)))


def _columns_of(values: list[str]) -> tuple[str, ...]:
    """The default set that fits; empty when none does."""
    for columns in _STANDARD:
        if len(columns) == len(values) and _fits(dict(zip(columns, values, strict=True))):
            return columns
    return ()


def _fits(row: dict[str, str]) -> bool:
    """Whether the telling columns hold what their names say."""
    status = row["sc-status"]
    addresses = [row[name].partition("%")[0] for name in ("c-ip", "s-ip") if row.get(name, "-") != "-"]
    return (
        _DAY.fullmatch(row["date"]) is not None
        and (status == "-" or (len(status) == 3 and status.isdecimal()))
        and all(is_ip(address) for address in addresses)
        and (row.get("s-port", "-") == "-" or row["s-port"].isdecimal())
    )


def _fields(row: dict[str, str]) -> Record:
    fields = dict(_CONSTANT)
    try:
        fields["@timestamp"] = iso_time(f"{row['date']}T{row['time']}", UTC)
    except (KeyError, ValueError) as problem:
        raise unreadable(msg("thời gian dạng {form}", form="YYYY-MM-DD hh:mm:ss")) from problem
    for name, value in row.items():
        if value not in {"-", '"-"', ""}:
            put = _COLUMNS.get(name.lower())
            if put is not None:
                put(fields, value.strip('"'))
    _put_url(fields)
    if isinstance(status := fields.get("http.response.status_code"), int):
        fields["event.outcome"] = outcome_of(status)
    if "s-queuename" in row:
        fields |= {"event.dataset": "iis.http_error", "event.type": ["error"], "event.outcome": "failure"}
    return fields


def _put_url(fields: Record) -> None:
    path, query = fields.get("url.path"), fields.get("url.query")
    if path is not None:
        fields["url.original"] = f"{path}?{query}" if query else path


def _uri(fields: Record, value: str) -> None:
    """The whole target in one column, as HTTP.sys writes it."""
    path, _, query = value.partition("?")
    fields["url.path"] = path
    if query:
        fields["url.query"] = query


def _to(target: str) -> Callable[[Record, str], None]:
    def put(fields: Record, value: str) -> None:
        fields[target] = value

    return put


def _spaced_to(target: str) -> Callable[[Record, str], None]:
    def put(fields: Record, value: str) -> None:
        fields[target] = value.replace("+", " ")

    return put


def _number_to(target: str, factor: int = 1) -> Callable[[Record, str], None]:
    def put(fields: Record, value: str) -> None:
        number = whole(value)
        if number is not None and number * factor < 2**63:
            fields[target] = number * factor

    return put


def _forwarded(fields: Record, value: str) -> None:
    if addresses := addresses_in(value.replace("+", "")):
        fields["network.forwarded_ip"] = addresses


_COLUMNS: dict[str, Callable[[Record, str], None]] = {
    "s-ip": lambda fields, value: put_address(fields, "destination", value.partition("%")[0]),
    "s-port": lambda fields, value: put_port(fields, "destination.port", value),
    "c-ip": lambda fields, value: put_address(fields, "source", value.partition("%")[0]),
    "c-port": lambda fields, value: put_port(fields, "source.port", value),
    "s-sitename": _to("iis.site"),
    "s-siteid": _to("iis.site"),
    "s-computername": _to("host.name"),
    "s-reason": _to("event.reason"),
    "s-queuename": _to("iis.queue"),
    "cs-method": _to("http.request.method"),
    "cs-uri-stem": _to("url.path"),
    "cs-uri-query": _to("url.query"),
    "cs-uri": _uri,
    "cs-username": lambda fields, value: SPREADS["windows_user"](fields, "user", value.replace("+", " ")),
    "cs-version": lambda fields, value: _to("http.version")(fields, value.removeprefix("HTTP/")),
    "cs-host": _to("url.domain"),
    "cs(host)": _to("url.domain"),
    "cs(user-agent)": _spaced_to("user_agent.original"),
    "cs(referer)": _to("http.request.referrer"),
    "sc-status": _number_to("http.response.status_code"),
    "sc-substatus": _number_to("iis.substatus"),
    "sc-win32-status": _number_to("iis.win32_status"),
    "sc-bytes": _number_to("http.response.bytes"),
    "cs-bytes": _number_to("http.request.bytes"),
    "time-taken": _number_to("event.duration", 10**6),
    "x-forwarded-for": _forwarded,
    "cs(x-forwarded-for)": _forwarded,
    "original-ip": _forwarded,
    "crypt-protocol": _to("iis.crypt_protocol"),
    "crypt-cipher": _to("iis.crypt_cipher"),
}
"""Column in small letters -> how its value is written. Cookies are left to the raw record."""
