"""Compiled rule sets on disk: the same files, pipeline and code give the same rules without parsing them again.

The form is plain JSON - names, numbers and lists, nothing that is executed - in the files of `kept.py`. The name of a file is a
hash over everything that the rules depend on: their text and place, the pipeline, the placeholders, and the code itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from functools import cache
from hashlib import sha256
from importlib.resources import files as package_files
from math import isfinite
from pathlib import Path
from typing import Any, get_args

import orjson

from detectors.sigma.correlation_rules import CorrelationRule, CorrelationType, Criteria
from detectors.sigma.kept import Kept
from detectors.sigma.labels import Label, Labels, Role
from detectors.sigma.predicates import Literal, Place, SameAs, Test
from detectors.sigma.rule import LogSource, Rule
from detectors.sigma.ruleset import AUTO, NONE, Placeholders, RuleSet
from detectors.sigma.tree import All, Atom, AtomTable, Leaf, Node, Not, Some
from soc.core.severity import Severity
from soc.core.shipped_lists import shipped_values

_STRICT = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_PASSTHROUGH_SUBCLASS
"""What is no plain JSON is an error: it would come back as something else."""
_PLACES = {place.value: place for place in Place}
_ALL, _SOME = "&", "|"


def load_kept(kept: Kept, files: Sequence[Path], pipeline: str, placeholders: Placeholders) -> RuleSet:
    """The rule set of some files out of the cache, or compiled and put there. Raises SetupError as `load_rules` does."""
    name = _name(files, pipeline, placeholders)
    data = None if name is None else kept.read(name)
    if data is not None and (found := _unpacked(data, pipeline)) is not None:
        return found
    from detectors.sigma.rules import load_rules  # noqa: PLC0415 - pySigma takes half a second to import

    made = load_rules(files, pipeline, placeholders)
    if name is not None and not made.refusals and (content := _packed(made)) is not None:
        kept.write(name, content)
    return made


def _name(files: Sequence[Path], pipeline: str, placeholders: Placeholders) -> str | None:
    """The file of the cache; None when something cannot be read or named, and the loader is to say so."""
    state = sha256(code_hash())
    try:
        lists = [shipped_values(), dict(placeholders)]
        state.update(orjson.dumps([pipeline, lists], option=orjson.OPT_SORT_KEYS))
        if pipeline not in (AUTO, NONE):
            state.update(Path(pipeline).read_bytes())
        for file in files:
            state.update(orjson.dumps(str(file)))
            state.update(sha256(file.read_bytes()).digest())
    except (OSError, TypeError):
        return None
    return f"{state.hexdigest()}.rules"


@cache
def code_hash() -> bytes:
    """Hash over the code and tables that make rules what they are."""
    package = package_files("detectors.sigma")
    state = sha256()
    for folder in (package, package / "data"):
        for file in sorted(folder.iterdir(), key=lambda found: found.name):
            if file.name.endswith((".py", ".yaml")):
                state.update(file.read_bytes())
    return state.digest()


def _packed(ruleset: RuleSet) -> bytes | None:
    found = {
        "atoms": [[atom.field, type(atom.test).__name__, *_values(atom.test)] for atom in ruleset.atoms],
        "rules": [_packed_rule(rule) for rule in ruleset.rules],
        "correlations": [_packed_correlation(rule) for rule in ruleset.correlations],
    }
    try:
        return orjson.dumps(found, option=_STRICT) if _is_finite(found) else None
    except TypeError:  # a rule with a value that JSON cannot hold, such as a number beyond 64 bits
        return None


def _is_finite(value: object) -> bool:
    """Whether no number inside is infinite or none at all: such would be written as null."""
    if isinstance(value, float):
        return isfinite(value)
    inside = value.values() if isinstance(value, Mapping) else value if isinstance(value, (list, tuple)) else ()
    return all(map(_is_finite, inside))


def _unpacked(data: bytes, pipeline: str) -> RuleSet | None:
    try:
        found = orjson.loads(data)
        leaves = [Leaf(number) for number in range(len(found["atoms"]))]
        return RuleSet(
            rules=tuple(_rule(entry, leaves) for entry in found["rules"]),
            correlations=tuple(_correlation(entry, leaves) for entry in found["correlations"]),
            refusals=(),
            atoms=AtomTable([Atom(field, _TESTS[kind](*values)) for field, kind, *values in found["atoms"]]),
            pipeline=pipeline,
        )
    except (ValueError, KeyError, TypeError, IndexError):  # another form, though the name says the same code
        return None


def _values(test: Test) -> Iterator[object]:
    for entry in fields(test):
        value = getattr(test, entry.name)
        yield value.value if isinstance(value, Place) else value


_TESTS: Mapping[str, Callable[..., Test]] = {
    **{kind.__name__: kind for kind in get_args(Test)},
    "Literal": lambda place, needle: Literal(_PLACES[place], needle),
    "SameAs": lambda other, place: SameAs(other, _PLACES[place]),
}


def _packed_rule(rule: Rule) -> dict[str, Any]:
    found = {entry.name: getattr(rule, entry.name) for entry in fields(rule)}
    source = rule.logsource
    return {
        **found,
        "level": rule.level.value,
        "logsource": [source.product, source.category, source.service],
        "program": _packed_node(rule.program),
        "labels": [[place, label.role.value, label.name] for place, label in rule.labels.items()],
    }


def _rule(entry: dict[str, Any], leaves: Sequence[Leaf]) -> Rule:
    entry["level"] = Severity(entry["level"])
    entry["logsource"] = LogSource(*entry["logsource"])
    entry["program"] = _node(entry["program"], leaves)
    entry["labels"] = _labels(entry["labels"])
    _make_tuples(entry, ("tags", "attack", "falsepositives"))
    return Rule(**entry)


def _labels(found: Sequence[Sequence[Any]]) -> Labels:
    return {tuple(place): Label(Role(role), name) for place, role, name in found}


def _packed_correlation(rule: CorrelationRule) -> dict[str, Any]:
    found = {entry.name: getattr(rule, entry.name) for entry in fields(rule)}
    criteria = rule.criteria
    return {
        **found,
        "level": rule.level.value,
        "type": rule.type.value,
        "criteria": [criteria.bounds, criteria.fields, criteria.percentile],
        "expression": None if rule.expression is None else _packed_node(rule.expression),
    }


def _correlation(entry: dict[str, Any], leaves: Sequence[Leaf]) -> CorrelationRule:
    bounds, names, percentile = entry["criteria"]
    entry["criteria"] = Criteria(tuple((op, bound) for op, bound in bounds), tuple(names), percentile)
    entry["level"], entry["type"] = Severity(entry["level"]), CorrelationType(entry["type"])
    if entry["expression"] is not None:
        entry["expression"] = _node(entry["expression"], leaves)
    _make_tuples(entry, ("tags", "attack", "falsepositives", "references", "group_by", "sources"))
    return CorrelationRule(**entry)


def _make_tuples(entry: dict[str, Any], names: Sequence[str]) -> None:
    for name in names:
        entry[name] = tuple(entry[name])


def _packed_node(node: Node) -> object:
    """An atom is its number, a negation a list of one, the others lists that begin with their sign."""
    if isinstance(node, Leaf):
        return node.atom
    if isinstance(node, Not):
        return [_packed_node(node.part)]
    return [_ALL if isinstance(node, All) else _SOME, *map(_packed_node, node.parts)]


def _node(found: Any, leaves: Sequence[Leaf]) -> Node:
    if type(found) is int:
        return leaves[found] if found < len(leaves) else Leaf(found)
    sign = found[0]
    if sign == _ALL:
        return All(tuple([_node(part, leaves) for part in found[1:]]))
    if sign == _SOME:
        return Some(tuple([_node(part, leaves) for part in found[1:]]))
    return Not(_node(sign, leaves))
