"""BIND: the lines that begin with a client, from its question to what became of it."""

from __future__ import annotations

import re
from collections.abc import Callable

from collectors.parsers.dns import put_end, put_question
from collectors.parsing import Record
from collectors.values import is_ip

_CLIENT = re.compile(
    r"client (?:@0x[0-9a-fA-F]{1,16} )?([0-9A-Fa-f:.%]{2,64})#(\d{1,5})(?:/key (\S{1,255}))?(?: \(([^()\s]{0,255})\))?: "
    r"(?:signer \"([^\"]{1,255})\" )?(?:view ([^\s:]{1,64}): )?(?:(UDP|TCP): )?"
)
_QUERY = re.compile(
    r"(query|answer|response): (\S{1,1024}) ([A-Z]{2}|CLASS\d{1,5}) ([A-Z0-9-]{1,20})(?: response: ([A-Z]{2,12}))?(?: ([A-Z]{5,12}))?"
    r" ?([+-][A-Z0-9()]{0,24})?(?: \(([0-9A-Fa-f:.%]{2,64})\))?"
)
_RESULT = re.compile(r" -> ([A-Z]{2,12})(?: (.*))?$")
_ECS_OPTION = re.compile(r"\[ECS ([0-9A-Fa-f:.]{2,45}/\d{1,3}(?:/\d{1,3})?)\]")
_DENIED = re.compile(
    r"(query(?: \(cache\))?|update|zone transfer|notify) '([^'/\s]{0,1024})/([A-Z0-9]{1,20})(?:/([A-Z0-9]{1,12}))?' denied"
)
_FAILED = re.compile(r"query failed \((\S{1,60}?)\) for ([^/\s]{1,1024})/([A-Z]{2})/([A-Z0-9]{1,20})")
_LIMITED = re.compile(
    r"(would rate limit|rate limit) (drop|slip|stop|limit) (\w+ )?(?:response|responses|error responses|NXDOMAIN responses|.{0,40}?)? ?to "
    r"([0-9A-Fa-f:.]{2,45})/\d{1,3}(?: for (\S{1,1024}) ([A-Z]{2}) ([A-Z0-9]{1,20}))?"
)
_RPZ = re.compile(
    r"(disabled )?rpz ([A-Z-]{2,12}) ([A-Za-z-]{2,20})(?: rewrite)? ([^/\s]{1,1024})(?:/([A-Z0-9]{1,20})/([A-Z]{2}))? via (\S{1,1024})"
)
_UPDATE = re.compile(r"updating zone '([^'/\s]{1,1024})/(\w{1,12})': (.{1,1000})")
_FOR_ZONE = re.compile(r"\bzone '([^'/\s]{1,1024})")
_ANSWER = re.compile(r"(\S{1,1024}) \d{1,10} (?:IN )?([A-Z][A-Z0-9]{0,9}) (\S{1,1024})")
_FLAGS = {"C": "CD", "D": "DO"}
_REFUSALS = ("denied", "failed", "refused", "bad ", "invalid", "not authoritative", "exceeded", "expired", "unable")
_ZONE = re.compile(r"zone ([^/\s]{1,1024})/(\w{1,12})(?:/([^\s:]{1,64}))?(?: \((?:un)?signed\))?: (.{1,1000})")
_TRANSFER = re.compile(
    r"transfer of '([^'/\s]{1,1024})/(\w{1,12})(?:/[^']{1,64})?'(?: from ([0-9A-Fa-f:.%]{2,64})#(\d{1,5}))?: (.{1,1000})"
)
_RPZ_ZONE = re.compile(r"(?:rpz|catz|response-policy): (\S{1,1024}): (.{1,1000})")
_SERIAL = re.compile(r"\bserial (\d{1,10})")
_FROM = re.compile(r"\bfrom ([0-9A-Fa-f:.%]{2,64})#(\d{1,5})")


def read_client(fields: Record, body: str) -> bool:
    """Whether `body` is a line about a client; writes what it says, transfers included."""
    client = _CLIENT.match(body)
    if client is None:
        return False
    address, port, key, name, signer, view, transport = client.groups()
    put_end(fields, "source", address, port)
    for field, value in (("bind.key", key or signer), ("bind.view", view)):
        if value:
            fields[field] = value
    if transport:
        fields["network.transport"] = transport.lower()
    rest = body[client.end() :]
    if name:
        put_question(fields, name, "", "")
    if not any(read(fields, rest) for read in (*_READERS, read_zone)):
        fields["event.action"] = "client"
        if (zone := _FOR_ZONE.search(rest)) is not None:
            fields["bind.zone"] = zone[1]
        put_failure(fields, rest)
    return True


def _query(fields: Record, rest: str) -> bool:
    """`query: name class type flags (server)`; `answer: ... -> RCODE records`; Infoblox: `query: ... response: RCODE flags records`."""
    found = _QUERY.match(rest)
    if found is None:
        return False
    kind, name, dns_class, dns_type, answered, code, flags, server = found.groups()
    put_question(fields, name, dns_type, dns_class)
    result = _RESULT.search(rest, found.end())
    response = answered or code or (result[1] if result is not None else "")
    fields |= {
        "event.type": ["protocol"],
        "event.action": "dns_answer" if response else "dns_query",
        "event.dataset": "bind.query",
    }
    fields["dns.type"] = "answer" if response or kind != "query" else "query"
    if flags:
        _put_flags(fields, flags)
    if server:
        put_end(fields, "destination", server, "")
        fields["server.ip"] = fields.get("destination.ip", "")
    if response:
        fields |= {"dns.response_code": response, "event.outcome": "success" if response == "NOERROR" else "failure"}
        _put_answers(fields, (result[2] or "") if result is not None else rest[found.end() :])
    if (subnet := _ECS_OPTION.search(rest, found.end())) is not None:
        fields["bind.client_subnet"] = subnet[1]
    return True


def _put_flags(fields: Record, flags: str) -> None:
    fields["bind.flags"] = flags
    plain = re.sub(r"\(\d*\)", "", flags)
    header = ["RD"] if plain.startswith("+") else []
    header += [_FLAGS[flag] for flag in plain if flag in _FLAGS]
    if header:
        fields["dns.header_flags"] = header
    fields.setdefault("network.transport", "tcp" if "T" in plain else "udp")


def _put_answers(fields: Record, text: str) -> None:
    """Records as `name ttl type data`, with the class or without, parted by blanks or semicolons; of the data the first word."""
    found = _ANSWER.findall(text[:8000].replace(";", " "))
    names = [name.rstrip(".") for name, _, _ in found]
    types = [kind for _, kind, _ in found]
    data = [value.rstrip(".") for _, _, value in found]
    for field, values in (("name", names), ("type", types), ("data", data)):
        if values:
            fields[f"dns.answers.{field}"] = values
    if resolved := [value for value in data if is_ip(value)]:
        fields["dns.resolved_ip"] = resolved


def _denied(fields: Record, rest: str) -> bool:
    """`query (cache) 'name/type/class' denied`, `update 'zone/class' denied`, `zone transfer 'zone/AXFR/IN' denied`."""
    found = _DENIED.search(rest)
    if found is None:
        return False
    what, name, kind, dns_class = found.groups()
    put_question(fields, name, kind if dns_class else "", dns_class or kind)
    fields |= {
        "event.type": ["denied"],
        "event.action": what.replace(" (cache)", "").replace(" ", "_"),
        "event.outcome": "failure",
    }
    fields["event.reason"] = rest[found.start() :]
    return True


def _failed(fields: Record, rest: str) -> bool:
    found = _FAILED.search(rest)
    if found is None:
        return False
    put_question(fields, found[2], found[4], found[3])
    fields |= {
        "event.action": "dns_query",
        "event.outcome": "failure",
        "dns.response_code": found[1],
        "event.reason": rest,
    }
    return True


def _limited(fields: Record, rest: str) -> bool:
    found = _LIMITED.search(rest)
    if found is None:
        return False
    fields |= {"event.action": "rate_limit", "event.type": ["denied"], "event.outcome": "failure", "event.reason": rest}
    if found[5]:
        put_question(fields, found[5], found[7], found[6])
    return True


def _policy(fields: Record, rest: str) -> bool:
    """`rpz QNAME NXDOMAIN rewrite name/type/class via name.of.the.policy.zone`."""
    found = _RPZ.search(rest)
    if found is None:
        return False
    off, trigger, action, name, dns_type, dns_class, zone = found.groups()
    put_question(fields, name, dns_type or "", dns_class or "")
    fields |= {"event.kind": "alert", "event.action": action.lower(), "rule.category": trigger, "rule.name": zone}
    fields |= {
        "event.category": ["network", "intrusion_detection"],
        "event.type": ["allowed" if off or action == "PASSTHRU" else "denied"],
    }
    return True


def _update(fields: Record, rest: str) -> bool:
    found = _UPDATE.search(rest)
    if found is None:
        return False
    fields |= {"event.category": ["network", "configuration"], "event.type": ["change"], "event.action": "update"}
    fields |= {"bind.zone": found[1], "dns.question.class": found[2], "event.reason": found[3]}
    put_failure(fields, found[3])
    return True


def read_zone(fields: Record, body: str) -> bool:
    """Whether `body` is a line about a zone: `zone name/class: ...`, `transfer of 'name/class' from server#port: ...`, `rpz: name: ...`."""
    if (found := _TRANSFER.match(body)) is not None:
        zone, dns_class, server, port, what = found.groups()
        fields["event.action"] = "transfer"
        if server:
            put_end(fields, "source", server, port)
    elif (found := _ZONE.match(body)) is not None:
        zone, dns_class, view, what = found.groups()
        fields["event.action"] = "transfer" if what.startswith(("Transfer", "transferred")) else "zone"
        if view:
            fields["bind.view"] = view
        if (sender := _FROM.search(what)) is not None:
            put_end(fields, "source", sender[1], sender[2])
    elif (found := _RPZ_ZONE.match(body)) is not None:
        (zone, what), dns_class = found.groups(), ""
        fields["event.action"] = "policy_zone"
    else:
        return False
    fields |= {"bind.zone": zone, "event.reason": what}
    if dns_class:
        fields["dns.question.class"] = dns_class
    if (serial := _SERIAL.search(what)) is not None:
        fields["bind.serial"] = int(serial[1])
    put_failure(fields, what)
    return True


def put_failure(fields: Record, text: str) -> None:
    """Write the outcome that the words of `text` tell; nothing when they tell none."""
    if any(word in text for word in _REFUSALS):
        fields |= {"event.outcome": "failure", "event.reason": text}
        if "denied" in text:
            fields["event.type"] = ["denied"]
    elif "success" in text:
        fields["event.outcome"] = "success"


_READERS: tuple[Callable[[Record, str], bool], ...] = (_query, _denied, _failed, _policy, _limited, _update)
