"""What a hunt states when it is done: how far back it looked, over what, what it found, and what it could not see."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import orjson

from soc.core.clock import LOCAL_ZONE, parse_iso
from soc.core.i18n import Lang, Message, msg

FORMAT = 1
_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class RuleCount:
    """A rule or kind of indicator that was looked for, and how often it matched."""

    id: str
    version: str
    digest: str
    matches: int


@dataclass(frozen=True, slots=True)
class GapNote:
    """An open gap within the window: its events are in the store and were read, but the stream never saw them."""

    kind: str
    source: str
    events: int
    first: datetime
    last: datetime
    reason: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class BlindRule:
    """A rule that misses fields: of every source it looks at they never came. `state` as `soc rules list --state` names it."""

    id: str
    state: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a hunt could not see.

    Attributes:
        history_begins: the oldest event there was, where the window asks for more; None otherwise. In an empty store the window's end.
        quarantined: records that were set aside as unreadable and so are no events, of the sources in sight.
        gaps: open gaps within the window.
        blind: rules that cannot see all or some of what they look for; `no_source`: those that nothing in sight ever fed.
        unseen_fields: fields that indicators are looked for in and that no event of the window had.
        altered: events whose values searches see otherwise than letter for letter; these were read one by one.
        masked: events in which secrets were masked before they were kept; what was masked nobody can find.
        ahead: events received before the hunt was filed and dated after its window.
        changed: the book of indicators held other ones at the end than at the beginning.
    """

    history_begins: datetime | None = None
    quarantined: int = 0
    gaps: tuple[GapNote, ...] = ()
    blind: tuple[BlindRule, ...] = ()
    no_source: tuple[str, ...] = ()
    unseen_fields: tuple[str, ...] = ()
    altered: int = 0
    masked: int = 0
    ahead: int = 0
    changed: bool = False

    @property
    def any(self) -> bool:
        """Whether there is anything to be told."""
        return asdict(self) != asdict(Limits())


@dataclass(frozen=True, slots=True)
class Statement:
    """What was looked for, where, and what came of it; never changed once made.

    Attributes:
        question: hash of the frozen question.
        agencies: whose events were read; None for the whole province. `exercise`: which run, None for real events.
        events: in the window; `read` of them were shown to the detector, the others cannot match.
        matches: how often a rule or an indicator matched an event, or a correlation fired, leaving out what exceptions hid;
            `alerts` tell them, of which `raised` were news to the incidents when the hunt was done.
        broken: events that the detector broke on: not judged.
        rules: every rule that was looked for, those with matches first; indicators by their kind.
        indicators: which indicators: when they came in, how many, and a hash over them; None for rules.
    """

    hunt: str
    question: str
    origin: str
    since: datetime
    until: datetime
    agencies: tuple[str, ...] | None
    exercise: str | None
    events: int
    read: int
    matches: int
    alerts: int
    raised: int
    hidden: int
    broken: int
    rules: tuple[RuleCount, ...]
    indicators: Mapping[str, Any] | None
    limits: Limits
    filed: datetime
    made: datetime

    @property
    def days(self) -> float:
        """Length of the window in days, to one decimal."""
        return round((self.until - self.since) / _DAY, 1)

    @property
    def sentence(self) -> Message:
        """The whole in one sentence."""
        return msg(
            "đã nhìn lại {days} ngày ({since} đến {until}): {events} sự kiện, {matches} lần khớp",
            days=f"{self.days:g}",
            since=_local(self.since),
            until=_local(self.until),
            events=self.events,
            matches=self.matches,
        )


def statement_json(statement: Statement) -> str:
    """A statement as it is kept and exported: keys sorted, times in ISO 8601, the sentence in each language beside the figures."""
    said = {lang.value: statement.sentence.render(lang) for lang in Lang}
    body = {"format": FORMAT, "days": statement.days, "sentence": said} | asdict(statement)
    return orjson.dumps(body, option=orjson.OPT_SORT_KEYS | orjson.OPT_INDENT_2).decode()


def statement_from(text: str) -> Statement:
    """The inverse of `statement_json`."""
    found: dict[str, Any] = orjson.loads(text)
    for derived in ("format", "days", "sentence"):
        del found[derived]
    times = {name: parse_iso(found[name]) for name in ("since", "until", "filed", "made")}
    return Statement(
        **{
            **found,
            **times,
            "agencies": None if found["agencies"] is None else tuple(found["agencies"]),
            "rules": tuple(RuleCount(**one) for one in found["rules"]),
            "limits": _limits(found["limits"]),
        }
    )


def ranked(counts: Sequence[RuleCount]) -> tuple[RuleCount, ...]:
    """Most matches first, ties by id."""
    return tuple(sorted(counts, key=lambda one: (-one.matches, one.id)))


def _limits(found: Mapping[str, Any]) -> Limits:
    begins = found["history_begins"]
    gaps = [{**gap, "first": parse_iso(gap["first"]), "last": parse_iso(gap["last"])} for gap in found["gaps"]]
    return Limits(
        **{
            **found,
            "history_begins": None if begins is None else parse_iso(begins),
            "gaps": tuple(GapNote(**gap) for gap in gaps),
            "blind": tuple(BlindRule(**{**one, "fields": tuple(one["fields"])}) for one in found["blind"]),
            "no_source": tuple(found["no_source"]),
            "unseen_fields": tuple(found["unseen_fields"]),
        }
    )


def _local(moment: datetime) -> str:
    return f"{moment.astimezone(LOCAL_ZONE):%d/%m/%Y %H:%M}"
