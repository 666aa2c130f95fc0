"""GeoServer: one `<Request>` of the audit file of its monitoring extension."""

from __future__ import annotations

from datetime import UTC
from typing import ClassVar

from collectors.mapping import bundled_table
from collectors.parsers.xml import load_xml
from collectors.parsing import ParseContext, Record, unreadable
from soc.core.i18n import msg


class GeoserverAuditParser:
    """Requests as the default template writes them; `StartTime` and `EndTime` are UTC. Elements of a template of one's own stay as
    `geoserver.<name>`.

    Source: docs.geoserver.org, monitoring extension, audit logging (default content.ftl).
    """

    id: ClassVar[str] = "geoserver_audit"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        root = load_xml(text.strip())
        if root.name != "Request":
            raise unreadable(msg("phần tử Request của nhật ký audit GeoServer"))
        record: Record = {"request_id": root.attributes.get("id")}
        for name, value in root.leaves():
            record.setdefault(name, value)
        return bundled_table("geoserver_audit").apply(record, context.in_zone(UTC))
