"""Reading stored records again with the parsers, tables and enrichers of today, and what that changes.

The raw line of an event (`event.original`) is kept as it came, less what was masked, so a better parser is worth something for the past
too. What decides who may see an event, and what only its arrival could tell, stays as stored: the marks, the time of receipt and of
storing, the count of masked values, the baselines. Everything else is read anew. Rules do not run over it: `soc hunt --rule` does that.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from itertools import islice

from collectors.normalise import Normaliser
from collectors.record import RawRecord
from collectors.sources import Source
from collectors.text import UTF8
from soc.audit.trail import AuditTrail
from soc.core.act import Act
from soc.core.clock import Window, parse_iso
from soc.core.errors import InputError, NotFoundError
from soc.core.event import MARKS, Event, Value
from soc.core.i18n import Message, msg
from soc.core.scope import PROVINCE
from soc.storage.conditions import Condition
from soc.storage.events import EventStore
from soc.storage.sql import Database

TOLD_BY_MEMORY = ("soc.payment.amount_mismatch", "soc.vehicle.jump_kmh", "soc.station.unchanged", "soc.gap")
STAYS = (
    *(mark for mark in MARKS if mark != "soc.parser"),
    "event.ingested",
    "soc.redacted",
    "soc.charset",
    *TOLD_BY_MEMORY,
)
STAYS_BELOW = "soc.baseline."
UNTOLD = frozenset({"soc.parser", "soc.enrich"})
"""What changes with every newer reading, and is no difference."""
BATCH = 2000
EXAMPLES = 3

Change = tuple[Value | None, Value | None]
"""Before and after; None where the field is not there."""


@dataclass(frozen=True, slots=True)
class Again:
    """An event and its newer reading; `refusal` in its place when today's parser cannot read the record."""

    event: Event
    newer: Event | None
    refusal: Message | None = None

    @property
    def changes(self) -> dict[str, Change]:
        """Field -> before and after, of the fields that differ."""
        if self.newer is None:
            return {}
        old, new = self.event.fields, self.newer.fields
        names = [name for name in {**old, **new} if name not in UNTOLD and old.get(name) != new.get(name)]
        return {name: (old.get(name), new.get(name)) for name in names}


@dataclass
class Difference:
    """What the newer readings of one source come to.

    Attributes:
        readers: (parser as stored, parser of today) -> how many records.
        fields: field -> how many events gain it, lose it, hold another value.
        examples: field -> the first changes.
        refused: how many can no longer be read; they stay as they are.
        refusals: the first reasons, by their text.
    """

    source: str
    read: int = 0
    changed: int = 0
    readers: Counter[tuple[str, str]] = field(default_factory=Counter)
    fields: dict[str, Counter[str]] = field(default_factory=dict)
    examples: dict[str, list[Change]] = field(default_factory=dict)
    refused: int = 0
    refusals: dict[str, Message] = field(default_factory=dict)

    def add(self, again: Again) -> None:
        """Count one record."""
        self.read += 1
        if again.refusal is not None or again.newer is None:
            self.refused += 1
            if again.refusal is not None and len(self.refusals) < EXAMPLES:
                self.refusals.setdefault(again.refusal.render(), again.refusal)
            return
        changes = again.changes
        self.changed += bool(changes)
        self.readers[str(again.event.fields.get("soc.parser")), str(again.newer.fields["soc.parser"])] += 1
        for name, change in changes.items():
            self.fields.setdefault(name, Counter())[_kind(change)] += 1
            shown = self.examples.setdefault(name, [])
            if len(shown) < EXAMPLES and change not in shown:
                shown.append(change)


def _kind(change: Change) -> str:
    return "added" if change[0] is None else "removed" if change[1] is None else "changed"


@dataclass(frozen=True, slots=True)
class Reparse:
    """Reads stored records again.

    Args:
        sources: finds the registered source, and the exercise run, of a source id; raises NotFoundError.
    """

    store: EventStore
    normaliser: Normaliser
    sources: Callable[[str], tuple[Source, str | None]]
    database: Database
    audit: AuditTrail

    def readings(self, query: str | Condition, window: Window, *, all_: bool = False) -> Iterator[Again]:
        """The newer readings of the events that match, oldest first.

        Args:
            all_: also of those that the parser of today has read; tables and registers may have changed.

        Raises:
            QueryError: the query.
        """
        resolve = cache(self.sources)
        for event in self.store.scan(query, PROVINCE, window):
            try:
                source, exercise = resolve(event.source)
                if all_ or self.normaliser.reader_of(source) != event.fields.get("soc.parser"):
                    yield self._again(event, source, exercise)
            except (InputError, NotFoundError) as problem:
                yield Again(event, None, problem.as_message())

    def difference(self, readings: Iterable[Again]) -> list[Difference]:
        """What the readings change, source by source in the order of their ids; nothing is written."""
        found: dict[str, Difference] = {}
        for again in readings:
            found.setdefault(again.event.source, Difference(again.event.source)).add(again)
        return [found[source] for source in sorted(found)]

    def write(self, readings: Iterable[Again], actor: str, told: Callable[[int], None] = lambda _: None) -> int:
        """Put the newer readings in the place of the older ones, and the deed into the audit trail; gives how many.

        An event whose fields come out the same is written too, so that it carries the version that read it. Killed in the middle, the
        next call goes on with those that are left.
        """
        newer = (again.newer for again in readings if again.newer is not None)
        total = 0
        sources: Counter[str] = Counter()
        while batch := list(islice(newer, BATCH)):
            replaced = self.store.rewrite(batch)
            sources.update(event.source for event in batch if event.id in replaced)
            total += len(replaced)
            told(len(batch))
        if total:
            with self.database.transaction() as session:
                self.audit.record(session, Act(actor, "events.reparse", "events", after=dict(sorted(sources.items()))))
        return total

    def _again(self, event: Event, source: Source, exercise: str | None) -> Again:
        if source.platform != event.platform:
            return Again(event, None, msg("nguồn nay thuộc nền tảng {platform}", platform=source.platform))
        newer = self.normaliser.normalise(_record(event), source, event.id, exercise=exercise)
        return Again(event, _with_what_stays(event, newer))


def _record(event: Event) -> RawRecord:
    """The record as it was accepted."""
    fields = event.fields
    received = parse_iso(str(fields.get("soc.received", fields["@timestamp"])))
    seq = fields.get("soc.seq", 0)
    data = event.original.encode("utf-8", "surrogatepass")
    return RawRecord(event.source, seq if isinstance(seq, int) else 0, data, received, event.id, UTF8)


def _with_what_stays(event: Event, newer: Event) -> Event:
    fields = dict(newer.fields)
    old = event.fields
    for name in STAYS:
        fields.pop(name, None)
    fields |= {name: old[name] for name in old if name in STAYS or name.startswith(STAYS_BELOW)}
    return Event(fields)
