"""The network zones of an event's addresses, by the networks that the province declares."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Protocol

from pydantic import BaseModel, ConfigDict

from collectors.definition import read_definition, validated
from collectors.enrich.facts import Facts
from collectors.enrich.networks import Networks
from collectors.platform import NetworkText
from soc.core.event import Value

INTERNET = "internet"
"""The zone of every address outside all declared networks."""


class ZoneLookup(Protocol):
    """Knows the declared networks."""

    def __bool__(self) -> bool: ...

    def label(self, address: str) -> str | None: ...


NO_NETWORKS: ZoneLookup = Networks({})


class ZoneOfSource:
    """`soc.net.zone`: name of the declared network that holds `source.ip`, else `internet`; `soc.net.dst_zone`: of `destination.ip`.

    Without any declared network nothing is added: an address would be called foreign for want of a list.
    """

    def __init__(self, networks: ZoneLookup) -> None:
        self._networks = networks

    def __call__(self, fields: Mapping[str, Value], facts: Facts) -> Mapping[str, Value]:
        if not self._networks:
            return {}
        added: dict[str, Value] = {}
        for name, told in (("source.ip", "soc.net.zone"), ("destination.ip", "soc.net.dst_zone")):
            address = fields.get(name)
            if isinstance(address, str):
                added[told] = self._networks.label(address) or INTERNET
        return added


class NetworkFile(BaseModel):
    """`SOC_HOME/networks.yaml`: zone (tslcd, vpn, quantri, camera, ...) -> networks."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    zones: dict[str, list[NetworkText]] = {}


def load_networks(file: Path) -> Networks:
    """The declared networks of `file`; none when there is no file. Raises FaultsError with all faults."""
    if not file.is_file():
        return Networks({})
    return Networks(validated(read_definition(file), NetworkFile).zones)
