"""First-seen baseline: has this user been seen from this network before?"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

import orjson

from collectors.enrich.facts import Facts
from collectors.enrich.networks import network_of
from soc.core.event import Value

MEMORY = timedelta(days=30)
LEARNING = timedelta(days=1)
MAX_USERS = 50_000
MAX_NETWORKS = 64


@dataclass(slots=True)
class _History:
    """What is known of one user: first event, and last event from each network; seconds since 1970."""

    first: float
    networks: dict[str, float] = field(default_factory=dict)


class SourceBaseline:
    """`soc.baseline.new_source`: True when a known user comes from a network not seen for 30 days.

    A user is known one day after the first event; until then nothing is added, as everything would be new. Histories are kept by
    platform and user, for the 50,000 users seen last and 64 networks each (/24, or /48 for IPv6). Exercises ask but teach nothing.
    """

    def __init__(self) -> None:
        self._users: OrderedDict[str, _History] = OrderedDict()

    def __call__(self, fields: Mapping[str, Value], facts: Facts) -> Mapping[str, Value]:
        user, address = fields.get("user.name"), fields.get("source.ip")
        if not isinstance(user, str) or not isinstance(address, str):
            return {}
        key, network, now = f"{facts.platform.id}\0{user}", network_of(address), facts.moment.timestamp()
        history = self._users.get(key)
        verdict: Mapping[str, Value] = {} if history is None else _judge(history, network, now)
        if facts.exercise is None:
            self._learn(key, network, now)
        return verdict

    def _learn(self, key: str, network: str, now: float) -> None:
        history = self._users.setdefault(key, _History(first=now))
        self._users.move_to_end(key)
        history.first = min(history.first, now)
        history.networks[network] = max(now, history.networks.get(network, now))
        if len(history.networks) > MAX_NETWORKS:
            del history.networks[min(history.networks, key=history.networks.__getitem__)]
        if len(self._users) > MAX_USERS:
            self._users.popitem(last=False)

    def snapshot(self) -> bytes:
        """The state as JSON, for `restore`."""
        return orjson.dumps([[key, history.first, history.networks] for key, history in self._users.items()])

    def restore(self, data: bytes) -> None:
        """Take over the state of a snapshot."""
        self._users = OrderedDict((key, _History(first, dict(networks))) for key, first, networks in orjson.loads(data))


def _judge(history: _History, network: str, now: float) -> Mapping[str, Value]:
    if now - history.first < LEARNING.total_seconds():
        return {}
    last = history.networks.get(network)
    return {"soc.baseline.new_source": last is None or now - last > MEMORY.total_seconds()}
