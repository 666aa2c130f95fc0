"""pfSense and OPNsense: the packet filter's CSV, and the lines of the other programs of the firewall."""

from __future__ import annotations

import re
from typing import ClassVar

from collectors.parsers.openssh import OpensshParser
from collectors.parsers.syslog import open_envelope
from collectors.parsing import ParseContext, Record, unreadable
from collectors.values import is_ip, put_address, put_port, put_user, whole
from soc.core.i18n import msg

_FILTERLOG = re.compile(
    r"(?:filterlog(?:\[\d{1,9}\])?: )?(?=\d{0,10},\d{0,10},[^,]{0,64},[^,]{0,64},[^,]{1,64},[^,]{1,32},"
    r"(?:pass|block|reject|rdr|nat|binat|match|unknown|scrub),(?:in|out),[46],)"
)
_PROGRAM = re.compile(r"/?([A-Za-z][\w.-]{0,63}(?:/[\w.-]{1,64})?)(?:\[(\d{1,9})\])?: ")
_HEAD = (
    "rule.id",
    "pfsense.subrule",
    "pfsense.anchor",
    "pfsense.tracker",
    "observer.ingress.interface.name",
    "event.reason",
)
_ACTIONS = {
    "pass": "allowed",
    "block": "denied",
    "reject": "denied",
    "rdr": "allowed",
    "nat": "allowed",
    "binat": "allowed",
}
_ADDRESS = r"(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.]{2,42})"
_MAC = r"(?:[0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2}"
_PHRASES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(phrase.replace("~ip~", _ADDRESS).replace("~mac~", _MAC)), kind)
    for phrase, kind in (
        (r"(?:\S{1,64}: )?[Ss]uccessful login for user '(?P<user>[^']{1,128})' from:? (?P<src>~ip~)", "login"),
        (r"(?:\S{1,64}: )?Successful login for user (?P<user>\S{1,128}) from (?P<src>~ip~)", "login"),
        (r"(?:\S{1,64}: )?webConfigurator authentication error for user '(?P<user>[^']{0,128})' from:? (?P<src>~ip~)", "refused"),
        (r"(?:\S{1,64}: )?(?:Web GUI )?authentication error for '?(?P<user>[^\s']{0,128})'? from:? (?P<src>~ip~)", "refused"),
        (r"(?:\S{1,64}: )?User logged out for user '(?P<user>[^']{1,128})' from:? (?P<src>~ip~)", "logout"),
        (r"user '(?P<user>[^']{1,128})' authenticated", "login"),
        (r"user '(?P<user>[^']{1,128})' could not authenticate", "refused"),
        (r"(?P<user>[^\s/]{1,128})/(?P<src>~ip~):(?P<src_port>\d{1,5}) MULTI_sva: pool returned IPv4="
         r"(?P<assigned>[\d.]{7,15})", "session"),
        (r"(?:openvpn server '\S{1,64}' )?user '(?P<user>[^']{1,128})' address '(?P<src>~ip~)[:0-9]{0,6}' - "
         r"(?P<result>connected|disconnected)", "session"),
        (r"DHCP(?P<operation>[A-Z]{3,10}) (?:for|on|of) (?P<lease>[\d.]{7,15}) (?:\([^)]{1,64}\) )?(?:from|to) (?P<mac>~mac~)"
         r"(?: \((?P<client>[^)]{1,255})\))?(?: via (?P<interface>\S{1,32}))?", "lease"),
        (r"DHCPDISCOVER from (?P<mac>~mac~)(?: \((?P<client>[^)]{1,255})\))?(?: via (?P<interface>\S{1,32}))?", "lease"),
        (r"(?:/\S{1,64}: )?[Cc]onfiguration [Cc]hange: (?P<user>[^\s@]{1,128})@(?P<src>~ip~)(?: \([^)]{1,64}\))?: "
         r"(?P<change>.{1,512})", "change"),
        (r"user (?P<user>\S{1,128})@(?P<src>~ip~) changed configuration(?: to \S{1,255})?(?: in (?P<change>.{1,256}))?", "change"),
        (r"(?P<interface>[\w.]{1,32}): link state changed to (?P<state>UP|DOWN)", "link"),
    )
)  # fmt: skip
_NAMES = {
    "assigned": "source.nat.ip",
    "lease": "client.ip",
    "mac": "client.mac",
    "client": "client.domain",
    "interface": "observer.ingress.interface.name",
    "change": "event.reason",
    "state": "event.action",
    "result": "event.action",
}
_KINDS: dict[str, Record] = {
    "login": {"event.category": ["authentication"], "event.type": ["start"], "event.outcome": "success"},
    "refused": {"event.category": ["authentication"], "event.type": ["start"], "event.outcome": "failure"},
    "logout": {"event.category": ["authentication", "session"], "event.type": ["end"]},
    "session": {"event.category": ["session"], "event.type": ["start"]},
    "change": {"event.category": ["configuration"], "event.type": ["change"]},
    "lease": {"event.category": ["network"], "event.type": ["protocol"], "network.protocol": "dhcp"},
    "link": {"event.category": ["network"], "event.type": ["change"]},
}
_CONSTANT: Record = {
    "event.kind": "event",
    "observer.vendor": "Netgate",
    "observer.product": "pfSense",
    "observer.type": "firewall",
}


class PfsenseParser:
    """The packet filter, the web interface, OpenVPN, DHCP and configuration changes; what sshd writes is read as OpenSSH.

    The columns of the filter depend on the IP version and the protocol. The number of a rule moves when rules do; the tracker
    (`pfsense.tracker`; of OPNsense the rule's UUID) stays, and is `rule.uuid`.

    Source: docs.netgate.com, "Raw Filter Log Format" (grammar of filterlog); docs.opnsense.org, "Firewall logs"; pfSense 2.7 and
    OPNsense 24 log lines of php-fpm, openvpn, dhcpd and kernel.
    """

    id: ClassVar[str] = "pfsense"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        line = text.strip()
        envelope = open_envelope(line, context)
        outer, body = ({}, line) if envelope is None else (envelope.fields, envelope.message)
        filtered = _FILTERLOG.match(body)
        if filtered is not None:
            return outer | _CONSTANT | _filter(body[filtered.end() :].split(",")) | _observer(outer)
        program = _PROGRAM.match(body) if "process.name" not in outer else None
        if program is not None:
            outer["process.name"] = program[1]
            body = body[program.end() :]
        name = str(outer.get("process.name") or "")
        if name == "sshd":
            return outer | OpensshParser().parse(body or line, context) | {"event.dataset": "pfsense.sshd"}
        said = _said(body[:4096])
        if not said and (envelope is None or not name):
            raise unreadable(msg("bản ghi pfSense: dòng filterlog, hoặc chương trình: câu"))
        fields = outer | _CONSTANT | {"event.category": ["host"], "event.type": ["info"]} | said | _observer(outer)
        return fields | {"event.dataset": f"pfsense.{name or 'system'}", "message": body}


def _observer(outer: Record) -> Record:
    return {"observer.name": outer["host.name"]} if "host.name" in outer else {}


def _filter(columns: list[str]) -> Record:
    """A line of filterlog: common columns, those of the IP version, those of the protocol."""
    fields: Record = {"event.dataset": "pfsense.filterlog", "event.category": ["network"], "process.name": "filterlog"}
    fields.update({name: value for name, value in zip(_HEAD, columns, strict=False) if value})
    if "pfsense.tracker" in fields:
        fields["rule.uuid"] = fields["pfsense.tracker"]
    action, direction, version = columns[6], columns[7], columns[8]
    verdict = _ACTIONS.get(action)
    fields["event.action"] = action
    fields["event.type"] = ["connection", verdict] if verdict else ["connection"]
    fields["network.direction"] = "inbound" if direction == "in" else "outbound"
    fields["network.type"] = f"ipv{version}"
    if direction == "out":
        fields["observer.egress.interface.name"] = fields.pop("observer.ingress.interface.name", "")
    rest = _network(fields, columns[9:], version)
    _transport(fields, rest)
    return fields


def _network(fields: Record, columns: list[str], version: str) -> list[str]:
    """Columns of IPv4 (tos, ecn, ttl, id, offset, flags, number, name, length) or IPv6 (class, flow, hops, name, number, length)."""
    name, number, length, ends = (7, 6, 8, 9) if version == "4" else (3, 4, 5, 6)
    padded = [*columns, *[""] * (ends + 2 - len(columns))]
    # Older releases write the two columns of IPv6 the other way round: the name is the one that is no number.
    transport = padded[name] if whole(padded[name]) is None else padded[number]
    if transport:
        fields["network.transport"] = {"icmpv6": "ipv6-icmp"}.get(transport.lower(), transport.lower())
    size = whole(padded[length])
    if size is not None:
        fields["network.bytes"] = size
    for side, address in (("source", padded[ends]), ("destination", padded[ends + 1])):
        if is_ip(address):
            put_address(fields, side, address)
    return columns[ends + 2 :]


def _transport(fields: Record, columns: list[str]) -> None:
    """Ports and flags of TCP and UDP, type of ICMP."""
    transport = fields.get("network.transport")
    if transport in {"tcp", "udp", "sctp"} and len(columns) >= 2:
        put_port(fields, "source.port", columns[0])
        put_port(fields, "destination.port", columns[1])
        if transport == "tcp" and len(columns) > 3 and columns[3]:
            fields["pfsense.tcp_flags"] = columns[3]
    elif transport in {"icmp", "ipv6-icmp"} and columns and columns[0]:
        fields["pfsense.icmp_type"] = columns[0]


def _said(text: str) -> Record:
    for phrase, kind in _PHRASES:
        found = phrase.match(text)
        if found is None:
            continue
        fields: Record = dict(_KINDS[kind])
        pieces = {name: value for name, value in found.groupdict().items() if value}
        if "user" in pieces:
            put_user(fields, "user", pieces["user"])
        if is_ip(pieces.get("src", "")):
            put_address(fields, "source", pieces["src"])
        put_port(fields, "source.port", pieces.get("src_port", ""))
        fields.update(
            {
                _NAMES[name]: value
                for name, value in pieces.items()
                if name in _NAMES and (name != "lease" or is_ip(value))
            }
        )
        if kind == "session" and pieces.get("result") == "disconnected":
            fields["event.type"] = ["end"]
        return fields
    return {}
