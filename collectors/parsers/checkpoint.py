"""Check Point: what Log Exporter sends, as syslog (`[key:"value"; ...]`), CEF, LEEF, key=value or JSON."""

from __future__ import annotations

import re
from datetime import datetime
from typing import ClassVar

from collectors.mapping import bundled_table
from collectors.parsers.cef import labelled, split_cef
from collectors.parsers.json import flat_fields, load_object
from collectors.parsers.leef_record import split_leef
from collectors.parsers.pairs import read_pairs
from collectors.parsers.syslog import open_envelope
from collectors.parsing import ParseContext, Record, unreadable
from collectors.times import any_time
from soc.core.i18n import msg

_CEF = re.compile(r"(?:CEF: ?)?(\d{1,2})\|\|?(?=Check ?Point)", re.IGNORECASE)
_PAIR = re.compile(r"([A-Za-z_][\w.-]{0,127}):\"([^\"\\]*(?:\\.[^\"\\]*)*)\"")
_SIC_NAME = re.compile(r"CN=([^,]{1,255})", re.IGNORECASE)
_ESCAPED = re.compile(r"\\([\"\\\]])")
_FROM_CEF = {
    "act": "action",
    "spt": "s_port",
    "dpt": "service",
    "rt": "time",
    "start": "time",
    "suser": "src_user_name",
    "duser": "dst_user_name",
    "sourceTranslatedAddress": "xlatesrc",
    "sourceTranslatedPort": "xlatesport",
    "destinationTranslatedAddress": "xlatedst",
    "destinationTranslatedPort": "xlatedport",
    "deviceInboundInterface": "ifname",
    "dvc": "origin",
    "dvchost": "hostname",
    "in": "received_bytes",
    "out": "sent_bytes",
    "request": "resource",
    "requestMethod": "method",
    "requestClientApplication": "user_agent",
    "requestContext": "referrer",
    "fname": "file_name",
    "fsize": "file_size",
    "fileHash": "file_md5",
    "smac": "mac_source_address",
    "class_id": "code",
    "label.RuleName": "rule_name",
    "label.ProtectionName": "protection_name",
    "label.ApplicationName": "appi_name",
    "label.PolicyName": "policy_name",
}
"""CEF key -> Check Point field. Source: sk122323, CEF field mapping of Log Exporter."""
_FROM_LEEF = {
    "srcPort": "s_port",
    "dstPort": "service",
    "usrName": "user",
    "devTime": "time",
    "event_id": "code",
    "sev": "severity",
}
_SIGNS = ("action", "loguid", "origin", "operation", "product", "src")


class CheckpointParser:
    """Logs of Check Point gateways and management servers.

    A value that a record repeats (several layers matched) is the first one's. The gateway's name is that of its certificate
    (`originsicname`), which relays cannot change. Times are seconds or milliseconds since 1970, or carry their offset.

    Source: Check Point sk122323 (Log Exporter, formats and mappings), sk144192 (fields), R81 Logging and Monitoring guide.
    """

    id: ClassVar[str] = "checkpoint"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        line = text.strip()
        envelope = None if line.startswith("{") else open_envelope(line, context)
        outer, body = ({}, line) if envelope is None else (envelope.fields, envelope.message)
        raw = _raw(body)
        if not any(name in raw for name in _SIGNS):
            raise unreadable(msg('bản ghi Check Point: [khóa:"giá trị"; …], CEF, LEEF, khóa=giá trị hoặc JSON'))
        _put_names(raw)
        fields = outer | bundled_table("checkpoint").apply(raw, context)
        moment = _time(raw.get("time"), context)
        if moment is not None:
            fields["@timestamp"] = moment
        return fields


def _raw(body: str) -> Record:
    """The record under Check Point's own names."""
    cef = _CEF.match(body)
    if cef is not None:
        message = split_cef(f"CEF:{cef[1]}|{body[cef.end() :]}")
        named = {name: value for name, value in labelled(message).items() if f"{name}Label" not in message.extension}
        severity = named.pop("severity", None)
        return _renamed(named, _FROM_CEF) | ({"log_severity": severity} if severity else {})
    if body.startswith("LEEF:"):
        leef = split_leef(body)
        return _renamed({**leef.attributes, "event_id": leef.header["event_id"]}, _FROM_LEEF)
    if body.startswith("{"):
        return flat_fields(load_object(body))
    pairs: Record = {}
    for name, value in _PAIR.findall(body):
        pairs.setdefault(name, _ESCAPED.sub(r"\1", value))
    if pairs:
        return pairs | {"code": pairs.get("loguid")}
    if "|" in body and body.find("=") < body.find("|"):
        parts = (part.partition("=") for part in body.split("|"))
        return {name.strip(): value.strip() for name, equals, value in reversed(list(parts)) if equals}
    return {**read_pairs(body)}


def _renamed(named: Record, names: dict[str, str]) -> Record:
    renamed: Record = {}
    for name, value in named.items():
        if value not in {"", None}:
            renamed.setdefault(names.get(name, name), value)
    return renamed


def _put_names(raw: Record) -> None:
    """The gateway's name; a service by its name is no port."""
    for name in ("originsicname", "origin_sic_name"):
        found = _SIC_NAME.search(str(raw.get(name) or ""))
        if found is not None:
            raw.setdefault("origin_name", found[1])


def _time(value: object, context: ParseContext) -> datetime | None:
    try:
        return any_time(value, context.zone) if value else None
    except (ValueError, OverflowError):
        return None
