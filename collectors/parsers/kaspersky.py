"""Kaspersky Security Center: its events as CEF, LEEF or RFC 5424 syslog."""

from __future__ import annotations

import re
from typing import ClassVar

from collectors.mapping import bundled_table
from collectors.parsers.cef import labelled, split_cef
from collectors.parsers.leef import leef_fields
from collectors.parsers.leef_record import split_leef
from collectors.parsers.syslog import unwrapped, without_sender
from collectors.parsing import ParseContext, Record, unreadable
from soc.core.i18n import msg

_LEEF = re.compile(r"(?:LEEF: ?)?[12](?:\.\d)\|")
_CEF = re.compile(r"(?:CEF: ?)?\d{1,2}\|")
_EVENT = "log.syslog.structured_data.event@23668."
_STRUCTURED = {"et": "class_id", "etdn": "name", "hdn": "dhost", "hip": "dst", "gn": "label.GroupName"}
_STRUCTURED |= {"tdn": "label.ProductName", "kscfqdn": "server", "tvn": "label.ProductVersion", "tn": "label.TaskName"}


class KasperskyParser:
    """What Security Center exports to a SIEM: detections, states of tasks and protection, updates, audit of administrators.

    All three forms come to the names of the CEF one. The words of an event follow the language of the console, so its kind, outcome and
    category are told by its code (`GNRL_EV_VIRUS_FOUND`, `KLAUD_EV_*`, `KLPRCI_TaskState` with its states). The computer concerned is
    `host`. What has no place in ECS stays as `kaspersky.<name>`.

    Source: Kaspersky Security Center online help, "Exporting events to SIEM systems", event identifiers; published CEF samples.
    """

    id: ClassVar[str] = "kaspersky"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        line = text.strip()
        outer, message = unwrapped(line, context)
        if _LEEF.match(message):
            record = _from_leef(leef_fields(split_leef(message)))
        elif _CEF.match(message):
            record = _by_label(labelled(split_cef(message)))
        else:
            record = _structured(outer, message)
        if "host.name" in outer:
            record.setdefault("server", outer["host.name"])
        return without_sender(outer) | bundled_table("kaspersky").apply(record, context)


def _by_label(record: Record) -> Record:
    """Custom fields only under their labels."""
    return {name: value for name, value in record.items() if not (name[:2] in {"cs", "cn"} and name[2:].isdecimal())}


def _from_leef(record: Record) -> Record:
    names = {
        "leef_event_id": "class_id",
        "leef_product": "product",
        "leef_version": "version",
        "cat": "name",
        "sev": "severity",
        "devTime": "rt",
        "identHostName": "dhost",
        "src": "dst",
        "usrName": "duser",
        "accountName": "duser",
        "gn": "label.GroupName",
        "resource": "filePath",
    }
    renamed: Record = {}
    for name, value in record.items():
        renamed.setdefault(names.get(name, name), value)
    return renamed


def _structured(outer: Record, message: str) -> Record:
    """The structured data of the RFC 5424 form; its p1 to p9 mean what the event's code says, so they keep their names."""
    record: Record = {}
    for name in [name for name in outer if name.startswith(_EVENT)]:
        short = name.removeprefix(_EVENT)
        record[_STRUCTURED.get(short, short)] = outer.pop(name)
    if "class_id" not in record:
        raise unreadable(msg("sự kiện KSC: CEF, LEEF, hoặc syslog có [event@23668 et=…]"))
    outer.pop("log.syslog.msgid", None)
    if message:
        record["msg"] = message
    return record
