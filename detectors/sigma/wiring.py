"""Which correlation looks at which rule, and what must be kept of an event for correlations further out."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from detectors.sigma.correlation_rules import CorrelationRule
from detectors.sigma.readings import Reader, fields_read, readers


class Input(NamedTuple):
    """A correlation, by its position, and how it reads the events of a rule."""

    position: int
    readers: tuple[Reader, ...]


Inputs = Mapping[str, tuple[Input, ...]]
"""Rule id -> the correlations that look at it."""
Carried = Mapping[str, tuple[str, ...]]
"""Id of a correlation -> fields that outer ones may ask for where it holds."""


def wire(
    rules: Sequence[CorrelationRule], marks: Callable[[CorrelationRule], tuple[str, ...]]
) -> tuple[Inputs, Carried]:
    """Tie correlations, each after those it looks at, to their rules."""
    carried = _carried(rules, marks)
    found: dict[str, list[Input]] = {}
    for position, rule in enumerate(rules):
        for source, reading in readers(rule, marks(rule), carried[rule.id]).items():
            found.setdefault(source, []).append(Input(position, reading))
    return {source: tuple(inputs) for source, inputs in found.items()}, carried


def _carried(rules: Sequence[CorrelationRule], marks: Callable[[CorrelationRule], tuple[str, ...]]) -> Carried:
    """What an outer one reads, its inner one carries; and what that one is asked for further out, as well."""
    found: dict[str, dict[str, None]] = {rule.id: {} for rule in rules}
    for rule in reversed(rules):
        for source in rule.sources:
            if source in found:
                found[source].update(dict.fromkeys((*fields_read(rule, source, marks(rule)), *found[rule.id])))
    return {rule_id: tuple(names) for rule_id, names in found.items()}
