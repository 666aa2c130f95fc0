"""Sets of IP networks, looked up by address."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

Network = IPv4Network | IPv6Network


class Networks:
    """Named networks; the longest prefix that holds an address decides.

    Args:
        named: label -> networks in CIDR form, already checked.
    """

    def __init__(self, named: Mapping[str, Iterable[str]]) -> None:
        self._entries: tuple[tuple[Network, str], ...] = tuple(
            sorted(
                ((ip_network(text, strict=False), label) for label, texts in named.items() for text in texts),
                key=lambda entry: -entry[0].prefixlen,
            )
        )
        self._label = lru_cache(maxsize=16384)(self._find)

    def __bool__(self) -> bool:
        return bool(self._entries)

    def __contains__(self, address: str) -> bool:
        return self._label(address) is not None

    def label(self, address: str) -> str | None:
        """The label of the narrowest network that holds `address`; None when none does or it is no address."""
        return self._label(address)

    def _find(self, address: str) -> str | None:
        try:
            ip = ip_address(address)
        except ValueError:
            return None
        return next(
            (label for network, label in self._entries if ip.version == network.version and ip in network), None
        )


@lru_cache(maxsize=16384)
def network_of(address: str) -> str:
    """The network a client is taken to sit in: its /24, or /48 for IPv6; the text itself when it is no address."""
    try:
        ip = ip_address(address)
    except ValueError:
        return address
    return str(ip_network((ip, 24 if ip.version == 4 else 48), strict=False))
