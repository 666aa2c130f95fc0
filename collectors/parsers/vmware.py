"""What ESXi hosts and vCenter write alike: level and program, the originator's brackets, logins and sessions."""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import zip_longest

from collectors.parsers.syslog import FACILITIES, SEVERITIES, open_envelope
from collectors.parsing import ParseContext, Record
from collectors.times import iso_time
from collectors.values import put_address, put_user

LEVELS = "panic|error|warning|info|verbose|trivia|debug"
_OWN_TIME = re.compile(rf"(\d{{4}}-\d\d-\d\dT\d\d:\d\d:\d\d\S{{0,20}}) (?=(?:{LEVELS}) [A-Za-z][\w.-]{{0,63}}\[)")
_MARK = re.compile(r"(?:Em|Al|Cr|Er|Wa|No|In|Db)\((\d{1,3})\)(?:\[[^\]]{0,40}\])? ")
_TAG = re.compile(r"([A-Za-z][\w.-]{0,63})(?:\[(\d{1,10})\])?: +")
_THREAD = re.compile(rf"(?:({LEVELS}) )?([A-Za-z][\w.-]{{0,63}})(?:\[([0-9A-Fa-f]{{1,16}})\])?:? +(?=\[[A-Za-z]+@6876)")
_ORIGIN = re.compile(r"\[([A-Za-z]{1,32})@6876 ([^\]]{0,1000})\] ?")
_ORIGIN_KEY = re.compile(r"(?:^| )(sub|opID|sid|user|item|update|reason)=")
_LOGGED_IN = re.compile(r"User (\S{1,200})@([\w.:%-]{1,64}) logged in as ")
_LOGGED_OUT = re.compile(r"User (\S{1,200})@([\w.:%-]{1,64}) logged out")
_CANNOT_LOGIN = re.compile(r"Cannot login (?:user )?(\S{1,200})@([\w.:%-]{1,64})")
_SSH_WHO = r" for '?([^'@\s]{1,64})@([\w:%-]{1,64}(?:\.[\w-]{1,64}){0,8})"
_SSH_SESSION = re.compile(r"SSH (?:session (?:was |has )?(opened|closed|started|ended)|login has (failed))" + _SSH_WHO)
_PASSWORD = re.compile(r"(Accepted|Rejected) password for user (\S{1,200}) from ([\w.:%-]{1,64})")
_SIGN_ON = re.compile(r"(Successful|Failed) login (\S{1,200}) from ([\w.:%-]{1,64}) at ")
_POWERED = re.compile(r"(\S.{0,199}) on +(\S{1,255}) in (\S.{0,199}) is (powered (?:on|off)|suspended|resumed)")
_AUTH, _SESSION = ["authentication"], ["session"]


def open_vmware(text: str, context: ParseContext) -> tuple[Record, str]:
    """The syslog header of a line as fields, and the rest; a line of a log file has only a time before its level."""
    fields: Record = {}
    line = text.strip()
    if _OWN_TIME.match(line) is None and (envelope := open_envelope(line, context)) is not None:
        fields, line = envelope.fields, envelope.message.strip()
    own = _OWN_TIME.match(line)
    if own is not None:
        try:
            fields["@timestamp"] = iso_time(own[1], context.zone)
        except ValueError:
            return fields, line
        line = line[own.end() :]
    return fields, line


def take_program(fields: Record, line: str) -> str:
    """Take off what stands before the message: mark of ESXi 8, program, level, thread."""
    if (mark := _MARK.match(line)) is not None and int(mark[1]) <= 191:
        facility, severity = divmod(int(mark[1]), 8)
        fields["log.syslog.facility.name"], fields["log.syslog.severity.name"] = (
            FACILITIES[facility],
            SEVERITIES[severity],
        )
        line = line[mark.end() :]
    if "process.name" not in fields and (tag := _TAG.match(line)) is not None:
        fields["process.name"] = tag[1]
        if tag[2]:
            fields["process.pid"] = int(tag[2])
        line = line[tag.end() :]
    if (thread := _THREAD.match(line)) is not None:
        fields.setdefault("process.name", thread[2])
        if thread[1]:
            fields["log.level"] = thread[1]
        if thread[3] and thread[3].isdecimal():
            fields["process.thread.id"] = int(thread[3])
            fields.setdefault("process.pid", int(thread[3]))
        line = line[thread.end() :]
    return line


def take_origin(fields: Record, line: str) -> str:
    r"""Take off `[Originator@6876 sub=... opID=... user=DOMAIN\name]`; values may hold blanks."""
    origin = _ORIGIN.match(line)
    if origin is None:
        return line
    keys = list(_ORIGIN_KEY.finditer(origin[2]))
    for key, after in zip_longest(keys, keys[1:]):
        value = origin[2][key.end() : after.start() if after is not None else None].strip()
        if key[1] == "user" and value:
            _put_session_user(fields, value)
        elif value:
            fields[f"vmware.{key[1]}"] = value
    return line[origin.end() :]


def _put_session_user(fields: Record, value: str) -> None:
    r"""`root`, `vpxuser:VSPHERE.LOCAL\administrator`, `vpxuser:<no user>`: the account of the session, then for whom vCenter acts."""
    name, _, domain = value.partition(":")
    fields["user.name"] = name
    if domain and "<" not in domain:
        fields["user.domain"] = domain


def read_session(fields: Record, text: str) -> bool:
    """Logins, failed logins, SSH sessions and power of machines, by the text of an event; False when it is none of these."""
    return any(read(fields, text) for read in _READERS)


def _login(fields: Record, text: str) -> bool:
    if (found := _LOGGED_IN.match(text)) is not None:
        _told(fields, "logged-in", "start", "success")
        if agent := text[found.end() :].strip():
            fields["user_agent.original"] = agent
    elif (found := _LOGGED_OUT.match(text)) is not None:
        _told(fields, "logged-out", "end", "success")
        if agent := text.rpartition("user agent: ")[2].removesuffix(")"):
            fields["user_agent.original"] = agent
    elif (found := _CANNOT_LOGIN.match(text)) is not None:
        _told(fields, "logon-failed", "start", "failure")
    if found is None:
        return False
    _put_who(fields, found[1], found[2])
    return True


def _told(fields: Record, action: str, kind: str, outcome: str) -> None:
    fields |= {"event.action": action, "event.category": _AUTH, "event.type": [kind], "event.outcome": outcome}


def _ssh_session(fields: Record, text: str) -> bool:
    found = _SSH_SESSION.match(text)
    if found is None:
        return False
    action = fields.get("event.action", f"ssh-{found[1] or found[2]}")
    if found[2]:
        _told(fields, str(action), "start", "failure")
    else:
        _told(fields, str(action), "end" if found[1] in {"closed", "ended"} else "start", "success")
        fields["event.category"] = _SESSION
    _put_who(fields, found[3], found[4])
    return True


def _password(fields: Record, text: str) -> bool:
    """`Accepted password for user ...` of a host, `Successful login ... in SSO` of vCenter."""
    found = _PASSWORD.match(text) or _SIGN_ON.match(text)
    if found is None:
        return False
    if found[1] in {"Accepted", "Successful"}:
        _told(fields, "logged-in", "start", "success")
    else:
        _told(fields, "logon-failed", "start", "failure")
    _put_who(fields, found[2], found[3])
    return True


def _power(fields: Record, text: str) -> bool:
    """`NAME on HOST in DATACENTRE is powered off`, of an event."""
    found = _POWERED.match(text) if "vmware.event_id" in fields else None
    if found is None:
        return False
    fields |= {"event.category": ["host"], "event.type": ["start" if found[4] in {"powered on", "resumed"} else "end"]}
    fields["event.action"] = found[4].replace(" ", "-")
    fields |= {"soc.object.type": "vm", "soc.object.name": found[1], "vmware.host": found[2]}
    return True


def _put_who(fields: Record, name: str, address: str) -> None:
    put_user(fields, "user", name)
    fields["source.user.name"] = fields["user.name"]
    put_address(fields, "source", address)


_READERS: tuple[Callable[[Record, str], bool], ...] = (_login, _ssh_session, _password, _power)
