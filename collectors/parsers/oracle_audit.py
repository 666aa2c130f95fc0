"""Oracle Database audit: the text of the old trail, the syslog of the unified one, and XML."""

from __future__ import annotations

import re
from typing import ClassVar

from collectors.mapping import bundled_table
from collectors.parsers.syslog import unwrapped
from collectors.parsers.xml import load_xml
from collectors.parsing import ParseContext, Record, unreadable
from soc.core.i18n import msg

_UNIFIED = re.compile(r'([A-Z][A-Z0-9_$]{1,40}): ?"([^"\\]*(?:\\.[^"\\]*)*)"', re.DOTALL)
_SIZED = re.compile(r"([A-Z$][A-Z0-9_ $]{1,40}?) ?:\[(\d{1,6})\] ?[\"']")
_QUOTED = re.compile(r"([A-Z$][A-Z0-9_ $]{1,40}?) ?: ?[\"']([^\"']*)[\"']")
_TAG = re.compile(r"(?:journal: )?Oracle (Unified )?Audit\[(\d{1,10})\]: ?(?:LENGTH ?: ?[\"']\d{1,9}[\"'] ?)?")
_HEADED = re.compile(r"[A-Z][a-z]{2} [A-Z][a-z]{2} {1,2}\d{1,2} \d{2}:\d{2}:\d{2} \d{4}(?: [+-]\d{2}:\d{2})?")
_ADDRESS = re.compile(r"\(HOST=([^()\s]{1,64})\)(?:\(PORT=(\d{1,5})\))?")
_COMMENT_USER = re.compile(r"Authenticated by: ([A-Z ]{1,32})")


class OracleAuditParser:
    """Audit records of sessions and statements.

    The old trail writes `NAME :[length] "value"`: the length says where the value ends, whatever quotes it holds. The unified one writes
    `NAME:"value"` with the quotes inside escaped. Action numbers stay as `event.code`; the usual ones get their word as `event.action`.

    Source: Oracle Database security guide, "Unified audit trail records in syslog", AUDIT_SYSLOG_LEVEL and the operating system audit
    trail, XML audit schema; AUDIT_ACTIONS for the numbers.
    """

    id: ClassVar[str] = "oracle_audit"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        line = text.strip()
        xml = line.startswith("<") and not line[1:2].isdigit()
        outer, record = _from_xml(line) if xml else _from_text(line, context)
        _put_client(record)
        _put_action(record)
        _put_outcome(record)
        return outer | bundled_table("oracle_audit").apply(record, context)


def _from_text(line: str, context: ParseContext) -> tuple[Record, Record]:
    outer: Record = {}
    stamp = _HEADED.match(line)
    if stamp is not None:
        body = line[stamp.end() :].lstrip()
        record = _sized(body)
        record["Timestamp"] = stamp[0]
        return outer, record
    outer, message = unwrapped(line, context)
    tag = _TAG.search(message[:200])
    if tag is not None:
        outer["process.pid"] = int(tag[2])
        message = message[tag.end() :]
    outer.pop("process.name", None)
    record = _sized(message) if ":[" in message[:200] else {}
    if not record:
        record = {found[1]: found[2].replace('\\"', '"') for found in _UNIFIED.finditer(message)}
    return outer, record


def _sized(text: str) -> Record:
    """`NAME :[length] "value"` pairs; without a length the value ends at its quote."""
    record: Record = {}
    at = 0
    while True:
        key = _SIZED.search(text, at)
        if key is None:
            break
        end = key.end() + int(key[2])
        record.setdefault(key[1].strip(), text[key.end() : end])
        at = min(end, len(text))
    if not record:
        record = {found[1].strip(): found[2] for found in _QUOTED.finditer(text)}
    return record


_XML = {
    "DB_User": "DBUSER",
    "Action": "ACTION",
    "Returncode": "RETCODE",
    "Object_Name": "OBJNAME",
    "Object_Schema": "SCHEMA",
}
_XML |= {
    "Session_Id": "SESID",
    "OS_User": "OS$USERID",
    "Userhost": "USERHOST",
    "Extended_Timestamp": "Timestamp",
    "Sql_Text": "SQL_TEXT",
}
_XML |= {"Comment_Text": "COMMENT$TEXT", "Terminal": "TERMINAL", "OS_Process": "PROCESS", "Instance_Number": "INSTANCE"}


def _from_xml(line: str) -> tuple[Record, Record]:
    root = load_xml(line)
    found = root if root.name == "AuditRecord" else root.child("AuditRecord")
    if found is None:
        raise unreadable(msg("phần tử AuditRecord của audit Oracle"))
    record: Record = {}
    for name, value in found.leaves():
        record.setdefault(_XML.get(name, name.upper()), value)
    return {}, record


def _put_action(record: Record) -> None:
    """The action by its number; of an administrator's session the old trail writes the statement itself."""
    action = str(record.get("ACTION") or record.get("ACTION NUMBER") or "")
    if not action:
        raise unreadable(msg("bản ghi audit Oracle có ACTION"))
    if action.isdecimal():
        record["verb"] = _ACTIONS.get(action, action)
    else:
        record.setdefault("SQL_TEXT", record.pop("ACTION", ""))
        record["verb"] = action.split(None, 1)[0].lower()[:40] if action.strip() else "statement"


def _put_outcome(record: Record) -> None:
    """A return code of 0 is success and no error."""
    for name in ("RETCODE", "RETURNCODE", "STATUS"):
        code = record.pop(name, None)
        if code is not None and code != "":
            record["outcome"] = "success" if code == "0" else "failure"
            if code != "0":
                record["error"] = code


def _put_client(record: Record) -> None:
    """The address stands in the comment: `(ADDRESS=(PROTOCOL=tcp)(HOST=192.0.2.33)(PORT=50122))`."""
    comment = str(record.get("COMMENT$TEXT") or record.get("CLIENT ADDRESS") or record.get("AUTHENTICATION_TYPE") or "")
    found = _ADDRESS.search(comment)
    if found is not None:
        record["client"] = found[1]
        if found[2]:
            record["client_port"] = found[2]


_ACTIONS = {
    "1": "create table",
    "2": "insert",
    "3": "select",
    "6": "update",
    "7": "delete",
    "9": "create index",
    "12": "drop table",
    "15": "alter table",
    "17": "grant object",
    "18": "revoke object",
    "21": "create view",
    "42": "alter session",
    "43": "alter user",
    "47": "execute",
    "49": "alter system",
    "51": "create user",
    "53": "drop user",
    "85": "truncate table",
    "100": "logon",
    "101": "logoff",
    "102": "logoff",
    "103": "session rec",
    "104": "audit",
    "105": "noaudit",
    "114": "grant role",
    "115": "revoke role",
    "108": "system grant",
    "109": "system revoke",
    "200": "rman backup",
}
"""Numbers of V$AUDIT_ACTIONS that matter to rules -> words."""
