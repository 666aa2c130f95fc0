"""Codes of incidents: `SC-2026-0001`, in exercises `DT-SC-2026-0001`; the year is that of the local calendar."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from soc.core.clock import LOCAL_ZONE
from soc.incidents.tables import CodeCounterRow


def lock_series(session: Session, exercise: str | None, now: datetime) -> CodeCounterRow:
    """The counter of the series for `now`, locked until the transaction ends; made when it is the first of its year."""
    prefix = "SC" if exercise is None else "DT-SC"
    series = f"{prefix}-{now.astimezone(LOCAL_ZONE).year}"
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    session.execute(insert(CodeCounterRow).values(series=series, last=0).on_conflict_do_nothing())
    return session.scalars(select(CodeCounterRow).where(CodeCounterRow.series == series).with_for_update()).one()


def next_code(counter: CodeCounterRow) -> str:
    """The next code of a locked series; more than four digits when the year needs them."""
    counter.last += 1
    return f"{counter.series}-{counter.last:04d}"
