"""The section `baseline` of a definition."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from detectors.selectors import Section, Span

DAY = timedelta(days=1)


class Baseline(Section):
    """Alert when a count, or a value, is far from what is usual.

    Attributes:
        kind: `rate` = events of the entity in a slot; `rarity` = a combination of `fields` among the events of the entity.
        per: fields that name the entity, within the agency; none = the agency itself.
        fields: of a rarity, whose combined value is looked at.
        slot: of a rate, what is counted together; divides a day.
        history: how far back counts are compared with.
        learning: from the first event of the entity on; nothing is told, everything is learnt.
        minimum: of a rate, the count from which an excess is measured; of a rarity, the events the entity must have made.
        threshold: score from which it is told: of a rate in spreads, of a rarity in bits.
    """

    kind: Literal["rate", "rarity"]
    fields: tuple[str, ...] = ()
    slot: Span = timedelta(hours=1)
    history: Span = timedelta(days=28)
    learning: Span = timedelta(days=14)
    minimum: Annotated[int, Field(ge=1)] = 20
    threshold: Annotated[float, Field(gt=0)]

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if (self.kind == "rarity") != bool(self.fields):
            raise ValueError("fields belong to a rarity, and a rarity needs them")
        if self.slot > DAY or DAY % self.slot:
            raise ValueError("slot must divide a day: 15m, 30m, 1h, 6h, 1d, ...")
        if not DAY <= self.history <= timedelta(days=92):
            raise ValueError("history must lie between 1d and 92d")
        if self.learning > self.history:
            raise ValueError("learning cannot be longer than history")
        return self
