"""LEEF: the Log Event Extended Format of QRadar, with or without a syslog header."""

from __future__ import annotations

from typing import ClassVar

from collectors.mapping import bundled_table
from collectors.parsers.leef_record import LeefRecord, split_leef
from collectors.parsers.syslog import unwrapped
from collectors.parsing import ParseContext, Record


class LeefParser:
    """Any LEEF message, 1.0 and 2.0, with whichever delimiter it names or uses.

    Attributes without a place in ECS stay as `leef.<name>`. A `devTime` that cannot be read leaves the time to the syslog header.

    Source: IBM, "Log Event Extended Format (LEEF)" version 2: header, delimiter, predefined attributes.
    """

    id: ClassVar[str] = "leef"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        outer, message = unwrapped(text.strip(), context)
        return outer | bundled_table("leef").apply(leef_fields(split_leef(message)), context)


def leef_fields(record: LeefRecord) -> Record:
    """Header and attributes of a LEEF message as one record; those of the header win."""
    return {**record.attributes, **{f"leef_{name}": value for name, value in record.header.items()}}
