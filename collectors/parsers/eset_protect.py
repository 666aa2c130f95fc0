"""ESET PROTECT: what its syslog export sends, as JSON, LEEF or CEF."""

from __future__ import annotations

from datetime import UTC
from typing import ClassVar

from collectors.mapping import bundled_table
from collectors.parsers.cef import labelled, split_cef
from collectors.parsers.json import flat_fields, load_object
from collectors.parsers.leef import leef_fields
from collectors.parsers.leef_record import split_leef
from collectors.parsers.syslog import unwrapped, without_sender
from collectors.parsing import ParseContext, Record, unreadable
from soc.core.i18n import msg


class EsetProtectParser:
    """Threat, firewall, HIPS, audit, ESET Inspect and filtered-website events.

    All three forms are brought to the names of the JSON one, whose times are UTC (and whose key is spelt `occured`). Names without a
    place in ECS stay as `eset.<name>`.

    Source: ESET PROTECT online help, "Events exported to JSON format", "... to LEEF format", "... to CEF format".
    """

    id: ClassVar[str] = "eset_protect"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        outer, message = unwrapped(text.strip(), context)
        record = _record(message.strip().removeprefix("\ufeff"))
        return without_sender(outer) | bundled_table("eset_protect").apply(record, context.in_zone(UTC))


def _record(message: str) -> Record:
    if message.startswith("{"):
        record = flat_fields(load_object(message))
        if "event_type" not in record:
            raise unreadable(msg("sự kiện ESET PROTECT: JSON có event_type, LEEF hoặc CEF"))
    elif message.startswith(("LEEF:", "1.0|ESET", "2.0|ESET")):
        record = _renamed(leef_fields(split_leef(message)), "leef.")
    else:
        record = _renamed(labelled(split_cef(message)), "cef.")
    uri = record.get("object_uri")
    if isinstance(uri, str) and uri.rstrip("/").endswith(":"):
        del record["object_uri"]  # `file:///` alone: the operating memory has no path
    return record


_NAMES = {
    "cef.cat": "event_type",
    "cef.dvc": "ipv4",
    "cef.c6a1": "ipv6",
    "cef.dvchost": "hostname",
    "cef.deviceExternalId": "source_uuid",
    "cef.rt": "occured",
    "cef.ESETProtectDeviceGroupName": "group_name",
    "cef.ESETProtectDeviceOsName": "os_name",
    "cef.label.ThreatName": "threat_name",
    "cef.label.Threatname": "threat_name",
    "cef.label.ThreatType": "threat_type",
    "cef.label.ThreatFlags": "threat_flags",
    "cef.label.ScannerID": "scanner_id",
    "cef.label.ScanID": "scan_id",
    "cef.label.EngineVersion": "engine_version",
    "cef.label.RuleID": "rule_id",
    "cef.label.RuleName": "rulename",
    "cef.label.Hash": "hash",
    "cef.label.ProcessName": "processname",
    "cef.label.Result": "result",
    "cef.filePath": "object_uri",
    "cef.act": "action_taken",
    "cef.suser": "username",
    "cef.duser": "user",
    "cef.src": "source_address",
    "cef.spt": "source_port",
    "cef.dst": "target_address",
    "cef.dpt": "target_port",
    "cef.proto": "protocol",
    "cef.deviceProcessName": "process_name",
    "cef.msg": "event",
    "cef.reason": "cause",
    "cef.fileHash": "hash",
    "cef.class_id": "class_id",
    "cef.name": "name",
    "cef.request": "object_uri_web",
    "leef.cat": "event_type",
    "leef.devTime": "occured",
    "leef.sev": "sev",
    "leef.deviceName": "hostname",
    "leef.deviceOSName": "os_name",
    "leef.deviceGroupName": "group_name",
    "leef.threatName": "threat_name",
    "leef.threatType": "threat_type",
    "leef.threatFlags": "threat_flags",
    "leef.scannerID": "scanner_id",
    "leef.scanID": "scan_id",
    "leef.objectURI": "object_uri",
    "leef.actionTaken": "action_taken",
    "leef.action": "action",
    "leef.usrName": "username",
    "leef.accountName": "username",
    "leef.processName": "process_name",
    "leef.ruleName": "rulename",
    "leef.ruleID": "rule_id",
    "leef.hash": "hash",
    "leef.result": "result",
    "leef.identHostName": "hostname",
    "leef.srcPort": "source_port",
    "leef.dst": "target_address",
    "leef.dstPort": "target_port",
    "leef.proto": "protocol",
    "leef.detail": "cause",
    "leef.event": "event",
}
"""Names of the other two forms -> those of the JSON one."""


def _renamed(record: Record, form: str) -> Record:
    """`record` under the names of the JSON form; in LEEF `src` is the computer itself unless the event has a peer."""
    renamed: Record = {}
    for name, value in record.items():
        renamed.setdefault(_NAMES.get(form + name, name), value)
    if form == "leef." and "src" in renamed:
        renamed.setdefault("source_address" if "target_address" in renamed else "ipv4", renamed.pop("src"))
    kind = str(renamed.get("event_type", "")).removeprefix("ESET ").replace(" ", "_")
    renamed["event_type"] = _KINDS.get(kind, kind)
    return renamed


_KINDS = {
    "Firewall_Event": "FirewallAggregated_Event",
    "HIPS_Event": "HipsAggregated_Event",
    "Hips_Event": "HipsAggregated_Event",
    "RA_Audit_Event": "Audit_Event",
    "Filtered_Websites_Event": "FilteredWebsites_Event",
    "Inspect_Alert": "ESET Inspect Alert",
}
