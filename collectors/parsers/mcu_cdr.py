"""Conference bridges: call detail records that Cisco Meeting Server pushes as XML."""

from __future__ import annotations

from datetime import UTC
from typing import ClassVar

from collectors.mapping import bundled_table
from collectors.parsers.xml import load_xml
from collectors.parsing import ParseContext, Record, unreadable
from soc.core.i18n import msg


class McuCdrParser:
    """One `<record>`, bare or as the only one of `<records>`; its index shows a gap. Times are UTC.

    Source: Cisco Meeting Server, "Call Detail Records guide" 3.x: record types and their elements.
    """

    id: ClassVar[str] = "mcu_cdr"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        root = load_xml(text.strip())
        found = root if root.name == "record" else root.child("record")
        if found is None or len([child for child in root.children if child.name == "record"]) > 1:
            raise unreadable(msg("một phần tử record của CDR"))
        record: Record = {**root.attributes, **found.attributes}
        for part in found.children:
            if "id" in part.attributes:
                record.setdefault(f"{part.name}.id", part.attributes["id"])
            for name, value in part.leaves():
                record.setdefault(name, value)
        return bundled_table("mcu_cdr").apply(record, context.in_zone(UTC))
