"""What the commands under `soc rules` share: which files they look at, and how a rule is named."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from detectors.rulepack import own_rules
from detectors.sigma import CorrelationRule, Rule, RuleSet
from detectors.yara.rules import SUFFIXES
from soc.core.errors import NotFoundError
from soc.core.i18n import msg

EXIT_FAULTS = 1
Paths = Annotated[
    list[Path] | None, typer.Argument(help=msg("Tệp hoặc thư mục luật; mặc định là luật đi kèm").text, exists=True)
]


def sigma_paths(roots: list[Path] | None) -> list[Path]:
    """Where Sigma rules may be; those that come with the suite when no place is named."""
    return [own_rules() / "sigma"] if not roots else [root for root in roots if root.suffix not in SUFFIXES]


def yara_paths(roots: list[Path] | None) -> list[Path]:
    """Where YARA rules may be; those that come with the suite when no place is named."""
    return [own_rules() / "yara"] if not roots else [root for root in roots if root.is_dir() or root.suffix in SUFFIXES]


def find_rule(ruleset: RuleSet, ident: str) -> Rule | CorrelationRule:
    """The rule with this id or name. Raises NotFoundError."""
    every: list[Rule | CorrelationRule] = [*ruleset.rules, *ruleset.correlations]
    found = next((rule for rule in every if ident in (rule.id, rule.name)), None)
    if found is None:
        raise NotFoundError(msg("không có luật '{id}'", id=ident), advice=msg("xem tên bằng: soc rules list"))
    return found
