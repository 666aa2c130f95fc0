"""From rows of facts to a number: pure functions, so that anybody who has the rows gets the same figure.

A function is registered under its name in FUNCTIONS; the name is stored with the figure.
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import fmean, median
from typing import TypeAlias

import orjson

from soc.compliance.assessment import Row
from soc.core.clock import parse_iso
from soc.core.ids import sha256

Value: TypeAlias = str | int | float | bool | None
Fact: TypeAlias = Mapping[str, Value]
Parameters: TypeAlias = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """Facts that were counted; rows are sorted, so the same facts always make the same table."""

    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def facts(self) -> Iterator[Fact]:
        """Each row by column name."""
        return (dict(zip(self.columns, row, strict=True)) for row in self.rows)

    def pack(self) -> bytes:
        """Compressed canonical JSON, as a snapshot is kept."""
        return zlib.compress(self._canonical(), 6)

    @classmethod
    def unpack(cls, data: bytes) -> Table:
        """The inverse of `pack`. Raises ValueError for anything else."""
        try:
            columns, rows = orjson.loads(zlib.decompress(data))
        except zlib.error as problem:
            raise ValueError(str(problem)) from problem
        return cls(tuple(columns), tuple(tuple(row) for row in rows))

    @property
    def hash(self) -> str:
        """SHA-256 of the canonical JSON: the snapshot hash of a figure."""
        return sha256(self._canonical())

    def _canonical(self) -> bytes:
        return orjson.dumps([self.columns, self.rows])


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a function makes of a table; `value` None = nothing to measure."""

    value: float | None
    numerator: int | None = None
    denominator: int | None = None


Function: TypeAlias = Callable[[Table, Parameters], Outcome]


def share(part: int, whole: int) -> Outcome:
    """Percent with one decimal; None of nothing. 100 only when nothing is missing, 0 only when there is nothing."""
    if whole == 0:
        return Outcome(None, part, whole)
    percent = round(100 * part / whole, 1)
    if 0 < part < whole:
        percent = min(max(percent, 0.1), 99.9)
    return Outcome(percent, part, whole)


def share_of(table: Table, parameters: Parameters) -> Outcome:
    """Rows whose column `flag` is true, of the rows where it is not None."""
    known = [fact[parameters["flag"]] for fact in table.facts() if fact[parameters["flag"]] is not None]
    return share(sum(bool(value) for value in known), len(known))


def total(table: Table, parameters: Parameters) -> Outcome:
    """Sum of the column `column`; None without rows that have it."""
    values = _numbers(table, parameters["column"])
    return Outcome(round(math.fsum(values), 1)) if values else Outcome(None)


def sum_or_zero(table: Table, parameters: Parameters) -> Outcome:
    """Sum of the column `column`; 0 without rows, where nothing means none."""
    return Outcome(math.fsum(_numbers(table, parameters["column"])))


def rows(table: Table, parameters: Parameters) -> Outcome:
    """How many rows there are, or how many whose column `flag` is true."""
    if "flag" not in parameters:
        return Outcome(float(len(table.rows)))
    return Outcome(float(sum(bool(fact[parameters["flag"]]) for fact in table.facts())))


def mean_minutes(table: Table, parameters: Parameters) -> Outcome:
    """Mean minutes from `start` to `end` of the pairs that have ended, of one `severity` or of all."""
    spans = _spans(table, parameters)
    return Outcome(round(fmean(spans), 1)) if spans else Outcome(None)


def median_minutes(table: Table, parameters: Parameters) -> Outcome:
    """Median minutes, see `mean_minutes`."""
    spans = _spans(table, parameters)
    return Outcome(round(median(spans), 1)) if spans else Outcome(None)


def p95_minutes(table: Table, parameters: Parameters) -> Outcome:
    """The least number of minutes that at least 95 % of the pairs do not exceed (nearest rank)."""
    spans = sorted(_spans(table, parameters))
    return Outcome(round(spans[math.ceil(0.95 * len(spans)) - 1], 1)) if spans else Outcome(None)


def share_within(table: Table, parameters: Parameters) -> Outcome:
    """Pairs that ended within the minutes `target_<severity>` after their start.

    One that has not ended counts against the share once its time is up at `as_of`, and not at all before.
    """
    limits = {name.removeprefix("target_"): float(value) for name, value in parameters.items() if "target_" in name}
    verdicts = [
        _on_time(fact["start"], fact["end"], timedelta(minutes=limits[str(fact["severity"])]), parameters["as_of"])
        for fact in table.facts()
    ]
    return _share_true(verdicts)


def share_notified(table: Table, parameters: Parameters) -> Outcome:
    """Legal notices that went out in time, of those that were due, over the duties listed in `duties` ("24,72" hours).

    The 24-hour notice is owed by serious incidents, the 72-hour report by all that were not harmless. One that is not sent is
    due once its time is up at `as_of`. Incidents detected before `applies_from` were under other law and are left out.
    """
    return _share_true(
        [
            _on_time(fact["detected"], fact[f"notice_{hours}"], timedelta(hours=float(hours)), parameters["as_of"])
            for hours in parameters["duties"].split(",")
            for fact in table.facts()
            if _owes(fact, hours, parameters["applies_from"])
        ]
    )


FUNCTIONS: dict[str, Function] = {
    function.__name__: function
    for function in (
        share_of,
        total,
        sum_or_zero,
        rows,
        mean_minutes,
        median_minutes,
        p95_minutes,
        share_within,
        share_notified,
    )
}
"""Name -> function, as stored with each figure."""


def compute(function: str, table: Table, parameters: Sequence[tuple[str, str]]) -> Outcome:
    """The outcome of a stored function. Raises KeyError for a name that is not in FUNCTIONS."""
    return FUNCTIONS[function](table, dict(parameters))


def _numbers(table: Table, column: str) -> list[float]:
    return [float(value) for value in (fact[column] for fact in table.facts()) if value is not None]


def _spans(table: Table, parameters: Parameters) -> list[float]:
    severity = parameters.get("severity")
    pairs = [fact for fact in table.facts() if severity is None or fact["severity"] == severity]
    ended = [(_time(fact["start"]), _time(fact["end"])) for fact in pairs if fact["end"] is not None]
    return [max((end - start) / timedelta(minutes=1), 0.0) for start, end in ended]


def _on_time(start: Value, end: Value, allowed: timedelta, as_of: str) -> bool | None:
    due = _time(start) + allowed
    if end is not None:
        return _time(end) <= due
    return None if parse_iso(as_of) < due else False


def _owes(fact: Fact, hours: str, applies_from: str) -> bool:
    in_force = _time(fact["detected"]) >= parse_iso(applies_from)
    return in_force and not fact["harmless"] and (hours != "24" or bool(fact["serious"]))


def _share_true(verdicts: Sequence[bool | None]) -> Outcome:
    known = [verdict for verdict in verdicts if verdict is not None]
    return share(sum(known), len(known))


def _time(value: Value) -> datetime:
    return parse_iso(str(value))
