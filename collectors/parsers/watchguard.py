"""WatchGuard Firebox: Fireware logs as LEEF, and as syslog with `msg_id="..."` and the columns of its traffic lines."""

from __future__ import annotations

import re
from typing import ClassVar

from collectors.mapping import bundled_table
from collectors.parsers.leef_record import split_leef
from collectors.parsers.pairs import read_pairs
from collectors.parsers.syslog import open_envelope
from collectors.parsing import ParseContext, Record, unreadable
from collectors.values import is_ip, whole
from soc.core.i18n import msg

_LEEF = re.compile(r"(?:LEEF: ?)?[12](?:\.\d)?\|WatchGuard", re.IGNORECASE)
_SERIAL = re.compile(r"([0-9A-Z]{8,16}) (?:\([\dT:-]{19}\) )?")
_PROGRAM = re.compile(r"([a-zA-Z][\w.-]{0,63})(?:\[(\d{1,9})\])?: ")
_NUMBER = re.compile(r"msg_id=\"([0-9A-F]{4})-?([0-9A-F]{4})\" ?")
_ADDRESS = r"(?:\d{1,3}(?:\.\d{1,3}){3}|[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:]{2,38})"
_FLOW = re.compile(
    rf"(?P<disp>Allow|Deny|Proxy\w{{1,10}}) (?P<in_if>\S{{1,64}}) (?P<out_if>\S{{1,64}}) (?:(?P<length>\d{{1,6}}) )?"
    rf"(?P<proto>[\w/-]{{1,20}}) "
    rf"(?:(?P<header>\d{{1,4}}) (?P<ttl>\d{{1,3}}) )?(?P<src>{_ADDRESS}) (?P<dst>{_ADDRESS})(?: (?P<srcPort>\d{{1,5}}) "
    rf"(?P<dstPort>\d{{1,5}}))?"
)
_POLICY = re.compile(r"\(([^()]{1,128})\)\s*$")
_USER = r"\[?(?P<user>[^\s\]\[]{1,256})\]?"
_PHRASES = tuple(
    (re.compile(phrase.replace("~user~", _USER).replace("~from~", rf"(?: ?\(?from (?P<src>{_ADDRESS})\)?)?")), kind)
    for phrase, kind in (
        (r"Authentication of [\w -]{0,40}?user ~user~~from~ was (?P<result>rejected|accepted)(?:, (?P<reason>.{1,256}))?", "login"),
        (r"(?P<session>[\w -]{0,40}?) ?[Uu]ser ~user~~from~ (?P<result>logged in)(?: assigned virtual IP is "
         r"(?P<virtual>\S{1,64}))?", "session"),
        (r"(?P<session>[\w -]{0,40}?) ?[Uu]ser ~user~~from~ (?P<result>logged out|log out|logout)(?: assigned virtual IP is "
         r"(?P<virtual>\S{1,64}))?", "end"),
        (r"(?P<session>[\w -]{0,40}?) ?[Uu]ser ~user~~from~ "
         r"(?P<result>log in attempt was rejected|login was rejected|failed to log in)[ ,.-]{0,3}(?P<reason>.{0,256})", "login"),
        (r"DHCP(?P<operation>[A-Z]{3,10}) (?:for|on|of) (?P<src>[\d.]{7,15}) (?:from|to) (?P<mac>"
         r"(?:[0-9a-fA-F]{2}:){5}[0-9a-fA-F]{2})(?: \((?P<client>[^)]{1,255})\))?", "lease"),
    )
)  # fmt: skip
_KINDS: dict[str, Record] = {
    "login": {"event.category": ["authentication"], "event.type": ["start"]},
    "session": {"event.category": ["session", "authentication"], "event.type": ["start"], "event.outcome": "success"},
    "end": {"event.category": ["session", "authentication"], "event.type": ["end"]},
    "lease": {"network.protocol": "dhcp", "event.type": ["protocol"]},
}


class WatchguardParser:
    """Fireware traffic, proxy, event and diagnostic messages.

    The message id is `event.code`, written as in LEEF (`30000148`). An account carries its authentication server behind the last `@`
    (`name@domain@radius`): it is neither name nor mail address and stays as `watchguard.auth_server`.

    Source: WatchGuard, Fireware Log Catalog 12.x (message ids and texts); Fireware Help, "Types of Log Messages" (traffic columns).
    """

    id: ClassVar[str] = "watchguard"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        line = text.strip()
        envelope = open_envelope(line, context)
        outer, body = ({}, line) if envelope is None else (envelope.fields, envelope.message)
        raw = _raw(outer, body)
        if raw is None:
            raise unreadable(msg("bản ghi Firebox: LEEF, hoặc msg_id=mã rồi câu"))
        said, kind = _said(str(raw.get("msg") or ""))
        raw |= {name: value for name, value in said.items() if name not in raw}
        fields = outer | bundled_table("watchguard").apply(raw, context) | kind
        _put_user(fields, str(raw.get("user") or raw.get("src_user") or ""))
        _put_rest(fields, raw)
        return fields


def _raw(outer: Record, body: str) -> Record | None:
    """The record under the keys of LEEF; None when it is not one of Fireware."""
    if _LEEF.match(body):
        leef = split_leef(body)
        named: Record = {**leef.attributes, **leef.header}
        for name in ("srcPostNATPORT", "dstPostNATPORT"):
            if name in named:
                named[name.replace("PORT", "Port")] = named.pop(name)
        return named
    serial = _SERIAL.match(body)
    raw: Record = {}
    if serial is not None:
        raw["serial"] = serial[1]
        body = body[serial.end() :]
    program = _PROGRAM.match(body)
    if program is not None:
        outer["process.name"] = program[1]
        body = body[program.end() :]
    number = _NUMBER.search(body, 0, 256)
    if number is None:
        return None
    raw["msg_id"] = number[1] + number[2]
    return raw | _columns(body[number.end() :].strip())


def _columns(text: str) -> Record:
    """A traffic line: its columns, the pairs behind them, and the policy in brackets at the end; of other texts the whole as `msg`."""
    flow = _FLOW.match(text)
    if flow is None:
        pairs = read_pairs(text)
        return {**pairs, "msg": pairs.get("msg") or text}
    raw: Record = {name: value for name, value in flow.groupdict().items() if value}
    pairs = read_pairs(text[flow.end() :])
    policy = _POLICY.search(text[-160:])
    if policy is not None:
        raw["policy"] = policy[1]
    return {**pairs, **raw}


def _said(text: str) -> tuple[Record, Record]:
    for phrase, kind in _PHRASES:
        found = phrase.match(text)
        if found is not None:
            said = {name: value for name, value in found.groupdict().items() if value}
            constants = dict(_KINDS[kind])
            if kind == "login":
                constants["event.outcome"] = "success" if said.get("result") == "accepted" else "failure"
            return {**said}, constants
    return {}, {}


def _put_user(fields: Record, text: str) -> None:
    """`name@domain@server`, `name@server`, `name@domain`: with two signs, or a server without a dot, the last part is the server."""
    parts = text.split("@")
    if not text:
        return
    if len(parts) > 2 or (len(parts) == 2 and "." not in parts[1]):
        fields["watchguard.auth_server"] = parts.pop()
    fields["user.name"] = parts[0]
    if len(parts) == 2:
        fields["user.domain"], fields["user.email"] = parts[1], "@".join(parts)


def _put_rest(fields: Record, raw: Record) -> None:
    seconds = whole(str(raw.get("duration", "")))
    if seconds is not None:
        fields["event.duration"] = seconds * 10**9
    client = str(raw.get("client") or "")
    if client and not is_ip(client):
        fields["source.domain"] = client
    if "url.domain" in fields and raw.get("arg"):
        fields["url.original"] = f"{fields['url.domain']}{raw['arg']}"
