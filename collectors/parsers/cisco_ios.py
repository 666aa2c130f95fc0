"""Cisco IOS, IOS XE, IOS XR and NX-OS: routers and switches."""

from __future__ import annotations

import re
from typing import ClassVar

from collectors.mapping import bundled_table
from collectors.parsers.cisco_header import CiscoMessage, read_cisco
from collectors.parsing import ParseContext, Record, unreadable
from collectors.values import is_ip
from soc.core.i18n import msg

_ADDRESS = r"(?:\d{1,3}(?:\.\d{1,3}){3}|(?=[0-9A-Fa-f]{0,4}:)[0-9A-Fa-f:]{2,39}(?:\.\d{1,3}){0,3})"
_INTERFACE = r"(?:Gi|Te|Fa|Fo|Hu|Tw|Fi|Et|Vl|Po|Se|Lo|Tu|Mg|mgmt|Bu|Ap|Nu|Di|BV|po|eth)"
_INTERFACE += r"[A-Za-z-]{0,24}\d{1,4}(?:/\d{1,4}){0,4}(?:[.:]\d{1,5})?"
_MAC = re.compile(r"\b([0-9A-Fa-f]{4})\.([0-9A-Fa-f]{4})\.([0-9A-Fa-f]{4})\b")
_BRACKETS = re.compile(r"\[(user|Source|localport|Reason|ACL): ?([^\]]{0,256})\]", re.IGNORECASE)
_LONGEST = 8192
_NAMED = {"user": "user", "source": "src", "localport": "localport", "reason": "reason", "acl": "acl"}
_PHRASES = tuple(
    re.compile(phrase.replace("<ip>", _ADDRESS).replace("<if>", _INTERFACE).replace("<port>", r"\d{1,5}"))
    for phrase in (
        # who did it, from where
        r"[Ff]rom \w{1,20} (?:by|as) (?P<user>\S{1,128}?)(?: on (?P<tty>\w{1,16}))?(?: \((?P<src><ip>)\))?(?:\s|$)",
        r"\b(?:as|by) (?P<user>\S{1,128}) on (?P<tty>(?:vty|tty|con|aux|console)\w{0,8})(?: \((?P<src><ip>)\))?",
        r"[Cc]onfigured from \w{1,16} by (?P<user>\S{1,128}) on (?P<src><ip>)@",
        r"\bUser (?P<target_user>\S{1,128}) failed attempts reset by (?P<by>\S{1,128})",
        r"\b(?:for )?[Uu]ser '(?P<user>[^']{0,256})'",
        r"\b[Uu]ser(?:name)?: ?(?P<user>[^\s\]]{1,128})",
        r"\b(?:invalid user|illegal user|user) (?P<user>[^\s,'(:]{1,128}) from (?P<src><ip>)",
        r"\bUser (?P<user>[^\s']{1,128}) has exited tty session (?P<tty>\d{1,4}) ?\((?P<src><ip>)\)",
        r"\btty (?P<tty>\d{1,4}) \((?P<src><ip>)\)\), user (?P<user>\S{1,128})",
        # two ends
        r"list (?P<acl>\S{1,128}) (?P<action>permitted|denied) (?P<proto>[A-Za-z][\w-]{0,15}|\d{1,3}) "
        r"(?P<src><ip>)(?:\((?P<src_port><port>)\))?(?: ?\((?P<interface>[^\s)]{1,64})[^)]{0,64}\))? -> "
        r"(?P<dst><ip>)(?:\((?P<dst_port><port>)\))?(?: \([\d/]{1,16}\))?, (?P<packets>\d{1,12}) packet",
        r"list (?P<acl>\S{1,128}) (?P<action>permitted|denied) (?P<src><ip>) (?P<packets>\d{1,12}) packet",
        r"Src IP: (?P<src><ip>), Dst IP: (?P<dst><ip>), Src Port: (?P<src_port><port>), Dst Port: (?P<dst_port><port>)"
        r"(?:, Src Intf: (?P<interface>[^\s,]{1,64}))?(?:, Protocol: \"?(?P<proto>\w{1,16}))?",
        r"(?P<action>Dropping|Passing|Start|Stop) (?P<proto>\w{1,20}) (?:session|pkt|packet):?(?: from \S{1,64})? "
        r"(?P<src><ip>):(?P<src_port><port>) (?:=> )?(?P<dst><ip>):(?P<dst_port><port>)",
        r"initiator \((?P<src><ip>):(?P<src_port><port>)\)(?: sent (?P<sent>\d{1,18}) bytes)? -- "
        r"responder \((?P<dst><ip>):(?P<dst_port><port>)\)(?: sent (?P<received>\d{1,18}) bytes)?",
        r"\bfrom (?P<src><ip>)[(:](?P<src_port><port>)\)? to (?P<dst><ip>)[(:](?P<dst_port><port>)",
        r"destaddr=(?P<dst><ip>), prot=(?P<proto>\d{1,3}),.{0,64}? srcaddr=(?P<src><ip>)",
        # one end
        r"\b(?:[Nn]eighbor|Nbr|peer at|[Pp]eer) (?P<neighbor><ip>)",
        r"\b(?:from|from host|host|Source:) (?P<src><ip>)(?::(?P<src_port><port>))?\b",
        r"\b(?:address|IP) (?P<src><ip>)\b",
        # what, where, how it went
        r"\bCommand: ?(?P<command>.{1,2048})$",
        r"\blogged command: ?(?P<command>.{1,2048})$",
        r"\bby process (?P<process>.{1,64}?) from\b",
        r"^(?:Switch \d{1,2} )?[RFC]P?\d{1,2}/\d{1,2}: (?P<process>[\w-]{1,32}): ",
        r"\bauthorized for (?P<protocol>[\w ]{1,32}?)\.",
        r"(?:[Ii]nterface|port|on|Ports?) (?P<interface><if>)\b",
        r"\b(?:[Vv][Ll][Aa][Nn]) ?(?P<vlan>\d{1,4})\b",
        r"\bchanged state to (?P<state>[\w -]{1,32})",
        r"\bin (?P<state>err-disable) state",
        r"\bneighbor <ip> (?:\S{1,64} ){0,4}?(?P<state>Up|Down)\b(?: (?P<reason>.{1,128}))?",
        r"\bfrom \w{1,16} to (?P<state>FULL|DOWN|INIT|2WAY|EXSTART|LOADING)\b(?:, (?P<reason>.{1,128}))?",
        r"\b(?:Interface \S{1,64}|Crypto tunnel|Neighbor \S{1,64} \([^)]{1,64}\)) is (?P<state>up|down|UP|DOWN)\b",
        r"\bReason: ?(?P<reason>[^\]]{1,256})",
        r"\breason \((?P<reason>[^)]{1,128})\)",
        r"(?P<url>(?:tftp|ftp|https?|scp|sftp)://[^\s)]{1,1024})",
    )
)  # fmt: skip
_LOGINS = re.compile(
    r"LOGIN|USERAUTH|AUTH_PASSED|AUTH_FAIL|AUTHFAIL|BADAUTH|PRIV_AUTH|SSH2_SESSION|SSH_SESSION|QUIET_MODE|USER_LOCKED|SYSTEM_MSG"
)
_AUTH_FACILITIES = frozenset(
    {"MAB", "DOT1X", "AUTHMGR", "SESSION_MGR", "RADIUS", "TACACS", "WEBAUTH", "AUTHPRIV", "SEC_LOGIN"}
)
_CONFIG = re.compile(r"CONFIG|CFGLOG|RELOAD|RESTART|ACCTLOCAL|USER_RESET|USERNAME|COPY")
_ROUTING = re.compile(
    r"BGP|OSPF|EIGRP|DUAL|ISIS|LDP|HSRP|VRRP|LINK|LINEPROTO|ETHPORT|ETH_PORT_CHANNEL|SPANTREE|STP|PM|CDP|LLDP|BFD|PIM|MPLS|ROUTING"
)
_GUARDS = frozenset({"PORT_SECURITY", "DHCP_SNOOPING", "SW_DAI", "SW_MATM", "SISF", "IP_SOURCE_GUARD", "IDBMAN"})
_ACL = re.compile(r"ACCESSLOG|ACLLOG|DROP_PKT|PASS_PKT|SESS_AUDIT|FW")
_GOOD = re.compile(r"success|succeeded|passed|accepted|authorized", re.IGNORECASE)
_BAD = re.compile(
    r"fail|denied|reject|invalid|illegal|unsuccessful|refused|No MD5|locked|watching failures", re.IGNORECASE
)


class CiscoIosParser:
    """IOS, IOS XE, IOS XR and NX-OS messages.

    `event.code` is the mnemonic (`CONFIG_I`), `log.syslog.facility.name` the facility of the message (`SYS`), as the syslog facility says
    nothing of it. A time with `*` was written before the clock was ever set and is no time of the event (`cisco.clock: unsynchronised`):
    the relay's time counts, or that of receipt. A time with `.` is of a clock that lost its server and is kept.

    Phrases are read wherever they stand, whatever the mnemonic, as the same ones come back in hundreds of messages. What a user typed
    (commands, names) is bounded by the device's own words around it; the first phrase that names a thing counts.

    Source: Cisco, "System Message Guide for Cisco IOS XE", "Cisco IOS System Message Guide", "NX-OS System Messages Reference", "IOS XR
    System Error Messages"; "Cisco IOS Login Enhancements" (login messages).
    """

    id: ClassVar[str] = "cisco_ios"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        message = read_cisco(text.strip(), context)
        if message is None:
            raise unreadable(msg("bản ghi Cisco: %CƠ_SỞ-mức-MÃ: câu"))
        raw = _said(message.text[:_LONGEST])
        fields = bundled_table("cisco_ios").apply(raw, context) | message.fields
        fields |= {
            "event.code": message.mnemonic,
            "event.severity": message.level,
            "log.syslog.facility.name": message.facility,
            "cisco.message": f"{message.facility}-{message.level}-{message.mnemonic}",
            "message": message.text,
        }
        if message.clock and message.clock != "synchronised":
            fields["cisco.clock"] = message.clock
        if "target_user" in raw:
            fields["source.user.name"] = fields.pop("user.name", None) or raw.get("by")
        _put_kind(fields, message)
        return fields


def _said(text: str) -> Record:
    """The pieces of `text`; the first phrase that names one counts."""
    raw: Record = {}
    for name, value in _BRACKETS.findall(text):
        raw.setdefault(_NAMED[name.lower()], value.strip())
    for phrase in _PHRASES:
        found = phrase.search(text)
        if found is not None:
            for name, value in found.groupdict().items():
                if value:
                    raw.setdefault(name, value.strip())
    mac = _MAC.search(text)
    if mac is not None:
        digits = "".join(mac.groups())
        raw["mac"] = ":".join(digits[at : at + 2] for at in range(0, 12, 2))
    for name in ("src", "dst", "neighbor"):
        if name in raw and not is_ip(str(raw[name])):
            del raw[name]
    return raw


def _put_kind(fields: Record, message: CiscoMessage) -> None:
    """Category, type and outcome by facility and mnemonic."""
    mnemonic, facility = message.mnemonic, message.facility
    if _ACL.search(mnemonic) or facility == "FW":
        denied = str(fields.get("event.action", "")).lower() in {"denied", "dropping"}
        fields |= {"event.category": ["network"], "event.type": ["connection", "denied" if denied else "allowed"]}
    elif mnemonic.endswith(("LOGOUT", "_CLOSE", "TTY_EXPIRE_TIMER")):
        fields |= {"event.category": ["session", "authentication"], "event.type": ["end"]}
    elif _LOGINS.search(mnemonic) or facility in _AUTH_FACILITIES:
        fields |= {"event.category": ["authentication"], "event.type": ["start"]}
        _put_outcome(fields, f"{mnemonic} {message.text}")
    elif _CONFIG.search(mnemonic):
        fields |= {"event.category": ["configuration"], "event.type": ["change"]}
    elif facility in _GUARDS or mnemonic == "DUPADDR":
        fields |= {
            "event.kind": "alert",
            "event.category": ["intrusion_detection", "network"],
            "event.type": ["denied"],
        }
    elif _ROUTING.match(facility):
        fields |= {"event.category": ["network"], "event.type": ["change"]}
    else:
        fields |= {"event.category": ["host"], "event.type": ["info"]}


def _put_outcome(fields: Record, text: str) -> None:
    if _BAD.search(text):
        fields["event.outcome"] = "failure"
    elif _GOOD.search(text):
        fields["event.outcome"] = "success"
