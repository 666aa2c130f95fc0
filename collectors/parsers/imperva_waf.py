"""Imperva: Cloud WAF (Incapsula), Attack Analytics and SecureSphere, as CEF or LEEF."""

from __future__ import annotations

import re
from typing import ClassVar

from collectors.mapping import bundled_table
from collectors.parsers.cef import CefRecord, labelled, split_cef
from collectors.parsers.syslog import open_envelope
from collectors.parsing import ParseContext, Record, unreadable
from collectors.values import is_ip, outcome_of, put_url, whole
from soc.core.i18n import msg

_LEEF = re.compile(r"LEEF: ?[\d.]{1,5}\|([^|]*)\|([^|]*)\|([^|]*)\|([^|]*)\|")
_PAIR = re.compile(r"\s*([A-Za-z]\w{0,60})=([^\t]*)")
_VERSION = re.compile(r"(TLS|SSL)v(\d(?:\.\d)?)(?: (\S{1,80}))?")

_OF_LEEF = {
    "url": "request",
    "proto": "app",
    "cat": "act",
    "srcPort": "cpt",
    "protoVer": "ver",
    "dst": "sip",
    "dstPort": "spt",
    "identSrc": "src",
    "usrName": "duser",
}
"""LEEF key of Cloud WAF -> its CEF key."""
_OF_CLOUD = {"cpt": "sourceport", "spt": "destinationport", "sip": "dst"}
_OF_SECURESPHERE = {"spt": "sourceport", "dpt": "destinationport"}
_SEVERITIES = {"info": 1, "informative": 1, "low": 3, "minor": 3, "medium": 6, "major": 8, "high": 8, "critical": 10}
_REASONS = {
    "REQ_BLOCKED_SESSION": "the session was blocked",
    "REQ_BLOCKED_SECURITY": "a rule blocked the request",
    "REQ_BLOCKED_COOKIELESS_SESSION": "the session without cookies was blocked",
    "REQ_CHALLENGE_CAPTCHA": "the client was asked for a captcha",
    "REQ_CHALLENGED_CAPTCHA": "the client was asked for a captcha",
}


class ImpervaWafParser:
    """Records of Imperva's web application firewalls.

    Cloud WAF calls the port of the client `cpt` and that of its server `spt`, SecureSphere the client's `spt`; both come out right.
    `request` holds host and path: `url.path` begins behind the host. A forwarded-for list goes to `network.forwarded_ip`. Custom fields go
    by their labels; headers and bodies that were logged are left to the raw record.

    Source: docs.imperva.com, "Log file structure", "Cloud WAF log fields", "Attack Analytics log fields"; SecureSphere administration
    guide, CEF action sets.
    """

    id: ClassVar[str] = "imperva_waf"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        line = text.strip()
        leef = _LEEF.search(line)
        record = split_cef(line) if leef is None else _of_leef(line, leef)
        if not record.header["vendor"].startswith(("Imperva", "Incapsula")):
            raise unreadable(msg("bản ghi CEF hoặc LEEF của Imperva"))
        fields: Record = {}
        if record.before and (envelope := open_envelope(record.before + " ", context)) is not None:
            fields = envelope.fields
        raw = _renamed(record)
        fields |= bundled_table("imperva_waf").apply(raw, context)
        _put_request(fields)
        _put_verdict(fields, raw)
        return fields


def _of_leef(line: str, head: re.Match[str]) -> CefRecord:
    vendor, product, version, name = (part.strip() for part in head.groups())
    header = {
        "cef_version": "0",
        "vendor": vendor,
        "product": product,
        "version": version,
        "class_id": "1",
        "name": name,
        "severity": "",
    }
    extension: dict[str, str] = {}
    for pair in _PAIR.finditer(line, head.end()):
        extension.setdefault(_OF_LEEF.get(pair[1], pair[1]), pair[2].strip())
    return CefRecord(header, extension, line[: head.start()].rstrip())


def _renamed(record: CefRecord) -> Record:
    """The record with its keys in small letters, ports under one name for all products."""
    cloud = record.header["vendor"].startswith("Incapsula")
    renamed = _OF_CLOUD if cloud else _OF_SECURESPHERE
    raw: Record = {}
    for name, value in labelled(record).items():
        key = name if name.startswith("label.") else name.lower()
        raw.setdefault(renamed.get(key, key), value)
    for key in [key for key in raw if key[:2] == "cs" and key[2:].isdecimal()]:
        del raw[key]
    raw["class_name"] = record.header["name"]
    if not cloud and "Attack Analytics" not in record.header["product"]:
        raw.setdefault("label.Policy", record.header["name"])
    if raw.get("dst") == "0.0.0.0":  # noqa: S104 - how Cloud WAF writes that it asked no server
        del raw["dst"]
        raw.pop("destinationport", None)
    return raw


def _put_request(fields: Record) -> None:
    """`host/path?query` as URL; the query may stand in a field of its own."""
    request, query = fields.pop("imperva.request", None), fields.get("url.query")
    if isinstance(request, str):
        host, slash, rest = request.partition("/")
        if slash and "." in host and "://" not in request:
            put_url(fields, "/" + rest)
            fields.setdefault("url.domain", host)
        elif slash:
            put_url(fields, request)
        fields["url.original"] = request
    if isinstance(query, str):
        fields["url.query"] = query
    version = fields.pop("imperva.ver", None)
    tls = _VERSION.match(version) if isinstance(version, str) else None
    if tls is not None:
        fields |= {"tls.version_protocol": tls[1].lower(), "tls.version": tls[2]}
        if tls[3]:
            fields["tls.cipher"] = tls[3]
    if "vulnerability.id" in fields:
        fields["vulnerability.id"] = [one.strip() for one in str(fields["vulnerability.id"]).split(",") if one.strip()]


def _put_verdict(fields: Record, raw: Record) -> None:
    """What became of the request, and whether it was an attack."""
    action = str(fields.get("event.action", ""))
    denied = action.startswith(("REQ_BLOCKED", "REQ_CHALLENGE", "REQ_BAD")) or action.lower() in {"block", "blocked"}
    attack = denied or "imperva.attack.type" in fields or str(raw.get("cat", "")).lower() == "alert"
    if attack:
        fields |= {"event.kind": "alert", "event.category": ["web", "intrusion_detection"]}
    fields["event.type"] = ["denied"] if denied else ["allowed"] if action else ["info"]
    if action in _REASONS:
        fields["event.reason"] = _REASONS[action]
    severity = str(raw.get("severity", "")).lower()
    number = whole(severity.removeprefix("-"))
    if number is not None or severity in _SEVERITIES:
        fields["event.severity"] = _SEVERITIES.get(severity, 0 if severity.startswith("-") else number)
    status = fields.get("http.response.status_code")
    if isinstance(status, int):
        fields["event.outcome"] = "failure" if denied else outcome_of(status)
    elif denied:
        fields["event.outcome"] = "failure"
    for side in ("source", "destination"):
        address = fields.get(f"{side}.ip", fields.get(f"{side}.domain"))
        if isinstance(address, str) and (is_ip(address) or side == "destination"):
            fields[f"{side}.address"] = address
