"""Codes of incidents: `SC-2026-0001`, in exercises `DT-SC-2026-0001`; the year is that of the local calendar."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from soc.core.clock import LOCAL_ZONE
from soc.incidents.tables import CodeCounterRow


def counter_of(session: Session, exercise: str | None, now: datetime) -> CodeCounterRow:
    """The counter of the series for `now`; made when it is the first of its year."""
    prefix = "SC" if exercise is None else "DT-SC"
    series = f"{prefix}-{now.astimezone(LOCAL_ZONE).year}"
    counter = session.get(CodeCounterRow, series)
    if counter is None:
        counter = CodeCounterRow(series=series, last=0)
        session.add(counter)
        session.flush()
    return counter


def next_code(counter: CodeCounterRow) -> str:
    """The next code of a series; more than four digits when the year needs them."""
    counter.last += 1
    return f"{counter.series}-{counter.last:04d}"
