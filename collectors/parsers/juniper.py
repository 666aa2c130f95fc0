"""Juniper Junos: SRX firewalls, routers and switches, structured (RFC 5424) and unstructured messages."""

from __future__ import annotations

import re
from typing import ClassVar

from collectors.mapping import bundled_table
from collectors.parsers.openssh import OpensshParser
from collectors.parsers.syslog import open_envelope
from collectors.parsing import ParseContext, Record, unreadable
from collectors.values import whole
from soc.core.i18n import msg

_LONGEST = 8192
_STRUCTURED = "log.syslog.structured_data."
_PROGRAM = re.compile(r"(?:%?[\w-]{1,32}-\d-)?([A-Za-z/][\w./-]{0,63})(?:\[(\d{1,10})\])?: ?")
_TAG = re.compile(r"(?:%?[\w-]{1,32}-\d-)?([A-Z][A-Z0-9]{1,31}(?:_[A-Z0-9]{1,32}){1,8})(?:: ?| (?=\[))")
_ELEMENT = re.compile(r"([\w-]{1,64})=\"([^\"\\]*(?:\\.[^\"\\]*)*)\"")
_END = r"[0-9A-Fa-f.:]{2,45}"
_FLOW = re.compile(
    rf"session (?P<what>created|closed|denied)(?: (?P<reason>[^:]{{1,64}}):)? "
    rf"(?P<s>{_END})/(?P<sp>\d{{1,5}})->(?P<d>{_END})/(?P<dp>\d{{1,5}})"
    rf" (?:0x\w{{1,8}} )?(?P<service>\S{{1,64}}) (?P<rest>.{{1,1024}})"
)
_TRANSLATED = re.compile(rf"({_END})/(\d{{1,5}})->({_END})/(\d{{1,5}}) (?:0x\w{{1,8}} )?")
_COUNTED = re.compile(r"(\d{1,12})\((\d{1,18})\) (\d{1,12})\((\d{1,18})\) (\d{1,10})")
_POLICY = re.compile(r"(?:^| )(\d{1,3})(?:\(\d{1,5}\))? (\S{1,64}) (\S{1,64}) (\S{1,64})(?: |$)")
_NAT_NAMES = ("nat-source-address", "nat-source-port", "nat-destination-address", "nat-destination-port")
_POLICY_NAMES = ("protocol-id", "policy-name", "source-zone-name", "destination-zone-name")
_COUNTED_NAMES = (
    "packets-from-client",
    "bytes-from-client",
    "packets-from-server",
    "bytes-from-server",
    "elapsed-time",
)
_INTERFACE = re.compile(
    r" ((?:ge|xe|et|fe|ae|reth|st|lo|irb|vlan|gr|ip|lt)-?\d{1,3}(?:/\d{1,3}){0,3}(?:\.\d{1,5})?)(?: |$)"
)
_SCREEN = re.compile(
    rf"(?P<attack>[^!]{{1,128}}!) source: (?P<s>{_END}?)(?::(?P<sp>\d{{1,5}}))?, destination: (?P<d>{_END}?)(?::(?P<dp>\d{{1,5}}))?,"
    r"(?: protocol-id: (?P<proto>\d{1,3}),)? zone name: (?P<zone>[^,]{1,64}), "
    r"interface name: (?P<interface>[^,]{1,64}), action: (?P<action>\S{1,32})"
)
_ENDS = re.compile(rf"<?({_END})[/(](\d{{1,5}})\)?->({_END})[/(](\d{{1,5}})")
_BARE = re.compile(r"\b(ACTION|CATEGORY|REASON|PROFILE|URL|OBJ|USERNAME|ROLES)=(\"[^\"]{0,1024}\"|\S{1,1024})")
_BARE_NAMES = {
    "URL": "url",
    "OBJ": "obj",
    "USERNAME": "username",
    "REASON": "reason",
    "ROLES": "roles",
    "CATEGORY": "category",
    "PROFILE": "profile",
}
_PHRASES = tuple(
    re.compile(phrase)
    for phrase in (
        r"\b[Uu]ser '(?P<username>[^']{0,256})'",
        r"\b[Uu]ser (?P<username>[^\s',]{1,128}) (?:logged|from|at)",
        r"\bclass '(?P<class>[^']{1,64})'",
        r"\bcommand '(?P<command>.{0,4096})'$",
        r"\bcmd='(?P<command>.{0,4096})'$",
        r"\bset: \[(?P<command>[^\]]{1,1024})\]",
        r"\bssh-connection '(?P<s>\S{1,64}) (?P<sp>\d{1,5}) (?P<d>\S{1,64}) (?P<dp>\d{1,5})'",
        rf"\bfrom (?:host )?'?(?P<s>{_END})'?(?: to (?P<d>{_END}))?",
        rf"^(?P<username>[^\s@]{{1,128}})@(?P<s>{_END}) as (?P<as_user>\S{{1,64}}):",
        r"^Cleanup child '(?P<child>[^']{1,255})', PID (?P<child_pid>\d{1,9}), status (?P<exit_code>\d{1,9})",
        r"\bifName (?P<interface>\S{1,64})",
        r"\bclient-mode '(?P<mode>[^']{1,32})'",
    )
)
_SHORT = {
    "s": "source-address",
    "sp": "source-port",
    "d": "destination-address",
    "dp": "destination-port",
    "proto": "protocol-id",
    "zone": "source-zone-name",
    "interface": "interface-name",
    "attack": "attack-name",
    "class": "class-name",
    "mode": "client-mode",
    "service": "service-name",
}


class JuniperParser:
    """Junos messages: flows, screens, intrusion prevention, content security, and those of the system's own programs.

    The tag of a message (`RT_FLOW_SESSION_CLOSE`) is `event.code` and `event.action`. Structured and unstructured messages give the same
    fields, under the names of the structured form. What sshd writes is read as OpenSSH.

    Source: Juniper, System Log Explorer (messages and their attributes); "Understanding System Log Messages" and "Interpreting Messages
    Generated in Structured-Data Format" (junos@2636.1.1.1.2.*).
    """

    id: ClassVar[str] = "juniper"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        line = text.strip()
        envelope = open_envelope(line, context)
        outer, body = ({}, line) if envelope is None else (envelope.fields, envelope.message)
        if envelope is None:
            outer, body = _program(body)
        raw = _structured(outer)
        tag, said = _tagged(outer, body)
        if envelope is None and not tag and not outer:
            raise unreadable(msg('bản ghi Junos: chương trình[số]: MÃ: câu, hoặc MÃ [khóa="giá trị" …]'))
        if outer.get("process.name") == "sshd" and not tag:
            return outer | OpensshParser().parse(said or body, context) | {"event.dataset": "juniper.sshd"}
        raw |= {"tag": tag} | _said(tag, said)
        fields = outer | bundled_table("juniper").apply(raw, context)
        fields.pop("juniper.tag", None)
        return fields | _outcome(fields, raw, outer, tag, said)


def _outcome(fields: Record, raw: Record, outer: Record, tag: str, said: str) -> Record:
    """What depends on the whole message: code, dataset, text, duration, observer."""
    made: Record = {
        "event.dataset": f"juniper.{str(outer.get('process.name') or tag.partition('_')[0] or 'junos').lower()}"
    }
    if tag:
        made |= {"event.code": tag, "event.action": tag.lower()}
    if said:
        made["message"] = said
    seconds = whole(str(raw.get("elapsed-time", "")))
    if seconds is not None:
        made["event.duration"] = seconds * 10**9
    if "host.name" in outer:
        made |= {"observer.name": outer["host.name"], "log.hostname": outer["host.name"]}
    if "url" in raw and "obj" in raw:
        made |= {"url.domain": raw["url"], "url.original": f"{raw['url']}{raw['obj']}"}
    return made


def _program(body: str) -> tuple[Record, str]:
    """`mgd[4711]: ` without a syslog header."""
    found = _PROGRAM.match(body)
    if found is None or _TAG.match(body) is not None:
        return {}, body
    named: Record = {"process.name": found[1]}
    if found[2]:
        named["process.pid"] = int(found[2])
    return named, body[found.end() :]


def _structured(outer: Record) -> Record:
    """The attributes that the syslog header carried, taken out of it, under their own names."""
    raw: Record = {}
    for name in [name for name in outer if name.startswith(_STRUCTURED)]:
        raw.setdefault(name.rpartition(".")[2], outer.pop(name))
    return raw


def _tagged(outer: Record, body: str) -> tuple[str, str]:
    found = _TAG.match(body)
    if found is not None:
        return found[1], body[found.end() :].strip()
    name = str(outer.get("process.name") or "")
    if "_" in name and name.isupper() and name != "RT_FLOW":
        return name, body.strip()
    return str(outer.pop("log.syslog.msgid", "") or ""), body.strip()


def _said(tag: str, text: str) -> Record:
    """Attributes of the text, under the names of the structured form."""
    if text.startswith("["):
        return {name: value.replace('\\"', '"') for name, value in _ELEMENT.findall(text)}
    text = text[:_LONGEST]
    flow = _FLOW.match(text)
    if flow is not None:
        return _flow(flow)
    named: dict[str, str] = {}
    screen = _SCREEN.match(text)
    if screen is not None:
        named = {name: value for name, value in screen.groupdict().items() if value}
    ends = _ENDS.search(text)
    if ends is not None:
        named |= dict(zip(("s", "sp", "d", "dp"), ends.groups(), strict=True))
        named |= {_BARE_NAMES[name]: value.strip('"') for name, value in _BARE.findall(text) if name in _BARE_NAMES}
    elif screen is None:
        for phrase in _PHRASES:
            found = phrase.search(text)
            for name, value in (found.groupdict() if found is not None else {}).items():
                if value:
                    named.setdefault(name, value)
    return {_SHORT.get(name, name): value for name, value in named.items()}


def _flow(found: re.Match[str]) -> Record:
    """`session closed TCP FIN: ...` of releases whose columns differ: each piece is read by its shape."""
    raw: Record = {_SHORT[name]: found[name] for name in ("s", "sp", "d", "dp", "service")}
    if found["reason"]:
        raw["reason"] = found["reason"]
    rest = found["rest"]
    nat = _TRANSLATED.match(rest)
    if nat is not None:
        raw |= dict(zip(_NAT_NAMES, nat.groups(), strict=True))
        rest = rest[nat.end() :]
    for shape, names in ((_POLICY, _POLICY_NAMES), (_COUNTED, _COUNTED_NAMES)):
        piece = shape.search(rest)
        if piece is not None:
            raw |= dict(zip(names, piece.groups(), strict=True))
    interface = _INTERFACE.search(rest)
    if interface is not None:
        raw["packet-incoming-interface"] = interface[1]
    return raw
