"""Veeam Backup & Replication: its events over syslog, RFC 5424, whose values hold quotes that nobody escaped."""

from __future__ import annotations

import re
from typing import ClassVar

from collectors.parsers.syslog import open_envelope
from collectors.parsing import ParseContext, Record, unreadable
from collectors.times import iso_time
from collectors.values import is_ip, put_user
from soc.core.i18n import msg

_BARE_HEAD = re.compile(r"(?:1 )?(\d{4}-\d\d-\d\dT\S{8,24}) (\S{1,255}) (\S{1,48}) (\S{1,128}) (\S{1,32}) (?=\[)")
_BODY = re.compile(r"\[categoryId=\"?(\d{1,9})\"? instanceId=\"?(\d{1,9})\"?")
_KEY = re.compile(r" ([A-Za-z]\w{0,63})=\"")
_USER = re.compile(r"by (?:user )?([\w.-]{1,64}\\[\w.$ -]{1,64}?)(?=[.,]? *$|\. | \()")
_STATE = re.compile(r"(?:with|state:?|finished) '?(Success|Warning|Failed|Error|None|InProgress)\b")
_JOB = re.compile(r"\b[Jj]ob '([^'\r\n]{1,256})'")
_OUTCOMES = {"Success": "success", "Warning": "success", "Failed": "failure", "Error": "failure"}
_NAMES = {
    "JobName": "soc.backup.job",
    "RepositoryName": "soc.backup.repository",
    "VmName": "soc.backup.object",
    "OibName": "soc.backup.object",
    "SourceHostName": "soc.backup.source_host",
    "VbrHostName": "host.name",
    "VbrVersion": "observer.version",
    "Description": "event.reason",
    "JobID": "soc.backup.job_id",
    "JobSessionID": "transaction.id",
}
_VERBS = (
    ("has been added", "configuration", "creation"),
    ("has been created", "configuration", "creation"),
    ("have been added", "configuration", "creation"),
    ("deleted", "configuration", "deletion"),
    ("removed", "configuration", "deletion"),
    ("changed", "configuration", "change"),
    ("modified", "configuration", "change"),
    ("updated", "configuration", "change"),
    ("edited", "configuration", "change"),
    ("enabled", "configuration", "change"),
    ("disabled", "configuration", "change"),
    ("started", "process", "start"),
    ("finished", "process", "end"),
    ("completed", "process", "end"),
    ("logged in", "authentication", "start"),
    ("malware", "malware", "info"),
)
"""Words of the English description, used only where the number is not in the table below; Veeam's events are not translated."""
_EVENTS = {
    **dict.fromkeys(("110", "710", "810", "210", "310", "410", "510", "610"), ("process", "start", "job-started")),
    **dict.fromkeys(("190", "790", "890", "290", "390", "490", "590", "690"), ("process", "end", "job-finished")),
    "150": ("process", "end", "task-finished"),
    "10050": ("configuration", "deletion", "restore-point-removed"),
    "10090": ("configuration", "deletion", "restore-point-removed"),
    "21200": ("configuration", "creation", "tape-job-created"),
    "23010": ("configuration", "creation", "job-created"),
    "23050": ("configuration", "change", "job-changed"),
    "23090": ("configuration", "deletion", "job-deleted"),
    "24000": ("configuration", "change", "license-changed"),
    "25300": ("configuration", "creation", "credentials-added"),
    "25400": ("configuration", "change", "credentials-changed"),
    "25500": ("configuration", "deletion", "credentials-deleted"),
    "28000": ("configuration", "creation", "repository-added"),
    "28100": ("configuration", "change", "repository-changed"),
    "28200": ("configuration", "deletion", "repository-deleted"),
    "28300": ("configuration", "creation", "server-added"),
    "28400": ("configuration", "change", "server-changed"),
    "28500": ("configuration", "deletion", "server-deleted"),
    "29100": ("configuration", "creation", "protection-group-added"),
    "29110": ("configuration", "change", "protection-group-changed"),
    "29120": ("configuration", "deletion", "protection-group-deleted"),
    "30200": ("configuration", "deletion", "scale-out-repository-deleted"),
    "31000": ("configuration", "change", "general-options-changed"),
    "31200": ("iam", "creation", "user-added"),
    "31400": ("iam", "deletion", "user-deleted"),
    "31500": ("iam", "change", "four-eyes-changed"),
    "32900": ("configuration", "change", "component-updated"),
    "40201": ("authentication", "start", "mfa-enabled"),
    "41600": ("malware", "info", "malware-activity-detected"),
}
"""Event number -> category, type, action."""


class VeeamParser:
    """An event of Veeam, with its syslog header or from `[categoryId=` on.

    A value ends at the quote behind which the next ` Key="` or the closing bracket stands, and inside `<...>` none does, so that
    `ChangesXML="<object id="7e" />"` is one value. That XML is kept as text and never interpreted.

    Source: helpcenter.veeam.com, Veeam Backup & Replication Event Reference (numbers, parameters); RFC 5424 section 6.3.
    """

    id: ClassVar[str] = "veeam"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        line = text.strip()
        fields: Record = {"event.kind": "event", "event.dataset": "veeam.vbr", "observer.vendor": "Veeam"}
        fields.update(_header(line, context))
        body = _BODY.search(line)
        if body is None:
            raise unreadable(msg('sự kiện Veeam: [categoryId=… instanceId=… Khóa="giá trị" …]'))
        pairs = read_nested_pairs(line, body.end())
        fields |= {"event.code": body[2], "veeam.category_id": body[1]}
        _put_pairs(fields, pairs)
        _put_meaning(fields, body[2], pairs.get("Description", ""))
        return fields


def _header(line: str, context: ParseContext) -> Record:
    bare = _BARE_HEAD.match(line)
    if bare is None:
        envelope = open_envelope(line, context) if not line.startswith("[") else None
        outer = {} if envelope is None else envelope.fields
        return {name: value for name, value in outer.items() if not name.startswith("log.syslog.structured_data")}
    fields: Record = {"host.name": bare[2], "process.name": bare[3]}
    try:
        fields["@timestamp"] = iso_time(bare[1], context.zone)
    except ValueError as problem:
        raise unreadable(msg("thời gian dạng {form}", form="ISO 8601")) from problem
    return fields


def read_nested_pairs(line: str, start: int) -> dict[str, str]:
    """` Key="value"` pairs from `start` on, whose values may hold quotes and whole pairs inside `<...>`; the first of a key wins."""
    pairs: dict[str, str] = {}
    keys = list(_KEY.finditer(line, start))
    at = start
    for number, key in enumerate(keys):
        if key.start() < at:
            continue  # inside the value before: an attribute of its XML
        value, at = _value(line, key.end(), keys, number)
        pairs.setdefault(key[1], value)
    return pairs


def _value(line: str, start: int, keys: list[re.Match[str]], number: int) -> tuple[str, int]:
    """The value from `start` and where the next pair may begin: at a key that a quote precedes, outside of XML."""
    if line.startswith("<", start):
        end = _xml_end(line, start)
        return line[start:end], end + 1
    for key in keys[number + 1 :]:
        if line[key.start() - 1] == '"' and key.start() > start:
            return line[start : key.start() - 1], key.start()
    end = line.rfind('"]', start)
    end = end if end >= start else len(line)
    return line[start:end].rstrip('"'), len(line)


def _xml_end(line: str, start: int) -> int:
    """The quote that ends a value of XML: the first one straight behind a `>` that a blank, a bracket or the end follows."""
    at = line.find('>"', start)
    while at >= 0 and line[at + 2 : at + 3] not in {"", " ", "]"}:
        at = line.find('>"', at + 2)
    return len(line) if at < 0 else at + 1


def _put_pairs(fields: Record, pairs: dict[str, str]) -> None:
    for name, value in pairs.items():
        target = _NAMES.get(name)
        if not value:
            continue
        if target is None and name != "UserName":
            fields[f"veeam.{name}"] = value
        elif target is not None:
            fields.setdefault(target, value)
    if pairs.get("UserName"):
        put_user(fields, "user", pairs["UserName"])
    address = pairs.get("HostName", pairs.get("VmName", ""))
    if is_ip(address):
        fields["host.ip"] = [address]


def _put_meaning(fields: Record, code: str, description: str) -> None:
    known = _EVENTS.get(code)
    if known is None:
        told = next(((category, kind) for words, category, kind in _VERBS if words in description), ("process", "info"))
        fields["event.category"], fields["event.type"] = [told[0]], [told[1]]
    else:
        fields |= {"event.category": [known[0]], "event.type": [known[1]], "event.action": known[2]}
    if (state := _STATE.search(description)) is not None:
        fields["event.outcome"] = _OUTCOMES.get(state[1], "unknown")
    if "user.name" not in fields and (user := _USER.search(description)) is not None and not user[1].startswith("."):
        put_user(fields, "user", user[1])
    if (job := _JOB.search(description)) is not None:
        fields.setdefault("soc.backup.job", job[1])
    if description:
        fields["message"] = description
