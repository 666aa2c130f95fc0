"""One context for all parsers."""

from __future__ import annotations

from datetime import UTC, datetime

from collectors.parsers import PARSERS
from collectors.parsing import ParseContext, Record
from soc.core.clock import LOCAL_ZONE

CONTEXT = ParseContext(datetime(2026, 11, 18, tzinfo=UTC), LOCAL_ZONE)


def parse(parser: str, text: str, context: ParseContext = CONTEXT) -> Record:
    """The fields that `parser` makes of `text`."""
    return PARSERS[parser]().parse(text, context)


def picked(record: Record, names: str) -> dict[str, object]:
    """The named fields only, absent ones left out."""
    return {name: record[name] for name in names.split() if name in record}
