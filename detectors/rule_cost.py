"""What each rule costs and how often it fires, on given events.

Matches are counted with all rules at work, as in the stream. The cost of a rule is timed with this rule alone on a sample of the
events of its log source: the second half of the sample, after the first has built what the rule needs, less what reading the events
costs an engine without rules. Rules at work together share much of that - tests in common, values seen before - so the costs tell
which rules are dear, and their sum is more than the time of all.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace

from detectors.sigma.adapt import adapt
from detectors.sigma.correlate import Correlator
from detectors.sigma.correlation_rules import CorrelationRule
from detectors.sigma.engine import Engine
from detectors.sigma.routing import Origin, origin_of, select
from detectors.sigma.rule import LogSource, Rule
from detectors.sigma.ruleset import RuleSet
from detectors.sigma.values import Document

Timer = Callable[[], float]
"""Seconds that only grow, such as `time.perf_counter`."""
_SEED = 1
_LEAST = 20
"""With fewer events in the timed half a figure would be noise."""


@dataclass(frozen=True, slots=True)
class RuleCost:
    """One rule on the given events.

    Attributes:
        seen: events of its log source; of a correlation the matches of the rules it looks at.
        matches: events that it matched; of a correlation, how often it held anew.
        event_us: microseconds for an event of its log source, alone; None for a correlation, and where the sample was too small.
        share: of `seen` times `event_us` over all rules, 0 to 1; None where that is unknown.
    """

    rule: Rule | CorrelationRule
    seen: int
    matches: int
    event_us: float | None
    share: float | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """All rules, the dearest first; and the whole run.

    Attributes:
        events: how many there were.
        seconds: of matching them with all rules at work, reading and correlating left out.
    """

    events: int
    seconds: float
    rules: tuple[RuleCost, ...]


def measure_rules(ruleset: RuleSet, documents: Iterable[Document], sample: int, timer: Timer) -> Measured:
    """Run the rules over documents once and time each of them alone on at most `sample` events of its log source."""
    run = _Run(ruleset, sample, timer)
    for document in documents:
        run.take(document)
    run.shuffle()
    bare = {source: _pass_us(replace(ruleset, rules=()), kept, timer) for source, kept in run.samples.items()}
    costs = [run.cost_of(rule, bare) for rule in ruleset.rules]
    costs += [run.count_of(rule) for rule in ruleset.correlations]
    total = sum(cost.seen * (cost.event_us or 0.0) for cost in costs)
    shared = [replace(cost, share=_share(cost, total)) for cost in costs]
    return Measured(
        run.events, run.seconds, tuple(sorted(shared, key=lambda cost: (-(cost.share or 0), -cost.matches)))
    )


def _share(cost: RuleCost, total: float) -> float | None:
    return None if cost.event_us is None or not total else cost.seen * cost.event_us / total


class _Run:
    """One pass over the documents with all rules, keeping a sample for each log source."""

    def __init__(self, ruleset: RuleSet, sample: int, timer: Timer) -> None:
        self._ruleset, self._size, self._timer = ruleset, sample, timer
        self._engine, self._correlator = Engine(ruleset), Correlator(ruleset)
        self._sources = frozenset(rule.logsource for rule in ruleset.rules)
        self._of_origin: dict[Origin, tuple[LogSource, ...]] = {}
        self._chance = random.Random(_SEED)  # noqa: S311 - a sample, the same in every run
        self._seen: Counter[LogSource] = Counter()
        self._matches: Counter[str] = Counter()
        self.samples: dict[LogSource, list[Document]] = {}
        self.events, self.seconds = 0, 0.0

    def take(self, document: Document) -> None:
        """Match one document, count, and perhaps keep it."""
        self.events += 1
        started = self._timer()
        matches = self._engine.match(document)
        self.seconds += self._timer() - started
        self._matches.update(match.rule.id for match in matches)
        firings = self._correlator.feed(document, matches, str(self.events))
        self._matches.update(firing.rule.id for firing in firings if not firing.repeated)
        for source in self._sources_of(document):
            self._keep(source, document)

    def _sources_of(self, document: Document) -> tuple[LogSource, ...]:
        origin = origin_of(adapt(document))
        found = self._of_origin.get(origin)
        if found is None:
            found = self._of_origin[origin] = tuple(select(self._sources, origin))
        return found

    def _keep(self, source: LogSource, document: Document) -> None:
        """A uniform sample of unknown length, by replacing at random."""
        self._seen[source] += 1
        kept = self.samples.setdefault(source, [])
        if len(kept) < self._size:
            kept.append(document)
        elif (place := self._chance.randrange(self._seen[source])) < self._size:
            kept[place] = document

    def shuffle(self) -> None:
        """Mix the samples: both halves of one shall hold all kinds of events."""
        for kept in self.samples.values():
            self._chance.shuffle(kept)

    def cost_of(self, rule: Rule, bare: dict[LogSource, float | None]) -> RuleCost:
        """The cost of one rule, alone."""
        alone = _pass_us(replace(self._ruleset, rules=(rule,)), self.samples.get(rule.logsource, ()), self._timer)
        reading = bare.get(rule.logsource)
        cost = None if alone is None or reading is None else max(0.0, alone - reading)
        return RuleCost(rule, self._seen[rule.logsource], self._matches[rule.id], cost)

    def count_of(self, rule: CorrelationRule) -> RuleCost:
        """How often a correlation held, and on how many matches."""
        seen = sum(self._matches[source] for source in dict.fromkeys(rule.sources))
        return RuleCost(rule, seen, self._matches[rule.id], None)


def _pass_us(ruleset: RuleSet, documents: Sequence[Document], timer: Timer) -> float | None:
    """Microseconds for an event of the second half; None for a sample that is too small."""
    half = len(documents) // 2
    if half < _LEAST:
        return None
    engine = Engine(ruleset)
    for document in documents[:half]:
        engine.match(document)
    started = timer()
    for document in documents[half:]:
        engine.match(document)
    return (timer() - started) * 1_000_000 / (len(documents) - half)
