"""`soc rules check`: every fault of Sigma and YARA rules at once, with its place."""

from __future__ import annotations

import typer

from detectors.rulepack import own_rules
from detectors.sigma import RuleSet
from detectors.yara.rules import load_yara
from soc.cli.context import Json, emit, say
from soc.cli.rule_paths import EXIT_FAULTS, Paths, sigma_paths, yara_paths
from soc.core.errors import DefinitionError, FaultsError
from soc.core.i18n import Lang, msg


def check(paths: Paths = None, json: Json = False) -> None:
    roots = paths or [own_rules()]
    ruleset, yara = RuleSet.load(sigma_paths(roots)), load_yara(yara_paths(roots))
    faults = [*ruleset.refusals, *yara.refusals]
    if json:
        emit(_fault_row(fault) for fault in faults)
    else:
        for fault in faults:
            say(fault.as_message())
    loaded = len(ruleset.rules) + len(ruleset.correlations)
    say(
        msg(
            "{sigma} luật Sigma, {yara} luật YARA, {faults} lỗi",
            sigma=loaded,
            yara=len(yara.rules),
            faults=len(faults),
        )
    )
    if faults:
        raise typer.Exit(EXIT_FAULTS)


def _fault_row(fault: DefinitionError | FaultsError) -> dict[str, object]:
    return {"where": fault.where, "fault": {lang.value: fault.render(lang) for lang in Lang}}
