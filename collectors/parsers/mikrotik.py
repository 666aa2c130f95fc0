"""MikroTik RouterOS 6 and 7: topics and a sentence, in a syslog header, bare, as its own log file writes them, or as CEF."""

from __future__ import annotations

import re
from datetime import datetime
from typing import ClassVar

from collectors.mapping import bundled_table
from collectors.parsers.cef import split_cef
from collectors.parsers.syslog import open_envelope
from collectors.parsing import ParseContext, Record, unreadable
from collectors.times import MONTHS, utc, yearless_time
from collectors.values import is_ip
from soc.core.i18n import msg

_CEF = re.compile(r"CEF: ?\d{1,2}\|MikroTik")
_OWN_TIME = re.compile(
    r"(?:(?:(?P<month>[a-z]{3})/(?P<day>\d{2})(?:/(?P<year>\d{4}))?|(?:(?P<iso_year>\d{4})-)?(?P<iso_month>\d{2})-(?P<iso_day>\d{2})) )?"
    r"(?P<clock>\d{2}:\d{2}:\d{2}) (?=[a-z]+,)"
)
_TOPICS = re.compile(r"(?:[\w.-]{1,64}: )?([a-z][a-z0-9-]{1,31}(?:,!?[a-z][a-z0-9-]{1,31}){1,8}),? +")
_LEVELS = frozenset({"info", "error", "warning", "critical", "debug", "account", "raw", "packet", "event"})
_MAC = r"(?:[0-9A-Fa-f]{2}:){5}[0-9A-Fa-f]{2}"
_END = r"(?:\[[0-9A-Fa-f:.]{2,45}\]|[0-9A-Fa-f.:]{2,45}?)"
_TRAFFIC = re.compile(
    rf"(?:(?P<rule>[^:]{{1,128}}?) )??(?:(?P<chain>\w{{1,32}}): ?)?in:(?P<in>\([^)]{{0,32}}\)|[^\s,]{{1,64}}) "
    rf"out:(?P<out>\([^)]{{0,32}}\)|[^\s,]{{1,64}}),? "
    rf"(?:(?:connection-)?(?:mark|state):(?P<state>[^\s]{{1,64}}?),? )?(?:packet-mark:\S{{1,64}} )?(?:src-mac (?P<src_mac>{_MAC}), )?"
    rf"proto (?P<proto>[\w-]{{1,16}})(?: \((?P<flags>[^)]{{0,64}})\))?, "
    rf"(?P<src>{_END})(?::(?P<src_port>\d{{1,5}}))?->(?P<dst>{_END})(?::(?P<dst_port>\d{{1,5}}))?(?=[,\s]|$)"
)
_NAT = re.compile(
    rf"NAT (?:\((?P<a>{_END})(?::\d{{1,5}})?->(?P<b>{_END})(?::(?P<b_port>\d{{1,5}}))?\)->\S"
    rf"|\S{{1,64}}->\((?P<c>{_END})(?::\d{{1,5}})?->(?P<d>{_END})(?::(?P<d_port>\d{{1,5}}))?\))"
)
_LENGTH = re.compile(r"\blen (\d{1,9})")
_FROM = r"(?:(?P<src_mac>~mac~)|(?P<src>\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.]{2,42}))"
_PHRASES: tuple[tuple[re.Pattern[str], str], ...] = tuple(
    (re.compile(phrase.replace("~from~", _FROM).replace("~mac~", _MAC)), kind)
    for phrase, kind in (
        (r"login failure for user (?P<user>.{0,128}?)(?: from ~from~)?(?: via (?P<via>[\w-]{1,32}))?$", "refused"),
        (r"user (?P<user>.{1,128}?) (?P<action>logged in)(?: from ~from~)?(?: via (?P<via>[\w-]{1,32}))?$", "login"),
        (r"user (?P<user>.{1,128}?) (?P<action>logged out)(?: from ~from~)?(?: via (?P<via>[\w-]{1,32}))?$", "logout"),
        (r"(?P<user>[^\s,]{1,128}) (?P<action>logged in), (?P<assigned>[0-9A-Fa-f.:]{2,45})(?: from ~from~)?", "login"),
        (r"(?P<user>[^\s,]{1,128}) (?P<action>logged out), (?P<reason>.{1,128})", "logout"),
        (r"(?P<user>[^\s(]{1,128}) \(~from~\): (?P<action>logged in)", "login"),
        (r"(?P<user>[^\s(]{1,128}) \(~from~\): (?P<action>logged out)(?:: (?P<reason>.{1,128}))?", "logout"),
        (r"(?P<user>[^\s(]{1,128}) \(~from~\): (?P<action>login failed)(?:: (?P<reason>.{1,128}))?", "refused"),
        (r"(?:<\S{1,64}>: )?user (?P<user>\S{1,128}) authentication failed(?:[ -]{1,3}(?P<reason>.{1,128}))?", "refused"),
        (r"<(?:pppoe|pptp|l2tp|sstp|ovpn)-(?P<user>[^>]{1,64})>: (?P<action>authenticated|connected)", "login"),
        (r"<(?:pppoe|pptp|l2tp|sstp|ovpn)-(?P<user>[^>]{1,64})>: (?P<action>terminating|disconnected)"
         r"(?:[ .-]{1,5}(?P<reason>.{1,128}))?", "logout"),
        (r"(?P<changed>.{1,255}?) (?P<action>changed|added|removed|moved|enabled|disabled) by "
         r"(?:(?P<tool>\S{1,64}?):)?(?P<user>[^\s@(:]{1,128})(?:@~from~(?=[\s)]|$))?(?: \((?P<command>.{1,1024})\))?", "change"),
        (r"(?P<action>(?:router )?reboot(?:ed)?|shutdown)(?: by (?P<user>\S{1,128}))?", "change"),
        (r"password for user (?P<user>\S{1,128}) (?P<action>changed)", "change"),
        (r"(?P<server>\S{1,64}) (?P<action>assigned|deassigned) "
         r"(?P<lease>[0-9A-Fa-f.:]{2,45}) (?:to|for|from) (?P<mac>~mac~)(?: (?P<client>\S{1,255}))?", "lease"),
        (r"(?P<interface>\S{1,64}) link (?P<action>up|down)", "link"),
        (r"(?P<mac>~mac~)@(?P<interface>[^\s:]{1,64}): (?P<action>connected|disconnected)(?:, (?P<reason>.{1,128}))?", "link"),
        (r"TCP connection established from ~from~", "connection"),
        (r"(?:ipsec: )?~from~ (?P<reason>failed to .{1,128}|phase1 negotiation failed.{0,128})", "vpn_failed"),
        (r"~from~ (?P<method>[A-Z]{3,8}) (?P<url>\S{1,4096}) ? action=(?P<action>\w{1,16})", "web"),
    )
)  # fmt: skip
_KINDS: dict[str, Record] = {
    "refused": {"event.category": ["authentication"], "event.type": ["start"], "event.outcome": "failure"},
    "login": {"event.category": ["authentication"], "event.type": ["start"], "event.outcome": "success"},
    "logout": {"event.category": ["authentication", "session"], "event.type": ["end"]},
    "change": {"event.category": ["configuration"], "event.type": ["change"]},
    "lease": {"event.category": ["network"], "event.type": ["protocol"], "network.protocol": "dhcp"},
    "link": {"event.category": ["network"], "event.type": ["change"]},
    "connection": {"event.category": ["network"], "event.type": ["connection", "start"]},
    "vpn_failed": {"event.category": ["network"], "event.type": ["connection", "error"], "event.outcome": "failure"},
    "web": {"event.category": ["network", "web"], "event.type": ["access"]},
}


class MikrotikParser:
    """RouterOS messages.

    The year is that which puts the time nearest before its receipt. The action of a filter rule is not in its line: only the prefix that
    the operator wrote says it, kept as `rule.name`; `event.type` says denied or allowed where the prefix does (`drop`, `accept` ...).

    Source: help.mikrotik.com, RouterOS documentation: "Log" (topics, remote formats, CEF from 7.13), "Filter" (firewall log line),
    "DHCP", "PPP AAA"; message texts as releases 6.49 and 7.16 write them.
    """

    id: ClassVar[str] = "mikrotik"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        line = text.strip()
        outer, body = _open(line, context)
        raw: Record = {}
        if _CEF.match(body):
            message = split_cef(body)
            raw = {**message.header, **message.extension}
            topics, said = str(raw.pop("name", "")).split(","), str(raw.get("msg") or "")
        else:
            topics, said = _topics(body)
        pieces, kind = _said(said)
        if not topics and not pieces:
            raise unreadable(msg("bản ghi RouterOS: chủ đề cách bởi phẩy rồi câu"))
        fields = outer | bundled_table("mikrotik").apply({**raw, **pieces}, context)
        fields |= {"message": said, **kind}
        if topics:
            fields |= {"mikrotik.topics": topics, "event.provider": topics[0], "log.level": _level(topics)}
        if "host.name" in fields:
            fields.setdefault("observer.name", fields["host.name"])
        return fields


def _open(line: str, context: ParseContext) -> tuple[Record, str]:
    """The header as fields, and the rest. A chain in front of `in:` looks like the tag of a program and goes back."""
    envelope = open_envelope(line, context)
    outer, body = ({}, line) if envelope is None else (envelope.fields, envelope.message)
    tag = outer.get("process.name")
    if tag is not None and body.startswith("in:"):
        body = f"{outer.pop('process.name')}: {body}"
    own = _OWN_TIME.match(body)
    if own is None:
        return outer, body
    moment = _own_time(own, context)
    return outer | ({} if moment is None else {"@timestamp": moment}), body[own.end() :]


def _own_time(found: re.Match[str], context: ParseContext) -> datetime | None:
    """The time of the device's own log: a clock alone (today), with a day, or with a year."""
    month = MONTHS.get(found["month"] or "", 0) or int(found["iso_month"] or 0)
    day, year = int(found["day"] or found["iso_day"] or 0), found["year"] or found["iso_year"]
    try:
        if year:
            return utc(datetime.fromisoformat(f"{year}-{month:02}-{day:02}T{found['clock']}"), context.zone)
        if not day:
            today = context.received.astimezone(context.zone)
            month, day = today.month, today.day
        return yearless_time(month, day, found["clock"], context.received, context.zone)
    except ValueError:
        return None


def _topics(body: str) -> tuple[list[str], str]:
    found = _TOPICS.match(body)
    topics = [] if found is None else found[1].split(",")
    if found is None or not _LEVELS.intersection(topics):
        return [], body
    return topics, body[found.end() :].strip()


def _level(topics: list[str]) -> str:
    return next((level for level in ("critical", "error", "warning", "debug") if level in topics), "info")


def _said(text: str) -> tuple[Record, Record]:
    """The pieces of a sentence and the constants of its kind."""
    traffic = _TRAFFIC.match(text)
    if traffic is not None:
        return _flow(text, traffic)
    for phrase, kind in _PHRASES:
        found = phrase.match(text)
        if found is not None:
            raw = {name: value for name, value in found.groupdict().items() if value}
            if "src" in raw and not is_ip(raw["src"]):
                continue
            return {**raw}, _KINDS[kind]
    return {}, {"event.category": ["host"], "event.type": ["info"]}


def _flow(text: str, found: re.Match[str]) -> tuple[Record, Record]:
    """A line of the firewall: ends, translation, length, and what its prefix says."""
    raw: Record = {name: value.strip("[]") for name, value in found.groupdict().items() if value}
    nat = _NAT.search(text, found.end())
    if nat is not None:
        named = {"src_nat": nat["b"], "src_nat_port": nat["b_port"], "dst_nat": nat["d"], "dst_nat_port": nat["d_port"]}
        raw |= {name: value.strip("[]") for name, value in named.items() if value}
    length = _LENGTH.search(text, found.end())
    if length is not None:
        raw["len"] = length[1]
    prefix = str(raw.get("rule", "")).lower()
    verdict = "denied" if any(word in prefix for word in ("drop", "deny", "reject", "block", "chan")) else "allowed"
    told = verdict == "denied" or any(word in prefix for word in ("accept", "allow", "permit"))
    kinds = ["connection", verdict] if told else ["connection"]
    return raw, {"event.category": ["network"], "event.type": kinds}
