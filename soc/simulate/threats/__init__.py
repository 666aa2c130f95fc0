"""Threats by id, each with the injector that does it."""

from __future__ import annotations

from soc.simulate.deeds import Threat
from soc.simulate.threats import (
    ai,
    camera,
    commune,
    database,
    datacentre,
    endpoint,
    eoffice,
    field,
    hospital,
    ioc,
    land,
    lgsp,
    meeting,
    national,
    payment,
    personnel,
    portal,
    reporting,
    shop,
    signing,
    sso,
    wan,
)

_FAMILIES = (
    lgsp,
    national,
    portal,
    eoffice,
    reporting,
    meeting,
    sso,
    signing,
    payment,
    field,
    camera,
    personnel,
    land,
    ioc,
    hospital,
    shop,
    commune,
    wan,
    datacentre,
    database,
    ai,
    endpoint,
)
THREATS: dict[str, Threat] = {threat.id: threat for family in _FAMILIES for threat in family.THREATS}
"""Id -> threat, in the order of the families."""
