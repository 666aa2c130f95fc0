"""The section `new_terms` of a definition."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field

from detectors.selectors import Section, Span


class NewTerms(Section):
    """Alert when an entity shows a combination of values for the first time.

    Attributes:
        per: fields that name the entity, within the agency; none = the agency itself.
        fields: fields whose combined value is the term.
        learning: from the agency's first event on; nothing is told, everything is learnt.
        forget: a term not seen for so long is new again.
        known_after: an entity itself seen for the first time less than this ago is a newcomer, all of whose terms would be new; 0m
            tells them too.
    """

    fields: Annotated[tuple[str, ...], Field(min_length=1)]
    learning: Span = timedelta(days=14)
    forget: Span = timedelta(days=90)
    known_after: Span = timedelta(days=1)
