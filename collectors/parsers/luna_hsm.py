"""Thales Luna network HSM: audit records, and the syslog of its shell."""

from __future__ import annotations

import re
from typing import ClassVar

from collectors.parsers.syslog import unwrapped
from collectors.parsing import ParseContext, Record, unreadable
from collectors.times import MONTHS, iso_time
from collectors.values import put_address, put_port
from soc.core.i18n import msg

_AUDIT = re.compile(r"(\d{1,12}),(\d{2})/(\d{2})/(\d{2}) (\d{2}:\d{2}:\d{2}),(.*?),?([0-9a-fA-F]{64})?\Z", re.DOTALL)
_BODY = re.compile(
    r"S/N (\d{1,20}) session (\d{1,12})(?: Access (\S{1,40}))?(?: (?:operation|issued) )?([A-Z][A-Z0-9_]{2,63})?"
    r"(?: returned (\w{2,64})(?:\((0x[0-9a-fA-F]{1,16})\))?)?"
)
_DETAIL = re.compile(r"\b(container|role|handle|object|user|label|count)=([^\s,]{1,128})")
_SHELL_TIME = re.compile(
    r"(\d{4}) ([A-Z][a-z]{2}) {1,2}(\d{1,2}) (\d{2}:\d{2}:\d{2}) ([\w.-]{1,255}) {1,2}(\w{1,16}) (\w{1,16}) {1,2}"
)
_SHELL = re.compile(r"lunash ?\[(\d{1,10})\]: ?(.*)", re.DOTALL)
_COMMAND = re.compile(r"(\w{1,16}) : (-?\d{1,10}) : Command: (.*)\Z", re.DOTALL)
_CLIENT_NAME = re.compile(r"-c(?:lient(?:name)?)?[ =]([\w.:-]{1,255})")
_CLIENT_ADDRESS = re.compile(r"-(?:ip|hostname|host|h)[ =]([\w.:-]{1,255})")
_ROLES = {"0": "crypto officer", "5": "crypto user", "8": "auditor", "1": "security officer", "4": "partition so"}


class LunaHsmParser:
    """Acts on keys and partitions, whose running number shows a gap (`event.sequence`), and commands typed into LunaSH.

    The result is told by its code, RC_OK or LUNA_RET_SUCCESS being success. A failed administrator's login carries no address.

    Source: thalesdocs.com, Luna Network HSM 7, "Audit logging" (log entry fields) and "LunaSH logging".
    """

    id: ClassVar[str] = "luna_hsm"
    version: ClassVar[int] = 2
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        line = text.strip()
        record = _AUDIT.match(line)
        outer: Record = {}
        if record is None and "lunash" in line[:400]:
            return _shell(line, context)
        if record is None:
            outer, message = unwrapped(line, context)
            record = _AUDIT.match(message.strip())
        if record is None:
            raise unreadable(msg("bản ghi audit HSM Luna: số thứ tự,thời gian,thân,HMAC; hoặc dòng lunash"))
        return outer | _audit(record, context)


def _audit(record: re.Match[str], context: ParseContext) -> Record:
    number, year, month, day, clock, body, seal = record.groups()
    fields: Record = {
        "event.kind": "event",
        "event.category": ["process"],
        "event.type": ["info"],
        "event.dataset": "luna.audit",
    }
    fields["@timestamp"] = _moment(f"20{year}-{month}-{day}T{clock}", context)
    fields |= {"event.sequence": int(number), "message": body}
    if seal:
        fields["luna.hmac"] = seal.lower()
    found = _BODY.search(body[:400])
    if found is not None:
        named = {
            "observer.serial_number": found[1],
            "soc.session.id": found[2],
            "luna.access": found[3],
            "event.action": found[4],
        }
        named |= {"event.code": found[5], "luna.return_code": found[6]}
        fields |= {name: value for name, value in named.items() if value}
        if found[5]:
            fields["event.outcome"] = "success" if found[5] in {"RC_OK", "LUNA_RET_SUCCESS"} else "failure"
        if found[4] in {"LUNA_LOGIN", "LUNA_LOGOUT"}:
            fields |= {
                "event.category": ["authentication"],
                "event.type": ["start" if found[4] == "LUNA_LOGIN" else "end"],
            }
    targets = {
        "container": "soc.hsm.partition",
        "role": "soc.hsm.role",
        "handle": "soc.hsm.object",
        "object": "soc.hsm.object",
    }
    for name, value in _DETAIL.findall(body[:2000]):
        fields.setdefault(targets.get(name, f"luna.{name}"), _ROLES.get(value, value) if name == "role" else value)
    return fields


def _shell(line: str, context: ParseContext) -> Record:
    fields: Record = {
        "event.kind": "event",
        "event.category": ["configuration"],
        "event.type": ["change"],
        "event.dataset": "luna.shell",
    }
    own = _SHELL_TIME.match(line)
    if own is not None:
        month = MONTHS.get(own[2].lower(), 0)
        fields["@timestamp"] = _moment(f"{own[1]}-{month:02}-{int(own[3]):02}T{own[4]}", context)
        fields |= {"observer.name": own[5], "log.syslog.facility.name": own[6], "log.level": own[7]}
        line = line[own.end() :]
    else:
        outer, message = unwrapped(line, context)
        fields |= {name: value for name, value in outer.items() if name not in {"process.name", "process.pid"}}
        line = message if message.startswith("lunash") else f"lunash [{outer.get('process.pid', 0)}]: {message}"
    shell = _SHELL.match(line)
    if shell is None:
        raise unreadable(msg("bản ghi audit HSM Luna: số thứ tự,thời gian,thân,HMAC; hoặc dòng lunash"))
    fields |= {"process.name": "lunash", "process.pid": int(shell[1]), "message": shell[2]}
    _put_command(fields, shell[2])
    return fields


def _put_command(fields: Record, message: str) -> None:
    """`info : 0 : Command: hsm show : account : address/port`; read from the right, as a command may hold colons."""
    command = _COMMAND.match(message)
    if command is None:
        if "incorrect" in message or "ailed" in message:
            fields |= {
                "event.category": ["authentication"],
                "event.type": ["start"],
                "event.action": "login",
                "event.outcome": "failure",
            }
        return
    typed, _, client = command[3].rpartition(" : ")
    typed, _, user = typed.rpartition(" : ")
    fields |= {
        "event.code": command[2],
        "event.action": "command",
        "event.outcome": "success" if command[2] == "0" else "failure",
    }
    fields["process.command_line"] = line = (typed or command[3]).strip()
    if (machine := _CLIENT_ADDRESS.search(line) or _CLIENT_NAME.search(line)) is not None and line.startswith("client"):
        fields["soc.hsm.client"] = machine[1]  # the address where one is given: a name may be anybody's
    if user.strip():
        fields["user.name"] = user.strip()
    address, _, port = client.strip().partition("/")
    if address and address != "Console":
        put_address(fields, "source", address)
        put_port(fields, "source.port", port)


def _moment(text: str, context: ParseContext) -> object:
    try:
        return iso_time(text, context.zone)
    except ValueError as problem:
        raise unreadable(msg("thời gian dạng {form}", form="yy/mm/dd hh:mm:ss")) from problem
