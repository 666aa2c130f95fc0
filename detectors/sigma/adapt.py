"""The shapes events come in, brought to the one Sigma speaks: flat, Windows events with the names of EVTX.

EVTX as JSON nests `Event.System` and `Event.EventData`; Winlogbeat nests `winlog.event_data` or dots it, and may have moved
its fields to ECS names (data/winlogbeat.yaml); NXLog is flat but says SourceName. ECS documents, Zeek and Suricata become flat
with dotted names. Everything else passes unchanged.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

from detectors.sigma.facts import facts_of
from detectors.sigma.values import MISSING, Document, read
from soc.core.event import flatten

_WINLOG = {"channel": "Channel", "event_id": "EventID", "provider_name": "Provider_Name", "computer_name": "Computer"}
_EVENT_DATA = "winlog.event_data."


def adapt(document: Document) -> Document:
    """The document as its rules read it; the same object when it has the right shape already."""
    if "Channel" in document:
        return document
    event = document.get("Event")
    if isinstance(event, Mapping) and isinstance(event.get("System"), Mapping):
        return flatten_evtx(event)
    if "winlog" in document or "winlog.channel" in document:
        return flatten_winlogbeat(document)
    if isinstance(document.get("ecs"), Mapping) or "flow_id" in document or "_path" in document:
        return flatten(document)
    return document


def flatten_evtx(event: Mapping[str, object]) -> dict[str, object]:
    """One EVTX record: the fields of EventData or UserData beside those of System, whose names win."""
    system = event["System"]
    flat: dict[str, object] = {}
    for section in ("EventData", "UserData"):
        _take_data(event.get(section), flat)
    if isinstance(system, Mapping):
        flat.update(_system(system, flat))
    return flat


def _take_data(section: object, flat: dict[str, object]) -> None:
    if not isinstance(section, Mapping):
        return
    for name, value in section.items():
        if name == "#attributes":
            continue
        if isinstance(value, Mapping) and "#text" in value:
            flat[name] = value["#text"]
        elif isinstance(value, Mapping):
            _take_data(value, flat)
        else:
            flat[name] = value


def _system(system: Mapping[str, object], data: Mapping[str, object]) -> dict[str, object]:
    always = {"EventID", "Channel", "Computer"}
    found = {
        name: _text(value)
        for name, value in system.items()
        if (name in always or name not in data) and not _only_attributes(value)
    }
    for element, attribute, name in (
        ("Provider", "Name", "Provider_Name"),
        ("Provider", "Guid", "Provider_Guid"),
        ("TimeCreated", "SystemTime", "@timestamp"),
        ("Execution", "ProcessID", "ExecutionProcessID"),
        ("Execution", "ThreadID", "ExecutionThreadID"),
        ("Security", "UserID", "UserID"),
        ("Correlation", "ActivityID", "ActivityID"),
    ):
        value = _attribute(system.get(element), attribute)
        if value is not None and (name not in data or name == "Provider_Name"):
            found[name] = value
    return found


def _text(value: object) -> object:
    return value.get("#text") if isinstance(value, Mapping) else value


def _only_attributes(value: object) -> bool:
    return value is None or (isinstance(value, Mapping) and "#text" not in value)


def _attribute(element: object, name: str) -> object:
    attributes = element.get("#attributes") if isinstance(element, Mapping) else None
    return attributes.get(name) if isinstance(attributes, Mapping) else None


def flatten_winlogbeat(document: Document) -> dict[str, object]:
    """Winlogbeat's form, nested or dotted, beside all other fields of the document."""
    flat: dict[str, object] = {name: value for name, value in document.items() if name != "winlog"}
    winlog = document.get("winlog")
    nested = dict(winlog) if isinstance(winlog, Mapping) else {}
    for name in list(flat):
        if name.startswith("winlog."):
            nested.setdefault(name.removeprefix("winlog."), flat[name])
    data = nested.pop("event_data", None)
    if isinstance(data, Mapping):
        flat.update(data)
    for name, value in nested.items():
        if name.startswith("event_data."):
            flat[name.removeprefix("event_data.")] = value
        elif name in _WINLOG:
            flat[_WINLOG[name]] = value
    flat.setdefault("EventID", read(document, "event.code"))
    return _with_moved(flat)


def _with_moved(flat: dict[str, object]) -> dict[str, object]:
    """The fields that Winlogbeat has moved to ECS, back under their own names where those are missing."""
    for name, moved in _moved().get(str(flat.get("Channel")).lower(), {}).items():
        if name not in flat:
            value = read(flat, moved)
            if value is not MISSING:
                flat[name] = value
    return flat


@cache
def _moved() -> Mapping[str, Mapping[str, str]]:
    """Channel, in lower case -> Sigma's name -> ECS name."""
    return {channel.lower(): names for channel, names in facts_of("winlogbeat").items()}


@cache
def winlogbeat_places(name: str) -> tuple[str, ...]:
    """Every flat name under which a document in Winlogbeat's form may hold what rules read as `name`, that name first."""
    moved = [names[name] for names in _moved().values() if name in names]
    header = [f"winlog.{own}" for own, read_as in _WINLOG.items() if read_as == name]
    code = ["event.code"] if name == "EventID" else []
    plain = [name, *moved]
    return tuple(dict.fromkeys([*plain, *(_EVENT_DATA + one for one in plain), *header, *code]))
