"""Cisco ASA, FTD and their elders (PIX, FWSM): numbered messages, and the key-value events of threat defense."""

from __future__ import annotations

import re
from typing import ClassVar

from collectors.mapping import bundled_table
from collectors.parsers.cisco_asa import Constants, kind_named, read_message
from collectors.parsers.cisco_header import CiscoMessage, read_cisco
from collectors.parsing import ParseContext, Record, unreadable
from collectors.values import is_ip, whole
from soc.core.i18n import msg

_PRODUCTS = {
    "ASA": "Adaptive Security Appliance",
    "FTD": "Firepower Threat Defense",
    "NGIPS": "Secure IPS",
    "PIX": "PIX",
    "FWSM": "Firewall Services Module",
}
_VPN_ANGLES = re.compile(
    r"(?:Tunnel)?Group <(?P<group>[^>]{0,256})> (?:GroupPolicy <(?P<policy>[^>]{0,256})> )?User <(?P<user>[^>]{0,256})> "
    r"(?:Session <[^>]{0,64}> )?IP <(?P<src>[^>]{0,64})>,? ?"
)
_VPN_PAIRS = re.compile(
    r"(?:Group = (?P<group>[^,]{0,256}), )?(?:Username = (?P<user>[^,]{0,256}), )?IP = (?P<src>[^,\s]{1,64}),? ?"
)
_ENDPOINT = re.compile(
    r"(?:\b(from|src|source|client|peer|faddr|to|dst|dest|destination|laddr|server|->|==>)[ :=(<]{1,3})?"
    r"(?:(?<![\w.:])([\w-]{1,64}):|(?<![\w.:]))"
    r"(\d{1,3}(?:\.\d{1,3}){3}|(?=[0-9A-Fa-f]{0,4}:)[0-9A-Fa-f:.]{3,45})(?:/(\d{1,5})\b)?"
)
_TARGETS = frozenset({"to", "dst", "dest", "destination", "laddr", "server", "->", "==>"})
_PROTOCOL = re.compile(r"\b(TCP|UDP|ICMP|ICMPv6|GRE|ESP|SCTP|tcp|udp|icmp)\b")
_INTERFACE = re.compile(r"on (?:the )?interface ([^\s,.]{1,64})")
_USER = re.compile(r"\b[Uu]ser(?:name)?(?: ?[=:])? ?['\"<]?([^\s'\"<>,:=]{1,256})")
_REASON = re.compile(r"\b[Rr]eason ?[:=] ?([^,]{1,512})")
_CERTIFICATE = re.compile(
    r"serial number: (?P<x509_serial>[^,]{1,128}), subject name: (?P<x509_subject>.{1,1024}), issuer_name: (?P<x509_issuer>.{1,1024}?)\.?$"
)
_COMMON_NAME = re.compile(r"(?:^|,) ?CN=([^,]{1,256})", re.IGNORECASE)
_KEY = re.compile(r"(?:^|, )([A-Z][\w /-]{1,40}): ?")
_COLON = re.compile(r" ?: ")
_AAA_NAMES = {"user": "user", "user IP": "src", "server": "server", "reason": "reason"}
_CLOCK = re.compile(r"(?:(\d{1,4})d ?)?(?:(\d{1,4})h:?)?(?:(\d{1,5})m:?)?(?:(\d{1,6})s)?")
_PLACEHOLDERS = frozenset({"", "*****", "Unknown", "unknown", "No Authentication Required", "N/A"})
_FTD_KINDS: dict[str, Constants] = {
    "430001": {"event.kind": "alert", "event.category": ["intrusion_detection"], "event.type": ["info"]},
    "430002": {"event.category": ["network"], "event.type": ["connection", "start"], "event.action": "connection-started"},
    "430003": {"event.category": ["network"], "event.type": ["connection", "end"], "event.action": "connection-finished"},
    "430004": {"event.category": ["network", "file"], "event.type": ["info"]},
    "430005": {"event.kind": "alert", "event.category": ["malware", "network"], "event.type": ["info"]},
}  # fmt: skip


class CiscoFirewallParser:
    """ASA, FTD, PIX and FWSM.

    A message that the table of `cisco_asa.yaml` knows gives its pieces by name; of any other one, the addresses, ports, interfaces,
    users and reason are read by their looks. The group of a remote access session is the realm of its account: `user.domain`.

    Where a connection is built outbound, the device names the far side first; the source is the side that opened the connection. A
    teardown does not repeat the direction: there, a well-known port facing an ephemeral one tells the far side.

    Source: Cisco, ASA Series Syslog Messages, and Threat Defense Syslog Messages (430001 to 430005); ASA general operations guide,
    "Logging" (header: time stamp, device-id, EMBLEM).
    """

    id: ClassVar[str] = "cisco_firewall"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        line = text.strip()
        message = read_cisco(line, context)
        if message is not None and message.facility.partition("-")[0] in _PRODUCTS:
            raw, constants = _read(message.mnemonic, message.text)
            outer = _outer(message)
        else:
            outer, message = {}, None
            raw, constants = _read("", line)
            if not raw:
                raise unreadable(msg("bản ghi ASA hoặc FTD: %ASA-mức-số: câu"))
        fields = bundled_table("cisco_firewall").apply(raw, context) | constants | outer
        _put_action(fields, raw)
        _put_users(fields, raw)
        _put_duration(fields, raw)
        fields["message"] = line if message is None else message.text
        return fields


def _outer(message: CiscoMessage) -> Record:
    """What the header says, and the product that wrote it."""
    product = _PRODUCTS[message.facility.partition("-")[0]]
    named: Record = {"event.code": message.mnemonic, "observer.product": product}
    if message.clock and message.clock != "synchronised":
        named["cisco.clock"] = message.clock
    return message.fields | named


def _read(number: str, text: str) -> tuple[Record, Constants]:
    """The raw pieces of a message and the constants of its kind."""
    if number.startswith("43000"):
        return _events(text), _FTD_KINDS.get(number, {})
    session = _VPN_ANGLES.match(text) or _VPN_PAIRS.match(text)
    raw: Record = {} if session is None else {name: value for name, value in session.groupdict().items() if value}
    rest = text if session is None else text[session.end() :]
    known = read_message(number, rest)
    if known is None:
        # A line that lost its header must at least be one of a session or of a certificate: addresses alone are in every log.
        found = _anything(rest, session is not None) if number or session is not None else _certificate(rest)
        known = found, kind_named("network")
    pieces, kind = known
    raw = {**pieces, **raw}
    if session is not None and "reason" not in raw and rest:
        raw["reason"] = rest
    _tidy(raw, rest)
    if kind.get("event.action") == "built" or kind.get("event.action") == "teardown":
        _put_initiator_first(raw)
    return raw, kind


def _events(text: str) -> Record:
    """`Key: value, Key: value` of an FTD event; a value may hold commas, the first of a name wins."""
    keys = list(_KEY.finditer(text))
    ends = [*(key.start() for key in keys[1:]), len(text)]
    raw: Record = {}
    for key, end in zip(keys, ends, strict=False):
        raw.setdefault(key[1], text[key.end() : end].strip().strip('"'))
    return raw


def _certificate(text: str) -> Record:
    """Serial number, subject and issuer of a peer's certificate; the common name of its subject is the user."""
    found = _CERTIFICATE.search(text)
    if found is None:
        return {}
    subject = _COMMON_NAME.search(found["x509_subject"])
    raw: Record = {**found.groupdict(), "reason": text[: found.start()].strip(" :")}
    return raw | ({} if subject is None else {"user": subject[1]})


def _anything(text: str, has_source: bool) -> Record:
    """Addresses, users and the like of a message that the table does not know, by their looks."""
    raw = _certificate(text)
    for found in _ENDPOINT.finditer(text):
        word, interface, address, port = found.groups()
        side = "dst" if word in _TARGETS or has_source or "src" in raw else "src"
        if side in raw or not is_ip(address):
            continue
        raw |= {
            name: value for name, value in ((side, address), (f"{side}_if", interface), (f"{side}_port", port)) if value
        }
    for name, pattern in (("proto", _PROTOCOL), ("in_if", _INTERFACE), ("user", _USER), ("reason", _REASON)):
        if name not in raw and (piece := pattern.search(text)) is not None:
            raw[name] = piece[1]
    return raw if any(name in raw for name in ("src", "dst", "x509_serial")) or has_source else {}


def _tidy(raw: Record, text: str) -> None:
    """What the shapes of the table leave: pairs of AAA, ends of ICMP, mapped addresses, an IPv6 address taken for an interface."""
    for part in _COLON.split(str(raw.pop("pairs", ""))):
        name, equals, value = part.partition("=")
        if equals and name.strip() in _AAA_NAMES:
            raw.setdefault(_AAA_NAMES[name.strip()], value.strip())
    if "foreign" in raw:
        sides = ("local", "foreign") if str(raw.get("direction", "")).startswith("out") else ("foreign", "local")
        for side, name in zip(("src", "dst"), sides, strict=True):
            raw[side] = raw[name]
            if f"{name}_user" in raw:
                raw[f"{side}_user"] = raw.pop(f"{name}_user")
        raw["src_nat" if sides[0] == "local" else "dst_nat"] = raw.pop("global")
        del raw["foreign"], raw["local"]
    if "mapped" in raw:
        # A translation leads from the real to the mapped end: the field's tools read that as source and destination.
        raw |= {name.replace("mapped", "dst"): raw.pop(name) for name in list(raw) if name.startswith("mapped")}
        raw |= {name.replace("dst", "src_nat"): raw[name] for name in ("dst", "dst_port") if name in raw}
    for side in ("src", "dst"):
        joined = f"{raw.get(f'{side}_if')}:{raw.get(side)}"
        if f"{side}_if" in raw and ":" in str(raw.get(side)) and len(str(raw[f"{side}_if"])) <= 4 and is_ip(joined):
            raw[side] = joined
            del raw[f"{side}_if"]


def _put_initiator_first(raw: Record) -> None:
    """Turn the ends round where the device named the far side first, as it does for connections that were opened from inside."""
    if "mapped" in raw or "foreign" in raw or not ("src_port" in raw and "dst_port" in raw):
        return
    direction = str(raw.get("direction", ""))
    first, second = whole(str(raw["src_port"])), whole(str(raw["dst_port"]))
    if direction.startswith("out"):
        turned = "connection" in raw
    else:
        turned = not direction and first is not None and second is not None and first < 1024 and second >= 32768
    if turned and "translation" not in raw:
        for name in [name for name in raw if name.startswith("src")]:
            other = name.replace("src", "dst", 1)
            raw[name], raw[other] = raw.get(other), raw[name]
        for name in [name for name in raw if name.startswith("dst") and name.replace("dst", "src", 1) not in raw]:
            raw[name.replace("dst", "src", 1)] = raw.pop(name)


def _put_action(fields: Record, raw: Record) -> None:
    """Whether a threat defense event let the traffic through."""
    action = str(raw.get("AccessControlRuleAction") or raw.get("InlineResult") or "").lower()
    kinds = fields.get("event.type")
    if action and isinstance(kinds, list):
        fields["event.type"] = [*kinds, "denied" if "block" in action or "drop" in action else "allowed"]


def _put_users(fields: Record, raw: Record) -> None:
    for key, prefix in (
        ("src_user", "source.user"),
        ("dst_user", "destination.user"),
        ("user", "user"),
        ("User", "user"),
    ):
        name = str(raw.get(key) or "").strip()
        if name not in _PLACEHOLDERS:
            _put_user(fields, prefix, name)
    if "user.name" not in fields and "source.user.name" in fields:
        for leaf in ("name", "domain"):
            if f"source.user.{leaf}" in fields:
                fields[f"user.{leaf}"] = fields[f"source.user.{leaf}"]
    group = raw.get("group")
    if group:
        fields["user.group.name"] = group
        fields.setdefault("user.domain", group)


def _put_user(fields: Record, prefix: str, text: str) -> None:
    r"""`DOMAIN\name`, `DOMAIN\name@realm` (the realm repeats the domain) or a name."""
    domain, slash, name = text.rpartition("\\")
    fields[f"{prefix}.name"] = (name.partition("@")[0] or name) if slash else text
    if domain.strip("\\"):
        fields[f"{prefix}.domain"] = domain.strip("\\")


def _put_duration(fields: Record, raw: Record) -> None:
    """`0:10:06`, `6h:33m:18s`, `1d 2h:0m:1s` as nanoseconds."""
    text = str(raw.get("duration", "")).strip()
    parts = text.split(":")
    numbers = [whole(part) for part in parts]
    if len(parts) == 3 and None not in numbers:
        seconds = sum(number * unit for number, unit in zip(numbers, (3600, 60, 1), strict=True) if number is not None)
    elif text and (found := _CLOCK.fullmatch(text)) is not None:
        seconds = sum(int(part) * unit for part, unit in zip(found.groups(), (86400, 3600, 60, 1), strict=True) if part)
    else:
        return
    fields["event.duration"] = seconds * 10**9
