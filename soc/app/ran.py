"""Which rules ran over how many events, by day: what a report without alerts rests on.

The detector counts from its first start on and keeps its counts in its snapshot. Here the growth since the last look is put down to the day
on which it was seen; what was put down is summed up in the table itself, so a look that was missed is made good by the next.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from soc.app.tables import RuleRun
from soc.compliance.assessment import Names, Ran
from soc.core.clock import LOCAL_ZONE, Window
from soc.storage.sql import Database

if TYPE_CHECKING:
    from detectors.coverage import RuleRun as Run

NO_DAY = ""
"""Holds what no rule that ran has seen."""


class RuleRuns:
    """The account of what ran.

    Args:
        titles: rule id -> title, of the rules loaded now.
    """

    def __init__(self, database: Database, titles: Mapping[str, Names]) -> None:
        self._database, self._titles = database, titles

    def note(self, day: str, runs: Iterable[Run]) -> None:
        """Put the growth since the last note down to `day` (`2026-11-17`, local)."""
        with self._database.transaction() as session:
            totals = _totals(session)
            today = {
                (row.rule, row.platform): row for row in session.scalars(select(RuleRun).where(RuleRun.day == day))
            }
            for run in runs:
                key = (run.rule_id, run.platform)
                events, matches = totals.get(key, (0, 0))
                if run.seen <= events and run.matches <= matches:
                    continue
                row = today.get(key)
                if row is None:
                    row = RuleRun(day=day, rule=run.rule_id, platform=run.platform, events=0, matches=0)
                    session.add(row)
                row.events += max(0, run.seen - events)
                row.matches += max(0, run.matches - matches)

    def begin(self, runs: Iterable[Run]) -> None:
        """Leave out of the account what was not put down yet: after a change of rules, when nobody saw it who is running now.

        The detector counts events by their kind, also before a rule came; kept under a day that no report asks for.
        """
        with self._database.transaction() as session:
            totals = _totals(session)
            for run in runs:
                events, matches = totals.get((run.rule_id, run.platform), (0, 0))
                if run.seen > events or run.matches > matches:
                    key = (NO_DAY, run.rule_id, run.platform)
                    row = session.get(RuleRun, key) or RuleRun(
                        day=NO_DAY, rule=run.rule_id, platform=run.platform, events=0, matches=0
                    )
                    row.events += max(0, run.seen - events)
                    row.matches += max(0, run.matches - matches)
                    session.add(row)

    def over(self, window: Window) -> Sequence[Ran]:
        """Per rule, over the local days of the window; rules in order of their title."""
        first, last = (f"{moment.astimezone(LOCAL_ZONE):%Y-%m-%d}" for moment in (window.since, window.until))
        query = (
            select(RuleRun.rule, func.sum(RuleRun.events), func.sum(RuleRun.matches))
            .where(RuleRun.day.between(first, last))
            .group_by(RuleRun.rule)
        )
        with self._database.reading() as session:
            found = [
                Ran(rule, self._titles.get(rule, {"vi": rule, "en": rule}), int(events), int(matches))
                for rule, events, matches in session.execute(query)
            ]
        return sorted(found, key=lambda ran: ran.title["vi"])


def _totals(session: Session) -> dict[tuple[str, str], tuple[int, int]]:
    """(rule, platform) -> (events, matches) put down so far, over all days."""
    query = select(RuleRun.rule, RuleRun.platform, func.sum(RuleRun.events), func.sum(RuleRun.matches))
    found = session.execute(query.group_by(RuleRun.rule, RuleRun.platform))
    return {(rule, platform): (int(events), int(matches)) for rule, platform, events, matches in found}
