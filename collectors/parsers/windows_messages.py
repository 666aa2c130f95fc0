"""What only the message of a Windows event says, read by its place and shape: the words around it change with the language.

NXLog's names know no capitals, so the `ProcessId` of an event is lost under the `ProcessID` of its header; classic events have no names at
all. Source: the message templates of the providers, in which order and punctuation stay when the words are translated.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from collectors.parsers.xml import load_xml
from collectors.parsing import Record
from collectors.transforms import SPREADS
from collectors.values import is_ip, put_address, put_port, put_url, put_user, split_endpoint
from soc.core.errors import ParseError

Reading = Callable[[Record, Mapping[str, object], str], None]
"""(fields to fill, data of the event, message) -> nothing."""

_LONGEST = 65536
_SYSMON_PID = re.compile(r"(?:^|[\r\n])(?:Source)?ProcessId: (\d{1,10})")
_HEX = re.compile(r"0x[0-9a-fA-F]{1,16}(?![0-9A-Za-z])")
_TABBED_NUMBER = re.compile(r"\t(\d{1,10})\r?\n")
_ENDPOINT = re.compile(
    r"(?<![\w.])(\[[0-9A-Fa-f:.]{2,45}\](?::\d{1,5})?|\d{1,3}(?:\.\d{1,3}){3}(?::\d{1,5})?)(?![\w:]|\.\d)"
)
_ACCOUNT = re.compile(r"(?:^|[\s:])([\w.-]{1,64}\\[\w.$-]{1,64})\s*(?:$|[\r\n])")
_APPLOCKER = re.compile(r"((?:%[A-Z0-9]{2,20}%|[A-Za-z]:)\\[^\r\n\"<>|]{1,400}?\.[A-Za-z0-9]{1,5})(?= |$)")
_IMAGE = re.compile(r"\"?([^\"]{1,400}?\.exe)(?=[\" ]|$)", re.IGNORECASE)
_PAGE = re.compile(r"Request path: ?(/\S{0,1000})")
_VISITOR = re.compile(r"User host address: ?([0-9A-Fa-f.:]{2,45})")
_CONTEXT = ("HostApplication", "", "", "", "CommandName", "CommandType", "ScriptName", "", "", "User")
"""The lines of ContextInfo from the fifth on; the four before it are severity, host name, host version and host id."""


def read_message(fields: Record, family: str, code: str, data: Mapping[str, object], message: str) -> None:
    """Add to `fields` what the message of event `code` says beyond `data`."""
    reading = _READINGS.get((family, code)) or _READINGS.get((family, ""))
    if reading is not None and message:
        reading(fields, data, message[:_LONGEST])


def _sysmon(fields: Record, data: Mapping[str, object], message: str) -> None:
    """Sysmon is not translated."""
    if "process.pid" not in fields and (found := _SYSMON_PID.search(message)) is not None:
        fields["process.pid"] = int(found[1])


def _new_process(fields: Record, data: Mapping[str, object], message: str) -> None:
    """The creator's number is the hexadecimal one behind that of the new process."""
    wanted = str(data.get("NewProcessId", "")).lower()
    numbers = [found.lower() for found in _HEX.findall(message)]
    if wanted not in numbers or "process.parent.pid" in fields:
        return
    after = numbers[numbers.index(wanted) + 1 :]
    if after and int(after[0], 16) < 2**32:
        fields["process.parent.pid"] = int(after[0], 16)


def _filtering(fields: Record, data: Mapping[str, object], message: str) -> None:
    """The first number of a filtering platform event is the process; the header names the kernel, which wrote it."""
    if "process.pid" not in fields and (found := _TABBED_NUMBER.search(message)) is not None:
        fields["process.pid"] = int(found[1])


def _client(fields: Record, data: Mapping[str, object], message: str) -> None:
    """The client's address, the only one that these messages hold, and its port."""
    found = None if "source.ip" in fields else _ENDPOINT.search(message)
    address, port = split_endpoint(found[1]) if found is not None else ("", "")
    if is_ip(address):
        put_address(fields, "source", address)
        if port:
            put_port(fields, "source.port", port)


def _bind(fields: Record, data: Mapping[str, object], message: str) -> None:
    """LDAP bind without signing: address, then the account on a line of its own."""
    _client(fields, data, message)
    if "user.name" not in fields and (found := _ACCOUNT.search(message)) is not None:
        put_user(fields, "user", found[1])


def _applocker(fields: Record, data: Mapping[str, object], message: str) -> None:
    if "file.path" not in fields and (found := _APPLOCKER.match(message)) is not None:
        SPREADS["file"](fields, "file", found[1])


def _federation(fields: Record, data: Mapping[str, object], message: str) -> None:
    """AD FS puts an XML document into its message."""
    start, end = message.find("<AuditBase"), message.rfind("</AuditBase>")
    try:
        told = dict(load_xml(message[start : end + len("</AuditBase>")]).leaves()) if 0 <= start < end else {}
    except ParseError:
        return
    told = {name: text for name, text in told.items() if text != "N/A"}
    if is_ip(address := told.get("IpAddress", "").partition(",")[0]):
        put_address(fields, "source", address)
    if "Server" in told:
        put_url(fields, told["Server"])
        SPREADS["address"](fields, "destination", str(fields.get("url.domain", "")))
    if "UserAgentString" in told:
        fields["user_agent.original"] = told["UserAgentString"]
    if "UserId" in told:
        put_user(fields, "user.target", told["UserId"])
    if told.get("AuditResult") in {"Success", "Failure"}:
        fields["event.outcome"] = told["AuditResult"].lower()


def _context(fields: Record, data: Mapping[str, object], message: str) -> None:
    """ContextInfo of 4103: fifteen lines `name = value` whose names are translated; their order stays."""
    lines = str(data.get("ContextInfo", "")).strip().splitlines()[4:]
    values = [line.partition("=")[2].strip() for line in lines[: len(_CONTEXT)]]
    told = {name: value for name, value in zip(_CONTEXT, values, strict=False) if name and value}
    _application(fields, told)
    if "User" in told:
        SPREADS["windows_user"](fields, "powershell.user", told["User"])


def _classic(fields: Record, data: Mapping[str, object], message: str) -> None:
    """Events 400 to 800 of the old log: `name=value` lines, never translated, in one unnamed value or in the message."""
    listed = data.get("Data")
    texts = [str(value) for name, value in data.items() if name.startswith("param")]
    texts += [str(value) for value in listed] if isinstance(listed, list) else [str(listed or "")]
    pairs = (
        line.strip().partition("=") for line in "\n".join([*texts, message])[:_LONGEST].splitlines() if "=" in line
    )
    told: dict[str, str] = {}
    for name, _, value in pairs:
        if value:
            told.setdefault(name, value)
    _application(fields, told)
    for name, target in (
        ("NewEngineState", "powershell.engine.new_state"),
        ("EngineVersion", "powershell.engine.version"),
    ):
        if name in told:
            fields.setdefault(target, told[name])
    if "UserId" in told:
        SPREADS["windows_user"](fields, "user", told["UserId"])


def _page(fields: Record, data: Mapping[str, object], message: str) -> None:
    """Page and visitor of a web event of ASP.NET, in the log's own English."""
    if (page := _PAGE.search(message)) is not None:
        fields["url.path"] = page[1]
    if (visitor := _VISITOR.search(message)) is not None and is_ip(visitor[1]):
        put_address(fields, "source", visitor[1])


def _application(fields: Record, told: Mapping[str, str]) -> None:
    line = told.get("HostApplication", "")
    if line:
        fields.setdefault("process.command_line", line)
    if (found := _IMAGE.match(line)) is not None:
        SPREADS["image"](fields, "process", found[1])
    if "ScriptName" in told:
        SPREADS["file"](fields, "file", told["ScriptName"])
    for name, target in (("CommandName", "powershell.command.name"), ("CommandType", "powershell.command.type")):
        if name in told:
            fields.setdefault(target, told[name])


_READINGS: dict[tuple[str, str], Reading] = {
    ("sysmon", ""): _sysmon,
    ("security", "4688"): _new_process,
    **{("security", str(code)): _filtering for code in range(5150, 5160)},
    ("smbserver", ""): _client,
    ("termdd", ""): _client,
    ("terminalservices-localsessionmanager", ""): _client,
    ("terminalservices-remoteconnectionmanager", ""): _client,
    ("remotedesktopservices-rdpcorets", ""): _client,
    ("activedirectory_domainservice", "2889"): _bind,
    ("activedirectory_domainservice", ""): _client,
    ("applocker", ""): _applocker,
    ("ad fs auditing", ""): _federation,
    ("asp.net", ""): _page,
    ("powershell", "4103"): _context,
    **{("powershell", code): _classic for code in ("400", "403", "600", "800")},
}
