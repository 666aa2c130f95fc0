"""What is hidden and held back in this installation: the link between case database and running detector, and the replay."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import islice

from sqlalchemy.orm import Session

from detectors.bundling import Held
from detectors.detector import SigmaDetector
from detectors.ensemble import SIGMA, Ensemble
from detectors.exceptions.feed import ExceptionFeed
from detectors.exceptions.filters import ExceptionFilter
from detectors.exceptions.managed import Proposal
from detectors.exceptions.model import RuleException
from detectors.exceptions.service import ExceptionService
from detectors.exceptions.tally import Hidden
from detectors.sigma import RuleSet
from soc.access.principal import Principal, Right
from soc.app.redo import only
from soc.app.retro import batches, reach_of, widened
from soc.audit.trail import AuditTrail
from soc.core.act import Act
from soc.core.clock import Window, iso
from soc.core.scope import Scope
from soc.storage.events import EventStore
from soc.storage.sql import Database

CANDIDATE = "?"
"""Id of the exception that is tried and does not exist yet."""
DAY = timedelta(days=1)

MakeDetector = Callable[[RuleSet, Sequence[RuleException]], SigmaDetector]
"""A fresh detector over some rules, with some exceptions."""


class ExceptionLink:
    """Gives a detector what was decided, and keeps what it hid."""

    def __init__(self, feed: ExceptionFeed, detector: SigmaDetector) -> None:
        self._feed, self._detector = feed, detector

    def refresh(self) -> None:
        """Bring the detector up to date; one small query where nothing was decided since the last time."""
        news = self._feed.news()
        if news is not None:
            self._detector.set_exceptions(news)

    def keep(self, session: Session) -> None:
        """Put down what was hidden since the last time, in the transaction that keeps the alerts of the same events."""
        self._feed.count(session, self._detector.take_hidden())


@dataclass(frozen=True, slots=True)
class ReplayReport:
    """What an exception would have hidden.

    Attributes:
        window: what was asked for.
        read: events that were read, each by the same detector with and without the exception.
        complete: False when there were more events in the window than were to be read; the figures are of the earlier part.
        alerts, alerts_left: that these rules raise without it, and with it.
        hidden: matches it would have hidden, by rule, agency and local day, with samples.
    """

    window: Window
    read: int
    complete: bool
    alerts: int
    alerts_left: int
    hidden: tuple[Hidden, ...]

    @property
    def count(self) -> int:
        return sum(one.count for one in self.hidden)


def held_back(detector: SigmaDetector, state: bytes | None, scope: Scope) -> list[Held]:
    """What bundles held, and no alert had told yet, when a state of the pipeline was kept: oldest bundle first.

    Args:
        detector: a fresh one over the rules in force; used up.
        state: None before the first batch.
    """
    if state is None:
        return []
    Ensemble({SIGMA: detector}).restore(state)
    return [one for one in detector.held() if scope.sees(one.subject.agency, one.subject.exercise)]


class ExceptionReplay:
    """Tries an exception over the store before anybody approves it.

    Args:
        make: a detector like that of the stream.
    """

    def __init__(
        self,
        service: ExceptionService,
        store: EventStore,
        feed: ExceptionFeed,
        make: MakeDetector,
        rules: Callable[[], RuleSet],
        database: Database,
        audit: AuditTrail,
    ) -> None:
        self._service, self._store, self._feed, self._make, self._rules = service, store, feed, make, rules
        self._database, self._audit = database, audit
        self._one_at_a_time = threading.Lock()  # the table of atoms grows while kinds of events are met

    def run(
        self,
        principal: Principal,
        proposal: Proposal,
        window: Window,
        *,
        most: int | None = None,
        progress: Callable[[int], None] = lambda _: None,
    ) -> ReplayReport:
        """What the proposal would have hidden of the events of a window, beside the exceptions that hid then.

        Args:
            most: read at most so many events of the window; None for all.
            progress: called now and then with how many more were read.

        Raises:
            ForbiddenError, NotFoundError, DefinitionError, FaultsError, InputError: as `ExceptionService.propose`.
            EngineError: the store does not answer.
        """
        principal.require(Right.READ_EXCEPTIONS)
        parsed = self._service.check(principal, proposal)
        candidate = RuleException(CANDIDATE, parsed, proposal.agencies, (window,))
        scope = Scope(principal.scope.agencies if proposal.agencies is None else proposal.agencies)
        with self._one_at_a_time:
            report = self._compare(self._affected(parsed), candidate, window, scope, most, progress)
        self._remember(principal, proposal, report)
        return report

    def _affected(self, parsed: ExceptionFilter) -> RuleSet:
        """The rules it is about, and the correlations that count them."""
        ruleset = self._rules()
        wanted = {rule.id for rule in self._service.concerned(parsed)}
        for rule in ruleset.correlations:  # each stands behind those it refers to
            if wanted.intersection(rule.sources):
                wanted.add(rule.id)
        return only(ruleset, frozenset(wanted))

    def _compare(
        self,
        ruleset: RuleSet,
        candidate: RuleException,
        window: Window,
        scope: Scope,
        most: int | None,
        progress: Callable[[int], None],
    ) -> ReplayReport:
        known = self._feed.all()
        without, with_it = self._make(ruleset, known), self._make(ruleset, [*known, candidate])
        lead = replace(widened(window, reach_of(ruleset)), until=window.since)
        if lead.since < lead.until:
            for events in batches(self._store.scan("", scope, lead)):
                without.observe(events)
                with_it.observe(events)
        without.flush(), with_it.flush()
        alerts = left = read = 0
        found = self._store.scan("", scope, window)
        for events in batches(islice(found, most)):
            alerts += len(without.observe(events))
            left += len(with_it.observe(events))
            read += len(events)
            progress(len(events))
        complete = most is None or next(found, None) is None
        alerts, left = alerts + len(without.flush()), left + len(with_it.flush())
        hidden = sorted(
            (one for one in with_it.take_hidden() if one.exception == CANDIDATE), key=lambda one: one.key[1:]
        )
        return ReplayReport(window, read, complete, alerts, left, tuple(hidden))

    def _remember(self, principal: Principal, proposal: Proposal, report: ReplayReport) -> None:
        after = {"since": iso(report.window.since), "until": iso(report.window.until), "hidden": report.count}
        agencies = proposal.agencies or frozenset()
        agency = next(iter(agencies)) if len(agencies) == 1 else ""
        with self._database.transaction() as session:
            self._audit.record(session, Act(principal.id, "exception.replay", "exception", agency, after=after))
