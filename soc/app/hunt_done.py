"""The end of a hunt: its statement, the audit trail, and what is made good by it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from detectors.indicators.book import Book
from soc.access.journal import Journal
from soc.access.principal import SYSTEM
from soc.app.gaps import Gap, GapBook, GapKind
from soc.app.hunt_model import Hunt, Question, question_from, scope_of
from soc.app.hunt_statement import Limits, RuleCount, Statement, ranked, statement_json
from soc.app.hunt_tables import HuntAlertRow, HuntRow
from soc.app.ledger_view import DAYS
from soc.core.act import Act
from soc.core.clock import Clock, iso
from soc.core.errors import SocError
from soc.core.i18n import Lang, msg
from soc.core.ids import sha256
from soc.core.scope import PROVINCE


class Closing:
    """Writes down what a hunt came to.

    Args:
        book: of indicators; told what was looked for.
    """

    def __init__(self, clock: Clock, journal: Journal, gaps: GapBook, book: Callable[[], Book]) -> None:
        self._clock, self._journal, self._gaps, self._book = clock, journal, gaps, book

    def close(self, session: Session, row: HuntRow, counted: Sequence[RuleCount], limits: Limits) -> Statement:
        """Make the statement, in the transaction of the last slice."""
        found = _found(session, row)
        counts = ranked([replace(one, matches=found.get(one.id, (0, 0))[0]) for one in counted])
        statement = _statement(row, counts, limits, _raised(session, row))
        row.statement = statement_json(statement)
        self._make_good(session, row, {rule: alerts for rule, (_, alerts) in found.items()})
        after = {
            "events": row.covered,
            "matches": row.matches,
            "alerts": row.alerts,
            "since": iso(row.since),
            "until": iso(row.until),
            "statement": sha256(row.statement.encode()),
        }
        said = statement.sentence.render(Lang.VI)
        self._journal.record(
            session, Act(SYSTEM.id, "hunt.done", f"hunt/{row.id}", _agency(row), after=after, reason=said)
        )
        return statement

    def failed(self, session: Session, row: HuntRow, problem: SocError) -> None:
        """Remember why there is none, in the caller's transaction."""
        after = {"slices_done": row.slices_done, "slices": row.slices}
        act = Act(SYSTEM.id, "hunt.fail", f"hunt/{row.id}", _agency(row), after=after, reason=problem.render(Lang.VI))
        self._journal.record(session, act)

    def after(self, hunt: Hunt, question: Question) -> None:
        """Once the end is committed: note in the book which indicators were looked for in everything there was."""
        if question.indicators is not None and hunt.scope == PROVINCE:
            self._book().mark_hunted(question.indicators.sought, self._clock.now())

    def _make_good(self, session: Session, row: HuntRow, alerts: dict[str, int]) -> None:
        """What rules of ours missed before they were in force is redone, when the hunt reached over all that the ledger shows."""
        rules, now = question_from(row.question).rules, self._clock.now()
        far_enough = row.since <= row.filed - timedelta(days=DAYS) and scope_of(row) == PROVINCE
        if rules is None or not rules.in_force or not far_enough:
            return
        told = msg("đã rà soát ngược, đợt {id}", id=row.id)
        gap = Gap(GapKind.NOT_ACTIVE, "", "", 0, row.since, row.filed, told, now, now, row.since, row.until, closed=now)
        for ref in rules.refs:
            self._gaps.note(session, replace(gap, rule=ref.id, alerts=alerts.get(ref.id, 0)))


def _found(session: Session, row: HuntRow) -> dict[str, tuple[int, int]]:
    """Rule id -> (matches, alerts)."""
    query = select(HuntAlertRow.rule, func.sum(HuntAlertRow.matches), func.count()).group_by(HuntAlertRow.rule)
    rows = session.execute(query.where(HuntAlertRow.hunt == row.id))
    return {rule: (int(matches), int(alerts)) for rule, matches, alerts in rows}


def _raised(session: Session, row: HuntRow) -> int:
    query = select(func.count()).where(HuntAlertRow.hunt == row.id, HuntAlertRow.raised.is_not(None))
    return session.scalar(query) or 0


def _statement(row: HuntRow, counts: tuple[RuleCount, ...], limits: Limits, raised: int) -> Statement:
    scope, question = scope_of(row), question_from(row.question)
    named = question.indicators
    indicators: dict[str, object] | None = None
    if named is not None:
        times = {"since": iso(named.sought.since), "until": iso(named.sought.until)}
        indicators = {**times, "count": named.count, "digest": named.digest}
    assert row.finished is not None  # noqa: S101 - set by whoever closes it
    return Statement(
        hunt=row.id,
        question=row.content,
        origin=row.origin,
        since=row.since,
        until=row.until,
        agencies=None if scope.agencies is None else tuple(sorted(scope.agencies)),
        exercise=scope.exercise,
        events=row.covered,
        read=row.read,
        matches=row.matches,
        alerts=row.alerts,
        raised=raised,
        hidden=row.hidden,
        broken=row.broken,
        rules=counts,
        indicators=indicators,
        limits=limits,
        filed=row.filed,
        made=row.finished,
    )


def _agency(row: HuntRow) -> str:
    agencies = scope_of(row).agencies
    return next(iter(agencies)) if agencies and len(agencies) == 1 else ""
