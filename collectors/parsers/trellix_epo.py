"""Trellix (McAfee) ePolicy Orchestrator: XML events of its syslog forwarding, and the JSON of its API."""

from __future__ import annotations

import re
from datetime import UTC
from typing import ClassVar

from collectors.mapping import bundled_table
from collectors.parsers.json import flat_fields, load_object
from collectors.parsers.syslog import unwrapped, without_sender
from collectors.parsers.xml import Element, load_xml
from collectors.parsing import ParseContext, Record, unreadable
from soc.core.i18n import msg

_END = re.compile(r"(?:\s|#015|#012)*\Z")
_ROOTS = frozenset({"EPOEvent", "EPOevent", "UpdateEvents", "MSMERoot"})


class TrellixEpoParser:
    """Events of the endpoint products, of updates and of mail protection that ePO forwards.

    `GMTTime` and `DetectedUTC` are UTC. A threat event has a source and a target: the target's process is `process`, its file `file`, its
    account `destination.user`. Names without a place in ECS stay as `trellix.<name>`; those of the machine as `trellix.machine.<name>`.

    Source: Trellix ePO product guide, "Syslog forwarding"; common event format of McAfee agents (EPOevent.xsd): MachineInfo,
    SoftwareInfo, CommonFields, CustomFields.
    """

    id: ClassVar[str] = "trellix_epo"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        start = text.find("<?xml")
        at = start if start >= 0 else len(text) - len(text.lstrip())
        outer, message = unwrapped(text[:at] + " ", context) if start > 0 else ({}, "")
        body = text[at:].strip() if start >= 0 else ""
        if start < 0:
            outer, message = unwrapped(text.strip(), context)
            body = message.strip()
        record = _from_json(body) if body.startswith("{") else _from_xml(load_xml(body[: _tail(body)]))
        return without_sender(outer) | bundled_table("trellix_epo").apply(record, context.in_zone(UTC))


def _tail(body: str) -> int:
    """Where the XML ends: syslog daemons write the carriage return behind it as `#015`."""
    return body.rfind(">") + 1


def _from_json(body: str) -> Record:
    fields = flat_fields(load_object(body))
    return {_short(name): value for name, value in fields.items()}


def _short(name: str) -> str:
    parent, _, last = name.rpartition(".")
    return f"machine.{last}" if parent.endswith("MachineInfo") else last


def _from_xml(root: Element) -> Record:
    if root.name not in _ROOTS:
        raise unreadable(msg("sự kiện XML của ePO: EPOEvent, UpdateEvents hoặc MSMERoot"))
    record: Record = {"root": root.name}
    for part in root.children:
        if part.name == "MachineInfo":
            record.update({f"machine.{name}": value for name, value in part.leaves()})
        else:
            record.update({name: value for name, value in part.attributes.items() if name.startswith("Product")})
            for name, value in part.leaves():
                record.setdefault(name, value)
    users = record.get("machine.UserName")
    if isinstance(users, str) and "," in users:
        record["machine.UserNames"] = users.split(",")
        del record["machine.UserName"]
    return record
