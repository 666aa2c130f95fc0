"""Apache httpd: access log (common, combined, with virtual host) and error log."""

from __future__ import annotations

import re
from typing import ClassVar

from collectors.parsers.accesslog import parse_access, without_header
from collectors.parsing import ParseContext, Record, unreadable
from collectors.times import text_time
from collectors.values import put_address, put_port, split_endpoint
from soc.core.i18n import msg

_TIME = re.compile(r"\[([A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d{2}:\d{2}:\d{2}(?:\.\d{1,6})? \d{4})\] ?")
_GROUP = re.compile(r"\[([^\[\]]{0,255})\] ?")
_PROCESS = re.compile(r"pid (\d{1,10})(?::tid (\d{1,20}))?")
_CLIENT = re.compile(r"\[(?:client|remote) ([^\[\]]{1,255})\] ?")
_CODE = re.compile(r"(AH\d{5}): ")


class ApacheParser:
    """Apache httpd access and error logs.

    Source: httpd.apache.org, mod_log_config (`common`, `combined`, `vhost_combined`) and core `ErrorLogFormat` of 2.2 and 2.4.
    """

    id: ClassVar[str] = "apache"
    version: ClassVar[int] = 2
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        outer, line = without_header(text.strip(), context)
        fields = parse_access(line)
        if fields is not None:
            fields["event.dataset"] = "apache.access"
            return outer | fields
        return outer | _parse_error(line, context)


def _parse_error(line: str, context: ParseContext) -> Record:
    moment = _TIME.match(line)
    if moment is None:
        raise unreadable(msg("dòng access log hoặc error log của Apache"))
    fields: Record = {
        "event.kind": "event",
        "event.category": ["web"],
        "event.type": ["error"],
        "event.dataset": "apache.error",
    }
    try:
        fields["@timestamp"] = text_time(moment[1], context.zone)
    except ValueError as problem:
        raise unreadable(msg("thời gian dạng {form}", form="Thu Feb 29 14:23:43 2024"), column=2) from problem
    at = moment.end()
    while (group := _GROUP.match(line, at)) is not None and not _CLIENT.match(line, at):
        _put_group(fields, group[1])
        at = group.end()
    client = _CLIENT.search(line, at)
    if client is not None:
        address, port = split_endpoint(client[1].replace(" ", ""))
        put_address(fields, "source", address)
        put_port(fields, "source.port", port)
    message = line[at:] if client is None else line[at : client.start()] + line[client.end() :]
    fields["message"] = fields["error.message"] = message
    if (code := _CODE.search(message)) is not None:
        fields["event.code"] = code[1]
    return fields


def _put_group(fields: Record, content: str) -> None:
    """`level` of 2.2, `module:level` of 2.4, `pid N:tid N`."""
    if (process := _PROCESS.fullmatch(content)) is not None:
        fields["process.pid"] = int(process[1])
        if process[2]:
            fields["process.thread.id"] = int(process[2][-18:])
        return
    module, _, level = content.rpartition(":")
    if "log.level" not in fields and level.isalnum():
        fields["log.level"] = level
        if module:
            fields["apache.module"] = module
