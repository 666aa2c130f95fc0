"""From an assessment's question to its figures: each list of facts is read once, each figure keeps how it came about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from soc.compliance.assessment import Figure, StoredQuery
from soc.compliance.facts import Facts, received_by
from soc.compliance.figures import Table, compute
from soc.compliance.measures import Measure
from soc.core.clock import Window, iso
from soc.incidents.duties import DutyBook

_SQL = "exercise is null; at <= {as_of}"


@dataclass(frozen=True, slots=True)
class Question:
    """What an assessment is about.

    Attributes:
        agencies: None = all of the province.
        window: the period, cut at `as_of`.
        as_of: facts that reached us later are not counted.
    """

    agencies: frozenset[str] | None
    window: Window
    as_of: datetime

    def stored(self, measure: Measure, parameters: dict[str, str]) -> StoredQuery:
        """The question of one figure in the form that is kept."""
        query = received_by(self.as_of) if measure.engine == "events" else _SQL.format(as_of=iso(self.as_of))
        return StoredQuery(
            engine=measure.engine,
            facts=measure.facts,
            query=query,
            agencies=None if self.agencies is None else tuple(sorted(self.agencies)),
            since=self.window.since,
            until=self.window.until,
            as_of=self.as_of,
            function=measure.function,
            parameters=tuple(sorted(parameters.items())),
        )


class Counter:
    """Counts the figures of one assessment.

    Args:
        levels_hash: of the level duties, kept with the figures that depend on them.
    """

    def __init__(self, facts: Facts, question: Question, duties: DutyBook, levels_hash: str) -> None:
        self._facts, self._question, self._duties, self._levels_hash = facts, question, duties, levels_hash
        self._tables: dict[str, Table] = {}

    def table(self, measure: Measure) -> Table:
        """The rows a measure counts."""
        if measure.facts not in self._tables:
            self._tables[measure.facts] = self._facts.table(self._question.stored(measure, {}))
        return self._tables[measure.facts]

    def figure(self, owner: str, measure: Measure, applies_from: datetime) -> Figure:
        """One figure; `owner` is the criterion, or `overall`."""
        table = self.table(measure)
        query = self._question.stored(measure, self._parameters(measure, applies_from))
        outcome = compute(measure.function, table, query.parameters)
        return Figure(
            id=f"{owner}.{measure.key}",
            label=measure.label,
            value=outcome.value,
            unit=measure.unit,
            numerator=outcome.numerator,
            denominator=outcome.denominator,
            formula=measure.formula,
            query=query,
            snapshot=table.hash,
        )

    def snapshots(self) -> dict[str, Table]:
        """Every table that was counted, by hash."""
        return {table.hash: table for table in self._tables.values()}

    def _parameters(self, measure: Measure, applies_from: datetime) -> dict[str, str]:
        known = {
            "as_of": iso(self._question.as_of),
            "applies_from": iso(applies_from),
            "levels": self._levels_hash,
        }
        given = {name: value.format(**known) for name, value in measure.given.items()}
        return given | self._targets(measure.targets)

    def _targets(self, name: str) -> dict[str, str]:
        own = next((target for target in self._duties.targets if target.id == name), None)
        if own is None:
            return {}
        return {f"target_{severity.value}": str(minutes) for severity, minutes in own.minutes.items()}
