"""Exceptions over matches: which one hides a match, and what the others had to say.

Evaluated after the match, on the document as the rule read it. Matches are rare, so every test is simply tried.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from detectors.alert import Explanation
from detectors.exceptions.model import RuleException
from detectors.sigma.correlate import Firing
from detectors.sigma.correlation_rules import CorrelationRule
from detectors.sigma.engine import Match
from detectors.sigma.explain import explain_program, in_names, labelled
from detectors.sigma.routing import SAME, Fields, fields_for, origin_of
from detectors.sigma.rule import Rule
from detectors.sigma.ruleset import AUTO, normal_of
from detectors.sigma.values import Document
from soc.core.i18n import Lang, msg


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one exception did with one match.

    Attributes:
        hides: whether it takes the match away.
        fields: name in the filter -> name in the document, where they differ.
    """

    exception: RuleException
    document: Document
    fields: Fields
    hides: bool

    def explain(self) -> Explanation:
        """A node of kind `exception`: it holds when the match was let through; below it the condition with what it found."""
        sentence = (
            msg("ngoại lệ {id} đã ẩn lần khớp này", id=self.exception.id)
            if self.hides
            else msg("ngoại lệ {id} đã được xét và không ẩn lần khớp này", id=self.exception.id)
        )
        found = self.exception.filter
        program = in_names(found.filter.program, found.atoms, self.fields)
        condition = labelled(
            explain_program(program, found.atoms, self.document, normal_of(found.pipeline)), found.filter.labels
        )
        return Explanation(
            "exception",
            held=not self.hides,
            subject=self.exception.id,
            text={lang.value: sentence.render(lang) for lang in Lang},
            children=(condition,),
        )


class Exceptions:
    """The exceptions in force, by rule.

    Args:
        found: in the order in which they are asked; the first that hides a match is the one it is put down to.
    """

    def __init__(self, found: Sequence[RuleException] = ()) -> None:
        self.found = tuple(found)
        self._by_rule: dict[str, tuple[RuleException, ...]] = {}

    def __bool__(self) -> bool:
        return bool(self.found)

    def judge_match(self, match: Match, agency: str, moment: datetime) -> Iterator[Judgement]:
        """What each exception for this rule, agency and time does with the match."""
        for exception in self._asked(match.rule, agency, moment):
            fields = _names_of(exception, match)
            program = in_names(exception.filter.filter.program, exception.filter.atoms, fields)
            yield Judgement(exception, match.document, fields, exception.filter.hides(match.document, program))

    def judge_firing(self, firing: Firing, agency: str | None) -> Iterator[Judgement]:
        """The same for a correlation: over its group and the event that completed it, at the time of its last event.

        Args:
            agency: whose events were counted; None when those of all agencies together.
        """
        document = {**firing.document, **firing.group}
        for exception in self._asked(firing.rule, agency, firing.last):
            yield Judgement(exception, document, SAME, exception.filter.hides(document))

    def _asked(self, rule: Rule | CorrelationRule, agency: str | None, moment: datetime) -> Iterator[RuleException]:
        if rule.id not in self._by_rule:
            self._by_rule[rule.id] = tuple(found for found in self.found if found.filter.concerns(rule))
        return (found for found in self._by_rule[rule.id] if found.covers(agency, moment))


def _names_of(exception: RuleException, match: Match) -> Fields:
    """The names that the rule's pipeline gave its fields hold for the exception too."""
    if exception.filter.pipeline != AUTO:
        return SAME
    return fields_for(match.rule.logsource, origin_of(match.document)) or SAME
