"""A threat in the making: what an injector calls to leave its lines and its truth.

    def mail_imap_brute(deed: Attempt) -> None:
        ip = deed.stranger()
        for box in deed.draw.sample(boxes, 40):
            deed.log(ZIMBRA, zimbra_client(deed.wait(5, 40), ...))
        deed.about("source.ip", ip)

`inject` runs one and gives its lines; the truth is in the `Attempt` afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from soc.simulate import stamps
from soc.simulate.draw import Draw, T
from soc.simulate.spec import Entry
from soc.simulate.truth import Deed
from soc.simulate.world import Province

OFFICE = (8, 10, 14, 15)
NIGHT = (22, 23, 0, 1, 2, 3)
EVENING = (18, 19, 20, 21)
ANY = (2, 9, 11, 15, 20, 23)


@dataclass(frozen=True, slots=True)
class Threat:
    """One threat that can be done to the province.

    Attributes:
        hours: local hours in which it may begin.
        act: does it once.
    """

    id: str
    family: str
    hours: tuple[int, ...]
    act: Callable[[Attempt], None]


@dataclass(frozen=True, slots=True)
class Silence:
    """Lines that lawful life would have written and that do not come.

    Attributes:
        containing: only lines with this text are missing; empty = all of the source.
    """

    source: str
    since: float
    until: float
    containing: str = ""

    def holds(self, entry: Entry) -> bool:
        """Whether it takes this line away."""
        at, source, text = entry
        return source == self.source and self.since <= at < self.until and self.containing in text


@dataclass
class Attempt:
    """One doing of a threat: a clock that runs on, what was written, and what it was about."""

    draw: Draw
    world: Province
    now: float
    agency: str = "province"
    variant: str = "usual"
    entries: list[Entry] = field(default_factory=list)
    silences: list[Silence] = field(default_factory=list)
    entities: dict[str, list[str]] = field(default_factory=dict)

    def wait(self, low: float, high: float) -> float:
        """Let between `low` and `high` seconds go by; the time it then is."""
        self.now += low + (high - low) * self.draw.random()
        return self.now

    def log(self, source: str, text: str) -> None:
        """A line, now."""
        self.entries.append((self.now, source, text))

    def lines(self, entries: Iterator[Entry]) -> None:
        """Lines with times of their own; the clock runs to the last."""
        for entry in entries:
            self.entries.append(entry)
            self.now = max(self.now, entry[0])

    def about(self, name: str, *values: str) -> None:
        """By which values of an ECS field an alert can be told to mean this."""
        known = self.entities.setdefault(name, [])
        known.extend(value for value in values if value not in known)

    def way(self, *names: str) -> str:
        """Which of several ways this time; it goes into the truth."""
        self.variant = self.draw.pick(names)
        return self.variant

    def stranger(self) -> str:
        """An address from which lawful life never comes; the truth names it."""
        ip = self.draw.pick(self.world.foreign)
        self.about("source.ip", ip)
        return ip

    def pick(self, *items: T) -> T:
        """One of them."""
        return self.draw.pick(items)

    def silence(self, source: str, seconds: float, containing: str = "") -> None:
        """From now on for so long, lawful lines of a source are missing."""
        self.silences.append(Silence(source, self.now, self.now + seconds, containing))


def inject(threat: Threat, draw: Draw, world: Province, at: float) -> Attempt:
    """Do `threat` once, beginning at `at`."""
    attempt = Attempt(draw, world, at)
    threat.act(attempt)
    return attempt


def deed_of(number: int, threat: Threat, attempt: Attempt, lines: tuple[tuple[str, int], ...]) -> Deed:
    """The truth about an attempt whose lines stand there."""
    times = [at for at, _, _ in attempt.entries] + [
        moment for silence in attempt.silences for moment in (silence.since, silence.until)
    ]
    sources = {source for _, source, _ in attempt.entries} | {silence.source for silence in attempt.silences}
    return Deed(
        id=number,
        threat=threat.id,
        family=threat.family,
        variant=attempt.variant,
        platforms=tuple(sorted({source.partition(".")[0] for source in sources})),
        agency=_agency(attempt, sources),
        start=stamps.utc_ms(min(times)),
        end=stamps.utc_ms(max(times)),
        lines=lines,
        absent=tuple(sorted({silence.source for silence in attempt.silences})),
        entities={name: tuple(values) for name, values in attempt.entities.items()},
    )


def _agency(attempt: Attempt, sources: set[str]) -> str:
    """Its own where every source is of that agency; what is seen on shared systems belongs to the province."""
    sites = {source.rsplit(".", 1)[1] for source in sources}
    return attempt.agency if sites == {attempt.agency.replace("-", "")} else "province"
