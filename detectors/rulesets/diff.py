"""What differs between two sets of rules, by rule id: what is new, what is gone, what means something else, what only reads differently."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import yaml

from detectors.rulesets.importing import STATUSES, Filters, kept_refusals, select
from detectors.rulesets.meaning import TEXTS, Meaning, RuleTest, meaning_of
from detectors.rulesets.model import Refusal
from detectors.rulesets.tree import Tree
from detectors.sigma import CorrelationRule, Rule, RuleSet
from detectors.sigma.yaml12 import load_documents

EVERYTHING = Filters(statuses=(*STATUSES, ""))
_LOGIC = frozenset({"id", "logsource", "detection", "correlation", "filter", "level"})
_LONGEST = 200


class Kind(StrEnum):
    """How a rule differs."""

    ADDED = "added"
    REMOVED = "removed"
    REFUSED = "refused"
    MEANING = "meaning"
    LEVEL = "level"
    METADATA = "metadata"


TELLING = frozenset({Kind.ADDED, Kind.REMOVED, Kind.REFUSED, Kind.MEANING, Kind.LEVEL})
"""Differences after which the two sets do not raise the same alerts with the same severity."""


@dataclass(frozen=True, slots=True)
class Change:
    """One rule that differs.

    Attributes:
        where: file:line in the newer set, in the older one for a rule that is gone.
        level: of the older and the newer; one of them "" for a rule that is new or gone.
        tests_added, tests_removed: in the words of Sigma, sorted.
        joined_otherwise: the tests are the same, the condition joins them in another way.
        settings, metadata: key -> older and newer value as text, "" for none.
    """

    kind: Kind
    id: str
    title: str
    where: str
    level: tuple[str, str]
    tests_added: tuple[RuleTest, ...] = ()
    tests_removed: tuple[RuleTest, ...] = ()
    joined_otherwise: bool = False
    settings: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    metadata: Mapping[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SetDiff:
    """The changes in the order of kind and file, how many rules are the same, and what each side refused."""

    changes: tuple[Change, ...]
    same: int
    refused: tuple[tuple[Refusal, ...], tuple[Refusal, ...]]

    @property
    def same_meaning(self) -> bool:
        """Whether both raise the same alerts with the same severity."""
        return not any(change.kind in TELLING for change in self.changes)


@dataclass(frozen=True, slots=True)
class Side:
    """A loaded set, ready to be compared.

    Attributes:
        rules: id -> rule.
        written: id -> the document as its author wrote it.
        claimed: ids that files of the set hold, loaded or refused.
    """

    ruleset: RuleSet
    rules: Mapping[str, Rule | CorrelationRule]
    written: Mapping[str, Mapping[str, Any]]
    claimed: frozenset[str]
    refusals: tuple[Refusal, ...]
    root: Path

    def meaning(self, ident: str) -> Meaning:
        return meaning_of(self.rules[ident], self.ruleset.atoms)

    def place(self, ident: str) -> str:
        """Where a rule stands inside the set."""
        return self.rules[ident].where.removeprefix(f"{self.root}/")


def load_side(tree: Tree, scratch: Path) -> Side:
    """Load a set for comparing.

    Args:
        tree: its files.
        scratch: an empty folder for them.

    Raises:
        InputError: no rules there.
    """
    chosen = select(tree, EVERYTHING)
    for path, data in chosen.files.items():
        target = scratch / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
    ruleset = RuleSet.load([scratch])
    every: list[Rule | CorrelationRule] = [*ruleset.rules, *ruleset.correlations]
    rules = {rule.id: rule for rule in every}
    at = {place: content for path, data in chosen.files.items() for place, content in _documents(path, data)}
    return Side(
        ruleset,
        rules,
        {ident: at.get(_file_and_line(rule.where.removeprefix(f"{scratch}/")), {}) for ident, rule in rules.items()},
        frozenset(entry.rule.id for entry in chosen.entries if entry.rule.id),
        kept_refusals(tree.refusals) + kept_refusals(ruleset.refusals, scratch),
        scratch,
    )


def diff_sets(old: Side, new: Side) -> SetDiff:
    """What differs from `old` to `new`."""
    changes = [*_gone(old, new), *_fresh(old, new)]
    common = old.rules.keys() & new.rules.keys()
    changed = [change for ident in common if (change := _changed(ident, old, new)) is not None]
    order = tuple(Kind)
    changes = sorted([*changes, *changed], key=lambda change: (order.index(change.kind), change.where, change.id))
    return SetDiff(tuple(changes), len(common) - len(changed), (old.refusals, new.refusals))


def _gone(old: Side, new: Side) -> Iterator[Change]:
    for ident in old.rules.keys() - new.rules.keys():
        rule = old.rules[ident]
        kind = Kind.REFUSED if ident in new.claimed else Kind.REMOVED
        yield Change(kind, ident, rule.title, old.place(ident), (rule.level.value, ""))


def _fresh(old: Side, new: Side) -> Iterator[Change]:
    for ident in new.rules.keys() - old.rules.keys():
        rule = new.rules[ident]
        yield Change(Kind.ADDED, ident, rule.title, new.place(ident), ("", rule.level.value))


def _changed(ident: str, old: Side, new: Side) -> Change | None:
    before, after = old.meaning(ident), new.meaning(ident)
    levels = (old.rules[ident].level.value, new.rules[ident].level.value)
    metadata = _pairs(_metadata(old.written[ident]), _metadata(new.written[ident]))
    same = (before.program, before.settings) == (after.program, after.settings)
    if same and levels[0] == levels[1] and not metadata:
        return None
    return Change(
        (Kind.LEVEL if levels[0] != levels[1] else Kind.METADATA) if same else Kind.MEANING,
        ident,
        new.rules[ident].title,
        new.place(ident),
        levels,
        tuple(sorted(after.tests - before.tests)),
        tuple(sorted(before.tests - after.tests)),
        before.program != after.program and before.tests == after.tests,
        _pairs(before.settings, after.settings),
        metadata,
    )


def _pairs(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    keys = sorted(before.keys() | after.keys())
    both = {key: (before.get(key, ""), after.get(key, "")) for key in keys}
    return {key: pair for key, pair in both.items() if pair[0] != pair[1]}


def _metadata(content: Mapping[str, Any]) -> dict[str, str]:
    """What is not logic, as text; of `vonggac` what is written for readers."""
    found = {str(key): _shown(value) for key, value in content.items() if key not in _LOGIC and key != "vonggac"}
    ours = content.get("vonggac")
    texts = {f"vonggac.{key}": _shown(ours[key]) for key in TEXTS if key in ours} if isinstance(ours, dict) else {}
    return found | texts


def _shown(value: object) -> str:
    if isinstance(value, list) and all(isinstance(each, (str, int, float)) for each in value):
        return ", ".join(map(str, value))
    return value.strip() if isinstance(value, str) else str(value)


def shortened(text: str) -> str:
    """A value of a rule on one line, cut where it is long."""
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else line[:_LONGEST] + "..."


def _documents(path: str, data: bytes) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """(file:line, content) of every document that can be read."""
    try:
        for document in load_documents(data):
            if isinstance(document.content, dict):
                yield f"{path}:{document.line}", document.content
    except (yaml.YAMLError, ValueError, RecursionError):
        return  # the loader has refused it, with its place


def _file_and_line(where: str) -> str:
    return ":".join(where.split(":")[:2])
