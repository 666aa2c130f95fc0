"""Trying rules: the cases beside each (`detectors.cases`) through the same detector as live events.

Raw lines go through whatever the caller gives as `normalise`, as this package knows nothing of parsers. Documents are taken as
`soc detect` takes them; they get the marks of ours that an alert needs, and no platform unless the case names one, so that they
meet the rules their own shape calls for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import Protocol, TypeAlias

from pydantic import ValidationError

from detectors.absences.detector import AbsenceDetector
from detectors.absences.missing import Maintenance
from detectors.absences.spec import is_absence, load_absences
from detectors.alert import Alert
from detectors.baselines.season import plain_week
from detectors.cases import Case, Cases, Content, DocumentSeries, case_fault, load_cases
from detectors.detector import SigmaDetector
from detectors.profiles import KINDS, ProfileDetector, load_profiles
from detectors.rulepack import cases_of, sigma_files
from detectors.sigma.adapt import adapt
from detectors.sigma.correlation_rules import CorrelationRule
from detectors.sigma.moments import from_us, moment_us
from detectors.sigma.rule import Rule
from detectors.sigma.ruleset import RuleSet, rule_files
from soc.core.clock import iso
from soc.core.errors import DefinitionError, FaultsError, SocError
from soc.core.event import Event
from soc.core.i18n import Message, msg

_UNTIMED_US = 1_800_000_000_000_000
"""The time of a document that has none: of no matter, but an alert has one."""


class Normalise(Protocol):
    """Makes an event of a raw line, as the pipeline would: parser and mapping of `platform`, marks, enrichment, baselines."""

    def __call__(self, platform: str, line: str, agency: str) -> Event: ...

    def declaring(self, lookups: Mapping[str, object]) -> Normalise:
        """The same for one case: with what it declares (name -> content of a file of SOC_HOME/lookups), and nothing learnt yet.

        Raises:
            ValidationError: pydantic's, for a content that is no such file.
        """
        ...

    @property
    def maintenance(self) -> Maintenance:
        """The declared changes, for definitions of absence."""
        ...

    @property
    def placeholders(self) -> Mapping[str, Sequence[str]]:
        """The declared lists, for the modifier `expand`."""
        ...


@dataclass(frozen=True, slots=True)
class Needed:
    """How many cases of each kind an alerting rule must have."""

    fire: int = 1
    spare: int = 1


@dataclass(frozen=True, slots=True)
class CaseResult:
    """What a case came to; `fault` says what went wrong, None when it passed."""

    file: Path
    name: str
    rule: str
    must_fire: bool
    alerts: tuple[Alert, ...]
    fault: Message | None

    @property
    def passed(self) -> bool:
        return self.fault is None


ONE_EACH = Needed()
_PLACE = re.compile(r"(?::\d+){1,2}$", re.ASCII)
AnyDetector: TypeAlias = SigmaDetector | ProfileDetector | AbsenceDetector


def run_cases(rule_file: Path, normalise: Normalise, needed: Needed = ONE_EACH) -> list[CaseResult]:
    """Try every case beside a rule file against all rules in that file.

    Raises:
        FaultsError or DefinitionError: the rule or its cases cannot be loaded, or a rule that alerts has too few cases of one kind.
    """
    ruleset = _load(rule_file)
    cases = load_cases(rule_file)
    results = [_run(rule_file, ruleset, cases, case, normalise, must_fire=True) for case in cases.must_fire]
    results += [_run(rule_file, ruleset, cases, case, normalise, must_fire=False) for case in cases.must_not_fire]
    for rule in alerting_rules(ruleset):
        for fault in missing_cases(rule, rule_file, cases, needed) if _is_of(rule.where, rule_file) else ():
            raise fault
    return results


def run_all(root: Path, normalise: Normalise, needed: Needed = ONE_EACH) -> Iterator[list[CaseResult] | SocError]:
    """The results of every rule file at or below `root`, or why it could not be tried."""
    for rule_file in rule_files(root):
        try:
            yield run_cases(rule_file, normalise, needed)
        except SocError as problem:
            yield problem


def alerting_rules(ruleset: RuleSet) -> list[Rule | CorrelationRule]:
    """The rules that make alerts of their own, in order of loading; of a file of absence its definition alone."""
    absences = {_file_of(rule) for rule in ruleset.rules if is_absence(rule)}
    rules: list[Rule | CorrelationRule] = [
        rule for rule in ruleset.rules if rule.reported and (is_absence(rule) or _file_of(rule) not in absences)
    ]
    return rules + [rule for rule in ruleset.correlations if rule.reported]


def _file_of(rule: Rule) -> str:
    return _PLACE.sub("", rule.where)


def _load(rule_file: Path, placeholders: Mapping[str, Sequence[str]] = MappingProxyType({})) -> RuleSet:
    """The rules of the file; with those of its folder when it counts rules of another file."""
    alone = RuleSet.load([rule_file], placeholders=placeholders)
    if not alone.refusals:
        return alone
    joined = RuleSet.load([rule_file, *sigma_files(rule_file.parent)], placeholders=placeholders)
    mine = [refusal for refusal in joined.refusals if _is_of(refusal.where, rule_file)]
    if mine:
        raise mine[0]
    return joined


def _is_of(where: str, rule_file: Path) -> bool:
    return where.startswith(f"{rule_file}:")


def missing_cases(
    rule: Rule | CorrelationRule, rule_file: Path, cases: Cases, needed: Needed = ONE_EACH
) -> Iterator[DefinitionError]:
    """What the cases of a file lack for one of its rules, by kind."""
    kinds = (("must_fire", cases.must_fire, needed.fire), ("must_not_fire", cases.must_not_fire, needed.spare))
    for kind, scenes, wanted in kinds:
        found = sum((case.rule or rule_file.stem) == rule.name for case in scenes)
        if found < wanted:
            yield DefinitionError(
                msg("luật {rule} có {found} ca {kind}", rule=rule.name or rule.id, found=found, kind=kind),
                expected=msg("ít nhất {wanted} ca", wanted=wanted),
                where=f"{cases_of(rule_file)}:1",
                advice=msg("viết ít nhất một ca phải bắt và một ca giống mà lành"),
            )


def _run(
    rule_file: Path, ruleset: RuleSet, cases: Cases, case: Case, normalise: Normalise, *, must_fire: bool
) -> CaseResult:
    name = case.rule or rule_file.stem
    wanted = next((rule for rule in alerting_rules(ruleset) if rule.name == name), None)
    if wanted is None:
        raise DefinitionError(
            msg("ca “{case}” nêu luật {rule} không có trong tệp", case=case.name, rule=name),
            where=f"{cases_of(rule_file)}:1",
            advice=msg("ghi tên (name) của một luật tạo cảnh báo trong {file}", file=rule_file.name),
        )
    declared = {**cases.lookups, **case.lookups}
    try:
        normalise = normalise.declaring(declared)
    except ValidationError as problem:
        raise case_fault(cases_of(rule_file), problem) from problem
    loaded = _load(rule_file, normalise.placeholders) if declared else ruleset
    alerts = _alerts(_detector(rule_file, loaded, normalise), list(_events(cases, case, normalise)), case)
    mine = tuple(alert for alert in alerts if alert.rule_id == wanted.id)
    return CaseResult(rule_file, case.name, name, must_fire, mine, _judged(case, mine, must_fire))


def _detector(rule_file: Path, ruleset: RuleSet, normalise: Normalise) -> AnyDetector:
    """The detector that a file is meant for; a definition of what is usual is tried over weeks without holidays."""
    if any(is_absence(rule) for rule in ruleset.rules):
        dues = load_absences([rule_file])
        _refuse(dues.refusals)
        return AbsenceDetector(dues, plain_week, normalise.maintenance)
    if not any(kind in rule.custom for rule in ruleset.rules for kind in KINDS):
        return SigmaDetector(ruleset)
    definitions = load_profiles([rule_file])
    _refuse(definitions.refusals)
    return ProfileDetector(definitions, plain_week)


def _refuse(refusals: Sequence[DefinitionError]) -> None:
    if refusals:
        raise FaultsError(refusals)


def _alerts(detector: AnyDetector, events: Sequence[Event], case: Case) -> list[Alert]:
    """The alerts of the events, of the silence that follows as far as the case says, and of what bundles hold then."""
    alerts = detector.observe(events)
    if case.until is not None and events:
        alerts += detector.tick(case.until - max(event.timestamp for event in events))
    return alerts if isinstance(detector, AbsenceDetector) else alerts + detector.flush()


def _events(cases: Cases, case: Case, normalise: Normalise) -> Iterator[Event]:
    for series in case.lines:
        for line in series.lines():
            yield normalise(str(series.platform or cases.platform), line, series.agency)
    numbers = count(1)
    for documents in case.documents:
        for document in documents.documents():
            yield _event(document, documents, documents.platform or cases.platform, next(numbers))


def _event(document: Content, series: DocumentSeries, platform: str | None, number: int) -> Event:
    """The document as its rules read it, with the marks of a stored event.

    A platform of None is a mark that no rule looks at; any name would send the document to the rules of that platform alone.
    """
    flat = dict(adapt(document))
    moment = moment_us(flat)
    flat["@timestamp"] = iso(from_us(_UNTIMED_US if moment is None else moment))
    flat.setdefault("event.id", f"case-{number:06d}")
    wrote = None if platform is None else platform.partition("/")[0]
    flat |= {"soc.agency": series.agency, "soc.source": "case", "soc.platform": wrote}
    return Event(flat)  # type: ignore[arg-type]  # a document of a foreign log may be nested


def _judged(case: Case, alerts: Sequence[Alert], must_fire: bool) -> Message | None:
    if not must_fire:
        return msg("khớp với ca phải để yên") if alerts else None
    if not alerts:
        return msg("không khớp với ca phải bắt")
    wanted = case.entities.items()
    if any(wanted <= alert.entities.items() for alert in alerts):
        return None
    return msg("cảnh báo nói về {found}, cần {wanted}", found=dict(alerts[0].entities), wanted=dict(case.entities))
