"""New terms over the stream: an event of the selecting rule in, a finding out when it shows something for the first time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from detectors.alert import Explanation
from detectors.finding import Finding, listed, sentence
from detectors.newterms.memory import Known, Limits, Memories
from detectors.newterms.spec import NewTerms
from detectors.selectors import Names, combinations
from detectors.sigma.rule import Rule
from soc.core.event import Event
from soc.core.i18n import Message, msg

_HOUR = 3600


class NewTermTracker:
    """Remembers the terms of all definitions of new terms."""

    def __init__(self, limits: Limits) -> None:
        self._memories = Memories(limits)

    def feed(self, rule: Rule, spec: NewTerms, event: Event, moment: datetime) -> Iterator[Finding]:
        """What is new at an event that the rule selects."""
        hour, forget_h = int(moment.timestamp() // _HOUR), int(spec.forget.total_seconds() // _HOUR)
        for entity in combinations(event.fields, spec.per, spec.forms):
            key = (rule.id, event.agency, "\0".join(value for _, value in entity))
            for term in combinations(event.fields, spec.fields, spec.forms):
                text = "\0".join(value for _, value in term)
                if self._memories.is_familiar(event.exercise, key, text, hour, forget_h):
                    continue
                known = self._memories.look(event.exercise, key, text, hour)
                self._memories.learn(event.exercise, key, text, hour)
                if is_new(spec, known):
                    yield _finding(spec, entity, term, known, moment)

    @property
    def counts(self) -> Mapping[str, int]:
        """Terms held, and terms dropped because of the limits."""
        memories = list(self._memories.all())
        return {"terms": sum(m.size for m in memories), "dropped": sum(m.dropped for m in memories)}

    def state(self) -> dict[str, Any]:
        """The memory as JSON values."""
        return self._memories.state()

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take over what `state` gave."""
        self._memories.restore(state)


def is_new(spec: NewTerms, known: Known) -> bool:
    """Whether a term is new, and both agency and entity are known well enough to say so."""
    if known.learnt_h is None or timedelta(hours=known.learnt_h) < spec.learning:
        return False
    if spec.per and spec.known_after and (known.entity_h is None or timedelta(hours=known.entity_h) < spec.known_after):
        return False
    return known.away_h is None or timedelta(hours=known.away_h) > spec.forget


def _finding(spec: NewTerms, entity: Names, term: Names, known: Known, moment: datetime) -> Finding:
    def explain() -> tuple[Explanation, ...]:
        return (sentence(_first_time(spec, entity, term, known), listed(term)), sentence(_before(known)))

    # What is new stands first to the reader; without an entity it is itself what the alert is about.
    return Finding(
        entity=entity or term,
        shown=term,
        matched=dict(entity) | dict(term),
        explain=explain,
        first=moment,
    )


def _first_time(spec: NewTerms, entity: Names, term: Names, known: Known) -> Message:
    learnt = timedelta(hours=known.learnt_h or 0)
    days = min(spec.forget, learnt).days
    if known.away_h is not None:
        return msg(
            "{entity}: thấy lại {term} sau {days} ngày vắng",
            entity=_subject(entity),
            term=listed(term),
            days=known.away_h // 24,
        )
    return msg("{entity}: lần đầu trong {days} ngày thấy {term}", entity=_subject(entity), term=listed(term), days=days)


def _subject(entity: Names) -> object:
    return listed(entity) if entity else msg("cơ quan này")


def _before(known: Known) -> Message:
    if not known.count:
        return msg("trước đó chưa biết giá trị nào")
    if not known.latest:
        return msg("trước đó đã biết {count} giá trị", count=known.count)
    latest = "; ".join(term.replace("\0", ", ") for term in known.latest)
    return msg("trước đó đã biết {count} giá trị, gần nhất: {latest}", count=known.count, latest=latest)
