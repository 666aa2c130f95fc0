"""The filter of an exception: Sigma YAML in, a checked program out; and a first draft from what an alert is about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import yaml

from detectors.exceptions.limits import MAX_CHARACTERS
from detectors.sigma.correlation_rules import CorrelationRule
from detectors.sigma.rule import Filter, LogSource, Rule
from detectors.sigma.rules import load_filter
from detectors.sigma.ruleset import AUTO, normal_of
from detectors.sigma.table import holds_for
from detectors.sigma.tree import AtomTable, Node, holds
from detectors.sigma.values import Document
from soc.core.errors import DefinitionError
from soc.core.i18n import msg

NAME = "filter.yml"
"""What errors call a text that stands in no file."""
_WILDCARDS = str.maketrans({"\\": "\\\\", "*": "\\*", "?": "\\?"})


@dataclass(frozen=True, slots=True)
class ExceptionFilter:
    """A Sigma filter by itself.

    Attributes:
        filter: the rules it names, their log source, and the condition that a match must fulfil to count.
        atoms: the tests of that condition.
        pipeline: of the rules it is for.
    """

    filter: Filter
    atoms: AtomTable
    pipeline: str = AUTO

    def concerns(self, rule: Rule | CorrelationRule) -> bool:
        """Whether the filter is about this rule. A correlation has no log source: it must be named."""
        if isinstance(rule, Rule):
            return self.filter.concerns(rule)
        return bool(self.filter.rules and (self.filter.rules & {rule.id, rule.name}))

    def hides(self, document: Document, program: Node | None = None) -> bool:
        """Whether the condition does not hold for the document, every test tried by its plain meaning.

        Args:
            program: the condition in the names of the document, where they differ.
        """
        normal = normal_of(self.pipeline)
        wanted = self.filter.program if program is None else program
        return not holds(wanted, lambda number: holds_for(self.atoms, number, document, normal))


def parse_filter(text: str, pipeline: str = AUTO) -> ExceptionFilter:
    """The filter of an exception.

    Raises:
        DefinitionError: not one Sigma filter, or one that hides even an event without any field: it would hide whatever it
            does not name.
        FaultsError: several faults.
    """
    if len(text) > MAX_CHARACTERS:
        raise DefinitionError(
            msg("bộ lọc dài {count} ký tự", count=len(text)),
            expected=msg("nhiều nhất {limit} ký tự", limit=MAX_CHARACTERS),
            where=NAME,
        )
    found, atoms = load_filter(text.encode(), NAME, pipeline)
    parsed = ExceptionFilter(found, atoms, pipeline)
    if parsed.hides({}):
        raise DefinitionError(
            msg("ngoại lệ này ẩn cả sự kiện không có trường nào, tức là mọi thứ nó không nêu"),
            expected=msg("điều kiện chỉ khớp với những giá trị được nêu, như: not selection"),
            where=NAME,
            advice=msg("nêu giá trị phải có; không dò trường vắng mặt hay rỗng"),
        )
    return parsed


def draft_filter(rule: Rule | CorrelationRule, logsource: LogSource, entities: Mapping[str, str], title: str) -> str:
    """A filter that hides what `rule` says about exactly these entities: a first draft for a person to narrow down.

    Args:
        logsource: of the rule; for a correlation, of one that it counts.
        entities: field -> value, taken literally.
    """
    source = {"product": logsource.product, "category": logsource.category, "service": logsource.service}
    content = {
        "title": title,
        "logsource": {key: value for key, value in source.items() if value},
        "filter": {
            "rules": [rule.name or rule.id],
            "selection": {field: value.translate(_WILDCARDS) for field, value in entities.items()},
            "condition": "not selection",
        },
    }
    return yaml.safe_dump(content, allow_unicode=True, sort_keys=False, width=100)
