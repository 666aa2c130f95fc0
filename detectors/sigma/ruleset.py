"""Rule sets: files in, compiled rules and refusals out. One bad rule never stops another."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TypeAlias

from detectors.sigma.correlation_rules import CorrelationRule
from detectors.sigma.kept import Kept
from detectors.sigma.normal import Normal, nfc, verbatim
from detectors.sigma.rule import Rule
from detectors.sigma.tree import AtomTable
from soc.core.errors import DefinitionError

AUTO = "auto"
NONE = "none"

Placeholders: TypeAlias = Mapping[str, Sequence[object]]
"""Name of a placeholder -> the values that `expand` puts in its place."""


def normal_of(pipeline: str) -> Normal:
    """What texts of rules and events pass under a pipeline before they are compared."""
    return verbatim if pipeline == NONE else nfc


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Everything that was loaded.

    Attributes:
        rules: detection rules in order of loading.
        correlations: correlation rules, each after those it refers to.
        refusals: every fault found, in order of the files; a rule with a fault is not in the set.
        atoms: the tests of all rules.
        pipeline: auto | none | name or path of a pySigma pipeline.
    """

    rules: tuple[Rule, ...]
    correlations: tuple[CorrelationRule, ...]
    refusals: tuple[DefinitionError, ...]
    atoms: AtomTable
    pipeline: str = AUTO

    @classmethod
    def load(
        cls,
        paths: Iterable[Path | str],
        pipeline: str = AUTO,
        placeholders: Placeholders = MappingProxyType({}),
        kept: Kept | None = None,
    ) -> RuleSet:
        """Load rule files and folders (`*.yml`, `*.yaml`, recursively).

        Args:
            paths: files or folders, in the order of their precedence.
            pipeline: `auto` (log sources routed, fields mapped, NFC), `none` (rules as written), or the path of a
                pySigma processing pipeline.
            placeholders: values for the modifier `expand`, by name.
            kept: where rule sets compiled before lie; the same files give the same set without being parsed. A set with
                refusals is parsed anew each time.

        Raises:
            SetupError: the pipeline cannot be loaded.
        """
        files = list(_each_once(file for path in paths for file in rule_files(Path(path))))
        if kept is not None:
            from detectors.sigma.rulecache import load_kept  # noqa: PLC0415 - it builds what is defined here

            return load_kept(kept, files, pipeline, placeholders)
        from detectors.sigma.rules import load_rules  # noqa: PLC0415 - pySigma takes half a second to import

        return load_rules(files, pipeline, placeholders)


def _each_once(files: Iterable[Path]) -> Iterator[Path]:
    seen: set[tuple[int, int]] = set()
    for file in files:
        try:
            status = file.stat()
        except OSError:  # the loader says why
            yield file
            continue
        if (status.st_dev, status.st_ino) not in seen:
            seen.add((status.st_dev, status.st_ino))
            yield file


def rule_files(path: Path) -> list[Path]:
    """The file itself, or the rule files under a folder in the order of their names."""
    if not path.is_dir():
        return [path]
    found = (Path(folder, name) for folder, _, names in os.walk(path) for name in names if _is_rule_name(name))
    return sorted((file for file in found if file.is_file()), key=lambda file: file.parts)


def _is_rule_name(name: str) -> bool:
    """Not the must-fire cases beside a rule, `<rule>.test.yaml`."""
    stem, _, suffix = name.rpartition(".")
    return suffix in {"yml", "yaml"} and not stem.endswith(".test")
