"""PostgreSQL: csvlog, jsonlog and the text log with any prefix, and what pgaudit writes into them."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import ClassVar

from pydantic import field_validator

from collectors.mapping import bundled_table
from collectors.parsers.cells import split_cells
from collectors.parsers.json import flat_fields, load_object
from collectors.parsers.syslog import unwrapped
from collectors.parsing import ParseContext, ParserOptions, Record, unreadable
from collectors.times import any_time, label_zone
from collectors.values import is_ip
from soc.core.i18n import msg

_SEVERITIES = "DEBUG[1-5]?|LOG|INFO|NOTICE|WARNING|ERROR|FATAL|PANIC|DETAIL|HINT|STATEMENT|CONTEXT|QUERY|LOCATION"
_BODY = re.compile(rf"(?:^|(?<=[\s\]:]))({_SEVERITIES}):  ?(?:((?!AUDIT)[0-9A-Z]{{5}}): )?")
_TIME = re.compile(
    r"(\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(?:\.\d{1,6})?)(?: ([A-Z]{2,5}|[+-]\d{2}(?::?\d{2})?))?(?!\S*\d{2}:\d{2})"
)
_PROCESS = re.compile(r"\[(\d{1,10})(?:-\d{1,10})?\]")
_NAMED = re.compile(r"\b(user|db|database|app|client|host)=([^\s,]*)")
_USER_AT = re.compile(r"(?:^|(?<=\s))([^\s@\[\]=]{1,64})@([^\s@\[\]=]{1,64})(?=\s|$)")
_CLIENT = re.compile(r"(?<![\w.:])([0-9A-Fa-f]{1,4}(?:[.:][0-9A-Fa-f.:]{1,39}))(?:\((\d{1,5})\))?(?![\w.:])")
_CSV = (
    *(
        "timestamp",
        "user",
        "dbname",
        "pid",
        "connection_from",
        "session_id",
        "line_num",
        "ps",
        "session_start",
        "vxid",
        "txid",
    ),
    *(
        "error_severity",
        "state_code",
        "message",
        "detail",
        "hint",
        "internal_query",
        "internal_position",
        "context",
        "statement",
    ),
    *("cursor_position", "location", "application_name", "backend_type", "leader_pid", "query_id"),
)
_AUDIT = (
    "audit_type",
    "statement_id",
    "substatement_id",
    "class",
    "command",
    "object_type",
    "object_name",
    "audit_statement",
    "parameter",
)
_ESCAPE = re.compile(r"%(-?\d{0,3})([a-zA-Z%])")
_ESCAPES = {
    "a": ("application_name", r"[^\n]{0,64}?"),
    "u": ("user", r"\S{0,64}?"),
    "d": ("dbname", r"\S{0,64}?"),
    "r": ("connection_from", r"\S{0,64}?"),
    "h": ("remote_host", r"\S{0,64}?"),
    "b": ("backend_type", r"[a-z ]{0,64}?"),
    "p": ("pid", r"\d*+"),
    "t": ("timestamp", r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2} \S{1,6}?"),
    "m": ("timestamp", r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}\.\d{3} \S{1,6}?"),
    "n": ("timestamp", r"\d{10}(?:\.\d{1,6})?"),
    "i": ("ps", r"[A-Za-z ]{0,64}?"),
    "e": ("state_code", r"[0-9A-Z]{5}"),
    "c": ("session_id", r"[0-9a-f.]*+"),
    "l": ("line_num", r"\d*+"),
    "s": ("session_start", r"\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2} \S{1,6}?"),
    "v": ("vxid", r"[\d/]*+"),
    "x": ("txid", r"\d*+"),
    "Q": ("query_id", r"-?\d*+"),
}
"""Escapes of log_line_prefix. Source: PostgreSQL documentation, 20.8.3 "What to Log"."""


class PostgresqlOptions(ParserOptions):
    """How the text log begins.

    Attributes:
        prefix: the server's `log_line_prefix`; left out, time, process, user, database and client are found by their form.
    """

    prefix: str | None = None

    @field_validator("prefix")
    @classmethod
    def _prefix_compiles(cls, value: str | None) -> str | None:
        if value is not None:
            _prefix_pattern(value)
        return value


class PostgresqlParser:
    """A record of the server's log, in each of its forms and in syslog, and the audit record of pgaudit inside it.

    `soc.db.statement` is the SQL text; its parameters are masked before this point and those that pgaudit writes are left out. A record of
    several lines (a statement, its DETAIL) is joined by the input.

    Source: PostgreSQL documentation 20.8 (csvlog columns, jsonlog keys, log_line_prefix), postmaster messages of connections; pgaudit
    README, "Format".
    """

    id: ClassVar[str] = "postgresql"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False
    Options: ClassVar[type[PostgresqlOptions]] = PostgresqlOptions

    def __init__(self, options: PostgresqlOptions) -> None:
        self._prefix = options.prefix

    def parse(self, text: str, context: ParseContext) -> Record:
        line = text.strip()
        outer, record = self._record(line, context)
        _put_moment(record, context)
        _put_client(record)
        message = str(record.get("message", ""))
        if message.startswith("AUDIT: "):
            _put_audit(record, message[7:])
        else:
            _put_act(record, message)
        fields = outer | bundled_table("postgresql").apply(record, context)
        if "host.name" in outer:
            fields["host.name"] = outer["host.name"]
        return fields

    def _record(self, line: str, context: ParseContext) -> tuple[Record, Record]:
        if line.startswith("{"):
            return {}, flat_fields(load_object(line))
        if (row := _csv_row(line)) is not None:
            return {}, row
        outer, message = ({}, line) if line[:1].isdigit() else unwrapped(line, context)
        return outer, _text_record(message, self._prefix)


def _csv_row(line: str) -> Record | None:
    if not line[:4].isdecimal() or line.find(",") not in range(19, 40):
        return None
    cells = split_cells(line)
    if not 23 <= len(cells) <= len(_CSV):
        return None
    return {name: cell for name, cell in zip(_CSV, cells, strict=False) if cell}


def _text_record(line: str, prefix: str | None) -> Record:
    record: Record = {}
    body = _BODY.search(line, 0, 1000)
    if body is None:
        raise unreadable(msg("dòng nhật ký PostgreSQL: tiền tố rồi LOG:, ERROR:, FATAL: …"))
    head = line[: body.start()]
    if prefix is not None:
        found = _prefix_pattern(prefix).fullmatch(head)
        if found is None:
            raise unreadable(msg("tiền tố theo log_line_prefix đã khai báo"))
        record.update({name: value for name, value in found.groupdict().items() if value and name not in record})
    else:
        _guess(record, head)
    record["error_severity"] = body[1]
    if body[2]:
        record["state_code"] = body[2]
    record["message"] = line[body.end() :]
    return record


def _guess(record: Record, head: str) -> None:
    """What a prefix says, by the form of its parts."""
    if (moment := _TIME.search(head)) is not None:
        record["timestamp"] = moment[0]
        head = head[: moment.start()] + head[moment.end() :]
    if processes := _PROCESS.findall(head):
        record["pid"] = processes[-1]  # the last: syslog puts a counter of its own in front, `[5-1]`
    names = {
        "db": "dbname",
        "database": "dbname",
        "app": "application_name",
        "client": "connection_from",
        "host": "connection_from",
    }
    for name, value in _NAMED.findall(head):
        record.setdefault(names.get(name, name), value)
    if "user" not in record and (who := _USER_AT.search(head)) is not None:
        record["user"], record["dbname"] = who[1], who[2]
    if "connection_from" not in record and (client := _CLIENT.search(head)) is not None and is_ip(client[1]):
        record["connection_from"] = client[0]


@lru_cache(maxsize=64)
def _prefix_pattern(prefix: str) -> re.Pattern[str]:
    """The regular expression of a log_line_prefix; what follows `%q` may be missing."""
    made, at, seen, optional = "", 0, set[str](), False
    for escape in _ESCAPE.finditer(prefix):
        made += re.escape(prefix[at : escape.start()])
        at = escape.end()
        if escape[2] == "q":
            made += "(?:"
            optional = True
        elif escape[2] == "%":
            made += "%"
        else:
            name, form = _ESCAPES.get(escape[2], ("", r"\S{0,64}?"))
            padding = " {0,64}" if escape[1] else ""
            made += (
                f"{padding}(?P<{name}>{form}){padding}"
                if name and name not in seen
                else f"{padding}(?:{form}){padding}"
            )
            seen.add(name)
    made += re.escape(prefix[at:])
    return re.compile(made + (")?" if optional else "") + r"\s*")


def _put_moment(record: Record, context: ParseContext) -> None:
    """`2026-11-17 08:00:01.120 +07`: a date, a time and a zone, whose hours may stand alone."""
    value = record.get("timestamp")
    if not isinstance(value, str):
        return
    day, _, label = value.rpartition(" ")
    zone = label_zone(label, context.zone) if label[:1].isalpha() or label[:1] in "+-" else None
    try:
        record["timestamp"] = any_time(value if zone is None and not label[:1].isalpha() else day, zone or context.zone)
    except (ValueError, OverflowError) as problem:
        raise unreadable(msg("thời gian dạng {form}", form="YYYY-MM-DD hh:mm:ss.mmm ZZZ")) from problem


def _put_client(record: Record) -> None:
    """`192.0.2.5:50122`, `192.0.2.5(50122)`, `[local]`."""
    client = record.pop("connection_from", None)
    if not isinstance(client, str) or client in {"[local]", "", "::", "[unknown]"}:
        return
    host, _, port = (
        client.replace("(", ":").rstrip(")").rpartition(":")
        if client.endswith(")") or client.count(":") == 1
        else (client, "", "")
    )
    if not host or not port.isdecimal():
        host, port = client, ""
    record.setdefault("remote_host", host)
    if port:
        record.setdefault("remote_port", port)


def _put_audit(record: Record, body: str) -> None:
    cells = split_cells(body)
    record.update({name: cell for name, cell in zip(_AUDIT, cells, strict=False) if cell and name != "parameter"})
    record["act"] = str(record.get("command", "")).lower()
    record.pop("message", None)
    record.pop("statement", None)


_USER = re.compile(r'user[ =]"?([^\s",]{1,64})"?')
_DATABASE = re.compile(r'database[ =]"?([^\s",]{1,64})"?')
_HOST = re.compile(r'host[ =]"?([^\s",]{1,64})"?')
_PORT = re.compile(r"port=(\d{1,5})")
_DURATION = re.compile(r"duration: (\d{1,12}(?:\.\d{1,6})?) ms")
_STATEMENT = re.compile(r"(?:statement|(?:execute|parse|bind) [^:]{1,80}): ")
_ACTS = (
    ("connection received", "connection-received", ""),
    ("connection authenticated", "login", "success"),
    ("connection authorized", "login", "success"),
    ("replication connection authorized", "login", "success"),
    ("disconnection", "logout", ""),
    ("password authentication failed", "login", "failure"),
    ("no pg_hba.conf entry", "login", "failure"),
    ("pg_hba.conf rejects", "login", "failure"),
    ("certificate authentication failed", "login", "failure"),
    ("too many connections", "login", "failure"),
)


def _put_act(record: Record, message: str) -> None:
    for start, act, outcome in _ACTS:
        if message.startswith(start) or (
            " authentication failed for user" in message[:60] and act == "login" and outcome == "failure"
        ):
            record["act"], record["outcome"] = act, outcome
            _put_named(record, message)
            return
    if " does not exist" in message and message.startswith('role "'):
        record["act"], record["outcome"] = "login", "failure"
    if (duration := _DURATION.match(message)) is not None:
        record["duration_ms"] = duration[1]
    head = message[:200]
    if (statement := _STATEMENT.search(head)) is not None and (statement.start() == 0 or duration is not None):
        record["sql"] = message[statement.end() :]
        record["act"] = "statement"


def _put_named(record: Record, message: str) -> None:
    for name, pattern in (("user", _USER), ("dbname", _DATABASE), ("remote_host", _HOST), ("remote_port", _PORT)):
        if (found := pattern.search(message)) is not None:
            record.setdefault(name, found[1])
