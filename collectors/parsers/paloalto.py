"""Palo Alto Networks: PAN-OS logs as CSV, CEF, LEEF, and the JSON of Cortex Data Lake."""

from __future__ import annotations

import csv
import re
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel, ConfigDict

from collectors.definition import read_definition, validated
from collectors.mapping import bundled_table
from collectors.parsers.cef import labelled, split_cef
from collectors.parsers.json import flat_fields, load_object
from collectors.parsers.leef_record import split_leef
from collectors.parsers.syslog import open_envelope
from collectors.parsing import ParseContext, Record, unreadable
from collectors.times import any_time, iso_time, label_zone, utc
from collectors.values import is_ip, put_address, put_port
from soc.core.i18n import msg

_CEF = re.compile(r"(?:CEF: ?)?\d{1,2}\|Palo Alto", re.IGNORECASE)
_TYPES = {
    "AUTHENTICATION": "AUTH",
    "URL": "THREAT",
    "DATA": "THREAT",
    "FILE": "THREAT",
    "WILDFIRE": "THREAT",
    "GTP": "TRAFFIC",
}
_FILES = frozenset({"file", "data", "virus", "ml-virus", "wildfire", "wildfire-virus"})
_THREAT_NUMBER = re.compile(r"(.{0,512}?) ?\((\d{1,12})\)$")
_SHORT_TIME = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{2}|\d{4}) (\d{1,2}:\d{2}(?::\d{2})?)$")
_HIGH_RESOLUTION = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:\.\d{1,9})?(?:Z|[+-]\d{2}:?\d{1,2})?$")
_USERS = (
    ("SourceUser", "source.user"),
    ("SourceUserName", "source.user"),
    ("User", "source.user"),
    ("Admin", "source.user"),
    ("suser", "source.user"),
    ("usrName", "source.user"),
    ("DestinationUser", "destination.user"),
    ("duser", "destination.user"),
)
_ADDRESS = r"(?P<{name}>\d{{1,3}}(?:\.\d{{1,3}}){{3}}|[0-9A-Fa-f]{{0,4}}:[0-9A-Fa-f:.]{{2,42}}[0-9A-Fa-f])"
_HOST = r"(?P<{name}>[A-Za-z0-9](?:[\w-]{{0,62}}\.){{1,8}}[A-Za-z][\w-]{{1,62}}|\d{{1,3}}(?:\.\d{{1,3}}){{3}})"
_SAYS = tuple(
    re.compile(text, re.IGNORECASE)
    for text in (
        r"\b[Uu]ser(?: name)?:? '(?P<user>[^']{1,256})'",
        r"\buser(?: name)?: (?P<user>[^,]{1,256}),",
        r"\bfor user (?P<user>[^\s',]{1,255}?)\.?(?:\s|$)",
        r"\bauthenticating user (?P<user>\S{1,256}) from",
        r"\bUser (?P<user>\S{1,256}) (?:logged|failed|authenticated)",
        r"\bReason: (?P<reason>[^.]{1,256}\.?)",
        rf"\b(?:From|Login from):? {_ADDRESS.format(name='source')}",
        rf"\binitiated by:? {_ADDRESS.format(name='source')}",
        rf"\bserver address:? '?{_HOST.format(name='destination')}",
        rf"\b(?:connected to|connection to|to)(?: [\w-]{{1,20}})? ?server:? {_HOST.format(name='destination')}(?::(?P<port>\d{{1,5}}))?",
        rf"\bto address: {_ADDRESS.format(name='destination')} port: (?P<port>\d{{1,5}})",
        rf"\bCLOUD ELECTION: {_HOST.format(name='destination')}(?: IP: {_ADDRESS.format(name='destination_ip')})?",
        rf"\bCloud {_HOST.format(name='destination')}",
        r"\bpackage: (?P<file>[\w.-]{1,255}\.\w{1,8})",
        r"\bPort (?P<interface>\S{1,32}?): (?P<state>Up|Down)\b",
        r"\bvia (?P<application>\w{1,20}) from \S{1,64} using (?P<protocol>\w{1,16})",
        r"\bSA: (?P<source>[0-9A-Fa-f.:]{2,45})\[(?P<source_port>\d{1,5})\]-(?P<destination>[0-9A-Fa-f.:]{2,45})\[(?P<port>\d{1,5})\]",
    )
)
"""What the descriptions of SYSTEM records say, each in a handful of set phrases."""


class PaloaltoParser:
    """PAN-OS traffic, threat (URL, WildFire, file, data), system, config, user-ID, authentication, GlobalProtect, HIP match, decryption,
    tunnel, correlation and IP-tag logs.

    The time is that of generation: with its offset where the record carries one (`high_res_timestamp`), else in the zone of the source;
    JSON and CEF of Cortex Data Lake are in UTC. Columns beyond those that the release documents are left out.

    Source: docs.paloaltonetworks.com, "Syslog Field Descriptions" of PAN-OS 8.0 to 11.1; Strata Logging Service, "Log Reference"
    (JSON, CEF and LEEF); "Common Event Format Configuration Guide" of PAN-OS.
    """

    id: ClassVar[str] = "paloalto"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        line = text.strip()
        envelope = None if line.startswith("{") else open_envelope(line, context)
        outer, body = ({}, line) if envelope is None else (envelope.fields, envelope.message)
        raw = _raw(body)
        if "LogType" not in raw:
            raise unreadable(msg("bản ghi PAN-OS: CSV, CEF, LEEF hoặc JSON có loại nhật ký"))
        moment = _moment(raw, context)
        _tell_apart(raw)
        fields = outer | bundled_table("paloalto").apply(raw, _local(raw, context))
        if moment is not None:
            fields["@timestamp"] = moment
        fields["event.dataset"] = f"paloalto.{str(raw['LogType']).lower()}"
        _put_users(fields, raw)
        _put_target(fields, raw)
        if raw["LogType"] == "SYSTEM":
            _put_description(fields, str(raw.get("EventDescription") or raw.get("msg") or ""))
        return fields


class _Columns(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    first: list[str]
    columns: dict[str, list[str]]


@cache
def _columns() -> dict[str, list[str]]:
    table = validated(read_definition(Path(__file__).with_name("paloalto_columns.yaml")), _Columns)
    return {name: [*table.first, *columns] for name, columns in table.columns.items()}


def _raw(body: str) -> Record:
    """The record under the names of Cortex Data Lake, or of CEF and LEEF."""
    if body.startswith("{"):
        return flat_fields(load_object(body))
    if _CEF.match(body):
        message = split_cef(body)
        named = {name: value for name, value in labelled(message).items() if f"{name}Label" not in message.extension}
        return {**named, "LogType": message.header["class_id"], "Subtype": message.header["name"]}
    if body.startswith("LEEF:"):
        leef = split_leef(body)
        return {
            **leef.attributes,
            "LogType": leef.attributes.get("cat") or leef.header["event_id"],
            "version": leef.header["version"],
        }
    return _from_csv(body)


def _from_csv(body: str) -> Record:
    try:
        values = next(csv.reader([body]), [])
    except csv.Error as problem:
        raise unreadable(msg("bản ghi PAN-OS: CSV, CEF, LEEF hoặc JSON có loại nhật ký")) from problem
    kind = values[3].upper() if len(values) > 7 else ""
    names = _columns().get(_TYPES.get(kind, kind))
    if names is None:
        return {}
    if kind == "CONFIG" and len(values) > 15 and values[15].startswith("0x"):
        # Releases before 10 write no change details: the sequence number stands where they would.
        names = [name for name in names if name not in {"BeforeChange", "AfterChange"}]
    return {**dict(zip(names, values, strict=False)), "LogType": kind}


def _local(raw: Record, context: ParseContext) -> ParseContext:
    """The zone of times without an offset: CEF and LEEF name theirs or write UTC, CSV writes the device's own."""
    if "rt" not in raw and "devTime" not in raw:
        return context
    return ParseContext(context.received, label_zone(str(raw.get("dtz") or "UTC"), context.zone) or UTC)


def _moment(raw: Record, context: ParseContext) -> datetime | None:
    """The time of generation; None when the record has none that can be read."""
    # JSON of the data lake carries its offset in every time; of CSV only the newest column does.
    precise = raw.get("TimeGeneratedHighResolution") if "future_0" in raw else None
    names = ("rt", "devTime", "start", "TimeGenerated", "EventTime", "ReceiveTime", "LogTime")
    for text in (precise, *(raw.get(name) for name in names)):
        if isinstance(text, str) and text:
            try:
                return _read_time(text, _local(raw, context))
            except (ValueError, OverflowError):
                continue
    return None


def _read_time(text: str, context: ParseContext) -> datetime:
    """`2026/11/17 08:01:12`, ISO 8601 (an offset cut short by one digit included), `Nov 17 2026 08:01:12`, `11/17/26 8:01`."""
    short = _SHORT_TIME.match(text)
    if short is not None:
        year = short[3] if len(short[3]) == 4 else f"20{short[3]}"
        clock = short[4].rjust(5 if short[4].count(":") == 1 else 8, "0")
        return utc(datetime.fromisoformat(f"{year}-{int(short[1]):02}-{int(short[2]):02}T{clock}"), context.zone)
    if _HIGH_RESOLUTION.match(text):
        head, colon, minutes = text.rpartition(":")
        whole_text = f"{head}:{minutes}0" if colon and len(minutes) == 1 else text
        return iso_time(whole_text, context.zone)
    return any_time(text, context.zone)


def _tell_apart(raw: Record) -> None:
    """What one column holds for several kinds of records; the number behind the name of a threat; bare versions of TLS."""
    misc = raw.pop("Misc", None)
    if misc and str(raw.get("Subtype")).lower() in _FILES:
        raw.setdefault("FileName", misc)
    elif misc:
        raw.setdefault("URL", misc)
    threat = _THREAT_NUMBER.match(str(raw.get("ThreatID") or raw.get("cat") or ""))
    if threat is not None:
        raw["threat_number"] = threat[2]
        raw["threat_name"] = threat[1]
    for name in ("TLSVersion", "PanOSTLSVersion"):
        if raw.get(name):
            raw[name] = str(raw[name]).removeprefix("TLSv").removeprefix("TLS")


def _put_users(fields: Record, raw: Record) -> None:
    r"""`DOMAIN\name`, `name@domain` or a name; the user of the event is the one at the source."""
    for key, prefix in _USERS:
        text = str(raw.get(key) or "").strip()
        if not text or text in {"null", "unknown"} or f"{prefix}.name" in fields:
            continue
        domain, slash, name = text.rpartition("\\")
        fields[f"{prefix}.name"] = name or text
        if domain.strip("\\"):
            fields[f"{prefix}.domain"] = domain.strip("\\")
        if prefix == "source.user":
            local, at, realm = (name or text).partition("@")
            fields["user.name"] = local if at and local and realm and not slash else name or text
            if at and local and realm and not slash:
                fields["user.domain"], fields["user.email"] = realm, text
            elif domain.strip("\\"):
                fields["user.domain"] = domain.strip("\\")
    for key, prefix in (("sntdom", "source.user.domain"), ("dntdom", "destination.user.domain")):
        if raw.get(key):
            fields.setdefault(prefix, raw[key])


def _put_target(fields: Record, raw: Record) -> None:
    """The URL of a record, which PAN-OS writes without its scheme: host, port, path and query."""
    text = str(raw.get("URL") or raw.get("request") or "").strip('"')
    if not text:
        return
    fields["url.original"] = text
    scheme, sign, rest = text.partition("://")
    if sign:
        fields["url.scheme"] = scheme.lower()
    host, slash, path = (rest if sign else text).partition("/")
    name, _, port = host.partition(":")
    if name:
        fields["url.domain"] = name
    put_port(fields, "url.port", port)
    if slash:
        bare, mark, query = path.partition("?")
        fields["url.path"] = f"/{bare}"
        if mark:
            fields["url.query"] = query


def _put_description(fields: Record, text: str) -> None:
    """Users, addresses, files and ports of the set phrases of a SYSTEM record."""
    said: dict[str, str] = {}
    for phrase in _SAYS:
        found = phrase.search(text)
        if found is not None:
            for name, value in found.groupdict().items():
                if value:
                    said.setdefault(name, value)
    for side in ("source", "destination"):
        if side in said and f"{side}.address" not in fields:
            put_address(fields, side, said[side])
    if is_ip(said.get("destination_ip", "")):
        fields["destination.ip"] = said["destination_ip"]
    put_port(fields, "source.port", said.get("source_port", ""))
    put_port(fields, "destination.port", said.get("port", ""))
    named = {
        "user": "user.name",
        "reason": "event.reason",
        "file": "file.name",
        "interface": "observer.ingress.interface.name",
        "state": "event.action",
        "protocol": "network.protocol",
    }
    for name, field in named.items():
        if name in said:
            fields[field] = said[name]
