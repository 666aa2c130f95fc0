"""The health of each source: what was heard, how much, how late, what could not be read, what was not taken.

What the pipeline moved is put down in the transaction that moves the detector's checkpoint: exact whatever is killed, and counted once.
What listeners refused or dropped is counted by them in memory (`collectors.tally`) and added now and then: of that a killed process
loses its last seconds. Exercises and heartbeats are no sign of life of a real source, and so are left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from collectors.sources import Source
from collectors.tally import Sent
from soc.app.canary_beats import EXERCISE, BeatBook
from soc.app.source_health_tables import SourceHealthRow, SourceIntakeRow
from soc.app.source_skew import Skew
from soc.core.clock import parse_iso
from soc.core.errors import NotFoundError
from soc.core.event import Event
from soc.core.scope import Scope
from soc.storage.sql import Database

BAR = timedelta(minutes=5)
PACE_BARS = 13
"""An hour that is over, and the bar under way."""
UNREAD_HOURS = 24
SAMPLES = 20
"""Events of one source in one batch whose time is compared with that of receipt."""

Resolve = Callable[[str], tuple[Source, str | None]]
"""The registered source of an id and the exercise it belongs to; raises NotFoundError."""


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """One source as it stands.

    Attributes:
        known: when it was first registered or heard.
        first_event, last_event: event times; None before the first.
        first_heard, last_heard: times of receipt of what could be read.
        unreadable: records in quarantine or once there, `last_unreadable` the newest.
        pace: start of a bar of five minutes -> events received in it, of the last hour.
        unread: start of an hour -> records that could not be read and events, of the last day.
        not_taken: outcome -> how many records or connections, as listeners counted them.
    """

    source: str
    agency: str
    platform: str
    known: datetime
    first_event: datetime | None
    last_event: datetime | None
    first_heard: datetime | None
    last_heard: datetime | None
    last_unreadable: datetime | None
    events: int
    duplicates: int
    unreadable: int
    pace: Mapping[datetime, int]
    unread: Mapping[datetime, tuple[int, int]]
    skew: Skew
    not_taken: Mapping[str, int]

    def per_minute(self, now: datetime) -> float:
        """Events a minute over the last whole bar of five minutes."""
        return self.pace.get(bar_of(now) - BAR, 0) / (BAR / timedelta(minutes=1))

    def heard_within_hour(self, now: datetime) -> int:
        """Events of the last hour, up to the bar under way."""
        end = bar_of(now)
        return sum(count for start, count in self.pace.items() if end - 12 * BAR <= start < end)

    def unread_share(self, now: datetime) -> float | None:
        """Records of the last day that could not be read, out of all; None without any record."""
        late = [counts for hour, counts in self.unread.items() if hour > now - timedelta(hours=UNREAD_HOURS)]
        broken, read = (sum(counts[place] for counts in late) for place in (0, 1))
        return broken / (broken + read) if broken + read else None


@dataclass(frozen=True, slots=True)
class Sign:
    """The last signs of life of a source: `known` since when, last `heard` and last `unreadable` by time of receipt."""

    known: datetime
    heard: datetime | None
    unreadable: datetime | None


@dataclass(frozen=True, slots=True)
class Batch:
    """What a batch of the pipeline came to, for the health of its sources.

    Attributes:
        fresh: events new to the store.
        repeated: source -> events that the store had already.
        unreadable: source -> records that went to quarantine.
        broken: ids of the fresh events on which the detector broke.
    """

    fresh: Sequence[Event]
    repeated: Mapping[str, int]
    unreadable: Mapping[str, int]
    broken: frozenset[str] = frozenset()


class HealthBook:
    """Keeps and reads the health of the sources.

    Args:
        resolve: tells platform and agency of a source of which nothing could be read yet.
        beats: is told which heartbeats were in a batch.
    """

    def __init__(self, database: Database, resolve: Resolve, beats: BeatBook) -> None:
        self._database, self._resolve, self._beats = database, resolve, beats

    def account(self, session: Session, batch: Batch, now: datetime) -> None:
        """Put a batch down, in the caller's transaction."""
        heard: dict[str, list[Event]] = {}
        for event in batch.fresh:
            if event.exercise is None:
                heard.setdefault(event.source, []).append(event)
        beats = [one for one in batch.fresh if one.exercise == EXERCISE and one.id not in batch.broken]
        self._beats.passed(session, beats, now)
        names = {*heard, *batch.repeated, *batch.unreadable}
        if not names:
            return
        known = select(SourceHealthRow).where(SourceHealthRow.source.in_(names))
        rows = {row.source: row for row in session.scalars(known)}
        for name in names:
            row = rows.get(name) or self._new(name, heard.get(name, ()), now)
            if row is None:
                continue
            session.add(row)
            _add(row, heard.get(name, ()), batch.repeated.get(name, 0), batch.unreadable.get(name, 0), now)

    def register(self, sources: Iterable[Source], now: datetime) -> None:
        """Have a row for every registered source: its silence counts from now on."""
        with self._database.reading() as session:
            known = set(session.scalars(select(SourceHealthRow.source)))
        missing = [source for source in sources if source.id not in known]
        if missing:
            with self._database.transaction() as session:
                session.add_all(_row(source.id, source.agency, source.platform, now) for source in missing)

    def take(self, sent: Mapping[str, Sent], now: datetime) -> None:
        """Add what listeners counted since the last time."""
        counts = {(name, outcome): n for name, one in sent.items() for outcome, n in _outcomes(one).items() if n}
        if not counts:
            return
        with self._database.transaction() as session:
            for (name, outcome), count in counts.items():
                row = session.get(SourceIntakeRow, (name, outcome))
                if row is None:
                    row = SourceIntakeRow(name=name, outcome=outcome, count=0, last=now)
                    session.add(row)
                row.count, row.last = row.count + count, now

    def signs(self) -> dict[str, Sign]:
        """The signs of life of every source: all that is asked every few seconds."""
        row = SourceHealthRow
        with self._database.reading() as session:
            found = session.execute(select(row.source, row.known, row.last_heard, row.last_unreadable))
            return {source: Sign(known, heard, unreadable) for source, known, heard, unreadable in found}

    def all(self, scope: Scope) -> list[SourceHealth]:
        """Every source of an agency, or of all, that was ever registered or heard; by platform and id."""
        query = select(SourceHealthRow).order_by(SourceHealthRow.platform, SourceHealthRow.source)
        not_taken: dict[str, dict[str, int]] = {}
        with self._database.reading() as session:
            for name, outcome, count in session.execute(
                select(SourceIntakeRow.name, SourceIntakeRow.outcome, SourceIntakeRow.count)
            ):
                not_taken.setdefault(name, {})[outcome] = count
            return [
                _health(row, not_taken.get(row.source, {})) for row in session.scalars(query) if scope.sees(row.agency)
            ]

    def intake(self) -> dict[str, dict[str, int]]:
        """Source or listener -> outcome -> how many; for whoever runs the installation, as listeners belong to no agency."""
        found: dict[str, dict[str, int]] = {}
        with self._database.reading() as session:
            for row in session.scalars(select(SourceIntakeRow)):
                found.setdefault(row.name, {})[row.outcome] = row.count
        return found

    def _new(self, name: str, heard: Sequence[Event], now: datetime) -> SourceHealthRow | None:
        """None for a source that nobody registered, and for one of an exercise."""
        if heard:
            return _row(name, heard[0].agency, heard[0].platform, now)
        try:
            source, exercise = self._resolve(name)
        except NotFoundError:
            return None
        return None if exercise is not None else _row(name, source.agency, source.platform, now)


def bar_of(moment: datetime) -> datetime:
    """Start of the bar of five minutes that a moment lies in."""
    seconds = int(moment.timestamp())
    return datetime.fromtimestamp(seconds - seconds % int(BAR.total_seconds()), UTC)


def _row(name: str, agency: str, platform: str, now: datetime) -> SourceHealthRow:
    counts = {"events": 0, "duplicates": 0, "unreadable": 0}
    return SourceHealthRow(
        source=name, agency=agency, platform=platform, known=now, pace="{}", unread="{}", skew="{}", **counts
    )


def _add(row: SourceHealthRow, heard: Sequence[Event], repeated: int, unreadable: int, now: datetime) -> None:
    row.duplicates += repeated
    row.unreadable += unreadable
    if unreadable:
        row.last_unreadable = now
    if unreadable or heard:
        row.unread = _unread(row.unread, unreadable, len(heard), now)
    if heard:
        _add_heard(row, heard)


def _add_heard(row: SourceHealthRow, heard: Sequence[Event]) -> None:
    # Lines of one second or of one delivery carry the same text: each is read once.
    received = {text: parse_iso(text) for text in {_received(event) for event in heard}}
    moments = [parse_iso(text) for text in {str(event.fields["@timestamp"]) for event in heard}]
    row.agency, row.platform = heard[-1].agency, heard[-1].platform
    row.events += len(heard)
    row.first_event = min(moments) if row.first_event is None else min(row.first_event, *moments)
    row.last_event = max(moments) if row.last_event is None else max(row.last_event, *moments)
    row.first_heard = row.first_heard or min(received.values())
    newest = max(received.values())
    row.last_heard = newest if row.last_heard is None else max(row.last_heard, newest)
    bars = Counter(bar_of(received[_received(event)]) for event in heard)
    row.pace = _pace(row.pace, bars)
    row.skew = _skew(row.skew, heard, received)


def _received(event: Event) -> str:
    return str(event.fields.get("soc.received", event.fields["@timestamp"]))


def _pace(text: str, bars: Counter[datetime]) -> str:
    counts = Counter({int(start): n for start, n in orjson.loads(text).items()})
    counts.update({int(start.timestamp()): n for start, n in bars.items()})
    last = max(counts) - PACE_BARS * int(BAR.total_seconds())
    return _json({str(start): n for start, n in counts.items() if start > last})


def _unread(text: str, broken: int, read: int, now: datetime) -> str:
    hours: dict[str, list[int]] = orjson.loads(text)
    hour = int(now.timestamp()) // 3600
    before = hours.get(str(hour), [0, 0])
    hours[str(hour)] = [before[0] + broken, before[1] + read]
    return _json({name: counts for name, counts in hours.items() if int(name) > hour - UNREAD_HOURS - 1})


def _skew(text: str, heard: Sequence[Event], received: Mapping[str, datetime]) -> str:
    skew = Skew.from_plain(orjson.loads(text))
    for event in heard[:: max(1, len(heard) // SAMPLES)]:
        came = received[_received(event)]
        skew.add((event.timestamp - came).total_seconds(), came)
    return _json(skew.plain())


def _outcomes(sent: Sent) -> dict[str, int]:
    counts = {name: getattr(sent, name) for name in ("received", "set_aside", "refused", "dropped", "throttled")}
    return counts | {f"fault.{reason}": n for reason, n in sent.faults.items()}


def _health(row: SourceHealthRow, not_taken: Mapping[str, int]) -> SourceHealth:
    pace = {datetime.fromtimestamp(int(start), UTC): int(n) for start, n in orjson.loads(row.pace).items()}
    unread = {
        datetime.fromtimestamp(int(hour) * 3600, UTC): (int(broken), int(read))
        for hour, (broken, read) in orjson.loads(row.unread).items()
    }
    return SourceHealth(
        row.source,
        row.agency,
        row.platform,
        row.known,
        row.first_event,
        row.last_event,
        row.first_heard,
        row.last_heard,
        row.last_unreadable,
        row.events,
        row.duplicates,
        row.unreadable,
        pace,
        unread,
        Skew.from_plain(orjson.loads(row.skew)),
        not_taken,
    )


def _json(value: Mapping[str, Any]) -> str:
    return orjson.dumps(value).decode()
