"""What is usual, learnt from the stream: new terms and baselines behind one engine, so that an event is matched once for all of them."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import orjson

from detectors.alert import Alert, Explanation
from detectors.baselines.season import DayKinds
from detectors.baselines.spec import Baseline
from detectors.baselines.tracker import BaselineTracker
from detectors.bundling import Bundled, Bundler, Occurrence, Subject
from detectors.coverage import Coverage, RuleRun
from detectors.detector import LATENESS, advice_of, title_of
from detectors.finding import Finding, sentence
from detectors.newterms.memory import Limits
from detectors.newterms.spec import NewTerms
from detectors.newterms.tracker import NewTermTracker
from detectors.rulepack import own_rules
from detectors.selectors import Definitions, Kinds, load_definitions, moment_of, named_in
from detectors.sigma.engine import Engine, Match
from detectors.sigma.rule import Rule
from soc.core.clock import iso, parse_iso
from soc.core.event import Event
from soc.core.i18n import msg
from soc.core.ids import digest

KINDS: Kinds = {"new_terms": NewTerms, "baseline": Baseline}
"""Section of a definition -> its model."""
_log = logging.getLogger("vonggac.detection")
_FORMAT = 1
_CACHE = 32 << 20


def own_definitions() -> list[Path]:
    """Where the definitions that come with the suite lie."""
    return [folder for name in ("newterms", "baselines") if (folder := own_rules() / name).is_dir()]


def load_profiles(paths: Sequence[Path]) -> Definitions:
    """The definitions of files and folders; faults are in `refusals`."""
    return load_definitions(paths, KINDS)


class ProfileDetector:
    """Observes events in their order of arrival and tells what is new or unusual.

    Args:
        days: says of a date whether it is a weekday, a weekend or a holiday.
        limits: of the memory of new terms.
    """

    def __init__(self, definitions: Definitions, days: DayKinds, limits: Limits | None = None) -> None:
        self._sections = definitions.sections
        self._rules = {rule.id: rule for rule in definitions.ruleset.rules}
        self._engine = Engine(definitions.ruleset, _CACHE)
        self._coverage = Coverage(definitions.ruleset)
        self._new_terms = NewTermTracker(limits or Limits())
        self._baselines = BaselineTracker(days)
        self._bundler = Bundler()
        self._latest: datetime | None = None
        self._told = 0

    def observe(self, events: Sequence[Event]) -> list[Alert]:
        """The alerts that these events give rise to, in the order in which they arose."""
        if not self._rules:
            return []
        alerts = [alert for event in events for alert in self._observe(event)]
        self._tell_dropped()
        return alerts

    def _tell_dropped(self) -> None:
        """Log that memory is full: at the first value that is dropped, and when twice as many are."""
        dropped = sum(counts["dropped"] for counts in self.counts.values())
        if dropped > 2 * self._told:
            _log.warning("memory is full: %d values were dropped and are new when they come again", dropped)
            self._told = dropped

    def flush(self) -> list[Alert]:
        """Alerts for what bundles still hold: at the end of a file."""
        return [self._continued(bundled) for bundled in self._bundler.close_all() if self._knows(bundled)]

    def tick(self, silence: timedelta) -> list[Alert]:
        """Alerts for the bundles whose time has passed while no event came for `silence`, by the time of the stream."""
        return [] if self._latest is None else list(self._closed(self._latest + silence))

    def ran(self) -> list[RuleRun]:
        """Per definition and platform the events it looked at and the findings; exercises left out."""
        return self._coverage.runs()

    @property
    def counts(self) -> Mapping[str, Mapping[str, int]]:
        """What is held and what was dropped, by kind of definition."""
        return {"new_terms": self._new_terms.counts, "baseline": self._baselines.counts}

    def snapshot(self) -> bytes:
        """All that is remembered, for `restore` of a detector over the same or changed definitions."""
        return orjson.dumps(
            {
                "format": _FORMAT,
                "new_terms": self._new_terms.state(),
                "baselines": self._baselines.state(),
                "bundles": self._bundler.state(),
                "coverage": self._coverage.state(),
                "latest": None if self._latest is None else iso(self._latest),
            }
        )

    def restore(self, data: bytes) -> None:
        """Go on from a snapshot. Raises ValueError when `data` is none of this format."""
        state: Any = orjson.loads(data)
        if not isinstance(state, dict) or state.get("format") != _FORMAT:
            raise ValueError("unknown snapshot format")
        self._new_terms.restore(state["new_terms"])
        self._baselines.restore(state["baselines"])
        self._bundler.restore(state["bundles"])
        self._coverage.restore(state["coverage"])
        self._latest = parse_iso(state["latest"]) if state["latest"] else None

    def _observe(self, event: Event) -> Iterator[Alert]:
        if event.exercise is None:
            self._coverage.saw(event)
        matches = self._engine.match(event.fields)
        if not matches and not self._bundler:
            return
        moment = self._latest = moment_of(event)
        for match in matches:
            for finding in self._findings(match, event, moment):
                if event.exercise is None:
                    self._coverage.matched(match.rule.id, event.platform)
                yield from self._alerts(match, finding, event, moment)
        yield from self._closed(moment)

    def _closed(self, moment: datetime) -> Iterator[Alert]:
        """The rest of bundles that the stream has left behind."""
        for bundled in self._bundler.close_before(moment - LATENESS):
            if self._knows(bundled):
                yield self._continued(bundled)

    def _findings(self, match: Match, event: Event, moment: datetime) -> Iterator[Finding]:
        section = self._sections[match.rule.id]
        if isinstance(section, NewTerms):
            yield from self._new_terms.feed(match.rule, section, event, moment)
        elif isinstance(section, Baseline):
            yield from self._baselines.feed(match.rule, section, event, moment)

    def _alerts(self, match: Match, finding: Finding, event: Event, moment: datetime) -> Iterator[Alert]:
        rule = match.rule
        shown = dict(named_in(rule, event.fields)) | dict(finding.shown)
        subject = Subject(rule.id, event.agency, event.exercise, event.platform, finding.entity, tuple(shown.items()))
        occurrence = Occurrence(event.id, moment, dict(finding.matched))
        for bundled in self._bundler.add(subject, occurrence, timedelta(seconds=finding.span_s)):
            if bundled.total == 1:
                children = (*finding.explain(), match.explain())
                yield _alert(rule, bundled, Explanation("and", held=True, children=children), finding)
            elif self._knows(bundled):
                yield self._continued(bundled)

    def _knows(self, bundled: Bundled) -> bool:
        return bundled.subject.rule_id in self._rules

    def _continued(self, bundled: Bundled) -> Alert:
        text = msg(
            "luật khớp thêm {count} lần với cùng đối tượng, tổng {total} lần", count=bundled.count, total=bundled.total
        )
        return _alert(self._rules[bundled.subject.rule_id], bundled, sentence(text, bundled.total))


def _alert(rule: Rule, bundled: Bundled, explanation: Explanation, finding: Finding | None = None) -> Alert:
    subject = bundled.subject
    count = {"soc.alert.events": bundled.count} if bundled.count > 1 else {}
    return Alert(
        id=digest("profile", *subject.key, bundled.event_ids[0]),
        detector="newterms" if "new_terms" in rule.custom else "baseline",
        rule_id=rule.id,
        rule_version=rule.version,
        title=title_of(rule),
        severity=rule.level,
        agency=subject.agency,
        platform=subject.platform,
        first=min(bundled.first, finding.first) if finding else bundled.first,
        last=bundled.last,
        entities=dict(subject.shown) | dict(subject.entities),
        event_ids=(*(finding.earlier if finding else ()), *bundled.event_ids),
        matched={**bundled.matched, **count},
        explanation=explanation,
        attack=rule.attack,
        advice=advice_of(rule),
        exercise=subject.exercise,
    )
