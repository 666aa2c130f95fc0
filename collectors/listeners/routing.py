"""Which registered source a sender is: by its address, the names in its certificate, and the host name in the record.

The smallest network wins; among sources of one sender the one that names the record's host. Nobody else is guessed at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import TypeAlias

from collectors.definition import DefinitionProblem
from soc.core.i18n import msg

Network: TypeAlias = IPv4Network | IPv6Network
REMEMBERED = 10_000
"""Senders whose candidates are kept; a forged flood of addresses must not fill the memory."""


@dataclass(frozen=True, slots=True)
class Feed:
    """What is known of one source's senders. Without `hostnames` every record of the sender is its own."""

    senders: tuple[str, ...]
    hostnames: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Candidate:
    source: str
    hostnames: frozenset[str]


class Routes:
    """Finds sources.

    Args:
        feeds: source id -> its senders.
    """

    def __init__(self, feeds: Mapping[str, Feed]) -> None:
        self._networks: list[tuple[Network, _Candidate]] = []
        self._names: dict[str, list[_Candidate]] = {}
        self._known: dict[tuple[str, tuple[str, ...]], tuple[_Candidate, ...]] = {}
        for source, feed in feeds.items():
            candidate = _Candidate(source, frozenset(name.lower() for name in feed.hostnames))
            for sender in feed.senders:
                if (network := _network(sender)) is not None:
                    self._networks.append((network, candidate))
                else:
                    self._names.setdefault(sender.lower(), []).append(candidate)
        self._networks.sort(key=lambda pair: -pair[0].prefixlen)

    def knows(self, address: str, names: Sequence[str] = ()) -> bool:
        """Whether anything from there can belong to a source."""
        return bool(self._candidates(address, tuple(names)))

    def source_of(self, address: str, names: Sequence[str], hostname: Callable[[], str]) -> str | None:
        """The source; None when nobody registered it.

        Args:
            address: of the sender.
            names: in its certificate.
            hostname: reads the host name of the record; only called where it decides.
        """
        candidates = self._candidates(address, tuple(names))
        if len(candidates) == 1 and not candidates[0].hostnames:
            return candidates[0].source
        told = hostname().lower() if any(one.hostnames for one in candidates) else ""
        named = (one.source for one in candidates if told and told in one.hostnames)
        others = (one.source for one in candidates if not one.hostnames)
        return next(named, None) or next(others, None)

    def _candidates(self, address: str, names: tuple[str, ...]) -> tuple[_Candidate, ...]:
        key = (address, names)
        found = self._known.get(key)
        if found is None:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            found = self._known[key] = tuple(self._looked_up(address, names))
        return found

    def _looked_up(self, address: str, names: tuple[str, ...]) -> list[_Candidate]:
        by_name = [candidate for name in names for candidate in self._names.get(name.lower(), ())]
        place = plain_address(address)
        by_address = [] if place is None else [one for network, one in self._networks if place in network]
        return list(dict.fromkeys([*by_name, *by_address]))


def plain_address(text: str) -> IPv4Address | IPv6Address | None:
    """The address of a peer; one that came in by IPv6 as IPv4 is the IPv4 one."""
    try:
        address = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address


def clashes(feeds: Mapping[str, Feed]) -> list[tuple[str, DefinitionProblem]]:
    """Sources that claim the same sender, and the same host name of it: (source, problem)."""
    owners: dict[tuple[str, str], str] = {}
    found = []
    for source, feed in feeds.items():
        claims = [
            (str(_network(sender) or sender.lower()), host)
            for sender in feed.senders
            for host in feed.hostnames or ("",)
        ]
        for sender, host in claims:
            owner = owners.setdefault((sender, host.lower()), source)
            if owner != source:
                problem = DefinitionProblem(
                    msg("bên gửi {sender} đã thuộc nguồn {source}", sender=sender, source=owner),
                    advice=msg("đặt hostnames cho từng nguồn, hoặc địa chỉ khác"),
                    place=("senders",),
                )
                found.append((source, problem))
    return found


def named_in_vain(feeds: Mapping[str, Feed]) -> list[tuple[str, DefinitionProblem]]:
    """Senders that are no addresses, where nobody shows a certificate: (source, problem)."""
    return [
        (
            source,
            DefinitionProblem(
                msg("'{text}' không phải địa chỉ hay dải mạng", text=sender),
                msg("địa chỉ; tên trong chứng thư chỉ dùng với listener có TLS"),
                place=("senders",),
            ),
        )
        for source, feed in feeds.items()
        for sender in feed.senders
        if _network(sender) is None
    ]


def _network(sender: str) -> Network | None:
    try:
        return ip_network(sender, strict=False)
    except ValueError:
        return None
