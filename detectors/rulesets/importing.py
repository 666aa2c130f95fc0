"""A tree of files made into a set: what the filters keep, which licence each rule has, what was refused."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from detectors.rulesets.describe import NO_STATUS, Described, Kind, describe, licence_in
from detectors.rulesets.model import Counts, Refusal, RuleEntry
from detectors.rulesets.tree import Tree, is_licence
from soc.core.errors import DefinitionError, InputError
from soc.core.i18n import Lang, msg
from soc.core.ids import sha256
from soc.core.severity import Severity

STATUSES = ("stable", "test", "experimental", "deprecated", "unsupported")
"""Of the Sigma specification."""
USUAL = (*STATUSES[:3], NO_STATUS)
"""What is imported unless asked otherwise; a rule that does not say counts as usual."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Which rules of a tree are wanted. A file stays whole: it is kept when one of its rules is.

    Attributes:
        min_level: the lowest level; a rule without one counts as medium.
        statuses: "" for a rule without one.
        products: of the log source; empty for all. Correlations and filters have no product and pass.
    """

    min_level: Severity = Severity.INFORMATIONAL
    statuses: tuple[str, ...] = USUAL
    products: tuple[str, ...] = ()

    def wants(self, rule: Described) -> bool:
        """Whether one rule passes."""
        level = rule.level or Severity.MEDIUM
        if rule.kind is Kind.FILTER:
            return True
        if self.products and rule.kind is Kind.DETECTION and rule.product not in self.products:
            return False
        return level.rank >= self.min_level.rank and rule.status in self.statuses


@dataclass(frozen=True, slots=True)
class Selection:
    """The files of a set, its rules, and what became of the rest."""

    files: Mapping[str, bytes]
    entries: tuple[RuleEntry, ...]
    licence: str
    counts: Counts


def select(tree: Tree, filters: Filters, licence: str = "") -> Selection:
    """What is imported of a tree.

    Args:
        licence: SPDX id for rules that name none; without it the licence text of the set decides.

    Raises:
        InputError: nothing is left.
    """
    texts = {path: data for path, data in tree.files.items() if is_licence(path)}
    common = licence or next((found for text in texts.values() if (found := licence_in(_decoded(text)))), "")
    kept: dict[str, bytes] = dict(texts)
    entries: list[RuleEntry] = []
    filtered = other = 0
    for path, data in tree.files.items():
        if path in texts:
            continue
        rules = _rules_of(data)
        if rules == ():
            other += 1
        elif rules is not None and not any(map(filters.wants, rules)):
            filtered += 1
        else:
            kept[path] = data
            entries += _entries(path, data, rules or (), common)
    if len(kept) == len(texts):
        raise _nothing(filtered)
    return Selection(kept, tuple(entries), common, Counts(filtered, other))


def content_hash(files: Mapping[str, bytes]) -> str:
    """SHA-256 over the paths and hashes of files, in the order of their paths: the same for the same rules, however packed."""
    return hash_of_hashes((path, sha256(files[path])) for path in sorted(files))


def hash_of_hashes(hashes: Iterable[tuple[str, str]]) -> str:
    """SHA-256 over (path, SHA-256) pairs in the order given."""
    state = hashlib.sha256()
    for path, digest in hashes:
        state.update(f"{digest}  {path}\n".encode())
    return state.hexdigest()


def kept_refusals(faults: Sequence[DefinitionError], root: Path | None = None) -> tuple[Refusal, ...]:
    """Faults as they are kept, their places seen from inside the set."""
    prefix = "" if root is None else f"{root}/"
    return tuple(
        Refusal(
            fault.where.removeprefix(prefix),
            {lang.value: _without_place(fault).render(lang).replace(prefix, "") for lang in Lang},
        )
        for fault in faults
    )


def _rules_of(data: bytes) -> tuple[Described, ...] | None:
    """The rules of a file; None when it cannot be read, so that the fault is reported and not the silence."""
    try:
        return describe(data)
    except (yaml.YAMLError, ValueError, RecursionError):
        return None


def _entries(path: str, data: bytes, rules: Sequence[Described], licence: str) -> Iterable[RuleEntry]:
    digest = sha256(data)
    return [RuleEntry(path, digest, replace(rule, licence=rule.licence or licence)) for rule in rules]


def _without_place(fault: DefinitionError) -> DefinitionError:
    """The fault without its place, which is kept beside it."""
    return DefinitionError(fault.found, expected=fault.expected, advice=fault.advice)


def _decoded(text: bytes) -> str:
    return text.decode("utf-8", "replace")


def _nothing(filtered: int) -> InputError:
    if filtered:
        return InputError(
            msg("các bộ lọc bỏ hết {count} tệp luật", count=filtered),
            advice=msg("nới --min-level, --status hoặc --product"),
        )
    return InputError(
        msg("không có tệp luật Sigma nào"),
        expected=msg("tệp .yml hoặc .yaml có logsource và detection, correlation hoặc filter"),
    )
