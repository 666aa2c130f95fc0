"""The many shapes in which JSON and XML carry one Windows event, brought to one: what the log service wrote, and the data of the event.

| shape | told by |
|---|---|
| NXLog, and the flat sets made with it | `EventID` beside the names of EventData, or beside `EventData` (object or XML) |
| Fluent Bit `winevtlog`, Get-WinEvent | `ProviderName`, with `StringInserts` or `Properties` in their order |
| the XML schema as JSON (EVTX readers, Vector, xmltodict), or as XML | `System` beside `EventData` or `UserData`, inside `Event` or not |
| Wazuh | `win.system`, `win.eventdata`, names with a small first letter |

Source: docs.nxlog.co, im_msvistalog fields; docs.fluentbit.io, Windows Event Log (winevtlog); Microsoft, Event schema (winevt.h XML);
documentation.wazuh.com, eventchannel decoder.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from collectors.parsers.xml import Element, load_xml
from collectors.parsing import ParseContext, Record
from collectors.times import any_time
from soc.core.errors import ParseError

Node = Mapping[str, object]

_HEADER = {
    **dict.fromkeys(("EventTime", "TimeCreated", "TimeGenerated", "@timestamp"), "@timestamp"),
    "EventID": "event.code",
    "Hostname": "winlog.computer_name",
    "Computer": "winlog.computer_name",
    "MachineName": "winlog.computer_name",
    "SourceName": "winlog.provider_name",
    "ProviderName": "winlog.provider_name",
    "Provider_Name": "winlog.provider_name",
    "ProviderGuid": "winlog.provider_guid",
    "Channel": "winlog.channel",
    "LogName": "winlog.channel",
    "RecordNumber": "winlog.record_id",
    "EventRecordID": "winlog.record_id",
    "RecordId": "winlog.record_id",
    "ProcessID": "winlog.process.pid",
    "ExecutionProcessID": "winlog.process.pid",
    "ThreadID": "winlog.process.thread.id",
    "ExecutionThreadID": "winlog.process.thread.id",
    "ActivityID": "winlog.activity_id",
    "RelatedActivityID": "winlog.related_activity_id",
    "UserID": "winlog.user.identifier",
    "AccountName": "winlog.user.name",
    "Domain": "winlog.user.domain",
    "AccountType": "winlog.user.type",
    "Version": "winlog.version",
    "Category": "winlog.task",
    "TaskDisplayName": "winlog.task",
    "Opcode": "winlog.opcode",
    "OpcodeDisplayName": "winlog.opcode",
    "Severity": "log.level",
    "LevelDisplayName": "log.level",
    "Message": "message",
}
"""Name in the header of a shape -> ours."""
_DROPPED = frozenset(
    {
        *(
            "SeverityValue",
            "Severity",
            "Task",
            "OpcodeValue",
            "Level",
            "Keywords",
            "KeywordsDisplayNames",
            "EventReceivedTime",
        ),
        *(
            "SourceModuleName",
            "SourceModuleType",
            "MessageSourceAddress",
            "Qualifiers",
            "StringInserts",
            "EventData",
            "UserData",
        ),
        *("@version", "host", "port", "tags", "type"),
    }
)
"""Header names that say nothing more, or are read apart."""
_GET_WINEVENT = {"Id": "EventID", "ProcessId": "ProcessID", "ThreadId": "ThreadID", "UserId": "UserID"}
_SYSTEM = {
    ("Provider", "Name"): "ProviderName",
    ("Provider", "Guid"): "ProviderGuid",
    ("TimeCreated", "SystemTime"): "TimeCreated",
    ("Execution", "ProcessID"): "ProcessID",
    ("Execution", "ThreadID"): "ThreadID",
    ("Security", "UserID"): "UserID",
    ("Correlation", "ActivityID"): "ActivityID",
    ("Correlation", "RelatedActivityID"): "RelatedActivityID",
}
_LEVELS = {"0": "information", "1": "critical", "2": "error", "3": "warning", "4": "information", "5": "verbose"}
_TIMES = ("EventTime", "TimeCreated", "TimeGenerated", "@timestamp")
"""In the order of their worth; one that names its offset is worth more than one that does not."""
_NUMBERS = frozenset({"winlog.process.pid", "winlog.process.thread.id", "winlog.version"})
_AUDIT_FAILURE, _AUDIT_SUCCESS = 1 << 52, 1 << 53
_JSON_DATE = re.compile(r"/Date\((-?\d{1,15})[^)]{0,6}\)/")


@dataclass(slots=True)
class WindowsRecord:
    """One Windows event.

    Attributes:
        header: what the log service wrote, under ECS names (`winlog.*`, `event.code`, `message`, `log.level`, `@timestamp`).
        data: EventData and UserData by their own names; texts, or lists of texts.
        certain: whether the time carried its offset from UTC.
    """

    header: Record = field(default_factory=dict)
    data: dict[str, object] = field(default_factory=dict)
    certain: bool = False


def record_of(document: Node, context: ParseContext) -> WindowsRecord | None:
    """The event in `document`; None when it has none of the shapes."""
    event = document.get("Event", document)
    if isinstance(event, Mapping) and isinstance(system := event.get("System"), Mapping):
        return _from_schema(event, system, context)
    wrapped = document.get("data", document)
    windows = wrapped.get("win") if isinstance(wrapped, Mapping) else None
    if isinstance(windows, Mapping):
        return _from_wazuh(windows, context)
    if "Id" in document and ("LogName" in document or "ProviderName" in document):
        return _from_flat({_GET_WINEVENT.get(name, name): value for name, value in document.items()}, context)
    if "EventID" in document or "Channel" in document or "EventTime" in document:
        return _from_flat(document, context)
    return None


def record_of_xml(text: str, context: ParseContext) -> WindowsRecord | None:
    """The event that an `<Event>` element is; None for another element. Raises ParseError as `load_xml`."""
    root = load_xml(text)
    if root.name != "Event":
        return None
    event = {child.name: _node(child) for child in root.children}
    system = event.get("System")
    found = _from_schema(event, system, context) if isinstance(system, Mapping) else None
    rendering = root.child("RenderingInfo")
    message = rendering and rendering.child("Message")
    if found is not None and message is not None and message.text:
        found.header.setdefault("message", message.text)
    return found


def _node(element: Element) -> object:
    """An element in the form that EVTX readers give it."""
    if element.name == "EventData":
        return {"Data": [{"#text": one.text, "Name": one.attributes.get("Name", "")} for one in element.children]}
    if element.children:
        return {child.name: _node(child) for child in element.children}
    return {"#text": element.text, **element.attributes} if element.attributes else element.text


_NXLOG_TYPES = frozenset({"CRITICAL", "ERROR", "WARNING", "INFO", "VERBOSE", "DEBUG", "AUDIT_SUCCESS", "AUDIT_FAILURE"})


def _from_flat(document: Node, context: ParseContext) -> WindowsRecord:
    header = {name: value for name, value in document.items() if name in _HEADER}
    for own, other in (("ProcessID", "ExecutionProcessID"), ("ProviderName", "SourceName")):
        if other in header:
            header.pop(own, None)  # then it is the event's
    told = [(_is_certain(moment), moment) for name in _TIMES if (moment := _inner(document.get(name))) is not None]
    certain, moment = max(told, key=lambda one: one[0], default=(False, None))
    made = WindowsRecord(_header(header, context), certain=certain)
    _put_time(made.header, moment, context)
    made.data = {
        name: text
        for name, value in document.items()
        if name not in header and name not in _DROPPED and (text := _text(value)) is not None
    }
    if made.data.get("EventType") in _NXLOG_TYPES:
        del made.data["EventType"]
    for name in ("UserData", "EventData"):
        made.data.update(_data(_section(document.get(name))))
    for name in ("StringInserts", "Properties"):
        if isinstance(listed := document.get(name), list):
            made.data.pop(name, None)
            made.data["Data"] = [text for value in listed if isinstance(text := _text(_inner(value)), str)]
    _put_audit(made.header, document)
    return made


def _from_schema(event: Node, system: Node, context: ParseContext) -> WindowsRecord:
    header = {name: inner for name, value in system.items() if (inner := _inner(value)) is not None}
    for (element, attribute), name in _SYSTEM.items():
        value = _attribute(system.get(element), attribute)
        if value is not None:
            header[name] = value
    made = WindowsRecord(_header(header, context), certain=True)
    _put_time(made.header, header.get("TimeCreated"), context)
    for section in ("UserData", "EventData"):
        made.data.update(_data(event.get(section)))
    rendering = event.get("RenderingInfo")
    if isinstance(rendering, Mapping) and isinstance(rendering.get("Message"), str):
        made.header.setdefault("message", rendering["Message"])
    _put_audit(made.header, header)
    return made


def _from_wazuh(windows: Node, context: ParseContext) -> WindowsRecord:
    system, data = windows.get("system"), windows.get("eventdata")
    given = {_capital(name): value for name, value in system.items()} if isinstance(system, Mapping) else {}
    made = WindowsRecord(_header(given, context), certain=True)
    _put_time(made.header, given.get("SystemTime"), context)
    if isinstance(data, Mapping):
        made.data = {_capital(name): text for name, value in data.items() if (text := _text(value)) is not None}
    _put_audit(made.header, {"EventType": given.get("SeverityValue"), **given})
    return made


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def _header(given: Node, context: ParseContext) -> Record:
    """The header under our names; what cannot be read is left out."""
    header: Record = {}
    for name, value in given.items():
        target = _HEADER.get(name, "@timestamp")
        text = value if type(value) is str else _text(_inner(value))
        if target == "@timestamp" or not isinstance(text, str) or not text:
            continue
        if target not in _NUMBERS:
            header[target] = text.lower() if target == "log.level" else text
        elif text.isascii() and text.isdecimal() and len(text) < 12:
            header[target] = int(text)
    level = _text(given.get("Level"))
    if "log.level" not in header and isinstance(level, str) and level in _LEVELS:
        header["log.level"] = _LEVELS[level]
    return header


def _put_time(header: Record, value: object, context: ParseContext) -> None:
    found = _JSON_DATE.fullmatch(value) if isinstance(value, str) else None
    try:
        header["@timestamp"] = any_time(int(found[1]) if found is not None else value, context.zone)
    except (ValueError, OverflowError):
        return


def _is_certain(moment: object) -> bool:
    """Whether a written time names its offset, or is an epoch time."""
    text = str(moment)
    return not isinstance(moment, str) or text.endswith("Z") or "+" in text or "/Date" in text or text.isdecimal()


def _put_audit(header: Record, given: Node) -> None:
    """Success or failure of an audit: two bits of the keywords, so that it is told in every language of the system."""
    kind = given.get("EventType")
    outcome = {"AUDIT_SUCCESS": "success", "AUDIT_FAILURE": "failure"}.get(str(kind))
    keywords = _mask(_text(given.get("Keywords")))
    if outcome is None and keywords & _AUDIT_FAILURE:
        outcome = "failure"
    elif outcome is None and keywords & _AUDIT_SUCCESS:
        outcome = "success"
    if outcome is not None:
        header["event.outcome"] = outcome


def _mask(text: object) -> int:
    if not isinstance(text, str) or len(text) > 24:
        return 0
    try:
        return int(float(text)) if "e" in text and not text.startswith("0x") else int(text, 0)
    except (ValueError, OverflowError):
        return 0


def _inner(value: object) -> object:
    """The text of an element that has attributes besides."""
    if type(value) is not dict:  # asking for Mapping, once for each value of each event, took a tenth of the time
        return value
    return next((value[name] for name in ("#text", "Value", "value", "_") if name in value), None)


def _attribute(element: object, name: str) -> object:
    if not isinstance(element, Mapping):
        return None
    attributes = element.get("#attributes")
    if isinstance(attributes, Mapping) and name in attributes:
        return attributes[name]
    return next((element[key] for key in (f"@{name}", name, f"_{name}") if key in element), None)


def _section(value: object) -> object:
    """EventData that an export left as XML, in the form that EVTX readers give it."""
    if not isinstance(value, str) or not value.startswith("<"):
        return value
    try:
        return _node(load_xml(value))
    except ParseError:
        return None


def _data(section: object) -> dict[str, object]:
    """Names and values of EventData or UserData, whichever way they are nested."""
    found: dict[str, object] = {}
    stack = [section]
    while stack:
        part = stack.pop()
        if isinstance(part, Mapping):
            for name, value in part.items():
                if name == "Data":
                    found.update(_data_elements(value))
                elif name != "#attributes" and not name.startswith("@"):
                    text = _text(_inner(value))
                    if text is not None:
                        found[name] = text
                    elif isinstance(value, Mapping):
                        stack.append(value)
    return found


def _data_elements(value: object) -> dict[str, object]:
    """`Data` elements: with a `Name` each, or without, then all in one list under `Data`, as readers of EVTX give them."""
    texts = value.get("#text", value) if isinstance(value, Mapping) and "Name" not in value else value
    named: dict[str, object] = {}
    unnamed: list[str] = []
    for element in texts if isinstance(texts, list) else [texts]:
        name, text = _attribute(element, "Name"), _text(_inner(element))
        if isinstance(name, str) and name:
            if text is not None:
                named[name] = text
        elif isinstance(text, str):
            unnamed.append(text)
    return {**named, "Data": unnamed} if unnamed else named


def _text(value: object) -> object:
    """A value as rules compare it: text, or a list of texts; None for nothing and for objects."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (int, float)):
        return str(value)
    if isinstance(value, list):
        texts = [text for item in value if isinstance(text := _text(item), str)]
        return texts or None
    return None
