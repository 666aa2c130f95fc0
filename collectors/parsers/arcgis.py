"""ArcGIS Server: one `<Msg>` of its log files."""

from __future__ import annotations

import re
from typing import ClassVar

from collectors.mapping import bundled_table
from collectors.parsers.xml import load_xml
from collectors.parsing import ParseContext, Record, unreadable
from soc.core.i18n import msg

_LOGIN = re.compile(r"(?:[Ll]ogin attempt failed|[Ff]ailed login|[Uu]ser .{1,80} (?:logged in|login))")
_FOR_USER = re.compile(r"user '([^']{1,128})'(?: from '([^']{1,128})')?")


class ArcgisParser:
    """Messages of services and of administration. Times without an offset are those of the server's zone.

    Source: Esri, ArcGIS Server administration, "Work with server logs" (attributes of Msg, log codes).
    """

    id: ClassVar[str] = "arcgis"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        root = load_xml(text.strip())
        if root.name != "Msg":
            raise unreadable(msg("phần tử Msg của nhật ký ArcGIS Server"))
        message = root.text
        record: Record = {**root.attributes, "text": message}
        login = _LOGIN.search(message[:300])
        if login is not None:
            record["login"] = "failure" if "ail" in login[0] else "success"
            who = _FOR_USER.search(message[:600])
            if who is not None:
                record["user"] = record.get("user") or who[1]
                if who[2]:
                    record["client"] = who[2]
        return bundled_table("arcgis").apply(record, context)
