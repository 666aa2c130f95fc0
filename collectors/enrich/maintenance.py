"""What the register of changes says of a span of time, for whatever waits for something in it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from collectors.enrich.book import Declared


class DeclaredMaintenance:
    """The register of changes, asked about spans."""

    def __init__(self, declared: Declared) -> None:
        self._declared = declared

    def covers(self, platform: str, values: Collection[str], since: datetime, until: datetime) -> bool:
        """Whether a change on the platform falls into the span: one about everything, or about one of `values`."""
        changes = self._declared.current.changes
        return any(
            change.since < until
            and since < change.until
            and (not (change.hosts or change.accounts) or not set(values).isdisjoint((*change.hosts, *change.accounts)))
            for change in (*changes.get(platform, ()), *changes.get("*", ()))
        )
