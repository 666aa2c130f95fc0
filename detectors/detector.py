"""Sigma over the stream of events: matches and correlations made into alerts.

What an alert is made of is told in `detectors.bundling` (repeated matches) and `detectors.sigma.correlate` (windows). Its id is
a hash over rule, agency, exercise, entities and its first event, so the same events in the same order give the same alerts, in
whatever batches they come. A match that an exception hides (`detectors.exceptions`) makes no alert and feeds no correlation, and is
counted: what the alerts tell, what bundles still hold, and what was hidden are together all that matched.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import TypeAlias

import orjson

from detectors.alert import Alert, Explanation, Names
from detectors.bundling import Bundled, Bundler, Held, Occurrence, Subject
from detectors.coverage import Coverage, RuleRun
from detectors.exceptions.applying import Exceptions, Judgement
from detectors.exceptions.model import RuleException
from detectors.exceptions.tally import Hidden, HiddenTally, hidden_once
from detectors.sigma.correlate import CorrelationStats, Correlator, Firing, Limits
from detectors.sigma.correlation_rules import CorrelationRule
from detectors.sigma.engine import Engine, Match
from detectors.sigma.kept import Kept
from detectors.sigma.rule import Rule
from detectors.sigma.ruleset import RuleSet
from detectors.sigma.suppression import suppression_of
from soc.core.clock import iso, parse_iso
from soc.core.event import Event
from soc.core.i18n import Lang, msg
from soc.core.ids import digest

AnyRule: TypeAlias = Rule | CorrelationRule
Pairs: TypeAlias = tuple[tuple[str, str], ...]
LATENESS = timedelta(hours=1)
"""How far behind the newest event the rest of a bundle is waited for."""
ENTITIES = (
    "host.name",
    "user.name",
    "source.ip",
    "Computer",
    "SubjectUserName",
    "User",
    "url.domain",
    "destination.ip",
)
"""What an alert is about when the rule does not say: those of these fields that the event has."""
REMEMBERED = 500
"""Newest events kept to warm a detector of other rules with; their kinds are those that will come next."""
_MAX_ENTITY = 256
_FORMAT = 1


class SigmaDetector:
    """Observes events in their order of arrival and gives alerts; remembers windows, bundles and counts.

    Args:
        ruleset: the rules.
        province: id of the agency that owns alerts counted over all agencies (`vonggac: {scope: province}`). The default is the id of
            no agency, so that such alerts are seen by those who see everything and by nobody else.
        limits: of the correlator's memory.
        exceptions: approved ones, those included that have ended: their periods say when they hid.
        kept: matchers compiled before; None makes them all anew.
    """

    def __init__(
        self,
        ruleset: RuleSet,
        province: str = "province",
        limits: Limits | None = None,
        exceptions: Sequence[RuleException] = (),
        kept: Kept | None = None,
    ) -> None:
        self._ruleset, self._province, self._kept = ruleset, province, kept
        self._rules: dict[str, AnyRule] = {rule.id: rule for rule in ruleset.rules}
        self._rules.update({rule.id: rule for rule in ruleset.correlations})
        self._engine = Engine(ruleset, kept=kept)
        self._correlator = Correlator(ruleset, limits or Limits())
        self._bundler = Bundler()
        self._coverage = Coverage(ruleset)
        self._exceptions = Exceptions(exceptions)
        self._hidden = HiddenTally()
        self._latest: datetime | None = None
        self._recent: deque[Event] = deque(maxlen=REMEMBERED)

    def observe(self, events: Sequence[Event]) -> list[Alert]:
        """The alerts that these events give rise to, in the order in which they arose."""
        self._recent.extend(events[-REMEMBERED:])
        return [alert for event in events for alert in self._observe(event)]

    def recent(self) -> list[Event]:
        """The newest events, to warm another detector with."""
        return list(self._recent)

    def warm(self, events: Iterable[Event]) -> None:
        """Build what the rules need for events like these; nothing is remembered and no alert arises."""
        for event in events:
            self._engine.match(event.fields)

    def adopt(self, ready: SigmaDetector) -> None:
        """Go on with the rules of another detector, which is used up by it; what this one remembers stays.

        Windows and counts of rules that are the same in both go on; those of rules that are gone or changed end.

        Raises:
            ValueError: the other cannot take over the memory; this one is as it was.
        """
        ready.restore(self.snapshot())
        self._ruleset, self._rules = ready._ruleset, ready._rules
        self._engine, self._correlator, self._coverage = ready._engine, ready._correlator, ready._coverage
        self.set_exceptions(self._exceptions.found)  # which rules they are about is to be looked at anew

    @property
    def ruleset(self) -> RuleSet:
        """The rules in force."""
        return self._ruleset

    def flush(self) -> list[Alert]:
        """Alerts for what bundles still hold: at the end of a file, where no later event will close them."""
        return [self._continued(bundled) for bundled in self._bundler.close_all() if self._knows(bundled)]

    def tick(self, silence: timedelta) -> list[Alert]:
        """Alerts for the bundles whose time has passed while no event came for `silence`.

        The time of the stream goes on from its last event, not to the clock on the wall: old logs that are being read in are not cut.
        """
        return [] if self._latest is None else list(self._closed(self._latest + silence))

    def set_exceptions(self, exceptions: Sequence[RuleException]) -> None:
        """Apply these from the next event on, instead of those before; what was remembered stays."""
        self._exceptions = Exceptions(exceptions)

    def take_hidden(self) -> list[Hidden]:
        """What exceptions hid since the last call, to be added to what was taken before."""
        return self._hidden.take()

    def held(self) -> list[Held]:
        """What bundles hold and no alert has told yet."""
        return list(self._bundler.open())

    def ran(self) -> list[RuleRun]:
        """Per rule and platform what it saw and matched since the detector's first start, exercises left out."""
        return self._coverage.runs()

    def correlation_stats(self) -> CorrelationStats:
        """What the correlations hold, and what came too late for them or had to be given up since the detector's first start."""
        return self._correlator.stats()

    def snapshot(self) -> bytes:
        """All that is remembered, for `restore` of a detector over the same or changed rules."""
        return orjson.dumps(
            {
                "format": _FORMAT,
                "correlator": self._correlator.snapshot().decode(),
                "bundles": self._bundler.state(),
                "coverage": self._coverage.state(),
                "hidden": self._hidden.state(),
                "latest": None if self._latest is None else iso(self._latest),
            }
        )

    def restore(self, data: bytes) -> None:
        """Go on from a snapshot. Raises ValueError when `data` is none of this format."""
        state = orjson.loads(data)
        if not isinstance(state, dict) or state.get("format") != _FORMAT:
            raise ValueError("unknown snapshot format")
        self._correlator.restore(state["correlator"].encode())
        self._bundler.restore(state["bundles"])
        self._coverage.restore(state["coverage"])
        self._hidden.restore(state.get("hidden", ()))  # a snapshot of before exceptions has neither of the two
        self._latest = parse_iso(state["latest"]) if state.get("latest") else None

    def _observe(self, event: Event) -> Iterator[Alert]:
        moment = self._latest = event.timestamp
        matches = self._engine.match(event.fields)
        kept = [match for match in matches if not self._hides(match, event, moment)] if self._exceptions else matches
        firings = self._correlator.feed(event.fields, kept, event.id)
        self._count(event, matches, firings)
        for match in kept:
            if match.rule.reported:
                yield from self._matched(match, event, moment)
        for firing in firings:
            if firing.rule.reported:
                yield from self._fired(firing, event, moment)
        yield from self._closed(moment)

    def _hides(self, match: Match, event: Event, moment: datetime) -> bool:
        """Whether an exception hides the match, which is then counted."""
        for judgement in self._exceptions.judge_match(match, event.agency, moment):
            if judgement.hides:
                self._hidden.add(hidden_once(judgement.exception.id, match.rule.id, event, moment, event.agency))
                return True
        return False

    def _count(self, event: Event, matches: Sequence[Match], firings: Sequence[Firing]) -> None:
        if event.exercise is not None:
            return
        self._coverage.saw(event)
        for match in matches:
            self._coverage.matched(match.rule.id, event.platform)
        for firing in firings:
            if not firing.repeated:
                self._coverage.matched(firing.rule.id, event.platform)

    def _matched(self, match: Match, event: Event, moment: datetime) -> Iterator[Alert]:
        subject = self._subject(match.rule, event, _entities(match.rule, event.fields))
        occurrence = Occurrence(event.id, moment, _plain(match.matched))
        for bundled in self._bundler.add(subject, occurrence, suppression_of(match.rule.custom)):
            if bundled.total == 1:
                judged = self._exceptions.judge_match(match, event.agency, moment)
                yield _alert(match.rule, bundled, _with_exceptions(match.explain(), judged))
            elif self._knows(bundled):
                yield self._continued(bundled)

    def _fired(self, firing: Firing, event: Event, moment: datetime) -> Iterator[Alert]:
        rule = firing.rule
        agency = None if _is_provincial(rule) else event.agency
        judged = list(self._exceptions.judge_firing(firing, agency))
        hiding = next((judgement for judgement in judged if judgement.hides), None)
        if hiding is not None:
            owner = self._province if agency is None else agency
            self._hidden.add(hidden_once(hiding.exception.id, rule.id, event, firing.last, owner))
            return
        span = max(suppression_of(rule.custom), timedelta(microseconds=rule.span_us))
        group = tuple((name, _entity(value)) for name, value in firing.group.items())
        subject = self._subject(
            rule, event, group or _entities(rule, event.fields), _named_entities(rule, event.fields)
        )
        if firing.repeated and self._bundler.holds(subject, moment):
            later = list(self._bundler.add(subject, Occurrence(event.id, moment, _plain(firing.matched)), span))
        else:  # news, or a repetition of what an exception hid
            later = list(self._bundler.announced(subject, firing.last, span))
            yield _alert(rule, _window(subject, firing), _with_exceptions(firing.explain(), judged))
        yield from (self._continued(bundled) for bundled in later if self._knows(bundled))

    def _closed(self, moment: datetime) -> Iterator[Alert]:
        """The rest of bundles that the stream has left behind."""
        for bundled in self._bundler.close_before(moment - LATENESS):
            if self._knows(bundled):
                yield self._continued(bundled)

    def _knows(self, bundled: Bundled) -> bool:
        """Whether the rule is still loaded; a bundle restored from a snapshot may be of a rule that was taken out since."""
        return bundled.subject.rule_id in self._rules

    def _continued(self, bundled: Bundled) -> Alert:
        rule = self._rules[bundled.subject.rule_id]
        text = _repeated(bundled.count, bundled.total)
        return _alert(rule, bundled, Explanation("count", held=True, found=bundled.total, text=text))

    def _subject(self, rule: AnyRule, event: Event, entities: Pairs, shown: Pairs = ()) -> Subject:
        agency = self._province if _is_provincial(rule) else event.agency
        return Subject(rule.id, agency, event.exercise, event.platform, entities, shown)


def _with_exceptions(explanation: Explanation, judged: Iterable[Judgement]) -> Explanation:
    """The tree of the rule, and beside it the exceptions that were asked."""
    nodes = tuple(judgement.explain() for judgement in judged)
    return Explanation("and", held=True, children=(explanation, *nodes)) if nodes else explanation


def _window(subject: Subject, firing: Firing) -> Bundled:
    references = firing.references
    return Bundled(subject, 1, len(references), references, firing.first, firing.last, _plain(firing.matched))


def title_of(rule: AnyRule) -> Names:
    """Title in both languages; the English one where a rule has no other."""
    return {"vi": str(_ours(rule).get("title_vi") or rule.title), "en": rule.title}


def advice_of(rule: AnyRule) -> Names:
    """What to do, in both languages; empty where the rule does not say."""
    advice = _ours(rule).get("advice")
    return {str(lang): str(text) for lang, text in advice.items()} if isinstance(advice, Mapping) else {}


def matches_in(alert: Alert, *, is_correlation: bool) -> int:
    """How many matches an alert tells. Of a correlation each window that fired is one match, however many events it holds."""
    told = alert.matched.get("soc.alert.events", 1)
    count = told if isinstance(told, int) else 1
    return 1 if is_correlation and not _is_repetition(alert, count) else count


def is_continuation(alert: Alert) -> bool:
    """Whether it goes on telling what an alert of the same bundle began."""
    told = alert.matched.get("soc.alert.events", 1)
    return _is_repetition(alert, told if isinstance(told, int) else 1)


def _is_repetition(alert: Alert, count: int) -> bool:
    """Whether it tells what came after the first alert of a bundle."""
    said = alert.explanation
    return said is not None and isinstance(said.found, int) and said.text == _repeated(count, said.found)


def _repeated(count: int, total: int) -> Names:
    sentence = msg("luật khớp thêm {count} lần với cùng đối tượng, tổng {total} lần", count=count, total=total)
    return {lang.value: sentence.render(lang) for lang in Lang}


def _ours(rule: AnyRule) -> Mapping[str, object]:
    ours = rule.custom.get("vonggac")
    return ours if isinstance(ours, Mapping) else {}


def _is_provincial(rule: AnyRule) -> bool:
    """Whether it counts over all agencies."""
    return _ours(rule).get("scope") == "province"


def _entities(rule: AnyRule, fields: Mapping[str, object]) -> Pairs:
    """What a match is about: the fields its rule names, else those of ENTITIES, else the source."""
    return (
        _named_entities(rule, fields)
        or _present(ENTITIES, fields)
        or (("soc.source", _entity(fields.get("soc.source", ""))),)
    )


def _named_entities(rule: AnyRule, fields: Mapping[str, object]) -> Pairs:
    """`vonggac: {entities: [...]}` of the rule, as far as the event has them."""
    named = _ours(rule).get("entities")
    return _present(map(str, named), fields) if isinstance(named, list) else ()


def _present(names: Iterable[str], fields: Mapping[str, object]) -> Pairs:
    return tuple((name, _entity(fields[name])) for name in names if fields.get(name) not in (None, "", []))


def _entity(value: object) -> str:
    parts: Iterable[object] = value if isinstance(value, list) else (value,)
    return ", ".join(str(part) for part in parts)[:_MAX_ENTITY]


def _plain(matched: Mapping[str, object]) -> dict[str, object]:
    """JSON values only; what a rule of a foreign log found may be nested."""
    plain: dict[str, object] = orjson.loads(orjson.dumps(dict(matched), default=str))
    return plain


def _alert(rule: AnyRule, bundled: Bundled, explanation: Explanation) -> Alert:
    subject = bundled.subject
    count = {"soc.alert.events": bundled.count} if bundled.count > 1 else {}
    return Alert(
        id=digest("sigma", *subject.key, bundled.event_ids[0]),
        detector="sigma",
        rule_id=rule.id,
        rule_version=rule.version,
        title=title_of(rule),
        severity=rule.level,
        agency=subject.agency,
        platform=subject.platform,
        first=bundled.first,
        last=bundled.last,
        entities=dict(subject.shown) | dict(subject.entities),
        event_ids=bundled.event_ids,
        matched={**bundled.matched, **count},
        explanation=explanation,
        attack=rule.attack,
        advice=advice_of(rule),
        exercise=subject.exercise,
    )
