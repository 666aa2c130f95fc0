"""Linux audit: the records of auditd, of its dispatchers and of the kernel's own log, and the JSON of laurel."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC
from typing import ClassVar

from collectors.parsers.audit_facts import ENRICHED, ESCAPED, FIELDS, KINDS, NOT_MAIN, RECORD_TYPES, SYSCALLS
from collectors.parsers.audit_values import args_of, decoded, plain_text, put_saddr, timestamp_of
from collectors.parsers.json import flat_fields, load_object
from collectors.parsers.syslog import open_envelope
from collectors.parsing import ParseContext, Record, unreadable
from collectors.times import epoch_time
from collectors.transforms import SCALARS, SPREADS
from collectors.values import is_ip, put_address, put_port
from soc.core.errors import ParseError
from soc.core.i18n import msg

_HEAD = re.compile(
    r"(?:node=(\S{1,255}) )?type=([A-Z0-9_]{2,40}|UNKNOWN\[\d{1,6}\]) (?:msg=)?audit\(([^()]{3,40}):(\d{1,20})\) ?: ?"
)
_AUDIT = re.compile(r"(?:audit: |audit\[\d{1,10}\]: |node=|type=)")
_MESSAGE = re.compile(r"(?:^| )msg='([^']{0,65536})'?")
_PAIR = re.compile(r"(?:^|[\s,{])([A-Za-z][\w-]{0,40}(?:\[\d{1,4}\])?)=(\"[^\"]*\"?|\{[^}]*\}?|[^\s]*)")
_KEY = re.compile(r"(?:^|\s)([A-Za-z][\w-]{0,40}(?:\[\d{1,4}\])?)=")
_ENRICHMENT = re.compile(r"\x1d|#035(?=[A-Z][A-Z-]{1,12}=)|(?<=')(?=[A-Z]{2,12}=\")")
_AVC = re.compile(r"avc: +(denied|granted) +\{ ([^}]{1,200}) \}")
_NOTHING = frozenset({"", "?", "(none)", "(null)", "(unknown)", '""'})
_UNSET = frozenset({"4294967295", "-1", "unset"})
_SUCCESS = {
    "success": "success",
    "yes": "success",
    "1": "success",
    "failed": "failure",
    "no": "failure",
    "0": "failure",
}
_LOGIN_TYPES = frozenset(
    {
        "USER_LOGIN",
        "USER_AUTH",
        "USER_ACCT",
        "USER_START",
        "USER_END",
        "USER_LOGOUT",
        "USER_ERR",
        "CRED_ACQ",
        "CRED_DISP",
        "CRED_REFR",
    }
)
_CREATED = {"CREATE": "creation", "DELETE": "deletion"}
_CONSTANT: Record = {"event.kind": "event", "event.dataset": "auditd", "host.os.type": "linux"}


class AuditdParser:
    """One record of the audit system: one event a line.

    The records of one act share `transaction.id`, the serial; the one to count carries `soc.act.main`. Hexadecimal values are decoded,
    names of enriched records (`UID="thu"`) stand beside the numbers. In logins the account (`acct`) is `user.name`, as the numbers are
    those of the program that let it in. Other fields stay as `auditd.log.<field>`, where rules read them.

    Read: raw and enriched log, `node=`, ausearch with and without -i, audispd in syslog, `audit:` lines of the kernel, laurel.

    Source: audit-userspace, field and record type dictionaries, auditd.conf(5), ausearch(8); linux/audit.h; laurel README.
    """

    id: ClassVar[str] = "auditd"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        line = text.strip()
        fields = dict(_CONSTANT)
        if not line.startswith(("type=", "node=", "{")):
            envelope = open_envelope(line, context)
            if envelope is not None:
                fields.update(
                    {name: value for name, value in envelope.fields.items() if not name.startswith("process.")}
                )
                line = envelope.message
            if (start := _AUDIT.search(line[:200])) is not None:
                line = line[start.start() :].removeprefix("audit: ")
        if line.startswith("{"):
            return fields | _from_laurel(load_object(line), context)
        head = _HEAD.match(line)
        if head is None:
            raise _refusal()
        return fields | _from_record(head, line[head.end() :], context)


def _refusal() -> ParseError:
    return unreadable(msg("bản ghi audit: type=… msg=audit(giây:số): …"))


def _from_record(head: re.Match[str], body: str, context: ParseContext) -> Record:
    kind = RECORD_TYPES.get(head[2], head[2])
    try:
        fields: Record = {"@timestamp": timestamp_of(head[3], context.zone)}
    except (ValueError, OverflowError) as problem:
        raise _refusal() from problem
    if head[1]:
        fields["host.name"] = head[1]
    _put_kind(fields, kind, head[4])
    interpreted = "/" in head[3]
    pairs, enriched = read_record(body, interpreted=interpreted)
    _put_pairs(fields, kind, pairs, enriched, interpreted)
    if (avc := _AVC.search(body)) is not None:
        fields |= {
            "event.outcome": "failure" if avc[1] == "denied" else "success",
            "auditd.log.permission": avc[2].split(),
        }
    return fields


def _put_kind(fields: Record, kind: str, serial: str) -> None:
    category, type_ = KINDS.get(kind, (["host"], ["info"]))
    fields |= {"auditd.log.record_type": kind, "auditd.log.sequence": serial, "transaction.id": serial}
    fields |= {"event.action": kind.lower(), "event.category": list(category), "event.type": list(type_)}
    if kind not in NOT_MAIN:
        fields["soc.act.main"] = True


def read_record(body: str, *, interpreted: bool = False) -> tuple[dict[str, str], dict[str, str]]:
    """The pairs of a record as written (quotes kept), and those that enrichment added; what msg='...' holds counts as pairs."""
    plain, *added = _ENRICHMENT.split(body, maxsplit=1)
    inner = _MESSAGE.search(plain)
    if inner is not None:
        plain = f"{plain[: inner.start()]} {inner[1]}"
    read = _sliced if interpreted else _matched
    return read(plain), _matched(added[0]) if added else {}


def _matched(text: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for pair in _PAIR.finditer(text):
        pairs.setdefault(pair[1], pair[2])
    return pairs


def _sliced(text: str) -> dict[str, str]:
    """Interpreted values may hold blanks: each goes on to the next name; that of proctitle to the end."""
    pairs: dict[str, str] = {}
    keys = list(_KEY.finditer(text))
    for number, key in enumerate(keys):
        end = None if key[1] in {"proctitle", "cmd"} or number + 1 == len(keys) else keys[number + 1].start()
        pairs.setdefault(key[1], text[key.end() : end].strip())
        if key[1] == "proctitle":
            break
    return pairs


def _put_pairs(
    fields: Record, kind: str, pairs: Mapping[str, str], enriched: Mapping[str, str], interpreted: bool
) -> None:
    logged = kind in _LOGIN_TYPES
    for name, value in pairs.items():
        if value in _NOTHING or (kind == "EXECVE" and name[0] == "a" and name[1:2].isdigit()):
            continue
        text = plain_text(value) if interpreted or name not in ESCAPED else decoded(value)
        _put_field(fields, name, text, logged)
    for name, value in enriched.items():
        if (target := ENRICHED.get(name)) is not None and (text := plain_text(value)) not in {"unset", "unknown", ""}:
            fields[target if not (logged and target == "user.name") else "auditd.log.uid_name"] = text
    _put_special(fields, kind, pairs, interpreted)


def _put_field(fields: Record, name: str, text: str, logged: bool) -> None:
    target = FIELDS.get(name, f"auditd.log.{name.lower()}")
    if target.endswith(".pid"):
        if (pid := SCALARS["pid"](text, UTC)) is not None:
            fields[target] = pid
        return
    if text in _UNSET and target.startswith("user."):
        return
    if logged and target == "user.id":
        target = "auditd.log.uid"
    if not text.isascii() or not text.isdigit():
        target = _names_of(target)
    fields[target] = text


def _names_of(target: str) -> str:
    """Where an interpreted record has a name in place of a number."""
    return target.removesuffix(".id") + ".name" if target.startswith("user.") and target.endswith(".id") else target


def _put_special(fields: Record, kind: str, pairs: Mapping[str, str], interpreted: bool) -> None:
    outcome = _SUCCESS.get(plain_text(pairs.get("res", pairs.get("success", pairs.get("result", "")))))
    if outcome is not None:
        fields["event.outcome"] = outcome
    if isinstance(path := fields.get("process.executable"), str) and "process.name" not in fields:
        SPREADS["image"](fields, "process", path)
    if kind == "EXECVE":
        _put_arguments(fields, args_of(pairs, escaped=not interpreted))
    elif kind in {"PROCTITLE", "USER_CMD"}:
        _put_command(fields, kind)
    elif kind == "PATH":
        _put_path(fields)
    elif kind == "SOCKADDR":
        put_saddr(fields, pairs.get("saddr", ""))
    elif kind == "SYSCALL":
        _put_syscall(fields)
    elif kind == "AVC" and isinstance(name := fields.get("auditd.log.name"), str):
        SPREADS["file"](fields, "file", name)
        if "denied" in str(fields.get("auditd.log.apparmor", "")).lower():
            fields["event.outcome"] = "failure"
    _put_account(fields, kind)


def _put_arguments(fields: Record, arguments: list[str]) -> None:
    if arguments:
        fields |= {"process.args": arguments, "process.command_line": " ".join(arguments)}
        fields |= {f"auditd.log.a{number}": value for number, value in enumerate(arguments[:32])}


def _put_command(fields: Record, kind: str) -> None:
    command = fields.get("auditd.log.proctitle" if kind == "PROCTITLE" else "auditd.log.cmd")
    if isinstance(command, str) and command:
        fields["process.command_line"] = command
        if kind == "PROCTITLE":
            fields["process.title"] = command


def _put_path(fields: Record) -> None:
    name = fields.get("auditd.log.name")
    if isinstance(name, str):
        SPREADS["file"](fields, "file", name)
        fields["file.path"] = name
    if (created := _CREATED.get(str(fields.get("auditd.log.nametype", "")))) is not None:
        fields["event.type"] = [created]


def _put_syscall(fields: Record) -> None:
    """The call by its name; starting a program is what rules for process creation read."""
    name = str(fields.get("auditd.log.syscall", ""))
    if name.isascii() and name.isdigit() and len(name) < 6:
        name = SYSCALLS.get(str(fields.get("auditd.log.arch", "")).removeprefix("0x"), {}).get(int(name), name)
        fields["auditd.log.syscall"] = name
    if name in {"execve", "execveat"}:
        fields["event.type"] = ["start"]
    elif name in {"connect", "accept", "accept4", "bind", "listen"}:
        fields |= {"event.category": ["network", "process"], "event.type": ["connection"]}
    elif name in {"init_module", "finit_module", "delete_module"}:
        fields |= {
            "event.category": ["driver", "process"],
            "event.type": ["end" if name.startswith("delete") else "start"],
        }


def _put_account(fields: Record, kind: str) -> None:
    account = fields.get("auditd.log.acct")
    if isinstance(account, str):
        fields["user.name" if kind in _LOGIN_TYPES else "user.target.name"] = account
    identifier = fields.get("auditd.log.id")
    if isinstance(identifier, str) and identifier.isdigit() and identifier not in _UNSET:
        fields["user.id" if kind in _LOGIN_TYPES else "user.target.id"] = identifier
    for name in ("auditd.log.addr", "auditd.log.hostname", "auditd.log.laddr"):
        address = fields.get(name)
        if (
            isinstance(address, str)
            and (is_ip(address) or name.endswith("hostname"))
            and "source.address" not in fields
        ):
            put_address(fields, "source", address)
    if isinstance(port := fields.get("auditd.log.rport"), str):
        put_port(fields, "source.port", port)


def _from_laurel(document: dict[str, object], context: ParseContext) -> Record:
    """A whole act in one object: sections by record type, `ARGV` already decoded."""
    flat_fields(document)
    stamp, _, serial = str(document.get("ID", "")).rpartition(":")
    sections = {name: value for name, value in document.items() if isinstance(value, (dict, list)) and name.isupper()}
    if not sections or not serial.isdigit():
        raise _refusal()
    kind = next((name for name in sections if name not in NOT_MAIN and name in KINDS), next(iter(sections)))
    fields: Record = {}
    try:
        fields["@timestamp"] = epoch_time(float(stamp))
    except (ValueError, OverflowError) as problem:
        raise _refusal() from problem
    _put_kind(fields, kind, serial)
    if isinstance(node := document.get("NODE"), str):
        fields["host.name"] = node
    for name in [*(other for other in sections if other != kind), kind]:
        _put_section(fields, name, kind, sections[name])
    return fields


def _put_section(fields: Record, name: str, kind: str, section: object) -> None:
    """One section's fields; of the PATHs the file that was acted on is the last."""
    part = section[-1] if isinstance(section, list) and section else section
    if not isinstance(part, dict):
        return
    if name == "PARENT_INFO":
        _put_parent(fields, part)
        return
    pairs = {key: str(value) for key, value in part.items() if isinstance(value, (str, int)) and not key.isupper()}
    added = {key: str(value) for key, value in part.items() if isinstance(value, str) and key.isupper()}
    for key, value in pairs.items():
        if value not in _NOTHING and not (name == "PATH" and key in {"mode"} and kind != "PATH"):
            _put_field(fields, key, value, kind in _LOGIN_TYPES)
    for key, value in added.items():
        if (target := ENRICHED.get(key)) is not None and value not in {"unset", "unknown"}:
            fields[target] = value
    if isinstance(arguments := part.get("ARGV"), list):
        _put_arguments(fields, [str(argument) for argument in arguments])
    if name in {kind, "PATH"}:
        _put_special(fields, name, pairs, interpreted=True)


def _put_parent(fields: Record, part: Mapping[str, object]) -> None:
    if isinstance(executable := part.get("exe"), str):
        SPREADS["image"](fields, "process.parent", executable)
    if isinstance(name := part.get("comm"), str):
        fields["process.parent.name"] = name
    if isinstance(arguments := part.get("ARGV"), list):
        fields["process.parent.command_line"] = " ".join(map(str, arguments))
