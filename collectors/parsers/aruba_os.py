"""Aruba: controllers and access points (ArubaOS), switches (AOS-S, AOS-CX), and ClearPass in LEEF and CEF."""

from __future__ import annotations

import re
from datetime import datetime
from typing import ClassVar

from collectors.mapping import bundled_table
from collectors.parsers.cef import labelled, split_cef
from collectors.parsers.leef_record import split_leef
from collectors.parsers.syslog import Envelope, open_envelope
from collectors.parsing import ParseContext, Record, unreadable
from collectors.times import any_time, label_zone, text_time
from collectors.values import is_ip
from soc.core.i18n import msg

_YEAR_BEHIND = re.compile(r"((?:<\d{1,3}>)?)([A-Z][a-z]{2} {1,2}\d{1,2} \d{2}:\d{2}:\d{2}) (\d{4}) ")
_PROGRAM = re.compile(r"(?:\[?([a-zA-Z][\w-]{0,63})\]?(?:\[(\d{1,10})\])?: ?)?(?=<\d{6}> )")
_CONTROLLER = re.compile(
    r"<(?P<number>\d{6})> (?:<(?P<pid>\d{1,10})> )?(?:<(?P<level>[A-Z]{3,5})> )?(?:\|?AP:?(?P<ap>[^\s<|]{1,64})(?:@(?P<ap_ip>[\d.]{7,15}))?"
    r"[^<|]{0,64}\|? ?)?(?:<(?P<name>[^\s>]{1,64}) (?P<device>[^>\s]{2,64})> {0,4})?"
)
_CX = re.compile(
    r"(?:([\w.-]{1,64})(?:\[\d{1,10}\])?: ?)?Event\|(\d{1,6})\|LOG_([A-Z]{2,8})\|([^|]{0,32})\|([^|]{0,32})\|"
)
_SWITCH = re.compile(r"(?:(\d{5}) )?([A-Za-z][\w-]{0,31}): {1,3}(?:([A-Z][\w-]{0,15}): )?")
_LONGEST = 8192
_MAC = r"(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}"
_ADDRESS = r"(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4}:(?=[0-9A-Fa-f:]{0,36}:)[0-9A-Fa-f:]{2,38})"
_PAIR = re.compile(
    r"(?:^|[\s,;])(username|name|user|MAC|mac|IP|ip|role|VLAN|vlan|SSID|ssid|BSSID|AP|reason|Reason|auth method|method|server|proto)"
    r"[=:] ?([^\s,;\"]{1,256})"
)
_PHRASES = tuple(
    re.compile(phrase.replace("~ip~", _ADDRESS).replace("~mac~", _MAC))
    for phrase in (
        r"\bAuth (?:success|failure|request): (?P<mac>~mac~):? (?:\(SN \d{1,6}\):? )?(?:AP (?P<src>~ip~)-(?P<bssid>~mac~)-)?",
        r"\b(?:[Aa]ssoc|[Dd]eauth|[Dd]isassoc|[Rr]eassoc)[\w -]{0,32}[:@ ]{1,3}(?:\d{2}:\d{2}:\d{2}\.\d{1,9}: ?)?"
        r"(?P<mac>~mac~)(?:.{0,64}?AP (?P<src>~ip~)-(?P<bssid>~mac~)-)?",
        r"\bLLDP neighbor (?P<mac>~mac~)",
        r"\bLLDP neighbor (?P<neighbor>\S{1,128}) (?:added|updated|deleted)",
        r"\bon (?P<interface>\d{1,2}/\d{1,2}/\d{1,3})\b",
        r"\binterface (?P<interface>\d{1,2}/\d{1,2}/\d{1,3}) is (?P<state>up|down)",
        r"\bport (?P<interface>\S{1,16}) is (?:now )?(?P<state>on-line|off-line|[Bb]locked)",
        r"\bUser (?!Authentication)(?P<user>[^\s':]{1,128}) (?:Failed|Successful|logged|has|authenticated|from)",
        r"\b[Uu]ser '(?P<user>[^']{1,128})'",
        r"\b(?:from server at|from|for client|address|[Cc]lient) (?P<src>~ip~)",
        r"\bto (?P<dst>~ip~):(?P<dst_port>\d{1,5})",
        r"\bsrc(?:ip)?[= ](?P<src>~ip~)",
        r"\bdst(?:ip)?[= ](?P<dst>~ip~)",
        r"\b[Rr]eason:? (?P<reason>[^,]{1,128})",
    )
)  # fmt: skip
_NAMES = {
    "username": "user",
    "name": "user",
    "IP": "src",
    "ip": "src",
    "MAC": "mac",
    "BSSID": "bssid",
    "auth method": "method",
}
_LOGIN = re.compile(r"authenticat|auth (?:success|fail)|logged in|login|log-in|session from", re.IGNORECASE)
_ENDED = re.compile(r"session closed|logged out|log-?out|deauth|disassoc|terminated", re.IGNORECASE)
_FAILED = re.compile(r"fail|reject|denied|violation|invalid|unsuccessful|timed? ?out", re.IGNORECASE)
_GOOD = re.compile(r"success|succe+ded|logged in|accept", re.IGNORECASE)


class ArubaOsParser:
    """ArubaOS, Instant, AOS-S and AOS-CX messages, and what ClearPass exports.

    A controller names itself (and the access point) between angle brackets; that address is the source only where the text names no
    client. The station of a wireless message is `source.mac`, the radio it joined `destination.mac`.

    Source: HPE Aruba Networking, "ArubaOS Syslog Messages Reference Guide" 8.x; "AOS-CX Event Log Message Reference Guide"; "AOS-S Event
    Log Message Reference Guide" (five-digit numbers, subsystem, member); ClearPass Policy Manager "Syslog Export Filters" (LEEF, CEF).
    """

    id: ClassVar[str] = "aruba_os"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        line = text.strip()
        envelope = _open(line, context)
        outer, body = ({}, line) if envelope is None else (envelope.fields, envelope.message)
        if body.startswith(("LEEF:", "CEF:")):
            return outer | _from_export(body, context)
        read = _from_controller(body) or _from_cx(body) or _from_switch(body, outer)
        if read is None:
            raise unreadable(msg("bản ghi Aruba: <mã số> của bộ điều khiển, Event|mã|, hoặc phân hệ: câu"))
        raw, dataset, said = read
        fields = outer | bundled_table("aruba_os").apply(raw, context)
        fields |= {"event.dataset": f"aruba.{dataset}", "message": said}
        _put_kind(fields, said)
        return fields


def _open(line: str, context: ParseContext) -> Envelope | None:
    """The syslog header; controllers write the year behind the clock."""
    behind = _YEAR_BEHIND.match(line)
    if behind is None:
        return open_envelope(line, context)
    envelope = open_envelope(f"{behind[1]}{behind[2]} {line[behind.end() :]}", context)
    if envelope is not None:
        try:
            envelope.fields["@timestamp"] = text_time(f"{behind[2]} {behind[3]}", context.zone)
        except ValueError:
            envelope.fields.pop("@timestamp", None)
    return envelope


def _from_export(body: str, context: ParseContext) -> Record:
    """LEEF or CEF of ClearPass."""
    if body.startswith("LEEF:"):
        leef = split_leef(body)
        raw: Record = {**leef.attributes, **leef.header}
        moment = raw.get("devTime")
    else:
        message = split_cef(body)
        raw = {name: value for name, value in labelled(message).items() if f"{name}Label" not in message.extension}
        raw["description"] = raw.pop("name", "")
        moment = raw.get("rt")
    fields = bundled_table("aruba_os").apply(raw, context)
    fields |= {"event.dataset": f"aruba.{str(raw.get('product') or 'clearpass').lower()}"}
    time = _time(str(moment or ""), context)
    if time is not None:
        fields["@timestamp"] = time
    _put_kind(fields, f"{raw.get('sub-cat', '')} {raw.get('description') or raw.get('msg') or ''}")
    return fields


def _time(text: str, context: ParseContext) -> datetime | None:
    """`May 01 2026 18:00:02.009 CEST`, in the zone that it names."""
    plain, _, label = text.rpartition(" ")
    zone = label_zone(label, context.zone) if label.isalpha() else None
    try:
        return any_time(plain if zone is not None else text, zone or context.zone) if text else None
    except (ValueError, OverflowError):
        return None


def _from_controller(body: str) -> tuple[Record, str, str] | None:
    """`authmgr[3680]: <522008> <3680> <NOTI> <name address> text`."""
    program = _PROGRAM.match(body)
    found = _CONTROLLER.match(body, program.end()) if program is not None else None
    if program is None or found is None:
        return None
    said = body[found.end() :].strip(" |")
    raw = {"number": found["number"], "level": found["level"], "ap": found["ap"]} | _said(said)
    device = found["device"] or found["ap_ip"]
    if device and is_ip(device):
        raw.setdefault("src", device)
    if found["name"] is not None:
        raw["device"] = found["name"]
    return raw, program[1] or "controller", said


def _from_cx(body: str) -> tuple[Record, str, str] | None:
    """`Event|105|LOG_INFO|AMM|1/1|text`."""
    found = _CX.match(body)
    if found is None:
        return None
    said = body[found.end() :].strip()
    raw = {"number": found[2], "level": found[3].lower(), "card": found[4], "module": found[5]} | _said(said)
    return raw, found[1] or "cx", said


def _from_switch(body: str, outer: Record) -> tuple[Record, str, str] | None:
    """`00076 ports:  ST1-CMDR: text`; behind a syslog header the subsystem has become its tag."""
    found = _SWITCH.match(body)
    if found is not None:
        said = body[found.end() :].strip()
        return {"number": found[1], "member": found[3]} | _said(said), found[2], said
    if "process.name" in outer and body:
        return _said(body), str(outer["process.name"]), body
    return None


def _said(text: str) -> Record:
    """What the text names: pairs first, then phrases; the first of a name counts."""
    raw: Record = {}
    text = text[:_LONGEST]
    for name, value in _PAIR.findall(text):
        raw.setdefault(_NAMES.get(name, name), value)
    if "src" in raw and not is_ip(str(raw["src"])):
        del raw["src"]
    for phrase in _PHRASES:
        found = phrase.search(text)
        if found is not None:
            for name, value in found.groupdict().items():
                if value and (name not in {"src", "dst"} or is_ip(value)):
                    raw.setdefault(name, value)
    if "neighbor" in raw and re.fullmatch(_MAC, str(raw["neighbor"])):
        del raw["neighbor"]
    return raw


def _put_kind(fields: Record, text: str) -> None:
    """Category, type and outcome by the words that all generations share."""
    fields |= {"event.category": ["network"], "event.type": ["info"]}
    if _ENDED.search(text):
        fields |= {"event.category": ["session"], "event.type": ["end"]}
    elif _LOGIN.search(text):
        fields |= {"event.category": ["authentication"], "event.type": ["start"]}
        if _FAILED.search(text):
            fields["event.outcome"] = "failure"
        elif _GOOD.search(text):
            fields["event.outcome"] = "success"
    elif "violation" in text or "attack" in text.lower():
        fields |= {"event.kind": "alert", "event.category": ["intrusion_detection"]}
