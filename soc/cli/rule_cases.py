"""`soc rules test`: the cases beside every rule, through the real parsers, mappings and enrichment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from functools import cache
from itertools import count
from pathlib import Path
from typing import Annotated

import typer

from collectors.enrich import default_enrichers
from collectors.enrich.baselines import default_baselines
from collectors.enrich.book import FixedLookups
from collectors.enrich.lookups import Lookups, lookups_of, parsed_lookups
from collectors.enrich.maintenance import DeclaredMaintenance
from collectors.enrich.networks import Networks
from collectors.normalise import Normaliser
from collectors.platform import Platform, load_platforms
from collectors.record import RawRecord
from collectors.redact import Redactor
from collectors.sources import Source
from detectors.absences.spec import own_absences
from detectors.profiles import own_definitions
from detectors.rulepack import own_rules
from detectors.testing import CaseResult, Needed, Normalise, run_all
from soc.cli.context import Json, emit, say, settings
from soc.cli.rule_paths import EXIT_FAULTS, Paths
from soc.core.clock import FixedClock
from soc.core.errors import SocError
from soc.core.event import Event
from soc.core.i18n import Lang, msg

CASE_NETWORKS = {"quantri": ["192.0.2.0/24"], "tslcd": ["198.51.100.0/24"]}
"""The declared networks of every case; all other addresses are the Internet."""
CASE_PROXY = "192.0.2.5"
"""The trusted reverse proxy of every case."""
_RECEIVED = datetime(2027, 1, 1, tzinfo=UTC)
_REDACTION_KEY = b"cases hold no real person at all"


def try_cases(
    paths: Paths = None,
    min_fire: Annotated[int, typer.Option(help=msg("Mỗi luật cần ít nhất chừng này ca phải bắt").text)] = 1,
    min_spared: Annotated[int, typer.Option(help=msg("Mỗi luật cần ít nhất chừng này ca phải để yên").text)] = 1,
    json: Json = False,
) -> None:
    lang = settings().lang
    needed = Needed(min_fire, min_spared)
    passed = failed = 0
    normalise = case_normaliser()
    for outcome in _outcomes(paths or [own_rules() / "sigma", *own_definitions(), *own_absences()], normalise, needed):
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


def case_normaliser() -> Normalise:
    """Raw lines of the cases made into events as in the pipeline, in the networks of CASE_NETWORKS."""
    return CaseNormaliser(load_platforms(strict=False)[0], Redactor(_REDACTION_KEY), lookups_of({}))


class CaseNormaliser:
    """Redaction, parser, mapping, enrichment and baselines for the lines of one case.

    Args:
        lookups: what the case declares.
    """

    def __init__(self, platforms: Mapping[str, Platform], redactor: Redactor, lookups: Lookups) -> None:
        self._platforms, self._redactor, self._lookups = platforms, redactor, lookups
        enrichers = default_enrichers(Networks(CASE_NETWORKS), FixedLookups(lookups))
        self._normaliser = Normaliser(platforms, enrichers, FixedClock(_RECEIVED))
        self._baselines = default_baselines()
        self._numbers = count(1)

    @property
    def maintenance(self) -> DeclaredMaintenance:
        return DeclaredMaintenance(FixedLookups(self._lookups))

    @property
    def placeholders(self) -> Mapping[str, Sequence[str]]:
        return self._lookups.placeholders

    def declaring(self, lookups: Mapping[str, object]) -> CaseNormaliser:
        return CaseNormaliser(self._platforms, self._redactor, parsed_lookups(lookups))

    def __call__(self, platform: str, line: str, agency: str) -> Event:
        origin = _source(platform, agency)
        redacted = self._redactor.redact(line)
        record = RawRecord(origin.id, next(self._numbers), redacted.text.encode(), _RECEIVED, "case")
        event = self._normaliser.normalise(record, origin, record.ident, redacted.count)
        (enriched,) = self._baselines.enrich([event], {event.id})
        self._baselines.commit()
        return enriched


@cache
def _source(writer: str, agency: str) -> Source:
    platform, _, form = writer.partition("/")
    id_ = f"{platform}.{form}.{agency}" if form else f"{platform}.{agency}"
    return Source(id=id_, platform=platform, format=form or None, agency=agency, trusted_proxies=[CASE_PROXY])


def _outcomes(roots: list[Path], normalise: Normalise, needed: Needed) -> Iterator[CaseResult | SocError]:
    for root in roots:
        for outcome in run_all(root, normalise, needed):
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
