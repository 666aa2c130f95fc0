"""Why a rule holds, or why it doesn't: the condition tree with what each test wanted and found."""

from __future__ import annotations

from dataclasses import replace

from detectors.alert import Explanation
from detectors.sigma.labels import Labels, Place
from detectors.sigma.normal import Normal
from detectors.sigma.predicates import (
    Anything,
    Compare,
    Exists,
    Literal,
    Network,
    Null,
    Numeral,
    Pattern,
    SameAs,
    Test,
    TimePart,
)
from detectors.sigma.routing import SAME, Fields, fields_for, origin_of
from detectors.sigma.rule import Rule
from detectors.sigma.table import holds_for
from detectors.sigma.tree import All, Atom, AtomTable, Leaf, Node, Not, renamed
from detectors.sigma.values import MISSING, Document, read

KEYWORDS = "*"
"""Subject of a keyword test, which looks at every value."""


def explain_rule(rule: Rule, atoms: AtomTable, document: Document, normal: Normal) -> Explanation:
    """The tree of a rule over a document, its searches and filters by name, its fields under their names in the document.

    Args:
        rule, atoms: of one rule set.
        document: as its rules read it (`Match.document`, `adapt`), of whatever log source.
        normal: what its texts pass before they are compared.
    """
    fields = fields_for(rule.logsource, origin_of(document)) or SAME
    program = in_names(rule.program, atoms, fields) if fields else rule.program
    return labelled(explain_program(program, atoms, document, normal), rule.labels)


def in_names(program: Node, atoms: AtomTable, fields: Fields) -> Node:
    """The program with its fields under the names they have in the document."""

    def number(old: int) -> int:
        atom = atoms[old]
        name = fields.get(atom.field or "")
        return old if name is None else atoms.number(Atom(name, atom.test))

    return renamed(program, number)


def labelled(explanation: Explanation, labels: Labels, place: Place = ()) -> Explanation:
    """The explanation with the names of its parts."""
    children = tuple(labelled(child, labels, (*place, index)) for index, child in enumerate(explanation.children))
    label = labels.get(place)
    if label is None:
        return replace(explanation, children=children)
    return replace(explanation, children=children, role=label.role.value, name=label.name)


def explain_program(node: Node, atoms: AtomTable, document: Document, normal: Normal) -> Explanation:
    """The tree of a program over a document, every test tried by its plain meaning."""
    if isinstance(node, Leaf):
        return _explain_test(node.atom, atoms, document, normal)
    if isinstance(node, Not):
        child = explain_program(node.part, atoms, document, normal)
        return Explanation("not", not child.held, children=(child,))
    children = tuple(explain_program(part, atoms, document, normal) for part in node.parts)
    held = (all if isinstance(node, All) else any)(child.held for child in children)
    return Explanation("and" if isinstance(node, All) else "or", held, children=children)


def _explain_test(number: int, atoms: AtomTable, document: Document, normal: Normal) -> Explanation:
    atom = atoms[number]
    operator, wanted = describe(atom.test)
    value = None if atom.field is None else read(document, atom.field)
    return Explanation(
        "test",
        holds_for(atoms, number, document, normal),
        subject=KEYWORDS if atom.field is None else atom.field,
        operator=operator,
        wanted=wanted,
        found=None if value is MISSING else value,
        missing=value is MISSING,
    )


def describe(test: Test) -> tuple[str, str]:  # noqa: PLR0911 - one line for each kind of test
    """Operator and wanted value of a test, in the words of Sigma."""
    match test:
        case Literal(place, needle):
            return place.value, needle
        case Pattern(regex, _, folded, shown):
            return ("matches" if folded else "re"), shown or regex
        case Anything():
            return "matches", "*"
        case Numeral(number):
            return "equals", str(number)
        case Compare(op, bound):
            return op, str(bound)
        case Network(cidr):
            return "cidr", cidr
        case TimePart(part, op, bound):
            return f"{part} {op}", str(bound)
        case Null():
            return "equals", "null"
        case Exists(wanted):
            return "exists", str(wanted).lower()
        case SameAs(other, place):
            return f"{place.value} field", other
