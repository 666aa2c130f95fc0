"""From the case database to the detector and back: which exceptions apply, and what they hid."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from detectors.exceptions.acts import standing
from detectors.exceptions.counts import add_hidden
from detectors.exceptions.filters import ExceptionFilter, parse_filter
from detectors.exceptions.managed import acts_of, agencies_of
from detectors.exceptions.model import RuleException
from detectors.exceptions.tables import ExceptionActRow, ExceptionRow
from detectors.exceptions.tally import Hidden
from detectors.sigma.ruleset import AUTO
from soc.core.errors import SocError
from soc.storage.sql import Database

_log = logging.getLogger("vonggac.exceptions")


class ExceptionFeed:
    """What one detector needs to know.

    Args:
        pipeline: of its rules.
    """

    def __init__(self, database: Database, pipeline: str = AUTO) -> None:
        self._database, self._pipeline = database, pipeline
        self._parsed: dict[str, ExceptionFilter | None] = {}
        self._acts: int | None = None

    def news(self) -> list[RuleException] | None:
        """All exceptions that ever hid, when somebody decided something since the last call; else None."""
        with self._database.reading() as session:
            acts = session.scalar(select(func.count()).select_from(ExceptionActRow))
            if acts == self._acts:
                return None
            found = self._approved(session)
        self._acts = acts
        return found

    def all(self) -> list[RuleException]:
        """All exceptions that ever hid, in the order of their first approval; those that ended apply to events of their time."""
        with self._database.reading() as session:
            return self._approved(session)

    def count(self, session: Session, hidden: Sequence[Hidden]) -> None:
        """Keep what was hidden, in the caller's transaction."""
        add_hidden(session, hidden)

    def _approved(self, session: Session) -> list[RuleException]:
        decided = select(ExceptionActRow.exception).distinct()
        rows = session.scalars(select(ExceptionRow).where(ExceptionRow.id.in_(decided)))
        found = [one for row in rows if (one := self._exception(session, row)) is not None]
        return sorted(found, key=lambda one: (one.periods[0].since, one.id))

    def _exception(self, session: Session, row: ExceptionRow) -> RuleException | None:
        periods = standing(list(acts_of(session, row.id)), row.expires, row.expires).periods
        parsed = self._filter(row) if periods else None
        if parsed is None:
            return None
        return RuleException(row.id, parsed, agencies_of(row), periods)

    def _filter(self, row: ExceptionRow) -> ExceptionFilter | None:
        """The filter, compiled once. One that a newer version cannot read any more hides nothing: rather too many alerts."""
        if row.id not in self._parsed:
            try:
                self._parsed[row.id] = parse_filter(row.filter, self._pipeline)
            except SocError as problem:
                _log.error("exception %s is not applied: %s", row.id, problem)
                self._parsed[row.id] = None
        return self._parsed[row.id]
