"""Enrichment: what a record cannot know of itself, added by small named functions after normalising.

Each enricher looks at the typed fields and the facts, and gives back the fields to add; it changes nothing else. The order is the order
of the tuple: the client behind a proxy comes first, as the others look at `source.ip`. What it takes a memory to know (first seen, ratio)
is in `collectors.enrich.baselines`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias

from collectors.enrich.book import Declared, FixedLookups
from collectors.enrich.facts import Facts
from collectors.enrich.geo import GeoLookup, GeoOfSource
from collectors.enrich.proxy import client_behind_proxy
from collectors.enrich.registers import (
    AssetOfHost,
    ChangeTicket,
    DeclaredBatch,
    DocumentOwner,
    Flags,
    ScheduledMeeting,
    StationLimit,
    UnitsOfNetwork,
    UnitToday,
)
from collectors.enrich.worktime import LocalTime
from collectors.enrich.zone import NO_NETWORKS, ZoneLookup, ZoneOfSource
from soc.core.event import Value

Add: TypeAlias = Callable[[Mapping[str, Value], Facts], Mapping[str, Value]]
"""(typed fields, facts of the record) -> fields to add or replace."""


@dataclass(frozen=True, slots=True)
class Enricher:
    """A function with its name and version: the version goes up when the same record would get other fields."""

    id: str
    version: int
    add: Add


STATELESS: tuple[Enricher, ...] = (Enricher("proxy", 1, client_behind_proxy), Enricher("time", 1, LocalTime()))
"""Enrichers that need no look-up."""


def default_enrichers(
    networks: ZoneLookup = NO_NETWORKS, declared: Declared | None = None, geo: GeoLookup | None = None
) -> tuple[Enricher, ...]:
    """All enrichers in their order.

    Args:
        networks: the declared zones.
        declared: the registers and lists of the province.
        geo: where addresses are; None leaves it out.
    """
    registers = declared or FixedLookups()
    return (
        *STATELESS,
        Enricher("zone", 2, ZoneOfSource(networks)),
        Enricher("unit", 1, UnitsOfNetwork(registers)),
        Enricher("name", 1, UnitToday(registers)),
        Enricher("asset", 1, AssetOfHost(registers)),
        Enricher("batch", 1, DeclaredBatch(registers)),
        Enricher("change", 2, ChangeTicket(registers)),
        Enricher("meeting", 1, ScheduledMeeting(registers)),
        Enricher("document", 2, DocumentOwner(registers)),
        Enricher("station", 2, StationLimit(registers)),
        Enricher("lookup", 2, Flags(registers)),
        *((Enricher("geo", 1, GeoOfSource(geo)),) if geo is not None else ()),
    )


def versions(enrichers: Sequence[Enricher]) -> str:
    """What `soc.enrich` holds: `proxy@1 time@1 ...`."""
    return " ".join(f"{one.id}@{one.version}" for one in enrichers)
