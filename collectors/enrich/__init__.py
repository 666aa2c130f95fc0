"""Enrichment: what a record cannot know of itself, added by small named functions after normalising.

Each enricher looks at the typed fields and the facts, and gives back the fields to add; it changes nothing else. The order is the order
of the tuple: the client behind a proxy comes first, as the others look at `source.ip`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from collectors.enrich.facts import Facts
from collectors.enrich.proxy import client_behind_proxy
from collectors.enrich.worktime import local_time
from collectors.enrich.zone import NO_NETWORKS, ZoneLookup, ZoneOfSource
from soc.core.event import Value

Enricher: TypeAlias = Callable[[Mapping[str, Value], Facts], Mapping[str, Value]]
"""(typed fields, facts of the record) -> fields to add or replace."""

STATELESS: tuple[Enricher, ...] = (client_behind_proxy, local_time)
"""Enrichers that need no look-up."""


def default_enrichers(networks: ZoneLookup = NO_NETWORKS) -> tuple[Enricher, ...]:
    """All enrichers in their order."""
    return (*STATELESS, ZoneOfSource(networks))
