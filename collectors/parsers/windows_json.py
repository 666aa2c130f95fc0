"""Windows events as JSON or XML documents, from NXLog, Fluent Bit, Wazuh, EVTX readers and exports."""

from __future__ import annotations

from typing import ClassVar

from collectors.parsers.json import MAX_FIELDS, flat_fields, load_object
from collectors.parsers.syslog import open_envelope
from collectors.parsers.windows import windows_fields
from collectors.parsers.windows_shapes import WindowsRecord, record_of, record_of_xml
from collectors.parsers.winlogbeat import beat_fields
from collectors.parsing import ParseContext, Record, unreadable
from soc.core.i18n import msg


class WindowsJsonParser:
    """One Windows event, alone or behind a syslog header.

    The time is that of the event in UTC (`SystemTime`, Sysmon's `UtcTime`); NXLog's `EventTime` without an offset is read in the zone
    of the source. A null SID and `-` stand for nobody. A document of Winlogbeat is read as its own parser reads it.

    Source: Microsoft, Windows event schema and security auditing events; Sysmon v15; docs.nxlog.co, im_msvistalog;
    the forms listed in `windows_shapes`.
    """

    id: ClassVar[str] = "windows_json"
    version: ClassVar[int] = 2
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        line = text.strip()
        outer: Record = {}
        if not line.startswith(("{", "<Event", "<?xml")) and (envelope := open_envelope(line, context)) is not None:
            outer, line = envelope.fields, envelope.message.lstrip("\ufeff ")
            if not line.startswith(("{", "<")) and "{" in line:
                line = line[line.index("{") :]
        if line.startswith("<"):
            return _known(outer, record_of_xml(line, context), context)
        document = load_object(line)
        if len(document) > MAX_FIELDS or any(type(value) in {dict, list} for value in document.values()):
            flat_fields(document)  # its limits of depth and size hold for every shape
        if "winlog" in document:
            return outer | beat_fields(document, context)
        return _known(outer, record_of(document, context), context)


def _known(outer: Record, record: WindowsRecord | None, context: ParseContext) -> Record:
    if record is None:
        raise unreadable(
            msg(
                "sự kiện Windows: JSON của NXLog, Winlogbeat, Fluent Bit, Wazuh, hoặc System/EventData dạng JSON hay XML"
            )
        )
    envelope = {name: value for name, value in outer.items() if not name.startswith("process.")}
    return envelope | windows_fields(record, context)
