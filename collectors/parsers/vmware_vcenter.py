"""VMware vCenter Server: events, vpxd, single sign-on, the reverse proxy and the services of the appliance."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import ClassVar

import orjson

from collectors.parsers.sudo import read_sudo
from collectors.parsers.syslog import open_envelope
from collectors.parsers.vmware import LEVELS, read_session, take_origin, take_program
from collectors.parsing import ParseContext, Record, unreadable
from collectors.times import clf_time, iso_time
from collectors.values import (
    is_ip,
    outcome_of,
    put_address,
    put_port,
    put_request,
    put_url,
    put_user,
    split_endpoint,
    whole,
)
from soc.core.i18n import msg

_EVENT = re.compile(r"Event \[(\d{1,18})\] \[\d{1,6}-\d{1,6}\] (?:\[([^\]]{10,40})\] )?")
_EVENT_PARTS = re.compile(r"\[([\w.]{1,200})\] \[(\w{0,20})\] \[([^\]]{0,300})\] \[([^\]]{0,300})\] \[\d{0,18}\] \[?")
_BARE_TIME = re.compile(r"\[?(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[.,]?\d{0,9}(?:Z|[+-]\d\d:?\d\d)?)\]?:? ")
_RELAYED = re.compile(r"([\w.-]{1,255}) ([\w./-]{1,48}) (?:-|\d{1,10}) - - +")
_SERVICE = re.compile(
    r"(TRACE|DEBUG|INFO|WARN|WARNING|ERROR|FATAL) +([A-Za-z][\w.-]{0,63})\[(\d{1,10})(?::([^\]]{0,100}))?\] +"
)
_LEVEL_WORD = re.compile(rf"(?:{LEVELS}|TRACE|DEBUG|INFO|WARN|WARNING|ERROR|FATAL) +[A-Za-z][\w.-]{{0,63}}\[")
_BRACKET = re.compile(r"\[([^\[\]]{0,300})(?:\[\])?\]? +")
_THREAD = re.compile(r"\[([^\[\]]{0,200}?)(?: \[)?\] +(TRACE|DEBUG|INFO|WARN|ERROR|FATAL) +")
_LOGGER = re.compile(r"(?:opId=(\S{0,200}) +)?([\w.$]{1,300})(?: +opId=([^\s\]]{0,200})\])? *(?:- +)?")
_LEVEL = re.compile(r"\[(TRACE|DEBUG|INFO|WARN|ERROR|FATAL) *\] +")
_TOMCAT = re.compile(
    r"\[(\d{2}/[A-Z][a-z]{2}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4})\] (\S{1,100}) \[Request\] (\S{1,64}) to (\S{1,64}) (\d{1,5}) - "
    r"HTTP/(\d(?:\.\d)?) ([A-Z]{3,10}) (\S{1,4000}) \[Response\] (\d{3})"
)
_ENVOY = re.compile(
    r"\[?\d{4}-\d\d-\d\dT\S{5,30}?\]? \"?([A-Z]{3,10} \S{1,4000} HTTP/\d(?:\.\d)?)\"? (\d{3}) (.{0,4000})"
)
_ENDPOINTS = re.compile(r"(\d{1,3}(?:\.\d{1,3}){3}:\d{1,5}|\[[0-9A-Fa-f:.]{2,45}\]:\d{1,5})")
_QUOTED = re.compile(r"\"([^\"]{0,2000})\"")
_FAULT = re.compile(r"\b((?:vim|vmodl)\.fault\.\w{1,80})\b")
_ARGUMENT = re.compile(r"Arg userName:(?:\\{1,4}n|\s|-->){1,12}\\?\"([^\"\\]{1,200})")
_NAMED = re.compile(r"\{Name: ([^,{}]{1,200}), Domain: ([^,{}]{1,200})\}")
_MEMBER = re.compile(r"User (\S{1,200}\\\S{1,200}) who belongs to group")
_WITH_CODE = re.compile(r"response code (\d{3})")
_CATEGORIES = (
    ("Login", "authentication", "start"),
    ("Logout", "authentication", "end"),
    ("BadUsername", "authentication", "start"),
    ("Permission", "iam", "change"),
    ("Role", "iam", "change"),
    ("Account", "iam", "change"),
    ("Created", "configuration", "creation"),
    ("Removed", "configuration", "deletion"),
    ("Destroyed", "configuration", "deletion"),
    ("Reconfigured", "configuration", "change"),
)
"""Part of an event type -> category and type; the first that fits."""
_CONSTANT: Record = {
    "event.kind": "event",
    "event.dataset": "vmware.vcenter",
    "observer.vendor": "VMware",
    "observer.product": "vCenter",
}


class VmwareVcenterParser:
    """A line of vCenter, with or without its syslog header.

    The event's type (`vim.event.UserLoginSessionEvent`) is `event.code` and `event.action`. The address in "User NAME@ADDRESS logged in"
    is the client's, `source.ip`. The bracket behind the user is the data centre: `soc.site`, and the host's name only where nothing
    else says it.

    Source: VMware, "Forward vCenter Server Log Files to a Remote Syslog Server" and event catalogue; vSphere Web Services API
    (`vim.event`); audit events of vCenter Single Sign-On; envoy access log format.
    """

    id: ClassVar[str] = "vmware_vcenter"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        line = text.strip()
        fields = dict(_CONSTANT)
        if (relayed := _relayed(line, context)) is not None:
            return fields | relayed
        if line.startswith("<") or not line.startswith(("[", "Event [")):
            outer, line = _opened(line, context)
            fields.update(outer)
        if not line:
            raise unreadable(msg("một dòng của vCenter"))
        fields["message"] = line
        for read in _READERS:
            if read(fields, line, context):
                break
        fields.setdefault("event.category", ["host"])
        fields.setdefault("event.type", ["info"])
        return fields


def _relayed(line: str, context: ParseContext) -> Record | None:
    """`TIME HOST PROGRAM PID - -  text`: RFC 5424 that lost its priority; here only the lines of sudo matter."""
    moment = _BARE_TIME.match(line)
    head = moment and _RELAYED.match(line, moment.end())
    if moment is None or head is None:
        return None
    text = line[head.end() :]
    fields: Record = {"host.name": head[1], "process.name": head[2], "message": text}
    _put_time(fields, moment[1], context)
    if head[2] == "sudo":
        read_sudo(fields, text)
    else:
        _message(fields, text)
    return fields


def _opened(line: str, context: ParseContext) -> tuple[Record, str]:
    """The header taken off, and the time of the log file that may stand behind it or alone."""
    fields: Record = {}
    if _own_time(line) is None and (envelope := open_envelope(line, context)) is not None:
        fields, line = envelope.fields, envelope.message.strip()
    if (own := _own_time(line)) is not None:
        _put_time(fields, own[1], context)
        line = line[own.end() :]
    return fields, line


def _own_time(line: str) -> re.Match[str] | None:
    """A time that a level, a bracket or the uptime of a virtual machine follows: what stands there is no host name."""
    own = _BARE_TIME.match(line)
    if own is None or own[0].endswith(": ") or line.startswith("[", own.end()) or _LEVEL_WORD.match(line, own.end()):
        return own
    return None


def _put_time(fields: Record, text: str, context: ParseContext) -> None:
    try:
        fields["@timestamp"] = iso_time(text, context.zone)
    except ValueError:
        return


def _event(fields: Record, line: str, context: ParseContext) -> bool:
    """`Event [id] [1-1] [time] [type] [level] [user] [data centre] [chain] [text]`; the text may hold brackets, or be cut short."""
    head = _EVENT.match(line)
    if head is None:
        return False
    fields["vmware.event_id"] = head[1]
    if head[2]:
        _put_time(fields, head[2], context)
    parts = _EVENT_PARTS.match(line, head.end())
    if parts is None:
        return True
    kind, level, user, site = parts.groups()
    text = line[parts.end() :].strip().removesuffix("]")
    fields |= {"event.code": kind, "event.action": kind, "event.reason": text, "message": text}
    if level:
        fields["log.level"] = level
    if site:
        fields["soc.site"] = site
        fields.setdefault("host.name", site)
    _put_kind(fields, kind)
    category = {name: fields.get(name) for name in ("event.category", "event.type", "event.action")}
    if read_session(fields, text):
        fields["event.action"] = kind
    else:
        fields.update({name: value for name, value in category.items() if value is not None})
    if user:
        put_user(fields, "user", user)
    return True


def _put_kind(fields: Record, kind: str) -> None:
    name = kind.rpartition(".")[2]
    found = next(((category, type_) for part, category, type_ in _CATEGORIES if part in name), ("host", "info"))
    fields["event.category"], fields["event.type"] = [found[0]], [found[1]]
    if any(sign in name for sign in ("Failed", "Failure", "BadUsername")):
        fields["event.outcome"] = "failure"


def _tomcat(fields: Record, line: str, context: ParseContext) -> bool:
    found = _TOMCAT.match(line)
    if found is None:
        return False
    moment, thread, peer, _local, port, version, method, target, status = found.groups()
    try:
        fields["@timestamp"] = clf_time(moment)
    except ValueError:
        return False
    fields |= {"process.thread.name": thread, "http.version": version, "http.request.method": method}
    put_url(fields, target)
    _put_peer(fields, "source", peer)
    put_port(fields, "destination.port", port)
    _put_status(fields, int(status))
    return True


def _put_status(fields: Record, status: int) -> None:
    fields |= {"http.response.status_code": status, "event.outcome": outcome_of(status)}
    fields |= {"event.category": ["web"], "event.type": ["access"]}


def _put_peer(fields: Record, side: str, text: str) -> None:
    address, port = split_endpoint(text)
    if is_ip(address):
        put_address(fields, side, address)
        put_port(fields, f"{side}.port", port)


def _program(fields: Record, line: str, context: ParseContext) -> bool:
    """`info vpxd[1] [Originator@6876 ...] text`, the lines of the C++ services and of envoy."""
    rest = take_origin(fields, take_program(fields, line))
    if rest == line:
        return False
    fields["message"] = rest
    _message(fields, rest)
    return True


def _service(fields: Record, line: str, context: ParseContext) -> bool:
    """`INFO websso[42:thread] [CorId=...] [logger] text`, the lines of single sign-on."""
    head = _SERVICE.match(line)
    if head is None:
        return False
    fields |= {"log.level": head[1].lower(), "process.name": head[2], "process.pid": int(head[3])}
    if head[4]:
        fields["process.thread.name"] = head[4]
    at = head.end()
    while (bracket := _BRACKET.match(line, at)) is not None:
        at = bracket.end()
        if "=" not in bracket[1] and bracket[1].strip():
            fields["log.logger"] = bracket[1].strip()
    text = line[at:].strip()
    fields["message"] = text
    if text.startswith("{") and _audit(fields, text):
        return True
    _message(fields, text)
    return True


def _audit(fields: Record, text: str) -> bool:
    """The audit record of single sign-on: one JSON object."""
    try:
        told = orjson.loads(text)
    except orjson.JSONDecodeError:
        return False
    if not isinstance(told, dict) or not isinstance(kind := told.get("type"), str):
        return False
    texts: Mapping[str, str] = {name: value for name, value in told.items() if isinstance(value, str) and value}
    fields |= {"event.code": kind, "event.action": kind}
    _put_kind(fields, kind)
    fields.setdefault("event.outcome", "success")
    if "user" in texts:
        put_user(fields, "user", texts["user"])
    if "client" in texts:
        put_address(fields, "source", texts["client"].partition(",")[0].strip())
    if "description" in texts:
        fields["message"] = fields["event.reason"] = texts["description"]
        if (code := _WITH_CODE.search(texts["description"])) is not None:
            fields["http.response.status_code"] = int(code[1])
    return True


def _java(fields: Record, line: str, context: ParseContext) -> bool:
    """`[thread] INFO opId=... logger - text`, `[thread [] INFO logger opId=] text`, `[INFO ] thread logger text`."""
    own = _BARE_TIME.match(line)
    if own is not None:
        _put_time(fields, own[1], context)
        line = line[own.end() :]
    if (head := _THREAD.match(line)) is not None:
        fields |= {"process.thread.name": head[1], "log.level": head[2].lower()}
        line = line[head.end() :]
        if (logger := _LOGGER.match(line)) is not None and "." in logger[2]:
            fields["log.logger"] = fields["process.name"] = logger[2]
            line = line[logger.end() :]
    elif (level := _LEVEL.match(line)) is not None:
        fields["log.level"] = level[1].lower()
        line = line[level.end() :]
    fields["message"] = line or fields["message"]
    _message(fields, line)
    return True


def _message(fields: Record, text: str) -> None:
    """What the text says: a request, a session, a fault, who has which right."""
    if (request := _ENVOY.match(text)) is not None and put_request(fields, request[1]):
        _put_status(fields, int(request[2]))
        _envoy_rest(fields, request[3])
        return
    if read_session(fields, text):
        return
    if (fault := _FAULT.search(text)) is not None:
        fields |= {"event.code": fault[1], "event.outcome": "failure"}
        if "Login" in fault[1]:
            fields |= {"event.category": ["authentication"], "event.type": ["start"]}
        if (name := _ARGUMENT.search(text)) is not None:
            put_user(fields, "user", name[1])
    if (named := _NAMED.search(text)) is not None:
        fields |= {"user.name": named[1], "user.domain": named[2], "event.category": ["iam"]}
    elif (member := _MEMBER.match(text)) is not None:
        put_user(fields, "user", member[1])
        fields["event.category"] = ["iam"]


def _envoy_rest(fields: Record, rest: str) -> None:
    """Behind the status: endpoints of client and proxy, or quoted forwarded-for, user agent, request id, authority."""
    endpoints = _ENDPOINTS.findall(rest)
    if len(endpoints) >= 2:
        _put_peer(fields, "source", endpoints[0])
        _put_peer(fields, "destination", endpoints[1])
    quoted = _QUOTED.findall(rest)
    if len(quoted) >= 2 and quoted[1] not in {"", "-"}:
        fields["user_agent.original"] = quoted[1]
    sizes = [number for word in rest.split()[:4] if (number := whole(word)) is not None]
    if len(sizes) >= 2:
        fields["http.request.bytes"], fields["http.response.bytes"] = sizes[0], sizes[1]


_READERS: tuple[Callable[[Record, str, ParseContext], bool], ...] = (_event, _tomcat, _service, _program, _java)
