"""What moves inside a hunt: a detector with the events it has to be shown, for rules and for indicators alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Protocol

from detectors.alert import Alert
from detectors.detector import SigmaDetector, matches_in
from detectors.indicators.book import Book
from detectors.indicators.detector import IndicatorDetector
from detectors.indicators.hunting import FEW, candidates_for
from detectors.indicators.matcher import Matcher
from detectors.indicators.model import Kind
from detectors.sigma import RuleSet
from soc.app.hunt_model import FrozenIndicators, FrozenRules, Hunt, Question
from soc.app.hunt_rules import RuleFreezer, refs_of
from soc.app.hunt_sight import Sight
from soc.app.hunt_statement import Limits, RuleCount
from soc.app.retro import History, reach_of
from soc.core.clock import Window
from soc.core.event import Event
from soc.core.scope import Scope
from soc.storage.events import EventStore


class Remembering(Protocol):
    """A detector as a hunt uses it."""

    def observe(self, events: Sequence[Event]) -> list[Alert]: ...

    def flush(self) -> list[Alert]: ...

    def snapshot(self) -> bytes: ...

    def restore(self, data: bytes) -> None: ...


class Seeker(Protocol):
    """What a question comes to.

    Attributes:
        reach: how far before the window reading begins, so that what straddles its beginning is whole.
    """

    @property
    def detector(self) -> Remembering: ...

    @property
    def reach(self) -> timedelta: ...

    def events(self, scope: Scope, window: Window) -> Iterator[Event]:
        """At least the events of a window that can matter, oldest first."""
        ...

    def matches_of(self, alert: Alert) -> int:
        """How many matches an alert tells."""
        ...

    def take_hidden(self) -> int:
        """How many matches exceptions hid since the last call."""
        ...

    def limits(self, hunt: Hunt) -> Limits:
        """What could not be seen."""
        ...

    def counted(self) -> list[RuleCount]:
        """What was looked for, without counts."""
        ...


class RuleSeeker:
    """Sigma rules and correlations."""

    def __init__(self, store: EventStore, ruleset: RuleSet, detector: SigmaDetector, sight: Sight) -> None:
        self._ruleset, self.detector, self._sight = ruleset, detector, sight
        self._history = History(store, ruleset)
        self._correlations = frozenset(rule.id for rule in ruleset.correlations)

    @property
    def reach(self) -> timedelta:
        return reach_of(self._ruleset)

    def events(self, scope: Scope, window: Window) -> Iterator[Event]:
        return self._history.events(window, scope)

    def matches_of(self, alert: Alert) -> int:
        return matches_in(alert, is_correlation=alert.rule_id in self._correlations)

    def take_hidden(self) -> int:
        return sum(one.count for one in self.detector.take_hidden())

    def limits(self, hunt: Hunt) -> Limits:
        return self._sight.of_rules(hunt, self._ruleset)

    def counted(self) -> list[RuleCount]:
        return [RuleCount(ref.id, ref.version, ref.digest, 0) for ref in refs_of(self._ruleset)]


class IndicatorSeeker:
    """Indicators of a part of the book."""

    reach = timedelta()

    def __init__(self, store: EventStore, book: Book, frozen: FrozenIndicators, sight: Sight) -> None:
        self._store, self._book, self._frozen, self._sight = store, book, frozen, sight
        self.detector = IndicatorDetector(Matcher(book, frozen.sought))
        few, total, _ = book.sought(frozen.sought, FEW)
        self._candidates = candidates_for(few, total)

    def events(self, scope: Scope, window: Window) -> Iterator[Event]:
        return self._store.scan(self._candidates, scope, window)

    def matches_of(self, alert: Alert) -> int:
        return matches_in(alert, is_correlation=False)

    def take_hidden(self) -> int:
        return 0

    def limits(self, hunt: Hunt) -> Limits:
        digest = self._book.sought(self._frozen.sought, 0)[2]
        return self._sight.of_indicators(hunt, changed=digest != self._frozen.digest)

    def counted(self) -> list[RuleCount]:
        return [RuleCount(f"indicator.{kind.value}", "", self._frozen.digest, 0) for kind in Kind]


class Seekers:
    """Makes seekers.

    Args:
        in_force: a detector with the exceptions in force, for rules of this installation.
        plain: one without, for rules that somebody brings.
    """

    def __init__(
        self,
        store: EventStore,
        rules: RuleFreezer,
        book: Callable[[], Book],
        sight: Sight,
        *,
        in_force: Callable[[RuleSet], SigmaDetector],
        plain: Callable[[RuleSet], SigmaDetector],
    ) -> None:
        self._store, self._rules, self._book, self._sight = store, rules, book, sight
        self._in_force, self._plain = in_force, plain

    def make(self, question: Question) -> Seeker:
        """What a question comes to. Raises EngineError, ConflictError where what was frozen is not there any more."""
        if question.indicators is not None:
            return IndicatorSeeker(self._store, self._book(), question.indicators, self._sight)
        assert question.rules is not None  # noqa: S101 - a question is one of the two
        return self._of_rules(question.rules)

    def _of_rules(self, frozen: FrozenRules) -> RuleSeeker:
        ruleset = self._rules.load(frozen)
        make = self._in_force if frozen.in_force else self._plain
        return RuleSeeker(self._store, ruleset, make(ruleset), self._sight)
