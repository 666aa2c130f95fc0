"""OpenLDAP: what slapd writes at log level `stats`, bare or in a syslog envelope."""

from __future__ import annotations

import re
from typing import ClassVar

from collectors.parsers.syslog import open_envelope
from collectors.parsing import ParseContext, Record, unreadable
from collectors.values import is_ip, put_address, put_port, split_endpoint, whole
from soc.core.i18n import msg

_OWN_TIME = re.compile(r"[0-9a-f]{8}(?:\.[0-9a-f]{1,8})? (?:0x[0-9a-f]{1,16} )?")
_HEAD = re.compile(r"conn=(-?\d{1,18})(?: op=(\d{1,12}))?(?: fd=(\d{1,9}))? (.{0,65536})", re.DOTALL)
_VERB = re.compile(r"(SEARCH RESULT|[A-Za-z]{2,20})")
_ACCEPT = re.compile(r"ACCEPT from (?:IP|PATH)=(\S{1,200})(?: \((?:IP|PATH)=([^)\s]{1,200})\))?")
_PAIR = re.compile(r"(?:^| )([a-zA-Z_]{1,24})=(?:\"([^\"]{0,8192})\"|(\S{0,8192}))")
_FIRST_NAME = re.compile(r"\s*(?:uid|cn|sAMAccountName|mail)=([^,+\"]{1,256})", re.IGNORECASE)
_DOMAIN = re.compile(r"(?:^|,)\s*(dc|o)=([^,\"]{1,256})", re.IGNORECASE)
_ERRORS = {"0": "success", "14": "unknown"}
"""LDAP result codes that are no failure: success, saslBindInProgress; compareFalse, compareTrue and referral say nothing of it either."""
_NEUTRAL = frozenset({"5", "6", "10"})
_KINDS = {
    "accept": (["network"], ["connection", "start"]),
    "closed": (["network"], ["connection", "end"]),
    "bind": (["authentication"], ["start"]),
    "unbind": (["authentication"], ["end"]),
    "srch": (["network"], ["access"]),
    "cmp": (["network"], ["access"]),
    "add": (["iam"], ["creation"]),
    "del": (["iam"], ["deletion"]),
    "mod": (["iam"], ["change"]),
    "modrdn": (["iam"], ["change"]),
    "passmod": (["iam"], ["user", "change"]),
    "tls": (["network"], ["protocol"]),
}


class OpenldapParser:
    """A line of slapd.

    `conn` numbers the connection: it is `transaction.id`, so that the BIND that says who, the ACCEPT that says from where, and the RESULT
    that says how it ended find one another; only the ACCEPT has addresses. Who is searched or changed is `user.target`.

    Source: OpenLDAP 2.4 to 2.6, servers/slapd (connection.c, bind.c, search.c, result.c: Statslog); RFC 4511 appendix A for result codes.
    """

    id: ClassVar[str] = "openldap"
    version: ClassVar[int] = 1
    raw: ClassVar[bool] = False

    def parse(self, text: str, context: ParseContext) -> Record:
        fields: Record = {"event.kind": "event", "event.dataset": "openldap", "process.name": "slapd"}
        line = _unquoted(text.strip())
        if (envelope := open_envelope(line, context)) is not None:
            fields.update(envelope.fields)
            line = envelope.message.strip()
        if (own := _OWN_TIME.match(line)) is not None:
            line = line[own.end() :]
        line = line.removeprefix("slapd ").strip()
        if not line:
            raise unreadable(msg("một dòng của slapd"))
        fields["message"] = line
        head = _HEAD.match(line)
        if head is None:
            return fields | {"event.category": ["process"], "event.type": ["info"]}
        _put_head(fields, head)
        _put_verb(fields, head[4])
        return fields


def _unquoted(line: str) -> str:
    """A line that went through CSV: quoted, its quotes doubled."""
    return line[1:-1].replace('""', '"').strip() if len(line) > 1 and line[0] == line[-1] == '"' else line


def _put_head(fields: Record, head: re.Match[str]) -> None:
    fields["transaction.id"] = head[1]
    for group, name in ((2, "openldap.operation"), (3, "openldap.descriptor")):
        if head[group]:
            fields[name] = head[group]


def _put_verb(fields: Record, rest: str) -> None:
    verb = _VERB.match(rest)
    action = verb[1].lower().replace("search result", "result") if verb is not None else ""
    category, kind = _KINDS.get(action, (["network"], ["info"]))
    fields |= {"event.action": action, "event.category": list(category), "event.type": list(kind)}
    if action == "accept":
        _put_addresses(fields, rest)
    pairs: dict[str, str] = {}
    for pair in _PAIR.finditer(rest):
        pairs.setdefault(pair[1], pair[2] if pair[2] is not None else pair[3])
    if action == "unbind":
        fields["event.outcome"] = "success"
    if "err" in pairs:
        _put_result(fields, pairs)
    _put_names(fields, pairs)
    if action == "srch" and "attr=" in rest:
        fields["openldap.attributes"] = rest.partition("attr=")[2].split()


def _put_addresses(fields: Record, rest: str) -> None:
    found = _ACCEPT.match(rest)
    if found is None:
        return
    for side, text in (("source", found[1]), ("destination", found[2] or "")):
        address, port = split_endpoint(text)
        if is_ip(address):
            put_address(fields, side, address)
            put_port(fields, f"{side}.port", port)


def _put_result(fields: Record, pairs: dict[str, str]) -> None:
    code = pairs["err"]
    fields["openldap.result"] = code
    if code not in _NEUTRAL:
        fields["event.outcome"] = _ERRORS.get(code, "failure")
    if pairs.get("text"):
        fields["event.reason"] = pairs["text"]
    if (found := whole(pairs.get("nentries", ""))) is not None:
        fields["soc.record.count"] = found


def _put_names(fields: Record, pairs: dict[str, str]) -> None:
    """Who binds, what is searched or changed; the domain is written in the parts of the name."""
    name = pairs.get("dn") or pairs.get("authcid") or pairs.get("id") or ""
    if name:
        who = "user.name" if fields["event.action"] in {"bind", "unbind"} else "user.target.name"
        fields["openldap.dn" if "=" in name else who] = name
        if (first := _FIRST_NAME.match(name)) is not None:
            fields[who] = first[1]
    where = name or pairs.get("base", "")
    parts = _DOMAIN.findall(where)
    components = [value for kind, value in parts if kind.lower() == "dc"] or [value for _, value in parts[:1]]
    if components:
        fields["user.domain"] = ".".join(components)
    for raw, target in (
        ("base", "openldap.base"),
        ("filter", "openldap.filter"),
        ("mech", "openldap.mechanism"),
        ("method", "openldap.method"),
    ):
        if pairs.get(raw):
            fields[target] = pairs[raw]
