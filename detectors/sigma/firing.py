"""What a correlation tells: that it holds, for whom, and since when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from detectors.alert import Explanation
from detectors.sigma.correlation_rules import CorrelationRule, CorrelationType
from detectors.sigma.moments import from_us
from detectors.sigma.values import Document, text
from soc.core.i18n import Lang, Message, msg


class Firing(NamedTuple):
    """A correlation that holds at a moment.

    Attributes:
        rule: the correlation.
        group: name in `group-by` -> value.
        references: of the events in the window, in order of time; of a repeated firing only the event that arrived.
        reference: the event that arrived last and made it hold.
        first_us, last_us: times of the first and the last event of the window, microseconds since 1970.
        measured: the number the condition is about.
        repeated: a firing of the same group was reported less than a timespan away; worth counting, not an alert of its own.
        document: the event that completed it, as its rule read it.
    """

    rule: CorrelationRule
    group: Mapping[str, object]
    references: tuple[str, ...]
    reference: str
    first_us: int
    last_us: int
    measured: float
    repeated: bool
    document: Document

    @property
    def first(self) -> datetime:
        """Time of the first event of the window."""
        return from_us(self.first_us)

    @property
    def last(self) -> datetime:
        """The moment at which it holds."""
        return from_us(self.last_us)

    @property
    def matched(self) -> Mapping[str, object]:
        """The grouping values and what was measured."""
        return {**self.group, self.rule.type.value: self.measured}

    def explain(self) -> Explanation:
        """One node that says what was counted, for whom and in which time."""
        sentence = _sentence(self)
        return Explanation(
            "sequence" if self.rule.type is CorrelationType.TEMPORAL_ORDERED else "count",
            held=True,
            subject=", ".join(self.rule.criteria.fields or self.rule.group_by),
            operator=" ".join(f"{op} {bound:g}" for op, bound in self.rule.criteria.bounds),
            found=self.measured,
            text={lang.value: sentence.render(lang) for lang in Lang},
        )


def _sentence(firing: Firing) -> Message:
    who = ", ".join(f"{name} = {text(value)}" for name, value in firing.group.items())
    return msg(
        "{kind} đo được {measured} từ {count} sự kiện trong {seconds} giây, nhóm {who}",
        kind=firing.rule.type.value,
        measured=f"{firing.measured:g}",
        count=len(firing.references),
        seconds=f"{(firing.last_us - firing.first_us) / 1_000_000:g}",
        who=who or "*",
    )


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """A late event showed that a correlation, told to hold at a moment, does not.

    Attributes:
        rule: the correlation.
        group: name in `group-by` -> value.
        moment_us: microseconds since 1970.
        reference: the late event.
    """

    rule: CorrelationRule
    group: Mapping[str, object]
    moment_us: int
    reference: str
