"""GELF: the Graylog Extended Log Format, one JSON object a record (what a chunked or compressed datagram holds is put together before)."""

from __future__ import annotations

from typing import ClassVar

from collectors.mapping import bundled_table
from collectors.parsers.json import flat_fields, load_object
from collectors.parsing import ParseContext, Record, unreadable
from soc.core.i18n import msg


class GelfParser:
    """GELF 1.0 and 1.1: host, short and full message, time, level; additional fields stay under `gelf.` without their underscore.

    Source: docs.graylog.org, "GELF payload specification".
    """

    id: ClassVar[str] = "gelf"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        document = load_object(text.strip("\0 \r\n\t"))
        if "short_message" not in document and "host" not in document:
            raise unreadable(msg("đối tượng GELF có host và short_message"))
        record: Record = {}
        for name, value in flat_fields(document).items():
            record.setdefault(name.removeprefix("_") if name != "_id" else "id", value)
        return bundled_table("gelf").apply(record, context)
