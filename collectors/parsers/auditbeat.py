"""Auditbeat: ECS documents of its modules auditd, system and file_integrity."""

from __future__ import annotations

from typing import ClassVar

from collectors.parsers.beats import own_fields
from collectors.parsers.json import flat_fields, load_object
from collectors.parsing import ParseContext, Record, unreadable
from collectors.transforms import SPREADS
from soc.core.i18n import msg

_SIGNS = ("auditd.", "event.module", "agent.type", "system.audit.", "service.type", "event.action")


class AuditbeatParser:
    """A document that Auditbeat shipped, 7 or 8.

    Its fields stay as they are; what older releases leave out is filled in: `process.parent.pid`, the name of a program known by its path,
    the command line of its arguments. The lines of one act share `transaction.id`, the sequence number of the kernel.

    Source: Auditbeat 8.17 exported fields, modules auditd, system (process, socket, login, user, package) and file_integrity.
    """

    id: ClassVar[str] = "auditbeat"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        fields = own_fields(flat_fields(load_object(text.strip())), context)
        if not any(name.startswith(_SIGNS) for name in fields):
            raise unreadable(msg("tài liệu JSON của Auditbeat"))
        fields.setdefault("event.kind", "event")
        _put_process(fields)
        for source, target in (("host.name", "log.hostname"), ("auditd.sequence", "transaction.id")):
            if source in fields:
                fields.setdefault(target, str(fields[source]))
        if (path := fields.get("file.path")) and isinstance(path, str) and "file.name" not in fields:
            SPREADS["file"](fields, "file", path)
        return fields


def _put_process(fields: Record) -> None:
    if "process.ppid" in fields:
        fields.setdefault("process.parent.pid", fields["process.ppid"])
    executable, arguments = fields.get("process.executable"), fields.get("process.args")
    if isinstance(executable, str) and "process.name" not in fields:
        SPREADS["image"](fields, "process", executable)
    command = " ".join(map(str, arguments)) if isinstance(arguments, list) else fields.get("auditd.data.cmd")
    if isinstance(command, str) and command:
        fields.setdefault("process.command_line", command)
