"""What the numbered messages of ASA and FTD say: `cisco_asa.yaml`, compiled when a number is first met.

A text of that table is a regular expression in which `{name}` stands for a piece defined here. It is matched from the start of the
message and need not reach its end. All repetitions are bounded, so that no message costs more than its first few kilobytes.
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from collectors.definition import read_definition, validated
from collectors.parsing import Record

_ADDRESS = r"[\w.:%-]{0,254}\w"


def _identity(side: str) -> str:
    r"""` (DOMAIN\user)` or `(user)` behind an endpoint, the user that the identity firewall knows."""
    return rf"(?: ?\((?!type )(?P<{side}_user>[^()/]{{1,256}})\))?"


def _endpoint(side: str) -> str:
    """`outside:192.0.2.1/80`; interface and port may be missing; some releases write blanks around the parts."""
    return rf"(?:(?P<{side}_if>[\w.()-]{{1,64}}) ?: ?)?(?P<{side}>{_ADDRESS})(?: ?/ ?(?P<{side}_port>\w{{1,32}}))?"


def _translated(side: str) -> str:
    """`(198.51.100.1/80)`, the address on the other side of the translation."""
    return rf"(?: ?\((?P<{side}_nat>{_ADDRESS})(?:/(?P<{side}_nat_port>\w{{1,32}}))?\))?"


def _listed(side: str) -> str:
    """`outside/192.0.2.1(80)`, the form of the access lists."""
    return rf"(?P<{side}_if>[^/\s]{{1,64}})/(?P<{side}>{_ADDRESS})\((?P<{side}_port>\w{{1,32}})\)"


def _vpn_end(name: str, side: str) -> str:
    """`Local:192.0.2.1:500`."""
    return rf"{name}:(?P<{side}>\S{{1,255}}):(?P<{side}_port>\d{{1,5}})"


_PIECES = {
    **{side: _endpoint(side) + _identity(side) for side in ("src", "dst")},
    **{f"{side}_nat": _endpoint(side) + _translated(side) + _identity(side) for side in ("src", "dst")},
    **{f"{side}_list": _listed(side) + _identity(side) for side in ("src", "dst")},
    **{f"{side}_ip": rf"(?P<{side}>{_ADDRESS})(?:/(?P<{side}_port>\w{{1,32}}))?" for side in ("src", "dst")},
    "mapped": _endpoint("mapped") + _identity("mapped"),
    "vpn_ends": rf"{_vpn_end('Local', 'src')} {_vpn_end('Remote', 'dst')} Username:(?P<user>\S{{1,256}})",
    "proto": r"(?P<proto>[A-Za-z][\w-]{0,31}|\d{1,3})",
    "direction": r"(?P<direction>inbound|outbound|in|out)",
    "id": r"(?P<connection>\d{1,20})",
    "if": r"(?P<in_if>[^\s,\[\]]{1,64}?)\.?(?=[\s,]|$)",
    "user": r"(?:\"(?P<user>[^\"]{0,256})\"|'(?P<user_>[^']{0,256})'|(?P<user__>[^\s'\",]{1,256}))",
    "user_tool": r"'?(?P<tool>[^']{1,64}?)'?",
    "list": r"(?:\"(?P<acl>[^\"]{1,256})\"|(?P<acl_>[^\s\"]{1,256}))",
    "command": r"'(?P<command>.{1,2048})' command",
    "quoted_command": r"'?(?P<command>.{1,2048}?)'?$",
    "aaa_pairs": r": (?P<pairs>.{1,1024})",
    "thresholds": r"Current burst rate is (?P<burst>\d{1,12}) per second, .{0,64}?; Current average rate is (?P<average>\d{1,12})",
    "duration": r"(?P<duration>\d[\w: ]{0,30}?)(?=[\s,;.]|$)",
    "bytes": r"(?P<bytes>\d{1,19})",
    "mac": r"(?P<mac>[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}\.[0-9A-Fa-f]{4}|[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5})",
    "reason": r"(?P<reason>.{1,2048})",
    "icmp": r"type[ =](?P<icmp_type>\w{1,32}),? code[ =](?P<icmp_code>\w{1,32})",
    "flags": r"flags:? (?P<flags>[A-Z][A-Z ]{0,60}?)(?=,? ? ?on |$)",
    "spi": r"\(SPI ?= ?(?P<spi>\w{1,20})[^)]{0,80}\)",
}
_PIECE = re.compile(r"\{([a-z_]+)\}")

Constants = dict[str, object]
_KINDS: dict[str, Constants] = {
    "denied": {"event.category": ["network"], "event.type": ["connection", "denied"], "event.action": "denied"},
    "permitted": {"event.category": ["network"], "event.type": ["connection", "allowed"], "event.action": "permitted"},
    "opened": {"event.category": ["network"], "event.type": ["connection", "start"], "event.action": "built"},
    "closed": {"event.category": ["network"], "event.type": ["connection", "end"], "event.action": "teardown"},
    "login": {"event.category": ["authentication"], "event.type": ["start"], "event.outcome": "success"},
    "refused": {"event.category": ["authentication"], "event.type": ["start"], "event.outcome": "failure"},
    "logout": {"event.category": ["authentication", "session"], "event.type": ["end"]},
    "session": {"event.category": ["session", "network"], "event.type": ["start"]},
    "session_end": {"event.category": ["session", "network"], "event.type": ["end"]},
    "vpn_failed": {
        "event.category": ["network"],
        "event.type": ["connection", "error"],
        "event.action": "connection-error",
        "event.outcome": "failure",
    },
    "change": {"event.category": ["configuration"], "event.type": ["change"]},
    "command": {"event.category": ["process", "configuration"], "event.type": ["info"]},
    "account": {"event.category": ["iam"], "event.type": ["user", "change"]},
    "attack": {"event.kind": "alert", "event.category": ["intrusion_detection"], "event.type": ["info"]},
    "web": {"event.category": ["network", "web"], "event.type": ["access"], "event.action": "permitted"},
    "file": {"event.category": ["network", "file"], "event.type": ["access"]},
    "lease": {"event.category": ["network"], "event.type": ["protocol"], "network.protocol": "dhcp"},
    "network": {"event.category": ["network"], "event.type": ["info"]},
}


class _Message(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    ids: list[int]
    kind: str
    says: str


class _Messages(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    messages: list[_Message]


def read_message(number: str, text: str) -> tuple[Record, Constants] | None:
    """The named pieces of message `number` and the ECS constants of its kind; None when the table has no text for it that fits.

    Without a number (a relay took the header away) every text of the table is tried; those that fit anything are left out.
    """
    for pattern, kind in _texts(number):
        found = pattern.match(text)
        if found is not None:
            return {name.rstrip("_"): value.strip() for name, value in found.groupdict().items() if value}, kind
    return None


def kind_named(name: str) -> Constants:
    """The ECS constants of a kind of message."""
    return _KINDS[name]


@cache
def _texts(number: str) -> tuple[tuple[re.Pattern[str], Constants], ...]:
    named = _by_number().get(number, ()) if number else _distinctive()
    return tuple((_compiled(one.says), _KINDS[one.kind]) for one in named)


def _distinctive() -> list[_Message]:
    """Every message once, without those whose text begins with free words."""
    messages = {one.says: one for listed in _by_number().values() for one in listed}
    return [
        one for one in messages.values() if one.says[:1].isalpha() or one.says.startswith(("{vpn_ends}", "{proto} "))
    ]


@cache
def _by_number() -> dict[str, list[_Message]]:
    table = validated(read_definition(Path(__file__).with_name("cisco_asa.yaml")), _Messages)
    numbered: dict[str, list[_Message]] = {}
    for message in table.messages:
        for number in message.ids:
            numbered.setdefault(str(number), []).append(message)
    return numbered


def _compiled(says: str) -> re.Pattern[str]:
    return re.compile(_PIECE.sub(lambda piece: _PIECES[piece[1]], says))
