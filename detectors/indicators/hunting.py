"""Looking back for indicators: which events of the past could name one of them at all.

The answer is a condition that every store evaluates; it finds at least what the matcher matches, so that the events it leaves out need
not be read. A value is asked for by name where the log can write it in one way only, or in ways that a sign gives away (the colon of an
IPv6 address). Names and URLs come in escapes and alphabets that no query undoes: of them every event is read that has such a field.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network, ip_network

from detectors.indicators.fields import FIELDS, Holds
from detectors.indicators.model import Kind, Named
from soc.core.ecs import field_type
from soc.storage.conditions import Altered, AnyOf, Condition, Equals, Exists, Like, Wild
from soc.storage.values import fold, key

FEW = 100
"""Of more values than this every event is read that has a field for them: one question with more costs more than it spares."""
FEW_HASHES = 16
"""Of digests, which are sought within texts."""
_PLAIN = (Holds.ADDRESS, Holds.HOST)
_COLON, _BRACKET = (Wild.ANY, ":", Wild.ANY), (Wild.ANY, "[", Wild.ANY)


def candidates_for(sought: Sequence[Named], total: int) -> Condition:
    """A condition that holds for at least every event which names one of the indicators.

    Args:
        sought: the indicators, or the first of them.
        total: how many there are.
    """
    parts: list[Condition] = []
    by_kind = {kind: [named.value for named in sought if named.kind is kind] for kind in Kind}
    few = total <= len(sought)
    if any(by_kind.values()) and not (few and len(sought) <= FEW):
        return AnyOf(tuple(_having(*Holds)))
    if by_kind[Kind.DOMAIN] or by_kind[Kind.URL]:
        parts += _having(Holds.HOST, Holds.URL, Holds.PATH)
    if by_kind[Kind.IP] or by_kind[Kind.NETWORK]:
        parts += _addresses(by_kind[Kind.IP], by_kind[Kind.NETWORK])
    if by_kind[Kind.HASH]:
        parts += _digests(by_kind[Kind.HASH])
    return AnyOf(tuple(dict.fromkeys(parts)))


def _having(*holds: Holds) -> list[Condition]:
    return [Exists(name) for name in _names(*holds)]


def _addresses(addresses: Sequence[str], networks: Sequence[str]) -> Iterator[Condition]:
    """IPv4 has one spelling, but for brackets and its clothes of IPv6; IPv6 has many, all with a colon. In URLs there may be escapes."""
    yield from _having(Holds.URL, Holds.PATH)
    heads = [head for text in networks if (head := _head(text)) is not None]
    for name in _names(*_PLAIN):
        if "" in heads:
            yield Exists(name)
            continue
        yield Altered(name)
        yield Like(name, _COLON)
        yield Like(name, _BRACKET)
        yield from (Equals(name, key(field_type(name), text)) for text in addresses if ":" not in text)
        yield from (Like(name, (head, Wild.ANY)) for head in heads)


def _head(network: str) -> str | None:
    """What every address of an IPv4 network begins with, in whole octets; None for IPv6."""
    found = ip_network(network)
    if not isinstance(found, IPv4Network):
        return None
    octets = str(found.network_address).split(".")[: found.prefixlen // 8]
    return "".join(f"{octet}." for octet in octets)


def _digests(values: Sequence[str]) -> Iterator[Condition]:
    names = _names(Holds.HASH, Holds.HASHES)
    if len(values) > FEW_HASHES:
        yield from (Exists(name) for name in names)
    else:
        yield from (Altered(name) for name in names)
        yield from (Like(name, (Wild.ANY, fold(value), Wild.ANY)) for name in names for value in values)


def _names(*holds: Holds) -> list[str]:
    return [name for name, held in FIELDS.items() if held in holds]
