"""`soc rules`: our own detection rules and those of a site, checked, tried and listed."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from itertools import count
from pathlib import Path
from typing import Annotated

import typer

from collectors.enrich import default_enrichers
from collectors.enrich.networks import Networks
from collectors.normalise import Normaliser
from collectors.platform import load_platforms
from collectors.record import RawRecord
from collectors.redact import Redactor
from collectors.sources import Source
from detectors.detector import advice_of, title_of
from detectors.rulepack import own_rules
from detectors.sigma import CorrelationRule, Rule, RuleSet
from detectors.testing import CaseResult, Normalise, alerting_rules, run_all
from detectors.yara.rules import SUFFIXES, load_yara
from soc.cli.context import Json, emit, say, settings
from soc.core.clock import FixedClock
from soc.core.errors import DefinitionError, FaultsError, NotFoundError, SocError
from soc.core.event import Event
from soc.core.i18n import Lang, msg

EXIT_FAULTS = 1
CASE_NETWORKS = {"quantri": ["192.0.2.0/24"], "tslcd": ["198.51.100.0/24"]}
"""The declared networks of every case; all other addresses are the Internet."""
CASE_PROXY = "192.0.2.5"
"""The trusted reverse proxy of every case."""
_RECEIVED = datetime(2027, 1, 1, tzinfo=UTC)
_REDACTION_KEY = b"cases hold no real person at all"

app = typer.Typer(add_completion=False, no_args_is_help=True, rich_markup_mode=None)
Paths = Annotated[
    list[Path] | None, typer.Argument(help=msg("Tệp hoặc thư mục luật; mặc định là luật đi kèm").text, exists=True)
]


@app.command(help=msg("Kiểm tra luật Sigma và YARA; nêu mọi lỗi một lần").text)
def check(paths: Paths = None, json: Json = False) -> None:
    roots = paths or [own_rules()]
    ruleset, yara = RuleSet.load(_sigma(roots)), load_yara(_yara(roots))
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


@app.command("test", help=msg("Thử luật Sigma với các ca phải bắt và phải để yên").text)
def try_cases(paths: Paths = None, json: Json = False) -> None:
    lang = settings().lang
    passed = failed = 0
    normalise = case_normaliser()
    for outcome in _outcomes(paths or [own_rules() / "sigma"], normalise):
        if isinstance(outcome, CaseResult) and outcome.passed:
            passed += 1
        else:
            failed += 1
        if json:
            emit([_outcome_row(outcome, lang)])
        else:
            typer.echo(_outcome_line(outcome, lang))
    say(msg("{passed} ca đạt, {failed} không đạt", passed=passed, failed=failed))
    if failed:
        raise typer.Exit(EXIT_FAULTS)


@app.command("list", help=msg("Liệt kê luật tạo cảnh báo").text)
def list_(paths: Paths = None, json: Json = False) -> None:
    lang = settings().lang
    rules = alerting_rules(RuleSet.load(_sigma(paths or [own_rules()])))
    if json:
        emit(_rule_row(rule) for rule in rules)
        return
    for rule in rules:
        typer.echo(f"{rule.name or rule.id:36} {rule.level.value:13} {title_of(rule)[lang.value]}")


@app.command(help=msg("Xem một luật theo mã hoặc tên").text)
def show(ident: str, paths: Paths = None, json: Json = False) -> None:
    ruleset = RuleSet.load(_sigma(paths or [own_rules()]))
    every: list[Rule | CorrelationRule] = [*ruleset.rules, *ruleset.correlations]
    found = next((rule for rule in every if ident in (rule.id, rule.name)), None)
    if found is None:
        raise NotFoundError(msg("không có luật '{id}'", id=ident), advice=msg("xem tên bằng: soc rules list"))
    if json:
        emit([_rule_row(found)])
    else:
        file, _, _ = found.where.rpartition(":")
        typer.echo(f"# {found.where}\n{Path(file).read_text('utf-8')}")


def case_normaliser() -> Normalise:
    """Raw lines of the cases made into events by the real redaction, parsers, mappings and enrichment, in the networks of CASE_NETWORKS."""
    normaliser = Normaliser(load_platforms(), default_enrichers(Networks(CASE_NETWORKS)), FixedClock(_RECEIVED))
    redactor = Redactor(_REDACTION_KEY)
    numbers = count(1)

    @cache
    def source(platform: str, agency: str) -> Source:
        return Source(id=f"{platform}.{agency}", platform=platform, agency=agency, trusted_proxies=[CASE_PROXY])

    def normalise(platform: str, line: str, agency: str) -> Event:
        origin = source(platform, agency)
        text = redactor.redact(line).text
        record = RawRecord(origin.id, next(numbers), text.encode(), _RECEIVED, "case")
        return normaliser.normalise(record, origin, record.ident)

    return normalise


def _sigma(roots: list[Path]) -> list[Path]:
    return [root for root in roots if root.suffix not in SUFFIXES]


def _yara(roots: list[Path]) -> list[Path]:
    return [root for root in roots if root.is_dir() or root.suffix in SUFFIXES]


def _outcomes(roots: list[Path], normalise: Normalise) -> Iterator[CaseResult | SocError]:
    for root in roots:
        for outcome in run_all(root, normalise):
            if isinstance(outcome, SocError):
                yield outcome
            else:
                yield from outcome


def _outcome_line(outcome: CaseResult | SocError, lang: Lang) -> str:
    if isinstance(outcome, SocError):
        return f"-     {outcome.render(lang)}"
    mark = "+" if outcome.must_fire else "0"
    fault = "" if outcome.fault is None else f": {outcome.fault.render(lang)}"
    verdict = "ok  " if outcome.passed else "FAIL"
    return f"{mark} {verdict} {outcome.rule}: {outcome.name}{fault}"


def _outcome_row(outcome: CaseResult | SocError, lang: Lang) -> dict[str, object]:
    if isinstance(outcome, SocError):
        return {"passed": False, "fault": outcome.render(lang)}
    return {
        "file": str(outcome.file),
        "rule": outcome.rule,
        "case": outcome.name,
        "must_fire": outcome.must_fire,
        "alerts": len(outcome.alerts),
        "passed": outcome.passed,
        "fault": None if outcome.fault is None else outcome.fault.render(lang),
    }


def _rule_row(rule: Rule | CorrelationRule) -> dict[str, object]:
    return {
        "id": rule.id,
        "name": rule.name,
        "level": rule.level.value,
        "version": rule.version,
        "title": title_of(rule),
        "advice": advice_of(rule),
        "description": rule.description,
        "attack": rule.attack,
        "falsepositives": rule.falsepositives,
        "product": rule.logsource.product if isinstance(rule, Rule) else None,
        "type": rule.type.value if isinstance(rule, CorrelationRule) else None,
        "where": rule.where,
    }


def _fault_row(fault: DefinitionError | FaultsError) -> dict[str, object]:
    return {"where": fault.where, "fault": {lang.value: fault.render(lang) for lang in Lang}}
