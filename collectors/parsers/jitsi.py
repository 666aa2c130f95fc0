"""Jitsi Meet: the events that Prosody's event_sync module posts."""

from __future__ import annotations

from typing import ClassVar

from collectors.mapping import bundled_table
from collectors.parsers.json import flat_fields, load_object
from collectors.parsing import ParseContext, Record, unreadable
from soc.core.i18n import msg


class JitsiParser:
    """Rooms made and closed, people who come and go. Name, mail and id of a person are there only with tokens; an address never is.

    The time is that of the occupant's act where it is told, else that of the room's.

    Source: jitsi-contrib/prosody-plugins, event_sync README.
    """

    id: ClassVar[str] = "jitsi"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        record = flat_fields(load_object(text.strip()))
        if not isinstance(record.get("event_name"), str):
            raise unreadable(msg("sự kiện Jitsi có event_name"))
        return bundled_table("jitsi").apply(record, context)
