"""A compiled rule and a filter, as the engine and everything behind it sees them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from detectors.sigma.labels import Labels
from detectors.sigma.tree import Node
from soc.core.severity import Severity


@dataclass(frozen=True, slots=True)
class LogSource:
    """Where a rule wants to be applied; an empty part means any."""

    product: str = ""
    category: str = ""
    service: str = ""

    def covers(self, other: LogSource) -> bool:
        """Whether `other` is this one or a narrower one."""
        pairs = zip(
            (self.product, self.category, self.service), (other.product, other.category, other.service), strict=True
        )
        return all(not mine or mine == theirs for mine, theirs in pairs)


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A compiled detection rule.

    Attributes:
        id: the rule's UUID; for a rule without one its name, else a digest of its content.
        title, description: as written.
        version: `modified` or `date` of the rule, "" when it has neither.
        level: severity; medium where the rule has none.
        attack: ATT&CK technique ids of its tags ("T1110.003").
        where: file:line.
        program: condition over the atoms of the rule set, the filters on the rule joined.
        labels: which places of the program are the searches of the rule and the filters.
        custom: keys of the document that Sigma doesn't define, such as titles in other languages.
        reported: False when it only feeds correlations.
        digest: of the rule as written; tells a changed rule from the same one.
    """

    id: str
    title: str
    name: str
    level: Severity
    version: str
    description: str
    tags: tuple[str, ...]
    attack: tuple[str, ...]
    falsepositives: tuple[str, ...]
    logsource: LogSource
    where: str
    program: Node
    custom: Mapping[str, object] = field(default_factory=dict)
    reported: bool = True
    labels: Labels = field(default_factory=dict)
    digest: str = ""


@dataclass(frozen=True, slots=True)
class Filter:
    """A Sigma filter: which rules, and what has to hold besides.

    Attributes:
        rules: ids and names; None for every rule of the log source.
        program: what must hold for a match to count.
        title: as written.
        labels: which places of the program are its searches.
    """

    rules: frozenset[str] | None
    logsource: LogSource
    program: Node
    title: str = ""
    labels: Labels = field(default_factory=dict)

    def concerns(self, rule: Rule) -> bool:
        """Whether the filter is about this rule."""
        named = self.rules is None or rule.id in self.rules or (rule.name and rule.name in self.rules)
        return bool(named) and self.logsource.covers(rule.logsource)
