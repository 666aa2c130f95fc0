"""An exception as people see it, read from its rows."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from detectors.exceptions.acts import REMINDER, ActKind, Done, Standing, State, standing
from detectors.exceptions.counts import totals_of
from detectors.exceptions.tables import ExceptionActRow, ExceptionRow
from detectors.exceptions.tally import Hidden
from soc.core.scope import Scope


@dataclass(frozen=True, slots=True)
class Proposal:
    """What somebody wants to have hidden.

    Attributes:
        filter: a Sigma filter, YAML.
        agencies: whose events; None for the whole province.
        owner: account that answers for it; "" for whoever proposes.
        alert: id of the alert that gave the occasion, or "".
    """

    filter: str
    reason: str
    agencies: frozenset[str] | None
    expires: datetime
    owner: str = ""
    alert: str = ""


@dataclass(frozen=True, slots=True)
class ManagedException:
    """An exception with everything that was done and what it hid.

    Attributes:
        number: of acts so far, to be given back with the next one.
        hidden: its counts over all time, real events only, newest day first.
        asks_review: it hides now and ends within REMINDER.
    """

    id: str
    title: str
    proposal: Proposal
    proposed: datetime
    proposed_by: str
    standing: Standing
    acts: tuple[Done, ...]
    hidden: tuple[Hidden, ...]
    asks_review: bool

    @property
    def number(self) -> int:
        return len(self.acts)

    @property
    def state(self) -> State:
        return self.standing.state

    @property
    def count(self) -> int:
        return sum(one.count for one in self.hidden)

    @property
    def first(self) -> datetime | None:
        return min((one.first for one in self.hidden), default=None)

    @property
    def last(self) -> datetime | None:
        return max((one.last for one in self.hidden), default=None)

    def is_of(self, person: str) -> bool:
        """Whether the person proposed or owns it."""
        return person in (self.proposed_by, self.proposal.owner)


def agencies_of(row: ExceptionRow) -> frozenset[str] | None:
    """Whose events; None for the whole province."""
    return None if row.agencies is None else frozenset(orjson.loads(row.agencies))


def sees(scope: Scope, agencies: frozenset[str] | None) -> bool:
    """Whether all of the agencies are in sight; the whole province is for those who see all of it."""
    return scope.agencies is None or (agencies is not None and agencies <= scope.agencies)


def managed(session: Session, row: ExceptionRow, now: datetime) -> ManagedException:
    """The exception of a row, as it stands at a moment."""
    acts = tuple(acts_of(session, row.id))
    at = standing(acts, row.expires, now)
    proposal = Proposal(row.filter, row.reason, agencies_of(row), row.expires, row.owner, row.alert)
    return ManagedException(
        row.id,
        row.title,
        proposal,
        row.proposed,
        row.proposed_by,
        at,
        acts,
        tuple(totals_of(session, row.id)),
        asks_review=at.state is State.APPROVED and now >= row.expires - REMINDER,
    )


def acts_of(session: Session, ident: str) -> Iterator[Done]:
    """What was done with one exception, in order."""
    query = select(ExceptionActRow).where(ExceptionActRow.exception == ident).order_by(ExceptionActRow.position)
    for act in session.scalars(query):
        yield Done(ActKind(act.kind), act.at, act.by, act.reason)
