"""VMware ESXi: hostd, vpxa, fdm, vobd, shell, sshd, vmkernel and the other programs of a host, releases 6 to 8."""

from __future__ import annotations

import re
from typing import ClassVar

from collectors.parsers.openssh import OpensshParser
from collectors.parsers.vmware import open_vmware, read_session, take_origin, take_program
from collectors.parsing import ParseContext, Record, unreadable
from collectors.transforms import SPREADS
from collectors.values import is_ip, put_address, put_port, put_url, split_endpoint
from soc.core.i18n import msg

_VOB = re.compile(r"\[(\w{1,40}Correlator)\] \d{1,20}us: +\[([\w.-]{1,120})\] ?")
_EVENT = re.compile(r"Event (\d{1,18}) : ")
_SHELL = re.compile(r"\[([^\]\s]{1,64})\]: (?!\s*$)")
_SOCKETS = re.compile(
    r"<(TCP|UDP|SSL) '([\w.:%-]{1,64}) : (\d{1,5})'>, ?<(?:TCP|UDP|SSL) '([\w.:%-]{1,64}) : (\d{1,5})'>"
)
_COMMAND = re.compile(
    r"ForkExec\(([^()]{1,4000})\)|(?:Launching binary|Executing command|Running command): (\S.{0,4000})|Executing '([^']{1,4000})'"
)
_HTTP = re.compile(r"https?://[^\s'\"<>,)]{1,2000}")
_ENDPOINT_PATH = re.compile(r"(?:endpoint (?:added|removed)|Connected to [\w.:-]{1,255}) ?[:(] ?\(?(/[^\s)]{0,500})")
_FILE = re.compile(r"(?:from '|[Pp]ath: |\bfile |fileName = \"|config file )((?:ds://)?/[^\s'\"<>,]{1,1000})")
_LOCKED = re.compile(r"(?:Unlocked|Locked|Locking|Unlocking) ([\w./-]{1,255})$")
_SIZE = re.compile(r"capacityInBytes = (\d{1,18})")
_PID = re.compile(r"\b[Pp][Ii][Dd][ :=]+(\d{1,10})\b")
_KERNEL = re.compile(r"cpu\d{1,4}:(\d{1,10})(?: opID=\w{1,40})?\)(?:(WARNING|ALERT|INFO): )?")
_ADDRESS = re.compile(
    r"\b(?:addr|to|ip|IP)[= ](\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?|[0-9A-Fa-f:]{3,45})(?: port (\d{1,5}))?"
)
_FAILED = re.compile(r"(?:failed|Failed|failure)(?: with| to|: )? ?(.{0,300})")
_STATE = re.compile(r"State Transition \((\w{1,64}) -> (\w{1,64})\)")
_TASK = re.compile(r"Task Completed : (\S{1,200}) Status (success|error)")
_ACCOUNT = re.compile(r"account '([^'\s]{1,64})'")
_MACHINE = re.compile(r"/([^/\s]{1,200})\.vmx\b")
_SSHD = (
    *(
        "Accepted ",
        "Failed password",
        "Failed publickey",
        "Failed keyboard",
        "Failed none",
        "Postponed ",
        "Connection closed",
    ),
    *(
        "Connection from ",
        "Connection reset by",
        "Disconnected from",
        "Disconnecting ",
        "Received disconnect",
        "Invalid user",
    ),
    *(
        "pam_unix(sshd",
        "pam_tally2(sshd",
        "User '",
        "error: PAM",
        "error: maximum",
        "Starting session:",
        "Closing session",
    ),
)
_CONSTANT: Record = {
    "event.kind": "event",
    "event.dataset": "vmware.esxi",
    "host.os.type": "linux",
    "observer.vendor": "VMware",
}


class VmwareEsxiParser:
    """A line of an ESXi host, with or without its syslog header.

    The user and address of a login are `user.name` and `source.ip`; what a client calls itself ("logged in as ...") is its user agent.
    Commands of the shell are `process.command_line`, correlated events (`esx.audit.ssh.enabled`) are `event.code`. Of two sockets the
    first is the host's own, here `source`. ESXi 8 puts level and priority, `In(14)`, before the program.

    Source: VMware, "ESXi log files" and "ESXi syslog" (knowledge base 306962), vSphere security guide; KB 2004201 for the fields in
    brackets; vCenter event catalogue for `esx.audit.*` and `vob.*`.
    """

    id: ClassVar[str] = "vmware_esxi"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        outer, line = open_vmware(text, context)
        fields = _CONSTANT | outer
        line = take_origin(fields, take_program(fields, line))
        if not line:
            raise unreadable(msg("một dòng của máy ESXi"))
        fields["message"] = line
        if fields.get("process.name") == "sshd" or (
            line.startswith(_SSHD) and not line.startswith("Accepted password for user ")
        ):
            return fields | _sshd(line, context)
        _read(fields, line)
        if "event.category" not in fields:
            fields["event.category"], fields["event.type"] = ["host"], ["info"]
        return fields


def _sshd(line: str, context: ParseContext) -> Record:
    fields = OpensshParser().parse(line, context)
    for name in ("event.dataset", "event.kind"):
        fields.pop(name, None)
    return fields


def _read(fields: Record, line: str) -> None:
    """The message by the first shape that says who did what; then commands, sockets, paths and addresses wherever they stand."""
    if (vob := _VOB.match(line)) is not None:
        fields |= {
            "event.code": vob[2],
            "event.action": vob[2],
            "event.category": ["configuration"],
            "event.type": ["info"],
        }
        fields.setdefault("process.name", "vobd")
        line = line[vob.end() :]
    elif (event := _EVENT.match(line)) is not None:
        fields["vmware.event_id"] = event[1]
        line = line[event.end() :]
    elif (shell := _SHELL.match(line)) is not None:
        fields |= {
            "user.name": shell[1],
            "process.command_line": line[shell.end() :].strip(),
            "event.action": "command",
        }
        fields |= {"event.category": ["process"], "event.type": ["start"]}
        return
    if read_session(fields, line):
        return
    _machine(fields, line)
    _command(fields, line)
    _sockets(fields, line)
    _paths(fields, line)
    _kernel(fields, line)
    if "event.outcome" not in fields and "event.code" not in fields and (failed := _FAILED.search(line)) is not None:
        fields["event.outcome"] = "failure"
        if failed[1]:
            fields["event.reason"] = failed[1]


def _machine(fields: Record, line: str) -> None:
    """What becomes of a virtual machine or a task, and whose account an event is about; the machine is named by its file."""
    if (state := _STATE.match(line)) is not None:
        fields |= {
            "event.category": ["host"],
            "event.type": ["change"],
            "event.action": state[2].lower().replace("_", "-"),
        }
        fields["event.reason"] = state[0]
        if (machine := _MACHINE.search(str(fields.get("vmware.sub", "")))) is not None:
            fields |= {"soc.object.type": "vm", "soc.object.name": machine[1]}
    elif (task := _TASK.match(line)) is not None:
        fields |= {"event.action": "task-completed", "event.outcome": "success" if task[2] == "success" else "failure"}
    elif "event.code" in fields and (account := _ACCOUNT.search(line)) is not None:
        fields["user.name"] = account[1]


def _command(fields: Record, line: str) -> None:
    found = _COMMAND.search(line)
    if found is not None:
        fields |= {"process.command_line": (found[1] or found[2] or found[3]).strip(), "event.category": ["process"]}
        fields |= {"event.type": ["start"], "event.action": "command"}
    if (url := _HTTP.search(line)) is not None:
        put_url(fields, url[0])
    elif (path := _ENDPOINT_PATH.search(line)) is not None:
        put_url(fields, path[1])


def _sockets(fields: Record, line: str) -> None:
    pair = _SOCKETS.search(line)
    if pair is not None:
        fields |= {
            "event.category": ["network"],
            "event.type": ["connection"],
            "network.transport": "udp" if pair[1] == "UDP" else "tcp",
        }
        for side, address, port in (("source", pair[2], pair[3]), ("destination", pair[4], pair[5])):
            put_address(fields, side, address)
            put_port(fields, f"{side}.port", port)
    elif (found := _ADDRESS.search(line)) is not None and is_ip(split_endpoint(found[1])[0]):
        address, port = split_endpoint(found[1])
        put_address(fields, "destination", address)
        put_port(fields, "destination.port", found[2] or port)


def _paths(fields: Record, line: str) -> None:
    if "process.command_line" in fields:
        return
    found = _FILE.search(line) or _LOCKED.match(line)
    if found is not None:
        SPREADS["file"](fields, "file", found[1])
        fields.setdefault("event.category", ["file"])
        fields.setdefault("event.type", ["info"])
    if (size := _SIZE.search(line)) is not None:
        fields["file.size"] = int(size[1])


def _kernel(fields: Record, line: str) -> None:
    """`cpu7:2097868)WARNING: ...` of the VMkernel; elsewhere a process that is named by its number."""
    if (found := _KERNEL.match(line)) is not None:
        fields.setdefault("process.name", "vmkernel")
        if found[2]:
            fields["log.level"] = found[2].lower()
    elif "process.pid" not in fields and (pid := _PID.search(line)) is not None:
        fields["process.pid"] = int(pid[1])
