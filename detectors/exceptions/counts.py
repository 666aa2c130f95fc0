"""What exceptions hid, in the case database: added to in the transaction that keeps the alerts of the same events."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import orjson
from sqlalchemy import select
from sqlalchemy.orm import Session

from detectors.exceptions.tables import HiddenRow
from detectors.exceptions.tally import Hidden


def add_hidden(session: Session, hidden: Sequence[Hidden]) -> None:
    """Add counts to what is there, in the caller's transaction."""
    for one in hidden:
        row = session.get(HiddenRow, (one.exception, one.rule_id, one.agency, one.exercise or "", one.day))
        together = one if row is None else _hidden(row) + one
        session.merge(_row(together))


def totals_of(session: Session, exception: str, exercise: str | None = None) -> Iterator[Hidden]:
    """What one exception hid of real events, or of one exercise: by rule, agency and day, newest day first."""
    query = select(HiddenRow).where(HiddenRow.exception == exception, HiddenRow.exercise == (exercise or ""))
    for row in session.scalars(query.order_by(HiddenRow.day.desc(), HiddenRow.rule, HiddenRow.agency)):
        yield _hidden(row)


def _hidden(row: HiddenRow) -> Hidden:
    return Hidden(
        row.exception,
        row.rule,
        row.agency,
        row.exercise or None,
        row.day,
        row.count,
        row.first,
        row.last,
        tuple(orjson.loads(row.event_ids)),
    )


def _row(hidden: Hidden) -> HiddenRow:
    return HiddenRow(
        exception=hidden.exception,
        rule=hidden.rule_id,
        agency=hidden.agency,
        exercise=hidden.exercise or "",
        day=hidden.day,
        count=hidden.count,
        first=hidden.first,
        last=hidden.last,
        event_ids=orjson.dumps(hidden.event_ids).decode(),
    )
