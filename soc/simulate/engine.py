"""The lines of a province in time order, hour by hour, from a seed; any threat mixed in."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import cached_property

from soc.simulate.calendar import Day, activity, kind_of, local_date
from soc.simulate.deeds import Attempt, Threat, inject
from soc.simulate.draw import Draw
from soc.simulate.spec import Entry, Hour, Life, Line, Routine, Scene, Stream
from soc.simulate.stamps import LOCAL_S
from soc.simulate.streams import LIFE
from soc.simulate.threats import THREATS
from soc.simulate.world import Province

DEFAULT_LINES = 3_000_000
_BY_CLOCK_PER_DAY = (2_950, 6_700)
"""Lines that routines and scenes write in a day, as counted: in a small province and in one of the default size."""


@dataclass(frozen=True)
class Spec:
    """What to simulate.

    Attributes:
        start: first day, local.
        lines: of lawful life in the whole time; met within a few per cent. Routines (backups, stations) are not thinned out.
        threats: ids to mix in, each once; empty for none.
        platforms: only their lines; empty for all. The others' volume is not spread over them.
    """

    seed: int
    start: date
    days: int = 14
    lines: int = DEFAULT_LINES
    threats: tuple[str, ...] = ()
    platforms: frozenset[str] = frozenset()

    @property
    def begin(self) -> int:
        """Epoch seconds of local midnight of the first day."""
        return int(datetime(self.start.year, self.start.month, self.start.day, tzinfo=UTC).timestamp()) - LOCAL_S

    @cached_property
    def scale(self) -> float:
        """Lines wanted beside what the streams would write by themselves."""
        streams = [life for family in LIFE.values() for life in family if isinstance(life, Stream)]
        hours = range(self.begin, self.begin + self.days * 86400, 3600)
        nominal = sum(stream.per_day * sum(activity(stream.curve, at) for at in hours) for stream in streams)
        by_clock = _BY_CLOCK_PER_DAY[self.lines > 100_000 * self.days] * self.days
        return max(self.lines - by_clock, 0.3 * self.lines) / nominal


class Simulation:
    """One run: its lines, and after they were read, its attempts.

    Attributes:
        attempts: number -> what was done, known from the beginning; numbers start at 1.
    """

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.world = Province(spec.seed)

    @cached_property
    def attempts(self) -> dict[int, tuple[Threat, Attempt]]:
        """Every threat asked for, done at a time of its own. Raises KeyError for an unknown id."""
        done = {}
        for number, ident in enumerate(self.spec.threats, start=1):
            threat = THREATS[ident]
            draw = Draw(f"{self.spec.seed}-threat-{ident}")
            done[number] = (threat, inject(threat, draw, self.world, self._moment(draw, threat)))
        return done

    def _moment(self, draw: Draw, threat: Threat) -> float:
        """A time in one of its hours, on a working day where there is one; never so late that it would run over the end."""
        days = [self.spec.begin + 86400 * number for number in range(max(1, self.spec.days - 1))]
        working = [day for day in days if kind_of(local_date(day)) is Day.WORK]
        return draw.pick(working or days) + 3600 * draw.pick(threat.hours) + draw.random() * 3000

    def lines(self) -> Iterator[Line]:
        """The lines in time order; within one moment as they were made. Memory is bounded by an hour and the threats."""
        later = self._ahead()
        silences = [silence for _, attempt in self.attempts.values() for silence in attempt.silences]
        end = self.spec.begin + self.spec.days * 86400
        for start in range(self.spec.begin, end, 3600):
            marked = [Line(*entry) for entry in self._lawful(start)]
            marked += later.pop(start, [])
            gaps = [one for one in silences if one.since < start + 7200 and one.until > start]
            if gaps:
                marked = [line for line in marked if line.deed or not any(gap.holds(line[:3]) for gap in gaps)]
            marked.sort(key=_moment_of)
            # an act that runs over the hour is kept for the next, so that the whole is in order
            over = [line for line in marked if line.at >= start + 3600]
            if over:
                marked = marked[: len(marked) - len(over)]
                later[start + 3600] += over
            yield from self._wanted(marked)
        for start in sorted(later):
            yield from self._wanted(sorted(later[start], key=_moment_of))

    def _wanted(self, lines: list[Line]) -> list[Line]:
        wanted = self.spec.platforms
        return [line for line in lines if line.source.partition(".")[0] in wanted] if wanted else lines

    def _lawful(self, start: int) -> Iterator[Entry]:
        """Streams and routines of one hour."""
        scale = self.spec.scale
        for family, lives in LIFE.items():
            for number, life in enumerate(lives):
                if isinstance(life, Scene):
                    continue
                draw = Draw(f"{self.spec.seed}-{family}-{number}-{start}")
                hour = Hour(start, draw, self.world, scale)
                if isinstance(life, Routine):
                    yield from life.write(hour)
                    continue
                acts = draw.count(life.per_day * activity(life.curve, start) * scale / life.lines)
                if acts:
                    yield from life.write(hour, acts)

    def _ahead(self) -> defaultdict[int, list[Line]]:
        """Hour -> lines of scenes and threats, which are made beforehand as they may last for hours."""
        ahead: defaultdict[int, list[Line]] = defaultdict(list)
        for family, lives in LIFE.items():
            for number, life in enumerate(lives):
                for entry in self._scenes(life, f"{self.spec.seed}-{family}-{number}"):
                    ahead[int(entry[0]) // 3600 * 3600].append(Line(*entry))
        for number, (_, attempt) in self.attempts.items():
            for entry in attempt.entries:
                ahead[int(entry[0]) // 3600 * 3600].append(Line(*entry, number))
        return ahead

    def _scenes(self, life: Life, seed: str) -> Iterator[Entry]:
        if not isinstance(life, Scene):
            return
        draw = Draw(seed)
        days = [self.spec.begin + 86400 * number for number in range(self.spec.days)]
        fitting = [day for day in days if life.any_day or kind_of(local_date(day)) is Day.WORK]
        if not fitting:
            return
        for _ in range(draw.count(life.per_fortnight * self.spec.days / 14)):
            at = draw.pick(fitting) + 3600 * draw.upto(life.hours[0], life.hours[1] - 1) + draw.random() * 3000
            yield from life.write(draw, self.world, at)


def _moment_of(line: Line) -> float:
    return line.at


def simulate(spec: Spec) -> Iterator[Line]:
    """The lines of `spec` in time order, made as they are asked for."""
    return Simulation(spec).lines()
