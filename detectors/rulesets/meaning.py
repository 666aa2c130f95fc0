"""What a compiled rule means, whatever its wording: two rules with equal meaning match the same events and raise the same alerts.

Taken from the program over atoms, so formatting, names of searches, the order of lists and needless parentheses do not show. Equal
meaning is proved, different meaning is not: two conditions that are equal by a law of logic beyond these are called different.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from detectors.sigma import CorrelationRule, Rule
from detectors.sigma.explain import KEYWORDS, describe
from detectors.sigma.predicates import Pattern
from detectors.sigma.tree import All, Atom, AtomTable, Leaf, Node, Not

TEXTS = frozenset({"title_vi", "advice", "threats"})
"""What `vonggac:` holds for readers only; the rest of it decides over alerts."""


@dataclass(frozen=True, slots=True, order=True)
class RuleTest:
    """One test of a rule in the words of Sigma; `negated` where the rule wants it not to hold."""

    field: str
    operator: str
    wanted: str
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Meaning:
    """Everything about a rule that decides what it does.

    Attributes:
        program: canonical text of the condition; "" for a correlation.
        settings: name -> value of all that is not a condition: log source, window, bounds, references, what alerts are about.
        tests: for telling a difference; equal programs have equal tests.
    """

    program: str
    settings: Mapping[str, str]
    tests: frozenset[RuleTest] = field(default_factory=frozenset)


def meaning_of(rule: Rule | CorrelationRule, atoms: AtomTable) -> Meaning:
    """The meaning of a rule of a loaded set."""
    if isinstance(rule, CorrelationRule):
        return Meaning("", _correlation(rule) | _handling(rule))
    source = rule.logsource
    places = {"product": source.product, "category": source.category, "service": source.service}
    settings = {f"logsource.{name}": value for name, value in places.items() if value}
    program = canonical(rule.program, atoms)
    return Meaning(program, settings | _handling(rule), frozenset(_tests(rule.program, atoms)))


def canonical(node: Node, atoms: AtomTable) -> str:
    """A program as text: parts sorted and each once, nested `and` and `or` flat, double negations gone."""
    if isinstance(node, Leaf):
        return _atom(atoms[node.atom])
    if isinstance(node, Not):
        return canonical(node.part.part, atoms) if isinstance(node.part, Not) else f"not({canonical(node.part, atoms)})"
    parts = sorted({canonical(part, atoms) for part in _flat(node, isinstance(node, All))})
    if len(parts) == 1:
        return parts[0]
    return f"{'and' if isinstance(node, All) else 'or'}({','.join(parts)})"


def _flat(node: Node, conjunction: bool) -> Iterator[Node]:
    """The parts of a node and of those below it that are joined in the same way."""
    while isinstance(node, Not) and isinstance(node.part, Not):
        node = node.part.part
    if isinstance(node, (Leaf, Not)) or isinstance(node, All) is not conjunction:
        yield node
        return
    for part in node.parts:
        yield from _flat(part, conjunction)


def _atom(atom: Atom) -> str:
    test = atom.test
    if isinstance(test, Pattern):  # how it is shown and what it needs follow from the rest
        return repr((atom.field, "Pattern", test.regex, test.flags, test.folded))
    return repr((atom.field, test))


def _tests(node: Node, atoms: AtomTable, negated: bool = False) -> Iterator[RuleTest]:
    if isinstance(node, Leaf):
        atom = atoms[node.atom]
        operator, wanted = describe(atom.test)
        yield RuleTest(KEYWORDS if atom.field is None else atom.field, operator, wanted, negated)
    elif isinstance(node, Not):
        yield from _tests(node.part, atoms, not negated)
    else:
        for part in node.parts:
            yield from _tests(part, atoms, negated)


def _correlation(rule: CorrelationRule) -> dict[str, str]:
    criteria = rule.criteria
    sources = rule.sources if rule.type.value == "temporal_ordered" else tuple(sorted(rule.sources))
    settings = {
        "type": rule.type.value,
        "rules": ", ".join(sources),
        "group-by": ", ".join(rule.group_by),
        "timespan": f"{rule.span_us // 1_000_000}s",
        "condition": " ".join(f"{op} {bound:g}" for op, bound in sorted(criteria.bounds)),
        "field": ", ".join(criteria.fields),
        "aliases": repr(sorted((alias, sorted(names.items())) for alias, names in rule.aliases.items())),
        "generate": str(rule.generate).lower(),
    }
    if rule.type.value == "value_percentile":
        settings["percentile"] = f"{criteria.percentile:g}"
    if rule.expression is not None:
        settings["condition"] = _expression(rule.expression, rule.sources)
    return {name: value for name, value in settings.items() if value not in ("", "[]")}


def _expression(node: Node, sources: tuple[str, ...]) -> str:
    if isinstance(node, Leaf):
        return sources[node.atom]
    if isinstance(node, Not):
        return f"not {_expression(node.part, sources)}"
    parts = sorted({_expression(part, sources) for part in node.parts})
    return f"({(' and ' if isinstance(node, All) else ' or ').join(parts)})"


def _handling(rule: Rule | CorrelationRule) -> dict[str, str]:
    """What `vonggac:` says about alerts, and whether the rule makes any on its own."""
    ours = rule.custom.get("vonggac")
    extra = ours if isinstance(ours, Mapping) else {}
    found = {f"vonggac.{name}": repr(value) for name, value in extra.items() if name not in TEXTS}
    return found | ({} if rule.reported else {"reported": "false"})
