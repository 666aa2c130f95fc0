"""What an enricher may know besides the fields."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from collectors.enrich.networks import Networks
from collectors.platform import Platform


@dataclass(frozen=True, slots=True)
class Facts:
    """Facts of one record.

    Attributes:
        platform: where it comes from.
        moment: when it happened, aware UTC.
        trusted_proxies: machines whose forwarded-for list is believed.
        exercise: run id, or None for a real event; what an exercise does must teach no baseline.
    """

    platform: Platform
    moment: datetime
    trusted_proxies: Networks
    exercise: str | None = None
