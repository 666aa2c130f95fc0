"""What the events of a search hold in one field: top and rarest values with their share, how many lack it, the span of its numbers."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from soc.core.ecs import FieldType, field_type
from soc.core.errors import QueryError
from soc.core.scope import Scope
from soc.storage.events import EventStore, Stats, TermCount, Terms
from soc.web.asking import Asked

TOP = 10
RAREST = 5
MOST_LISTED = 1000
"""Up to so many different values, the rarest are looked for as well."""
_NUMBERS = (FieldType.LONG, FieldType.FLOAT, FieldType.DATE, FieldType.KEYWORD)


@dataclass(frozen=True, slots=True)
class FieldFigures:
    """Figures of one field.

    Attributes:
        total: events that answer the search, with or without the field.
        rarest: rarest first; none where they stand among `terms` already or there are too many to look for.
        stats: of the values that are numbers; None where none is. Dates in seconds of the epoch.
    """

    field: str
    total: int
    terms: Terms
    distinct: int
    rarest: tuple[TermCount, ...]
    stats: Stats | None

    @property
    def is_date(self) -> bool:
        return field_type(self.field) is FieldType.DATE

    @property
    def span(self) -> tuple[datetime, datetime] | None:
        """First and last moment of a date field."""
        if not self.is_date or self.stats is None or self.stats.minimum is None or self.stats.maximum is None:
            return None
        return datetime.fromtimestamp(self.stats.minimum, UTC), datetime.fromtimestamp(self.stats.maximum, UTC)

    def share(self, count: int) -> float:
        """Percent of all events of the search."""
        return 100 * count / self.total if self.total else 0.0


def figures_of(store: EventStore, scope: Scope, asked: Asked, total: int) -> FieldFigures:
    """The figures of the field that is asked for. Raises QueryError, for a text field too: it has words, but no values."""
    query, window, field = asked.question.query, asked.window, asked.field
    terms = store.terms(query, scope, field, TOP, window)
    full = len(terms.values) == TOP
    distinct = store.cardinality(query, scope, field, window) if full else len(terms.values)
    rarest: tuple[TermCount, ...] = ()
    if TOP < distinct <= MOST_LISTED:
        every = store.terms(query, scope, field, distinct, window).values
        rarest = tuple(reversed(every[TOP:][-RAREST:]))
    stats = store.stats(query, scope, field, window) if field_type(field) in _NUMBERS else None
    return FieldFigures(field, total, terms, distinct, rarest, stats if stats and stats.count else None)


def figures_or_fault(
    store: EventStore, scope: Scope, asked: Asked, total: int
) -> tuple[FieldFigures | None, QueryError | None]:
    """The figures, or why this field has none: the rest of the page stands without them."""
    if not asked.field:
        return None, None
    try:
        return figures_of(store, scope, asked, total), None
    except QueryError as problem:
        return None, problem
