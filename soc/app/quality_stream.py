"""A simulated province read as it would be live: the folder that `soc simulate` writes, as one stream of events in the order they happened.

Every file goes through redaction, parser, mapping and enrichment of its registered source, with the lists and networks of the simulated
province. One event of each file is held ready, so the memory does not grow with the logs.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from pydantic import ValidationError

from collectors.definition import read_definition
from collectors.enrich import default_enrichers
from collectors.enrich.book import FixedLookups
from collectors.enrich.lookups import Lookups, load_lookups
from collectors.enrich.zone import load_networks
from collectors.input import Reading
from collectors.inputs.file import FileInput
from collectors.normalise import Normaliser
from collectors.platform import Platform, load_platforms
from collectors.record import RawRecord
from collectors.redact import Redactor
from collectors.sources import Source
from collectors.text import decode
from soc.core.clock import FixedClock, parse_iso
from soc.core.errors import InputError, NotFoundError
from soc.core.event import Event
from soc.core.i18n import msg
from soc.simulate.truth import TRUTH_FILE, Deed, read_truth

WORLD = "world"
_AHEAD = timedelta(days=30)
"""Receipt of all lines lies this long after the last deed: a year that a format leaves out is then found."""
_LONGEST_RECORD = 1 << 20
_KEY = b"a simulated province has no people at all"


@dataclass(frozen=True, slots=True)
class Logs:
    """The folder as it was found.

    Attributes:
        skipped: source -> why it cannot be read: its platform or format is not loaded.
    """

    folder: Path
    sources: Sequence[Source]
    skipped: Mapping[str, str]
    platforms: Mapping[str, Platform]
    lookups: Lookups


@dataclass(slots=True)
class Unread:
    """What no event could be made of, while reading: source -> lines, and the reason of the first."""

    lines: Counter[str] = field(default_factory=Counter)
    reasons: dict[str, str] = field(default_factory=dict)


def read_deeds(file: Path) -> list[Deed]:
    """The truth. Raises InputError when there is none."""
    try:
        found = list(read_truth(file))
    except (OSError, ValueError) as problem:
        raise InputError(
            msg("không đọc được tệp sự thật: {reason}", reason=str(problem)),
            expected=msg("truth.ndjson do soc simulate ghi"),
            where=str(file),
        ) from problem
    if not found:
        raise InputError(msg("tệp sự thật không có vụ nào"), where=str(file))
    return found


def open_logs(folder: Path) -> Logs:
    """The logs below a folder of `soc simulate`. Raises InputError when it registers no source."""
    platforms, _ = load_platforms(strict=False)
    lookups, _ = load_lookups(folder / WORLD / "lookups")
    data = read_definition(folder / WORLD / "sources.yaml").data
    entries = data.get("sources", []) if isinstance(data, dict) else []
    sources: list[Source] = []
    skipped: dict[str, str] = {}
    for entry in entries:
        try:
            source = Source.model_validate(entry)
            platforms[source.platform].format(source.format)
            sources.append(source)
        except (ValidationError, KeyError, NotFoundError, InputError) as problem:
            skipped[str(entry.get("id"))] = str(problem).splitlines()[0]
    if not sources:
        raise InputError(
            msg("không có nguồn nào đọc được"),
            expected=msg("thư mục do soc simulate ghi, có {name}", name=f"{WORLD}/sources.yaml"),
            where=str(folder),
        )
    return Logs(folder, sources, skipped, platforms, lookups)


class Stream:
    """The events of all sources, in the order of their times.

    Args:
        until: of the last deed.

    Attributes:
        deeds_of: id of an event -> numbers of the deeds whose lines it was made of.
        unread: what no event could be made of.
    """

    def __init__(self, logs: Logs, deeds: Sequence[Deed]) -> None:
        self._logs = logs
        self._received = max(parse_iso(deed.end) for deed in deeds) + _AHEAD
        networks = load_networks(logs.folder / WORLD / "networks.yaml")
        enrichers = default_enrichers(networks, FixedLookups(logs.lookups))
        self._normaliser = Normaliser(logs.platforms, enrichers, FixedClock(self._received))
        self._redactor = Redactor(_KEY)
        self._marked = _marked(deeds)
        self.deeds_of: dict[str, tuple[int, ...]] = {}
        self.unread = Unread()

    def events(self, progress: Callable[[int], None] = lambda count: None) -> Iterator[Event]:
        """Each event once; `progress` is told the count now and then."""
        feeds = [self._of(source) for source in self._logs.sources]
        for count, (_, event) in enumerate(heapq.merge(*feeds, key=lambda pair: pair[0]), 1):
            yield event
            if count % 50_000 == 0:
                progress(count)

    def _of(self, source: Source) -> Iterator[tuple[str, Event]]:
        """The events of one file with what they are merged by: their time, but never before that of the event above it."""
        path = self._logs.folder / f"{source.id}.log"
        marked = self._marked.get(source.id, {})
        newest = ""
        for chunk in FileInput(path).read(Reading(source.id, self._received, _LONGEST_RECORD)):
            for record in chunk.records:
                event = self._event(record, source)
                if event is None:
                    continue
                if deeds := marked.get(int(record.where.rpartition(":")[2])):
                    self.deeds_of[event.id] = deeds
                newest = max(newest, str(event.fields["@timestamp"]))
                yield newest, event

    def _event(self, record: RawRecord, source: Source) -> Event | None:
        try:
            redacted = self._redactor.redact(decode(record.data, record.charset).text)
            raw = RawRecord(record.source, record.seq, redacted.text.encode(), record.received, record.where)
            event = self._normaliser.normalise(raw, source, record.ident, redacted=redacted.count)
        except InputError as problem:
            self.unread.lines[source.id] += 1
            self.unread.reasons.setdefault(source.id, f"{record.where}: {problem}")
            return None
        return Event({**event.fields, "soc.received": event.fields["@timestamp"]})


def _marked(deeds: Sequence[Deed]) -> dict[str, dict[int, tuple[int, ...]]]:
    """Source -> line -> deeds."""
    found: dict[str, dict[int, tuple[int, ...]]] = {}
    for deed in deeds:
        for source, line in deed.lines:
            lines = found.setdefault(source, {})
            lines[line] = (*lines.get(line, ()), deed.id)
    return found


def truth_file(folder: Path) -> Path:
    """Where the truth lies when nobody says otherwise."""
    return folder / TRUTH_FILE
