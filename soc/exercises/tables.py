"""Tables of exercise runs."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, Integer, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from soc.storage.sql import Base, UtcDateTime


class ExerciseRunRow(Base):
    """One run of a frozen scenario against one agency."""

    __tablename__ = "exercise_runs"

    code: Mapped[str] = mapped_column(String(16), primary_key=True)
    number: Mapped[int] = mapped_column(Integer, unique=True)
    scenario: Mapped[str] = mapped_column(String(64))
    scenario_hash: Mapped[str] = mapped_column(String(64))
    body: Mapped[str] = mapped_column(Text)
    agency: Mapped[str] = mapped_column(String(64))
    planned_by: Mapped[str] = mapped_column(String(64))
    start: Mapped[datetime] = mapped_column(UtcDateTime)
    state: Mapped[str] = mapped_column(String(16))
    finished: Mapped[datetime | None] = mapped_column(UtcDateTime)


class ExerciseInjectRow(Base):
    """One inject of a run, once it has been given to the collector."""

    __tablename__ = "exercise_injects"

    run: Mapped[str] = mapped_column(ForeignKey("exercise_runs.code"), primary_key=True)
    inject: Mapped[str] = mapped_column(String(64), primary_key=True)
    lines: Mapped[int] = mapped_column(Integer)
    first: Mapped[datetime] = mapped_column(UtcDateTime)
    last: Mapped[datetime] = mapped_column(UtcDateTime)
