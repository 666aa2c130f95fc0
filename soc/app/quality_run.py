"""One measurement of the quality of detection: the stream through the same detectors as live, judged against the truth."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path

from collectors.calendar import vietnam
from collectors.enrich.baselines import default_baselines
from collectors.enrich.book import FixedLookups
from collectors.enrich.maintenance import DeclaredMaintenance
from detectors.absences.detector import AbsenceDetector
from detectors.absences.spec import Dues, load_absences, own_absences
from detectors.detector import SigmaDetector
from detectors.ensemble import SIGMA, Ensemble
from detectors.profiles import ProfileDetector, load_profiles, own_definitions
from detectors.selectors import Definitions
from detectors.sigma import RuleSet
from detectors.testing import alerting_rules
from detectors.threats import threats_of
from soc.app.quality import Judge, Quality, RuleFacts
from soc.app.quality_stream import Logs, Stream, Unread
from soc.core.event import Event
from soc.simulate.truth import Deed

BATCH = 2_000
_AFTER = timedelta(hours=3)
"""How long the stream goes on in silence at its end, so that bundles and absences are told."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything that is measured."""

    sigma: RuleSet
    profiles: Definitions
    absences: Dues

    @classmethod
    def load(cls, sigma: Sequence[Path], logs: Logs) -> Rules:
        """The Sigma rules of these files with the lists of the simulated province, and our own definitions."""
        ruleset = RuleSet.load(sigma, placeholders=logs.lookups.placeholders)
        return cls(ruleset, load_profiles(own_definitions()), load_absences(own_absences()))

    def facts(self) -> dict[str, RuleFacts]:
        """Rule id -> what the judge must know of it."""
        rules = [
            *alerting_rules(self.sigma),
            *self.profiles.ruleset.rules,
            *(due.rule for due in self.absences.dues.values()),
        ]
        return {
            rule.id: RuleFacts(rule.id, rule.name or rule.title, frozenset(threats_of(rule.custom))) for rule in rules
        }

    def ensemble(self, logs: Logs) -> Ensemble:
        """The detectors, set up like those of an installation; indicators aside, as a simulation knows none."""
        maintenance = DeclaredMaintenance(FixedLookups(logs.lookups))
        return Ensemble(
            {
                SIGMA: SigmaDetector(self.sigma),
                "profiles": ProfileDetector(self.profiles, vietnam().kind_of),
                "absences": AbsenceDetector(self.absences, vietnam().kind_of, maintenance),
            }
        )


def measure_quality(
    rules: Rules, logs: Logs, deeds: Sequence[Deed], budget: float, progress: Callable[[int], None] = lambda count: None
) -> tuple[Quality, Unread]:
    """Run the logs through the detectors.

    Args:
        budget: false alarms a day that a rule may raise before it is listed.
        progress: told the number of events now and then.
    """
    stream = Stream(logs, deeds)
    judge = Judge(deeds, rules.facts(), stream.deeds_of)
    detectors, baselines = rules.ensemble(logs), default_baselines()
    count, first, last = 0, None, None
    for batch in _batches(stream.events(progress)):
        events = baselines.enrich(batch, {event.id for event in batch})
        baselines.commit()
        judge.take(detectors.observe(events))
        count += len(events)
        first = first or events[0].timestamp
        last = events[-1].timestamp
    judge.take(detectors.tick(_AFTER))
    return judge.quality(count, _days(first, last), budget), stream.unread


def _batches(events: Iterable[Event]) -> Iterator[list[Event]]:
    waiting = iter(events)
    while batch := list(islice(waiting, BATCH)):
        yield batch


def _days(first: datetime | None, last: datetime | None) -> float:
    return 0.0 if first is None or last is None else (last - first).total_seconds() / 86_400
