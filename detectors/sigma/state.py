"""What a rule can still find on a source, judged by the fields that source really sends.

A rule that asks for fields nobody sends stays silent for ever; silence must not pass for peace.
"""

from __future__ import annotations

from collections.abc import Container, Iterable
from enum import StrEnum

from detectors.sigma.predicates import Exists, Null, SameAs
from detectors.sigma.routing import SAME, Fields
from detectors.sigma.tree import FALSE, Atom, AtomTable, Node, atoms_of, simplified

_ALWAYS_SEEN = frozenset({"Provider_Name", "SourceName"})
"""Two names of one thing: the engine gives a document the one it lacks."""


class RuleState(StrEnum):
    """How much of a rule a source feeds."""

    READY = "ready"
    """Every test of the rule can hold."""
    PARTLY_BLIND = "partly_blind"
    """Some tests can never hold; another way through the condition is open."""
    BLIND = "blind"
    """No way through the condition is open: the rule cannot fire."""


def state_of(program: Node, atoms: AtomTable, seen: Container[str], names: Fields = SAME) -> RuleState:
    """The state of one rule on one kind of document.

    Args:
        program, atoms: `Rule.program` over `RuleSet.atoms`.
        seen: names of the fields that documents of the source have had, in the form `adapt` gives them.
        names: name in the rule -> name in the document (`routing.fields_for`).
    """
    known = {
        number: truth for number in atoms_of(program) if (truth := _settled(atoms[number], seen, names)) is not None
    }
    if simplified(program, known.get) == FALSE:
        return RuleState.BLIND
    return RuleState.READY if all(known.values()) else RuleState.PARTLY_BLIND


def best_state(states: Iterable[RuleState]) -> RuleState:
    """The state over several kinds of documents of one source: one that feeds the rule is enough; BLIND for none."""
    order = list(RuleState)
    return min(states, key=order.index, default=RuleState.BLIND)


def _settled(atom: Atom, seen: Container[str], names: Fields) -> bool | None:
    """The truth of a test for every document without the fields never seen; None when that depends on the document."""
    if atom.field is None:
        return None
    wanted = (atom.field, atom.test.other) if isinstance(atom.test, SameAs) else (atom.field,)
    if all(_is_seen(names.get(name, name), seen) for name in wanted):
        return None
    return isinstance(atom.test, Null) or atom.test == Exists(wanted=False)


def _is_seen(name: str, seen: Container[str]) -> bool:
    return name in seen or (name in _ALWAYS_SEEN and any(other in seen for other in _ALWAYS_SEEN))
