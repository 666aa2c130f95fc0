"""Cases of rules: events a rule must catch and events it must leave alone, as raw lines of the true log format.

    platform: one_stop
    must_fire:
      - name: an officer exports 18,450 dossiers in the evening
        rule: onestop_mass_export        # the rule of the file's name when left out
        entities: {user.name: canbo.01}  # what the alert must be about
        lines:
          - '{"thoiGian": ...}'
          - repeat: 12                   # twelve lines, {{n}} {{iso}} {{epoch_ms}} {{date}} {{time}} filled in
            start: "2026-11-17T01:30:00+07:00"
            every_s: 20
            agency: xa-mau-02            # of another agency than the rest
            line: '{"time": "{{iso}}", ...}'
    must_not_fire:
      - name: ...

The lines go through whatever the caller gives as `normalise`, as this package knows nothing of parsers; then through the same
detector as live events.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Protocol

import yaml
from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from detectors.alert import Alert
from detectors.detector import SigmaDetector
from detectors.rulepack import cases_of, sigma_files
from detectors.sigma.correlation_rules import CorrelationRule
from detectors.sigma.rules import Rule, RuleSet
from soc.core.clock import LOCAL_ZONE
from soc.core.errors import DefinitionError, SocError
from soc.core.event import Event
from soc.core.i18n import Message, msg

AGENCY = "co-quan-thu"
_MARK = re.compile(r"\{\{(\w+)\}\}")


class Normalise(Protocol):
    """Makes an event of a raw line, as the pipeline would: parser and mapping of `platform`, marks, enrichment."""

    def __call__(self, platform: str, line: str, agency: str) -> Event: ...


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Series(_Strict):
    """Lines made of one pattern."""

    line: str
    repeat: Annotated[int, Field(ge=1, le=100_000)] = 1
    start: AwareDatetime | None = None
    every_s: Annotated[float, Field(ge=0)] = 0
    agency: str = AGENCY
    platform: str | None = None

    def lines(self) -> Iterator[str]:
        """The pattern filled in, once for each repetition."""
        for number in range(self.repeat):
            moment = None if self.start is None else self.start + timedelta(seconds=self.every_s * number)
            yield _MARK.sub(lambda mark, n=number, at=moment: _filled(mark, n, at), self.line)  # type: ignore[misc]


class Case(_Strict):
    """One scene."""

    name: str
    rule: str | None = None
    entities: dict[str, str] = {}
    lines: Annotated[list[str | Series], Field(min_length=1)]


class Cases(_Strict):
    """The file beside a rule."""

    platform: str
    must_fire: Annotated[list[Case], Field(min_length=1)]
    must_not_fire: Annotated[list[Case], Field(min_length=1)]


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


def _filled(mark: re.Match[str], number: int, moment: datetime | None) -> str:
    if mark[1] == "n":
        return f"{number + 1:04d}"
    if moment is None:
        return mark[0]
    local = moment.astimezone(LOCAL_ZONE)
    forms = {
        "iso": local.isoformat(),
        "epoch_ms": str(int(moment.timestamp() * 1000)),
        "date": f"{local:%Y-%m-%d}",
        "time": f"{local:%H:%M:%S}",
    }
    return forms.get(mark[1], mark[0])


def load_cases(rule_file: Path) -> Cases:
    """The cases beside `rule_file`. Raises DefinitionError: none there, not readable, or only one of the two kinds."""
    path = cases_of(rule_file)
    try:
        return Cases.model_validate(yaml.load(path.read_text("utf-8"), Loader=yaml.CSafeLoader))
    except FileNotFoundError as problem:
        raise DefinitionError(
            msg("luật không có ca thử"),
            expected=msg("tệp {name} bên cạnh, có must_fire và must_not_fire", name=path.name),
            where=f"{rule_file}:1",
            advice=msg("viết ít nhất một ca phải bắt và một ca giống mà lành"),
        ) from problem
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as problem:
        raise DefinitionError(
            msg("không đọc được ca thử: {reason}", reason=str(problem)), where=f"{path}:1"
        ) from problem
    except ValidationError as problem:
        raise _fault_of(path, problem) from problem


def _fault_of(path: Path, problem: ValidationError) -> DefinitionError:
    first = problem.errors(include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return DefinitionError(
        msg("ca thử sai ở {place}: {reason}", place=place, reason=first["msg"]),
        expected=msg("platform, must_fire và must_not_fire, mỗi phần ít nhất một ca"),
        where=f"{path}:1",
        advice=msg("xem docs/write-a-rule.md"),
    )


def run_cases(rule_file: Path, normalise: Normalise) -> list[CaseResult]:
    """Try every case beside a rule file against all rules in that file.

    Raises:
        FaultsError or DefinitionError: the rule or its cases cannot be loaded, or a rule that alerts has no case of one kind.
    """
    ruleset = RuleSet.load([rule_file])
    if ruleset.refusals:
        raise ruleset.refusals[0]
    cases = load_cases(rule_file)
    results = [_run(rule_file, ruleset, cases, case, normalise, must_fire=True) for case in cases.must_fire]
    results += [_run(rule_file, ruleset, cases, case, normalise, must_fire=False) for case in cases.must_not_fire]
    _require_both_kinds(rule_file, ruleset, results)
    return results


def run_all(root: Path, normalise: Normalise) -> Iterator[list[CaseResult] | SocError]:
    """The results of every rule file at or below `root`, or why it could not be tried."""
    for rule_file in sigma_files(root):
        try:
            yield run_cases(rule_file, normalise)
        except SocError as problem:
            yield problem


def alerting_rules(ruleset: RuleSet) -> list[Rule | CorrelationRule]:
    """The rules that make alerts of their own, in order of loading."""
    rules: list[Rule | CorrelationRule] = [rule for rule in ruleset.rules if rule.reported]
    return rules + [rule for rule in ruleset.correlations if rule.reported]


def _require_both_kinds(rule_file: Path, ruleset: RuleSet, results: Sequence[CaseResult]) -> None:
    for rule in alerting_rules(ruleset):
        for must_fire in (True, False):
            if not any(result.rule == rule.name and result.must_fire is must_fire for result in results):
                raise DefinitionError(
                    msg(
                        "luật {rule} thiếu ca {kind}",
                        rule=rule.name or rule.id,
                        kind="must_fire" if must_fire else "must_not_fire",
                    ),
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
    detector = SigmaDetector(ruleset)
    alerts = detector.observe(list(_events(cases, case, normalise))) + detector.flush()
    mine = tuple(alert for alert in alerts if alert.rule_id == wanted.id)
    return CaseResult(rule_file, case.name, name, must_fire, mine, _judged(case, mine, must_fire))


def _events(cases: Cases, case: Case, normalise: Normalise) -> Iterator[Event]:
    for entry in case.lines:
        series = Series(line=entry) if isinstance(entry, str) else entry
        for line in series.lines():
            yield normalise(series.platform or cases.platform, line, series.agency)


def _judged(case: Case, alerts: Sequence[Alert], must_fire: bool) -> Message | None:
    if not must_fire:
        return msg("khớp với ca phải để yên") if alerts else None
    if not alerts:
        return msg("không khớp với ca phải bắt")
    wanted = case.entities.items()
    if any(wanted <= alert.entities.items() for alert in alerts):
        return None
    return msg("cảnh báo nói về {found}, cần {wanted}", found=dict(alerts[0].entities), wanted=dict(case.entities))
