"""Enrichers, each by itself."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from collectors.enrich.facts import Facts
from collectors.enrich.networks import Networks
from collectors.enrich.proxy import client_behind_proxy
from collectors.enrich.zone import NO_NETWORKS, ZoneOfSource, load_networks
from collectors.platform import Platform
from soc.core.errors import FaultsError
from soc.core.event import Value

START = datetime(2026, 11, 1, 2, 0, tzinfo=UTC)
PROXIES = Networks({"proxy": ["192.0.2.5", "192.0.2.8/31"]})


@pytest.fixture
def facts(platforms: dict[str, Platform]) -> Facts:
    return Facts(platforms["one_stop"], START, PROXIES)


@pytest.mark.parametrize(
    ("seen", "forwarded", "client"),
    [
        ("192.0.2.5", ["203.0.113.24"], "203.0.113.24"),
        ("192.0.2.5", ["198.51.100.1", "203.0.113.24"], "203.0.113.24"),
        ("192.0.2.5", ["203.0.113.24", "192.0.2.9"], "203.0.113.24"),
        ("203.0.113.99", ["198.51.100.1"], None),
        ("192.0.2.5", ["192.0.2.9"], None),
        ("192.0.2.5", None, None),
    ],
)
def test_only_a_trusted_proxy_may_name_the_client(
    facts: Facts, seen: str, forwarded: list[str] | None, client: str | None
) -> None:
    """Read from the right; what stands left of the first foreign address is the client's invention."""
    fields: dict[str, Value] = {"source.ip": seen}
    if forwarded is not None:
        fields["network.forwarded_ip"] = list(forwarded)
    expected = {} if client is None else {"source.ip": client, "source.address": client, "observer.ingress.ip": seen}
    assert client_behind_proxy(fields, facts) == expected


def test_the_narrowest_network_gives_the_zone(facts: Facts) -> None:
    """Outside all declared networks lies the Internet; without any declaration nothing is said."""
    zone = ZoneOfSource(Networks({"tslcd": ["192.0.2.0/24", "2001:db8::/32"], "quantri": ["192.0.2.64/26"]}))
    assert zone({"source.ip": "192.0.2.1"}, facts) == {"soc.net.zone": "tslcd"}
    assert zone({"source.ip": "192.0.2.70"}, facts) == {"soc.net.zone": "quantri"}
    assert zone({"source.ip": "2001:db8::7"}, facts) == {"soc.net.zone": "tslcd"}
    assert zone({"source.ip": "203.0.113.1"}, facts) == {"soc.net.zone": "internet"}
    assert zone({}, facts) == {}
    assert ZoneOfSource(NO_NETWORKS)({"source.ip": "203.0.113.1"}, facts) == {}


def test_declared_networks_are_read_with_their_faults(tmp_path: Path) -> None:
    """`SOC_HOME/networks.yaml`; a missing file declares nothing."""
    file = tmp_path / "networks.yaml"
    assert not load_networks(file)
    file.write_text("zones:\n  tslcd: [192.0.2.0/24]\n")
    assert load_networks(file).label("192.0.2.9") == "tslcd"
    file.write_text("zones:\n  tslcd:\n    - 192.0.2.0/240\n")
    with pytest.raises(FaultsError) as caught:
        load_networks(file)
    assert caught.value.faults[0].where == f"{file}:3"
