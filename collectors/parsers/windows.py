"""Windows events as ECS: one module for all ways in which they reach us (NXLog, Winlogbeat, EVTX as JSON or XML, Fluent Bit, Wazuh).

Every name of EventData stays as `winlog.event_data.<name>`, since published rules are written on those names; beside them stand the fields
of ECS as Winlogbeat's modules fill them. Numbers and codes decide, never the sentences of a message: Windows writes those in the language
of the machine.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC
from functools import cache, lru_cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict, RootModel

from collectors.definition import read_definition, validated
from collectors.mapping import FieldTable, bundled_table
from collectors.parsers.windows_messages import read_message
from collectors.parsers.windows_shapes import WindowsRecord
from collectors.parsing import ParseContext, Record
from collectors.times import any_time
from collectors.transforms import SCALARS, SPREADS
from collectors.values import is_ip

SECURITY, SYSMON, POWERSHELL = "security", "sysmon", "powershell"
_FAMILIES = {
    "security-auditing": SECURITY,
    "linux-sysmon": SYSMON,
    "powershellcore": POWERSHELL,
    "windows powershell": POWERSHELL,
    "system": "service control manager",
    "asp.net 2.0.50727.0": "asp.net",
    "asp.net 4.0.30319.0": "asp.net",
}
"""Provider, or channel where no provider is named, in short -> family, that is the table and the event numbers that apply."""
_STATUS_EVENTS = frozenset({"4625", "4768", "4769", "4771", "4776", "4777"})
_FILE_HASHES = frozenset({"6", "7", "15", "23", "26", "27", "28", "29"})
_HASH_FIELDS = {"MD5": "hash.md5", "SHA1": "hash.sha1", "SHA256": "hash.sha256", "IMPHASH": "pe.imphash"}
_DNS_STATUS = {
    "0": "NOERROR",
    "9001": "FORMERR",
    "9002": "SERVFAIL",
    "9003": "NXDOMAIN",
    "9004": "NOTIMP",
    "9005": "REFUSED",
}
"""Win32 errors of the resolver (winerror.h, DNS_ERROR_RCODE_...) -> names of RFC 6895."""
_CONSTANT: Record = {"event.kind": "event", "event.dataset": "windows", "host.os.type": "windows"}


class EventMeaning(BaseModel):
    """What one event number means, as `windows_events.yaml` says it."""

    model_config = ConfigDict(extra="forbid", frozen=True)
    action: str
    category: list[str]
    type: list[str]
    outcome: str | None = None
    group: bool = False


class EventMeanings(RootModel[dict[str, dict[str, EventMeaning]]]):
    """Family -> event number -> meaning."""


@cache
def event_meanings() -> Mapping[str, Mapping[str, EventMeaning]]:
    """The shipped table, read once."""
    path = Path(__file__).with_name("windows_events.yaml")
    return validated(read_definition(path), EventMeanings).root


class EventPositions(RootModel[dict[str, dict[str, str]]]):
    """Family -> event number -> names of EventData in their order, parted by blanks."""


@cache
def event_positions() -> Mapping[str, Mapping[str, tuple[str, ...]]]:
    """The shipped table, read once."""
    path = Path(__file__).with_name("windows_positions.yaml")
    read = validated(read_definition(path), EventPositions).root
    return {family: {code: tuple(names.split()) for code, names in events.items()} for family, events in read.items()}


def windows_fields(record: WindowsRecord, context: ParseContext) -> Record:
    """The ECS fields of one event; the caller has found its header and data.

    Where the data names no process, `process.pid` is that of the header (`winlog.process.pid`): the one that wrote the event.
    """
    header = record.header
    code, message = str(header.get("event.code", "")), str(header.get("message", ""))
    family = family_of(str(header.get("winlog.provider_name", "")), str(header.get("winlog.channel", "")))
    data = _named(record.data, family, code) if "Data" in record.data else record.data
    fields = _CONSTANT | _table(family).apply(data, context)
    fields.update({f"winlog.event_data.{name}": value for name, value in data.items() if value != ""})
    meaning = event_meanings().get(family, {}).get(code)
    if meaning is not None:
        _put_meaning(fields, meaning, data)
    if (more := _MORE.get(family)) is not None:
        more(fields, code, data)
    read_message(fields, family, code, data, message)
    _put_header(fields, header)
    if family == SYSMON and not record.certain:
        _put_sysmon_time(fields, data)
    return fields


def _named(data: Mapping[str, object], family: str, code: str) -> Mapping[str, object]:
    """Values that came by their place, in a list, under their names, where the places are known."""
    values, names = data["Data"], event_positions().get(family, {}).get(code)
    if names is None or not isinstance(values, list):
        return data
    if family == SYSMON and str(values[0])[:2] == "20":
        names = names[1:]  # before schema 4.2 the time came first, and no rule name
    placed = dict(zip(names, values, strict=False))
    return {**{name: value for name, value in data.items() if name != "Data"}, **placed}


@lru_cache(maxsize=1024)
def family_of(provider: str, channel: str) -> str:
    """The family of a provider, else of a channel: the name in lower case without vendor and `/Operational`, or what it stands for."""
    short = (provider or channel).lower().removeprefix("microsoft-windows-").partition("/")[0]
    return _FAMILIES.get(short, short)


def _table(family: str) -> FieldTable:
    return bundled_table(f"windows_{family}" if family in {SECURITY, SYSMON, POWERSHELL} else "windows")


def _put_meaning(fields: Record, meaning: EventMeaning, data: Mapping[str, object]) -> None:
    fields["event.action"] = meaning.action
    fields["event.category"] = list(meaning.category)
    fields["event.type"] = list(meaning.type)
    if meaning.outcome is not None:
        fields["event.outcome"] = meaning.outcome
    if meaning.group:
        for part in ("name", "domain", "id"):
            if (value := fields.pop(f"user.target.{part}", None)) is not None:
                fields[f"group.{part}"] = value
        for name, target in (("MemberName", "user.target.name"), ("MemberSid", "user.target.id")):
            if (member := data.get(name)) not in (None, "-", ""):
                fields[target] = member


def _security(fields: Record, code: str, data: Mapping[str, object]) -> None:
    if code == "4688":
        _creator(fields, data)
    elif code in _STATUS_EVENTS:
        _status(fields, data)
    elif code in {"4656", "4657", "4660", "4663", "4670"}:
        _object(fields, data)
    name, _, realm = str(fields.get("user.target.name", "")).partition("@")
    if realm and realm.lower() == str(fields.get("user.target.domain", "")).lower():
        fields["user.target.name"] = name
    if "user.name" not in fields and "user.target.name" in fields:
        for part in ("name", "domain", "id"):  # nobody acts but the account itself: a logon, a ticket
            if (value := fields.get(f"user.target.{part}")) is not None:
                fields[f"user.{part}"] = value


def _creator(fields: Record, data: Mapping[str, object]) -> None:
    """In 4688 the plain process id is that of the creator; the new process has names of its own."""
    parent = data.get("ParentProcessName")
    if isinstance(parent, str) and parent not in {"", "-"}:
        SPREADS["image"](fields, "process.parent", parent)
    if (pid := SCALARS["pid"](data.get("ProcessId", ""), UTC)) is not None:
        fields["process.parent.pid"] = pid
    if "NewProcessId" not in data:
        fields.pop("process.pid", None)


def _status(fields: Record, data: Mapping[str, object]) -> None:
    for name, target in (("Status", "status"), ("SubStatus", "sub_status")):
        value = data.get(name)
        if isinstance(value, str) and value not in {"", "-", "0x0", "0x00000000"}:
            fields[f"winlog.logon.failure.{target}"] = value.lower()
            if name == "Status":
                fields["event.outcome"] = "failure"


def _object(fields: Record, data: Mapping[str, object]) -> None:
    """What was accessed: a key by its kernel name, else a file."""
    name = str(data.get("ObjectName", ""))
    if name.startswith("\\REGISTRY\\"):
        value = data.get("ObjectValueName")
        fields["registry.path"] = f"{name}\\{value}" if value else name
    elif data.get("ObjectType") == "File" and name not in {"", "-"}:
        fields["file.path"], fields["file.name"] = name, name.rpartition("\\")[2]


def _sysmon(fields: Record, code: str, data: Mapping[str, object]) -> None:
    hashes = data.get("Hashes") or data.get("Hash")
    if isinstance(hashes, str):
        prefix = "file" if code in _FILE_HASHES else "process"
        for pair in hashes.split(","):
            name, _, value = pair.partition("=")
            if name in _HASH_FIELDS and value:
                fields[f"{prefix}.{_HASH_FIELDS[name]}"] = value.lower()
    if isinstance(path := fields.get("registry.path"), str):
        hive, _, rest = path.partition("\\")
        fields["registry.hive"], fields["registry.key"], fields["registry.value"] = hive, rest, path.rpartition("\\")[2]
    if code == "22":
        _dns(fields, data)


def _dns(fields: Record, data: Mapping[str, object]) -> None:
    """`type:  5 name;::ffff:192.0.2.1;` lists aliases and addresses."""
    answers = [part.strip().removeprefix("::ffff:") for part in str(data.get("QueryResults", "")).split(";")]
    if addresses := list(dict.fromkeys(part for part in answers if is_ip(part))):
        fields["dns.resolved_ip"] = addresses
    fields["network.protocol"] = "dns"
    if (name := _DNS_STATUS.get(str(data.get("QueryStatus")))) is not None:
        fields["dns.response_code"] = name


def _printing(fields: Record, code: str, data: Mapping[str, object]) -> None:
    """307: number, document, user, machine, printer, port, bytes, pages. Source: Microsoft, PrintService events."""
    if code != "307":
        return
    for number, target in ((2, "file.name"), (3, "user.name"), (4, "source.domain"), (5, "soc.print.printer")):
        value = data.get(f"Param{number}", data.get(f"param{number}"))
        if isinstance(value, str) and value:
            fields[target] = value.lstrip("\\")
    pages = str(data.get("Param8", data.get("param8", "")))
    if pages.isascii() and pages.isdecimal() and len(pages) < 12:
        fields["soc.print.pages"] = int(pages)


def _transfer(fields: Record, code: str, data: Mapping[str, object]) -> None:
    if isinstance(name := data.get("name"), str):
        SPREADS["file"](fields, "file", name)
    if code == "3" and isinstance(user := data.get("string2"), str):
        SPREADS["windows_user"](fields, "user", user)


def _defender(fields: Record, code: str, data: Mapping[str, object]) -> None:
    r"""`file:_C:\a.exe; process:_pid:1` lists what was found; the first file is the one the event is about."""
    for part in str(data.get("Path", "")).split("; "):
        if (path := part.removeprefix("file:_").removeprefix("containerfile:_")) != part:
            SPREADS["file"](fields, "file", path)
            return


def _remote(fields: Record, code: str, data: Mapping[str, object]) -> None:
    """1149: user, domain, address. Source: Microsoft, TerminalServices-RemoteConnectionManager."""
    if code != "1149":
        return
    for name, target in (("Param1", "user.name"), ("Param2", "user.domain")):
        if isinstance(value := data.get(name), str) and value:
            fields[target] = value
    if isinstance(address := data.get("Param3"), str):
        SPREADS["address"](fields, "source", address)


_MORE: dict[str, Callable[[Record, str, Mapping[str, object]], None]] = {
    SECURITY: _security,
    SYSMON: _sysmon,
    "printservice": _printing,
    "bits-client": _transfer,
    "windows defender": _defender,
    "terminalservices-remoteconnectionmanager": _remote,
}
"""Family -> what its table cannot say."""


def _put_header(fields: Record, header: Mapping[str, object]) -> None:
    """What the log service says of the event; of who acted, only what the data left open."""
    fields.update({name: value for name, value in header.items() if name != "event.outcome"})
    if "event.outcome" in header:
        fields.setdefault("event.outcome", header["event.outcome"])
    if "event.code" in header:
        fields["winlog.event_id"] = header["event.code"]
    if "winlog.provider_name" in header:
        fields["event.provider"] = header["winlog.provider_name"]
    if "winlog.computer_name" in header:
        fields.setdefault("host.name", header["winlog.computer_name"])
        fields["log.hostname"] = header["winlog.computer_name"]
    if "winlog.process.pid" in header:
        fields.setdefault("process.pid", header["winlog.process.pid"])
    if "user.name" not in fields and "winlog.user.name" in header:
        fields["user.name"] = header["winlog.user.name"]
        if "winlog.user.domain" in header:
            fields["user.domain"] = header["winlog.user.domain"]
    if "winlog.user.identifier" in header:
        fields.setdefault("user.id", header["winlog.user.identifier"])


def _put_sysmon_time(fields: Record, data: Mapping[str, object]) -> None:
    """Sysmon's own time is UTC; that of the collector may be in any zone."""
    try:
        fields["@timestamp"] = any_time(data.get("UtcTime"), UTC)
    except (ValueError, OverflowError):
        return
