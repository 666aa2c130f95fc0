"""The line of sudo: who ran what, as whom."""

from __future__ import annotations

import re

from collectors.parsing import Record

_HEAD = re.compile(r" *([^\s:]{1,256}) : ")
_PART = re.compile(r"(?:^|; )(TTY|PWD|CHROOT|GROUP|USER|ENV|TSID|COMMAND)=")

_FIELDS = {
    "USER": ("user.effective.name", "user"),
    "PWD": ("process.working_directory", "pwd"),
    "COMMAND": ("process.command_line", "command"),
    "TTY": ("process.tty.name", "tty"),
}
"""Key -> ECS, and the name Filebeat's system module gives it, on which rules for sudo are written."""


def read_sudo(fields: Record, message: str) -> bool:
    """Write user, effective user, directory and command of `message`; False when it is no line of sudo.

    What stands between the name and the first pair is the reason of a refusal ("3 incorrect password attempts", "user NOT in sudoers").
    COMMAND comes last and may hold anything.

    Source: sudo 1.9, sudoers(5), "LOG FORMAT".
    """
    head = _HEAD.match(message)
    rest = message[head.end() :] if head is not None else ""
    parts = list(_PART.finditer(rest))
    if head is None or not parts:
        return False
    told: dict[str, str] = {}
    for number, part in enumerate(parts):
        last = part[1] == "COMMAND"
        end = None if last or number + 1 == len(parts) else parts[number + 1].start()
        told.setdefault(part[1], rest[part.end() : end].strip(" ;"))
        if last:
            break
    reason = rest[: parts[0].start()].strip(" ;")
    fields |= {"user.name": head[1], "event.action": "sudo", "event.category": ["process"], "event.type": ["start"]}
    fields["event.outcome"] = "failure" if reason else "success"
    if reason:
        fields["event.reason"] = reason
    for name, (target, own) in _FIELDS.items():
        if told.get(name):
            fields[target] = fields[f"system.auth.sudo.{own}"] = told[name]
    program = told.get("COMMAND", "").partition(" ")[0]
    if program.startswith("/"):
        fields["process.executable"] = program
    return True
