"""Hikvision cameras and recorders: alerts of ISAPI as XML or JSON, and the recorder's log over syslog."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import ClassVar

from collectors.parsers.json import flat_fields, load_object
from collectors.parsers.pairs import read_pairs
from collectors.parsers.syslog import open_envelope
from collectors.parsers.xml import Element, load_xml
from collectors.parsing import ParseContext, Record, unreadable
from collectors.times import any_time
from collectors.values import is_ip, put_address, put_port, whole
from soc.core.errors import ParseError
from soc.core.i18n import Message, msg

_LOOSE_AMPERSAND = re.compile(r"&(?!#?\w{1,8};)")
_DETAIL = re.compile(r"(?:^|\s)detail=(.{0,8192})$", re.DOTALL)
_OPERATIONS = {
    **dict.fromkeys(("login", "remotelogin", "locallogin"), ("authentication", "start", "success")),
    **dict.fromkeys(("logout", "remotelogout", "locallogout"), ("authentication", "end", "success")),
    **dict.fromkeys(
        ("loginfail", "loginfailed", "illegallogin", "illlogin", "illegalaccess"),
        ("authentication", "start", "failure"),
    ),
    **dict.fromkeys(
        ("exportrecord", "downloadrecord", "remoteplaybyfile", "localcopyfile"), ("file", "access", "success")
    ),
    **dict.fromkeys(("adduser", "deleteuser", "modifyuser", "modifypassword"), ("iam", "change", "success")),
    **dict.fromkeys(("reboot", "remotereboot", "localreboot", "shutdown"), ("host", "change", "success")),
    **dict.fromkeys(
        ("formathdd", "restoreconfig", "upgrade", "remoteupgrade", "configchange"),
        ("configuration", "change", "success"),
    ),
}
"""Operation in lower case, without blanks -> category, type, outcome."""
_ALERT = {
    "ipAddress": ("host.ip", "observer.ip"),
    "ipv6Address": ("host.ipv6",),
    "macAddress": ("host.mac",),
    "eventType": ("event.action", "event.code"),
    "eventState": ("soc.camera.state",),
    "eventDescription": ("message",),
    "channelID": ("soc.camera.channel",),
    "dynChannelID": ("soc.camera.channel",),
    "channelName": ("soc.camera.name",),
    "deviceID": ("observer.serial_number",),
    "deviceSerialNo": ("observer.serial_number",),
    "activePostCount": ("soc.camera.post_count",),
    "detectionTarget": ("soc.camera.target",),
    "licensePlate": ("soc.camera.plate",),
    "userName": ("user.name",),
    "user": ("user.name",),
    "ruleName": ("rule.name",),
}
_TAMPER = frozenset(
    {
        "videoloss",
        "tamperdetection",
        "shelteralarm",
        "diskerror",
        "diskfull",
        "nicbroken",
        "ipconflict",
        "badvideo",
        "hdbadblock",
    }
)


class HikvisionParser:
    """An alert of a camera (`EventNotificationAlert`, ISAPI 1.0 and 2.0, XML or JSON) or a line of a recorder's log.

    A heartbeat (`videoloss` that is inactive and counts nothing, or `heartBeat`) is `event.action: heartbeat`, as it says only that the
    device lives. A bare `&` that some devices send is mended; a document type declaration is refused. The lines of recorders are
    `key=value` pairs as this project asks them to be forwarded; names of the vendor's own stay as `hikvision.<name>`.

    Source: Hikvision ISAPI developer guide (EventNotificationAlert); the recorder's form is an assumption of this project, to be replaced
    when samples of the devices are at hand.
    """

    id: ClassVar[str] = "hikvision"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        line = text.strip()
        outer: Record = {}
        if not line.startswith(("{", "<Ev", "<?xml", "--")) and (envelope := open_envelope(line, context)) is not None:
            outer, line = envelope.fields, envelope.message.strip()
        line = _body(line)
        if line.startswith("{"):
            return outer | _alert(_flat(load_object(line)), context)
        if line.startswith("<"):
            root = load_xml(_LOOSE_AMPERSAND.sub("&amp;", line))
            if root.name != "EventNotificationAlert":
                raise _refusal()
            return outer | _alert(_leaves(root), context)
        return outer | _recorder(line, outer)


def _body(line: str) -> str:
    """The document of a multipart piece: what stands behind its headers."""
    if not line.startswith("--"):
        return line
    starts = [at for at in (line.find("<EventNotificationAlert"), line.find("{")) if at >= 0]
    return line[min(starts) :].partition("\n--")[0].strip() if starts else line


def _refusal(expected: Message | None = None) -> ParseError:
    return unreadable(expected or msg("cảnh báo ISAPI EventNotificationAlert, hoặc nhật ký đầu ghi dạng khóa=giá trị"))


def _flat(document: dict[str, object]) -> dict[str, str]:
    inner = document.get("EventNotificationAlert", document)
    flat = flat_fields(inner if isinstance(inner, dict) else document)
    told: dict[str, str] = {}
    for name, value in flat.items():
        first = value[0] if isinstance(value, list) and value else value
        if isinstance(first, (str, int, float)):
            told.setdefault(name.rpartition(".")[2], str(first))
    return told


def _leaves(root: Element) -> dict[str, str]:
    told: dict[str, str] = {}
    for name, text in root.leaves():
        told.setdefault(name, text)
    return told


def _alert(told: Mapping[str, str], context: ParseContext) -> Record:
    kind = told.get("eventType", "")
    if not kind:
        raise _refusal()
    fields: Record = {
        "event.kind": "event",
        "event.dataset": "camera.isapi",
        "event.category": ["host"],
        "event.type": ["info"],
    }
    fields["observer.vendor"] = "Hikvision"
    for name, value in told.items():
        if name in {"dateTime", "portNo"}:
            continue
        for target in _ALERT.get(name, (f"hikvision.{name}",)):
            if not target.endswith(".ip") or is_ip(value):
                fields.setdefault(target, value.upper().replace(":", "-") if target == "host.mac" else value)
    if "dateTime" in told:
        try:
            fields["@timestamp"] = any_time(told["dateTime"], context.zone)
        except (ValueError, OverflowError):
            fields["hikvision.dateTime"] = told["dateTime"]
    put_port(fields, "observer.port", told.get("portNo", ""))
    _put_alert_kind(fields, kind.lower(), told)
    return fields


def _put_alert_kind(fields: Record, kind: str, told: Mapping[str, str]) -> None:
    idle = told.get("eventState") == "inactive" and whole(told.get("activePostCount", "0")) == 0
    if kind == "heartbeat" or (kind == "videoloss" and idle):
        fields["event.action"] = "heartbeat"
    elif kind in {"illaccess", "illegallogin"}:
        fields |= {"event.category": ["authentication"], "event.type": ["start"], "event.outcome": "failure"}
    elif kind in _TAMPER:
        fields |= {"event.kind": "alert", "event.type": ["error"]}
    elif kind == "anpr":
        fields["event.category"] = ["sensor"]


def _recorder(line: str, outer: Record) -> Record:
    pairs = read_pairs(line)
    operation = pairs.get("subtype") or pairs.get("minor") or ""
    if not operation and "type" not in pairs:
        raise _refusal()
    fields: Record = {"event.kind": "event", "event.dataset": "camera.nvr", "observer.vendor": "Hikvision"}
    category, kind, outcome = _OPERATIONS.get(operation.lower().replace(" ", ""), ("host", "info", ""))
    fields |= {"event.category": [category], "event.type": [kind], "event.action": operation or pairs["type"]}
    if outcome:
        fields["event.outcome"] = outcome
    if device := pairs.get("device") or outer.get("host.name"):
        fields["observer.name"] = device
    detail = _DETAIL.search(line)
    if detail is not None:
        fields["message"] = detail[1].strip('"')
    if address := pairs.get("ip", ""):
        put_address(fields, "source", address)
    for name, target in (("user", "user.name"), ("channel", "soc.camera.channel"), ("type", "hikvision.type")):
        if pairs.get(name):
            fields[target] = pairs[name]
    if "user.name" in fields:
        fields["source.user.name"] = fields["user.name"]
    return fields
