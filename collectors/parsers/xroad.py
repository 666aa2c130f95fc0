"""X-Road security server: operational monitoring data and audit log."""

from __future__ import annotations

import re
from typing import ClassVar

from collectors.mapping import bundled_table
from collectors.parsers.json import flat_fields, load_object
from collectors.parsers.syslog import unwrapped
from collectors.parsing import ParseContext, Record, unreadable
from collectors.times import iso_time
from soc.core.i18n import msg

_AUDIT = re.compile(
    r"(?:[A-Z]{4,6} {1,4})?\[([^\[\]]{1,80})\] {1,2}(\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}"
    r"(?:[.,]\d{1,6})?(?:[+-]\d{2}:?\d{2}|Z)?) - (?=\{)"
)


class XroadParser:
    """One exchange of operational monitoring (times in milliseconds), or one act of an administrator.

    Source: docs.x-road.global, PR-OPMON (fields of operational data), SPEC-AL (format and events of the audit log).
    """

    id: ClassVar[str] = "xroad"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        line = text.strip()
        if line.startswith("{"):
            record = flat_fields(load_object(line))
            if "securityServerType" not in record and "messageId" not in record:
                raise unreadable(msg("bản ghi X-Road: opmon JSON, hoặc audit [thành phần] thời gian - JSON"))
            return bundled_table("xroad").apply(record, context)
        return _audit(line, context)


def _audit(line: str, context: ParseContext) -> Record:
    head = _AUDIT.search(line[:600])
    if head is None:
        raise unreadable(msg("bản ghi X-Road: opmon JSON, hoặc audit [thành phần] thời gian - JSON"))
    outer, _ = unwrapped(line[: head.start()] + " ", context)
    record = flat_fields(load_object(line[head.end() :]))
    record["component"] = head[1]
    try:
        record["moment"] = iso_time(head[2], context.zone)
    except ValueError as problem:
        raise unreadable(msg("thời gian dạng {form}", form="YYYY-MM-DD hh:mm:ss+0700")) from problem
    if str(record.get("event", "")).endswith(" failed"):
        record["outcome"] = "failure"
    outer.pop("process.name", None)
    return outer | bundled_table("xroad").apply(record, context)
