"""Warning lists: indicators that would fire on everything are refused, or matched with a mark; which list said so is kept and counted."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.resources import files
from ipaddress import IPv4Network, IPv6Network, ip_network
from typing import Annotated, Literal, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, Field

from detectors.indicators.model import Kind, Named, State
from detectors.indicators.values import domain, hash_of, host_of, parents

WIDEST = {4: 16, 6: 32}
"""A wider network than this holds more neighbours than enemies."""
TOO_WIDE = "too-wide"
"""Name of the refusal of networks wider than that; no list of values is behind it."""
_Network = IPv4Network | IPv6Network
Key = TypeVar("Key")


class WarningList(BaseModel):
    """One list.

    Attributes:
        action: what becomes of an indicator that is on the list.
        below: what becomes of a domain below one of `domains`; None = nothing.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    name: dict[str, str]
    source: str = ""
    action: Literal["refuse", "mark"] = "refuse"
    below: Literal["refuse", "mark"] | None = None
    networks: tuple[str, ...] = ()
    domains: tuple[str, ...] = ()
    hashes: tuple[str, ...] = ()
    urls: tuple[str, ...] = ()


class _Lists(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    lists: Annotated[list[WarningList], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the lists say of an indicator."""

    state: State
    reason: str = ""


_FINE = Verdict(State.ACTIVE)
_STATES = {"refuse": State.REFUSED, "mark": State.MARKED}


def shipped_lists() -> list[WarningList]:
    """The lists that come with the suite."""
    data = (files("detectors.indicators") / "warninglists.yaml").read_bytes()
    return _Lists.model_validate(yaml.load(data, yaml.CSafeLoader)).lists


class WarningLists:
    """Judges indicators by several lists; of two lists that speak, the one that refuses wins, then the one named first."""

    def __init__(self, lists: Iterable[WarningList]) -> None:
        self._exact: dict[Named, Verdict] = {}
        self._above: dict[str, Verdict] = {}
        self._below: dict[str, Verdict] = {}
        self._networks: dict[tuple[int, int, int], Verdict] = {}
        self._starts: dict[int, list[int]] = {4: [], 6: []}
        self._by_start: dict[tuple[int, int], Verdict] = {}
        for one in lists:
            self._add(one)
        for starts in self._starts.values():
            starts.sort()

    def judge(self, named: Named) -> Verdict:
        """What becomes of an indicator."""
        if named.kind in (Kind.IP, Kind.NETWORK):
            return self._judge_network(ip_network(named.value))
        if named.kind is Kind.DOMAIN:
            return self._judge_domain(named.value)
        if named.kind is Kind.URL and named.value.endswith("/") and named.value.count("/") == 1:
            return self._exact.get(named) or self._judge_host(host_of(named.value))
        return self._exact.get(named, _FINE)

    def _judge_host(self, host: str) -> Verdict:
        """Of a URL that is the front page of its host: it fires on whatever the host would fire on."""
        try:
            return self._judge_network(ip_network(host))
        except ValueError:
            return self._judge_domain(host)

    def _judge_domain(self, name: str) -> Verdict:
        plain = name.removeprefix("www.")
        found = self._exact.get(Named(Kind.DOMAIN, plain)) or self._above.get(name)
        return found or next((self._below[above] for above in parents(name) if above in self._below), _FINE)

    def _judge_network(self, network: _Network) -> Verdict:
        version, length, first = network.version, network.prefixlen, int(network.network_address)
        bits = network.max_prefixlen
        for shorter in range(length + 1):
            found = self._networks.get((version, shorter, first >> (bits - shorter) << (bits - shorter)))
            if found is not None:
                return found
        if length < WIDEST[version]:
            return Verdict(State.REFUSED, TOO_WIDE)
        starts = self._starts[version]
        place = bisect_left(starts, first)
        inside = place < len(starts) and starts[place] <= int(network.broadcast_address)
        return self._by_start[version, starts[place]] if inside else _FINE

    def _add(self, one: WarningList) -> None:
        verdict = Verdict(_STATES[one.action], one.id)
        for text in one.networks:
            network = ip_network(text, strict=False)
            key = (network.version, network.prefixlen, int(network.network_address))
            _put(self._networks, key, verdict)
            _put(self._by_start, (network.version, key[2]), verdict)
            self._starts[network.version].append(key[2])
        for name in filter(None, map(domain, one.domains)):
            _put(self._exact, Named(Kind.DOMAIN, name), verdict)
            for above in list(parents(name))[1:]:
                _put(self._above, above, verdict)
            if one.below is not None:
                _put(self._below, name, Verdict(_STATES[one.below], one.id))
        for value in filter(None, map(hash_of, one.hashes)):
            _put(self._exact, Named(Kind.HASH, value), verdict)
        for value in one.urls:
            _put(self._exact, Named(Kind.URL, value), verdict)


def _put(table: dict[Key, Verdict], key: Key, verdict: Verdict) -> None:
    known = table.get(key)
    if known is None or (known.state is State.MARKED and verdict.state is State.REFUSED):
        table[key] = verdict
