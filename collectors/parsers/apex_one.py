"""Trend Micro Apex One and Apex Central: the CEF (or LEEF) that Apex Central forwards."""

from __future__ import annotations

import re
from typing import ClassVar

from collectors.mapping import bundled_table
from collectors.parsers.cef import labelled, split_cef
from collectors.parsers.leef import leef_fields
from collectors.parsers.leef_record import split_leef
from collectors.parsers.syslog import unwrapped, without_sender
from collectors.parsing import ParseContext, Record

_LEEF = re.compile(r"(?:LEEF: ?)?[12](?:\.\d)\|")


class ApexOneParser:
    """Virus, spyware, behaviour, C&C, device control, prediction, sandbox, content, update and console events.

    The computer is `dhost` of what was found on one, else `dvchost`, else `shost`; for mail both hosts hold addresses. Codes of behaviour
    monitoring are told by the vendor's lists. A custom field is read by its label, as its key changes with the kind of event; what has
    no place in ECS stays as `trendmicro.<name>`.

    Source: Trend Micro Apex Central online help, "Syslog content mapping - CEF" (all event kinds, code lists of behaviour monitoring).
    """

    id: ClassVar[str] = "apex_one"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        outer, message = unwrapped(text.strip(), context)
        if _LEEF.match(message):
            return outer | bundled_table("leef").apply(leef_fields(split_leef(message)), context)
        record = labelled(split_cef(message))
        _tell_apart(record)
        return without_sender(outer) | bundled_table("apex_one").apply(record, context)


def _tell_apart(record: Record) -> None:
    """Give the keys that mean several things the name of what they mean here."""
    _put_hosts(record)
    kind = str(record.get("class_id", ""))
    if kind.startswith("BM:"):
        _put_behaviour(record)
    location = record.get("label.InfectionLocation")
    if isinstance(location, str) and "://" in location:
        record.setdefault("request", location)
    directory = record.get("filePath")
    if isinstance(directory, str) and directory.endswith("\\"):
        record["directory"] = directory.rstrip("\\")
        del record["filePath"]
    if "label.PatternRule" in record and kind.startswith("800"):
        record["rule"] = record["label.PatternRule"]
    for name in [name for name in record if name[:2] in {"cs", "cn"} and name[2:].isdecimal()]:
        del record[name]  # they are there under their labels


def _put_hosts(record: Record) -> None:
    sender, receiver = str(record.get("suser", "")), str(record.get("duser", ""))
    mail = "@" in sender or "@" in receiver
    if mail:
        for key, name in (("suser", "mail_from"), ("duser", "mail_to"), ("msg", "subject")):
            if key in record:
                record[name] = record.pop(key)
        record.pop("dhost", None)
        record.pop("shost", None)
    elif sender and sender == record.get("shost"):
        del record["suser"]
    record["computer"] = record.get("dhost") or record.get("dvchost") or record.get("shost")
    if "src" not in record and "dst" in record:
        record["computer_ip"] = record.pop("dst")


def _put_behaviour(record: Record) -> None:
    policy, kind, action = record.get("label.Policy"), record.get("label.Event_Type"), record.get("act")
    record["name"] = _POLICIES.get(str(policy), record.get("name"))
    record["behaviour"] = _KINDS.get(str(kind))
    record["act"] = _ACTIONS.get(str(action), action)


_POLICIES = {
    "0": "Compromised executable file",
    "1": "New startup program",
    "2": "Host file modification",
    "3": "Program library injection",
    "4": "New Internet Explorer plugin",
    "5": "Internet Explorer setting modification",
    "6": "Shell modification",
    "7": "New service",
    "8": "Security policy modification",
    "9": "Firewall policy modification",
    "10": "System file modification",
    "11": "Duplicated system file",
    "12": "Layered service provider",
    "13": "System process modification",
    "16": "Suspicious behavior",
    "100": "Newly encountered programs",
    "200": "Unauthorized file encryption",
    "1000": "Threat behavior analysis",
    "9999": "User-defined policy",
}
_KINDS = {"1": "Process", "2": "Process image", "4": "Registry", "8": "File system", "16": "Driver", "32": "SDT"}
_KINDS |= {"64": "System API", "128": "User Mode", "2048": "Exploit", "65535": "All"}
_ACTIONS = {"0": "Allow", "1": "Ask", "2": "Deny", "3": "Terminate", "4": "Read Only", "5": "Read/Write Only"}
_ACTIONS |= {"6": "Read/Execute Only", "7": "Feedback", "8": "Clean", "1002": "Unknown", "1003": "Assess"}
