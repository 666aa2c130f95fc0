"""Rules over files, in one process or in several, with the same findings in the same order.

The rules are compiled before the processes part, so they share them. A worker reads a part of a file, matches its records and
gives back what was found; the parent takes the parts in order, so places in the file, correlations and output never
depend on who was faster.
"""

from __future__ import annotations

import multiprocessing
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, replace
from hashlib import blake2b
from itertools import islice
from pathlib import Path

import orjson

from detectors.feeds import DocumentCoverage, Sighting
from detectors.sigma.engine import Engine, Match
from detectors.sigma.files import Part, Tally
from detectors.sigma.moments import moment_us
from detectors.sigma.values import MISSING, Document, read

_AHEAD = 2
"""Parts that a worker has waiting beside the one in its hands."""


@dataclass(frozen=True, slots=True)
class Found:
    """A record that some rule matched.

    Attributes:
        record: its index in the part.
        event_id: its own `event.id`; None where it has none.
        content: hash of the record.
        moment: microseconds since 1970; None for a record without a time.
        rows: place of each reported rule in the rule set, and the fields and values that satisfied it.
        document: the record, where a correlation wants it.
        matches: what the engine said of it; None when it comes from another process.
    """

    record: int
    event_id: str | None
    content: bytes
    moment: int | None
    rows: tuple[tuple[int, Mapping[str, object]], ...]
    document: Document | None = None
    matches: list[Match] | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a part came to.

    Attributes:
        events: records that could be read.
        found: those that some rule matched, in order.
        sightings: the kinds of all of them, where the finder was to tell.
    """

    path: Path
    tally: Tally
    events: int
    found: list[Found]
    sightings: list[Sighting]


@dataclass(frozen=True, slots=True)
class Finder:
    """Matches the records of a part.

    Attributes:
        engine: the rules.
        correlated: places of the rules that correlations refer to.
        tells_kinds: whether it notes which fields there were to see; that costs some microseconds an event.
    """

    engine: Engine
    correlated: frozenset[int]
    tells_kinds: bool = False

    @classmethod
    def of(cls, engine: Engine, *, tells_kinds: bool = False) -> Finder:
        """A finder that keeps what the correlations of the rule set need."""
        wanted = {source for rule in engine.ruleset.correlations for source in rule.sources}
        places = (place for place, rule in enumerate(engine.ruleset.rules) if rule.id in wanted)
        return cls(engine, frozenset(places), tells_kinds)

    def find(self, part: Part) -> Outcome:
        """Read and match a part to its end."""
        tally, found, events = Tally(), [], 0
        coverage = DocumentCoverage() if self.tells_kinds else None
        match = self.engine.match
        for record, document, raw, block in part.read(tally, self.engine.screen):
            events += 1
            if coverage is not None:
                coverage.saw(document)
            matches = match(document, raw, block)
            if matches:
                found.append(self._found(record, document, matches))
        return Outcome(part.path, tally, events, found, [] if coverage is None else coverage.sightings())

    def _found(self, record: int, document: Document, matches: list[Match]) -> Found:
        known = read(document, "event.id")
        is_wanted = any(match.place in self.correlated for match in matches)
        return Found(
            record,
            None if known is MISSING or known is None else str(known),
            blake2b(orjson.dumps(document, default=str)).digest(),
            moment_us(matches[0].document),
            tuple((match.place, match.matched) for match in matches if match.rule.reported),
            document if is_wanted else None,
            matches,
        )


def scan(parts: Iterable[Part], finder: Finder, jobs: int) -> Iterator[Outcome]:
    """What each part came to, in order.

    Args:
        jobs: processes that match; with 1 it is this one. They start once a second part is there.

    Raises:
        BrokenProcessPool: a worker died.
    """
    remaining = iter(parts)
    # What the first part teaches the decision table is shared by all workers.
    yield from map(finder.find, islice(remaining, 1 if jobs > 1 else None))
    second = next(remaining, None)
    if second is None:
        return
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(jobs, context, _adopt, (finder,)) as pool:
        waiting: deque[Future[Outcome]] = deque([pool.submit(_find, second)])
        for part in remaining:
            waiting.append(pool.submit(_find, part))
            if len(waiting) > jobs * _AHEAD:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


_adopted: Callable[[Part], Outcome] | None = None
"""The finder of this process, in a worker: forking hands it over, sending it would cost seconds."""


def _adopt(finder: Finder) -> None:
    global _adopted  # noqa: PLW0603 - the one place where a worker process keeps what it was made for
    _adopted = finder.find


def _find(part: Part) -> Outcome:
    if _adopted is None:
        raise RuntimeError("no finder was handed over")
    outcome = _adopted(part)
    return replace(outcome, found=[replace(found, matches=None) for found in outcome.found])
