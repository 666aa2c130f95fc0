"""The section `absence` of a definition, and the loader of its files.

The definition itself, a Sigma rule, selects the events that are due. Other documents of the file, named in the section, select what
makes them due (`after`) and what shows that they could have come (`alive`).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import time, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from detectors.rulepack import own_rules
from detectors.selectors import Refused, Span, section_of
from detectors.sigma.rule import Rule
from detectors.sigma.ruleset import RuleSet
from soc.core.errors import DefinitionError
from soc.core.i18n import msg

SECTION = "absence"
DAY = timedelta(days=1)


class Absence(BaseModel):
    """Alert when what is due does not come.

    Attributes:
        per: fields that name who owes it, within agency and platform; none = the source that sent it.
        by: due on each day by this local time; `since` says from when on it counts (the evening before when later than `by`).
        grace: how long after `by` it is waited for.
        days: `working` days; `usual` = also weekends and holidays on which it has come before; `every` day.
        learning: days on which it must have come before it is owed.
        after: name of the rule whose event makes it due, `within` a span.
        settle: so long after that event nothing counts: a machine that is shut down still says a word or two.
        alive: name of a rule; told only when one of its events came after `settle`.
        fields: name of a rule -> the fields there that stand for those of `per`, in their order.
        usual: in how many of the 24 hours before the event something due must have come.
        scope: `province` = the three may come from different agencies; the alert belongs to that of the event.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    per: tuple[str, ...] = ()
    by: time | None = None
    since: time | None = None
    grace: Span = timedelta(minutes=30)
    days: Literal["working", "usual", "every"] = "working"
    learning: Annotated[int, Field(ge=1, le=60)] = 2
    after: str | None = None
    within: Span | None = None
    settle: Span = timedelta(minutes=5)
    alive: str | None = None
    fields: Mapping[str, tuple[str, ...]] = Field(default_factory=dict)
    usual: Annotated[int, Field(ge=0, le=24)] = 0
    scope: Literal["agency", "province"] = "agency"

    @model_validator(mode="after")
    def _makes_sense(self) -> Self:
        if (self.by is None) == (self.after is None):
            raise ValueError("needs either by or after")
        if (self.after is None) != (self.within is None):
            raise ValueError("after and within belong together")
        if self.after is not None and not self.per:
            raise ValueError("after needs per: whose event is followed by silence")
        if self.within is not None and not self.settle < self.within <= DAY:
            raise ValueError("within must lie between settle and 1d")
        if any(len(names) != len(self.per) for names in self.fields.values()):
            raise ValueError("fields must give as many fields as per")
        return self

    def fields_of(self, rule: str) -> tuple[str, ...]:
        """The fields of a rule's events that name who owes."""
        return self.fields.get(rule, self.per)


@dataclass(frozen=True, slots=True)
class Due:
    """A sound definition: its rule, section, and the rules that its section names."""

    rule: Rule
    spec: Absence
    after: Rule | None
    alive: Rule | None


@dataclass(frozen=True, slots=True)
class Dues:
    """What was loaded.

    Attributes:
        ruleset: all selecting rules.
        dues: rule id -> definition.
        refusals: every fault, with its place.
    """

    ruleset: RuleSet
    dues: Mapping[str, Due]
    refusals: tuple[DefinitionError, ...]


def own_absences() -> list[Path]:
    """Where the definitions that come with the suite lie."""
    return [folder] if (folder := own_rules() / "ledger").is_dir() else []


def is_absence(rule: Rule) -> bool:
    """Whether a rule is a definition of this kind."""
    return SECTION in rule.custom


def load_absences(paths: Iterable[Path]) -> Dues:
    """Definition files and folders; a definition with a fault is left out and named."""
    ruleset = RuleSet.load(paths)
    named = {rule.name: rule for rule in ruleset.rules if rule.name}
    dues: dict[str, Due] = {}
    refusals = list(ruleset.refusals)
    for rule in ruleset.rules:
        if not is_absence(rule):
            continue
        try:
            dues[rule.id] = _due(rule, named)
        except Refused as refused:
            refusals += refused.faults
    used = {one.id for due in dues.values() for one in (due.rule, due.after, due.alive) if one is not None}
    kept = tuple(rule for rule in ruleset.rules if rule.id in used)
    return Dues(replace(ruleset, rules=kept), MappingProxyType(dues), tuple(refusals))


def _due(rule: Rule, named: Mapping[str, Rule]) -> Due:
    spec = section_of(rule, {SECTION: Absence})
    assert isinstance(spec, Absence)  # noqa: S101 - the one kind that was asked for
    wanted = [name for name in (spec.after, spec.alive) if name is not None]
    missing = [name for name in wanted if name not in named]
    if missing:
        raise Refused(
            [
                DefinitionError(
                    msg("phần absence nêu luật {name} không có", name=missing[0]),
                    expected=msg("name của một luật trong cùng tệp"),
                    where=rule.where,
                    advice=msg("xem docs/detectors.md"),
                )
            ]
        )
    return Due(rule, spec, named.get(spec.after or ""), named.get(spec.alive or ""))
