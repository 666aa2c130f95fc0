"""MySQL and MariaDB: error log, general log, audit log as JSON or XML, and the CSV of MariaDB's audit plugin."""

from __future__ import annotations

import re
from typing import ClassVar

from collectors.mapping import bundled_table
from collectors.parsers.json import flat_fields, load_object
from collectors.parsers.syslog import unwrapped
from collectors.parsers.xml import load_xml
from collectors.parsing import ParseContext, Record, unreadable
from collectors.times import any_time
from soc.core.i18n import msg

_ERROR = re.compile(
    r"(\d{4}-\d{2}-\d{2}[T ] ?\d{1,2}:\d{2}:\d{2}(?:\.\d{1,6})?(?:Z|[+-]\d{2}:\d{2})?) (\d{1,20}) \[(\w{1,16})\] "
    r"(?:\[(MY-\d{6})\] \[(\w{1,32})\] )?"
)
_GENERAL = re.compile(
    r"(\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}(?:Z|[+-]\d{2}:\d{2})|\d{6} {1,2}\d{1,2}:\d{2}:\d{2})"
    r"\s{1,8}(\d{1,20}) ([A-Z][A-Za-z ]{1,20}?)\t"
)
_MARIADB = re.compile(
    r"(\d{8} \d{2}:\d{2}:\d{2}),([^,]{0,255}),([^,]{0,128}),([^,]{0,255}),(\d{1,20}),(\d{1,20}),([A-Z_]{1,32}),([^,]{0,255}),"
)
_RESULT = re.compile(r",(\d{1,10})$")
_ACCOUNT = re.compile(r"'([^']{0,80})'@'([^']{0,255})'")
_CONNECT = re.compile(r"(\S{1,80}?)@(\S{0,255}) on (\S{0,64})")
_AUDIT_USER = re.compile(r"([^\[\]]{0,80})\[([^\[\]]{0,80})\] @ ([^\[\]]{0,255}?) ?\[([^\[\]]{0,64})\]")


class MysqlParser:
    """What a server writes of errors, connections and statements, in each of its forms.

    `soc.db.statement` is the SQL text (its literals are masked before this point). MariaDB's plugin escapes nothing: the statement is what
    stands between the fixed columns on the left and the result on the right.

    Source: MySQL 8 reference manual, 7.4.2.1 (error log format), 7.4.3 (general log), 8.4.5.4 (audit log formats); MariaDB knowledge base,
    "Audit plugin log format".
    """

    id: ClassVar[str] = "mysql"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        line = text.strip().rstrip(",")
        outer, body = (
            ({}, line)
            if line[:1].isdigit() or (line[:1] in "{<[" and not line[1:2].isdigit())
            else unwrapped(line, context)
        )
        record = _read(body.strip().removeprefix("[").strip())
        _put_moment(record, context)
        _put_outcome(record)
        fields = outer | bundled_table("mysql").apply(record, context)
        if "host.name" in outer:
            fields["host.name"] = outer["host.name"]
        return fields


def _read(body: str) -> Record:
    if body.startswith("{"):
        return _from_json(flat_fields(load_object(body)))
    if body.startswith("<"):
        return _from_xml(body)
    for read in (_mariadb, _general, _error):
        record = read(body)
        if record is not None:
            return record
    raise unreadable(msg("nhật ký MySQL: error log, general log, audit JSON, XML hoặc CSV của MariaDB"))


def _from_json(record: Record) -> Record:
    if "err_code" in record or "prio" in record:
        return {
            "form": "error",
            "time": record.get("time"),
            "thread": record.get("thread"),
            "level": record.get("label"),
            "code": record.get("err_symbol") or record.get("err_code"),
            "message": record.get("msg"),
            "subsystem": record.get("subsystem"),
        }
    record["form"] = "audit"
    record.setdefault("act", record.get("event") or record.get("class"))
    record["time"] = f"{record.pop('timestamp', '')}Z".replace("ZZ", "Z")  # UTC, as the manual says
    return record


_XML = {
    "NAME": "act",
    "TIMESTAMP": "time",
    "CONNECTION_ID": "connection_id",
    "SQLTEXT": "sql",
    "STATUS": "status",
    "USER": "account_text",
}
_XML |= {
    "HOST": "host",
    "IP": "ip",
    "DB": "db",
    "COMMAND_CLASS": "command",
    "OS_LOGIN": "os",
    "PRIV_USER": "login.priv",
    "RECORD_ID": "id",
}
_XML |= {"RECORD": "id", "TABLE": "object"}


def _from_xml(body: str) -> Record:
    """An AUDIT_RECORD of the old form (attributes) or of the new (elements)."""
    root = load_xml(body)
    if root.name != "AUDIT_RECORD":
        raise unreadable(msg("phần tử AUDIT_RECORD của nhật ký audit MySQL"))
    pairs = [*root.attributes.items(), *root.leaves()]
    record: Record = {"form": "audit"}
    for name, value in pairs:
        record.setdefault(_XML.get(name, name.lower()), value)
    account = _AUDIT_USER.match(str(record.pop("account_text", "")))
    if account is not None:
        record["user"] = account[2] or account[1]
        record.setdefault("ip", account[4])
        record.setdefault("host", account[3])
    elif (given := dict(pairs).get("USER")) is not None:
        record["user"] = given
    return record


def _mariadb(body: str) -> Record | None:
    head = _MARIADB.match(body)
    if head is None:
        return None
    moment, server, user, host, connection, query, operation, database = head.groups()
    rest = body[head.end() :]
    result = _RESULT.search(rest[-12:])
    statement = rest if result is None else rest[: len(rest) - len(result[0])]
    record: Record = {
        "form": "audit",
        "time": f"{moment[:4]}-{moment[4:6]}-{moment[6:]}",
        "server": server,
        "user": user,
        "host": host,
    }
    record |= {"connection_id": connection, "query_id": query, "act": operation.lower(), "db": database}
    if result is not None:
        record["status"] = result[1]
    if operation == "QUERY":
        record["sql"] = statement.removeprefix("'").removesuffix("'")
    else:
        record["object"] = statement.rstrip(",")
    return record


def _general(body: str) -> Record | None:
    head = _GENERAL.match(body)
    if head is None:
        return None
    moment, thread, command = head.groups()
    rest = body[head.end() :].strip()
    record: Record = {"form": "general", "time": _old_time(moment), "thread": thread, "act": command.strip().lower()}
    if command.strip() == "Connect":
        record["message"] = rest
        who = _CONNECT.match(rest)
        if who is not None:
            record["user"], record["host"], record["db"] = who[1], who[2], who[3]
        if rest.startswith("Access denied"):
            record["status"] = "1045"
            _put_account(record, rest)
    elif rest:
        record["sql"] = rest
    return record


def _old_time(text: str) -> str:
    """`261117  8:00:01` of version 5.5 as ISO."""
    if "-" in text:
        return text
    day, _, clock = text.partition(" ")
    return f"20{day[:2]}-{day[2:4]}-{day[4:]} {clock.strip().zfill(8)}"


def _error(body: str) -> Record | None:
    head = _ERROR.match(body)
    if head is None:
        return None
    moment, thread, level, code, subsystem = head.groups()
    record: Record = {
        "form": "error",
        "time": re.sub(r"^(\S{10}) {1,2}(\d:)", r"\1 0\2", moment),
        "thread": thread,
        "level": level,
        "code": code,
        "subsystem": subsystem,
    }
    record["message"] = message = body[head.end() :]
    if "Access denied" in message[:80]:
        record["act"], record["status"] = "connect", "1045"
        _put_account(record, message)
    return record


def _put_account(record: Record, message: str) -> None:
    if (account := _ACCOUNT.search(message)) is not None:
        record["user"], record["host"] = account[1], account[2]


def _put_outcome(record: Record) -> None:
    """A status of 0 is success and no error code."""
    for name in ("status", "general_data.status", "connection_data.status"):
        status = record.pop(name, None)
        if status is not None and record.get("outcome") is None:
            record["outcome"] = "success" if str(status) == "0" else "failure"
            if str(status) != "0":
                record["error"] = str(status)


def _put_moment(record: Record, context: ParseContext) -> None:
    value = record.pop("time", None) or record.pop("timestamp", None)
    if value is None or value == "Z":
        return
    text = str(value).replace(" UTC", "Z")
    try:
        record["moment"] = any_time(text, context.zone)
    except (ValueError, OverflowError) as problem:
        raise unreadable(msg("thời gian dạng {form}", form="YYYY-MM-DD hh:mm:ss")) from problem
